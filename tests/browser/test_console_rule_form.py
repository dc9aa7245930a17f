"""The form of one rule: made from lists, told as a sentence, put in order, published with other changes."""

from playwright.sync_api import Locator, Page, StorageState, expect

from tests.browser.people import OpenPage
from tests.browser.test_console import violations


def condition(form: Locator, number: int, field: str, op: str) -> Locator:
    """Choose a field and how it is compared, in a row of the form."""
    row = form.get_by_role("group", name=f"Condition {number}", exact=True)
    row.get_by_label(f"Condition {number}: field").select_option(label=field)
    row.get_by_label(f"Condition {number}: comparison").select_option(label=op)
    return row.get_by_label(f"Condition {number}: value", exact=True)


def added(page: Page, name: str, phrase: str) -> None:
    """A rule that sends what contains a phrase to the queue VIP."""
    page.get_by_role("button", name="Add a rule").click()
    form = page.get_by_role("dialog")
    form.get_by_label("Name").fill(name)
    condition(form, 1, "the text", "contains any of …").fill(phrase)
    form.get_by_label("Effect 1: value", exact=True).select_option(label="VIP")
    form.get_by_role("button", name="Done").click()
    expect(form).to_have_count(0)


def published(page: Page) -> None:
    """Publish what is pending."""
    page.get_by_label("Why this change").fill("Canoes are sold now")
    page.get_by_role("button", name="Publish").click()
    expect(page.get_by_role("region", name="Changes not published")).to_have_count(0)


def names(page: Page, like: str) -> list[str]:
    """The rules whose names begin like this, in their order."""
    return [one for one in page.locator(".record .name b").all_text_contents() if one.startswith(like)]


def test_a_rule_is_made_from_lists_and_tells_itself(open_page: OpenPage, signed_in: StorageState) -> None:
    """What is missing stands beside its row; the sentence follows; nothing counts before it is published."""
    page = open_page("/admin/rules", state=signed_in)
    page.get_by_role("button", name="Add a rule").click()
    form = page.get_by_role("dialog")
    form.get_by_label("Name").fill("Canoes for gold")
    condition(form, 1, "the text", "contains any of …").fill("qzcanoe\n独木舟")
    form.get_by_role("button", name="Add a condition").click()
    condition(form, 2, "the customer's tier", "is …").select_option("gold")
    form.get_by_role("button", name="Done").click()
    effect = form.get_by_role("group", name="Effect 1", exact=True)
    expect(effect.get_by_role("alert")).to_contain_text("queue is a text of 1 to 200 characters")
    effect.get_by_label("Effect 1: value", exact=True).select_option(label="VIP")
    sentence = (
        "If the text contains any of “qzcanoe”, “独木舟” and the customer's tier is “gold”: "
        "set the queue to “vip”."
    )
    expect(form.get_by_role("status")).to_have_text(sentence)
    assert violations(page) == []
    form.get_by_role("button", name="Done").click()
    expect(page.get_by_text("Changes that decide nothing yet: 1")).to_be_visible()
    assert violations(page) == []
    published(page)
    page.reload()
    expect(page.locator(".record").filter(has_text="Canoes for gold")).to_contain_text(sentence)


def test_rules_are_put_in_order_changed_and_deleted(open_page: OpenPage, signed_in: StorageState) -> None:
    """All of it waits together; the versions say why it was done."""
    page = open_page("/admin/rules", state=signed_in)
    for number in (1, 2):
        added(page, f"Raft {number}", f"qzraft{number}")
    page.get_by_role("button", name="Up: Raft 2").click()
    expect(page.get_by_role("button", name="Down: Raft 2")).to_be_enabled()
    assert names(page, "Raft") == ["Raft 2", "Raft 1"]
    page.get_by_role("switch", name="Raft 1").click()
    published(page)
    page.reload()
    page.get_by_role("button", name="Raft 1", exact=True).click()
    form = page.get_by_role("dialog")
    expect(form.get_by_role("status")).to_contain_text("(off) If the text contains any of “qzraft1”")
    form.get_by_role("button", name="Delete").click()
    page.get_by_role("button", name="Raft 2", exact=True).click()
    form.get_by_label("Name").fill("Raft two")
    form.get_by_role("button", name="Done").click()
    expect(page.get_by_text("Changes that decide nothing yet: 2")).to_be_visible()
    published(page)
    page.reload()
    expect(page.get_by_role("button", name="Raft two", exact=True)).to_be_visible()
    assert names(page, "Raft") == ["Raft two"]
    page.get_by_role("link", name="Versions").click()
    expect(page.locator(".record").first).to_contain_text("Canoes are sold now")


def test_a_draft_is_gone_on_with(open_page: OpenPage, signed_in: StorageState) -> None:
    """From the versions back into the form; a recipe and its test go beside it, and all can be given up."""
    page = open_page("/admin/rules", state=signed_in)
    added(page, "Punt", "qzpunt")
    page.get_by_role("button", name="Save as a draft").click()
    expect(page.get_by_role("region", name="Changes not published")).to_have_count(0)
    page.get_by_role("link", name="Versions").click()
    page.locator(".record").filter(has_text="draft").first.click()
    page.get_by_role("dialog").get_by_role("button", name="Change its rules").click()
    pending = page.get_by_role("region", name="Changes not published")
    expect(pending).to_contain_text("Changes that decide nothing yet: 1")
    page.get_by_role("button", name="From a recipe…").click()
    page.get_by_role("dialog").get_by_role("button", name="Chinese goes to people who speak it").click()
    expect(pending).to_contain_text("Changes that decide nothing yet: 3")
    pending.get_by_role("button", name="Give up").click()
    expect(pending).to_have_count(0)
    expect(page.get_by_role("button", name="Punt", exact=True)).to_have_count(0)


def test_phrases_are_weighed_and_seen_in_a_trial(open_page: OpenPage, signed_in: StorageState) -> None:
    """A line without a weight is told; what is published counts, and a message tells which phrases it has."""
    page = open_page("/admin/rules?part=phrases", state=signed_in)
    urgency = page.get_by_label("Urgency")
    before = urgency.input_value()
    urgency.fill(f"{before}\nqzpronto")
    expect(page.locator("form").get_by_role("alert")).to_contain_text("qzpronto")
    urgency.fill(f"{before}\nqzpronto 33")
    assert violations(page) == []
    page.get_by_role("button", name="Done").click()
    expect(page.get_by_text("Changes that decide nothing yet: 1")).to_be_visible()
    published(page)
    page.get_by_role("link", name="Try out").click()
    page.get_by_label("What a customer writes").fill("I need it qzpronto, today")
    page.get_by_role("button", name="Try it").click()
    expect(page.get_by_role("status").first).to_contain_text("Urgency 53 qzpronto 33 · today 20")


def test_the_form_speaks_chinese_on_a_small_screen(open_page: OpenPage, signed_in: StorageState) -> None:
    """Fields, operators, the sentence, and what is wrong."""
    page = open_page("/admin/rules", state=signed_in, language="zh-CN", size=(360, 780))
    page.get_by_role("button", name="新增规则").click()
    form = page.get_by_role("dialog")
    form.get_by_label("名称").fill("退货")
    row = form.get_by_role("group", name="条件 1", exact=True)
    row.get_by_label("条件 1: 字段").select_option(label="紧急程度")
    row.get_by_label("条件 1: 比较方式").select_option(label="不低于…")
    form.get_by_role("button", name="完成").click()
    expect(row.get_by_role("alert")).to_contain_text("值不合适")
    row.get_by_label("条件 1: 值", exact=True).fill("40")
    form.get_by_label("动作 1: 值", exact=True).select_option("vip")
    expect(form.get_by_role("status")).to_have_text("如果紧急程度不低于40：将队列设为“vip”。")
    assert form.evaluate("sheet => sheet.scrollWidth <= sheet.clientWidth")
    assert violations(page) == []
