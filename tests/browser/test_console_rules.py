"""The console's pages for rules: versions with their difference and a way back, trials, tests, checks."""

import json

from playwright.sync_api import Page, StorageState, expect

from tests.browser.people import OpenPage
from tests.browser.test_console import violations

KAYAK = {
    "stage": "enrich",
    "if": {"field": "text", "op": "contains", "value": "qzkayak"},
    "then": [{"tag": "kayak"}],
}


def drafted(page: Page, *ids: str) -> None:
    """Add rules about kayaks to what is published, as a draft."""
    page.get_by_role("button", name="Edit as text").click()
    text = page.get_by_role("textbox", name="Routing rules")
    expect(text).not_to_have_value("")
    rules = [*json.loads(text.input_value()), *({**KAYAK, "id": one, "name": one} for one in ids)]
    text.fill(json.dumps(rules))
    page.get_by_label("Why this change").fill("Kayaks are sold now")
    page.get_by_role("button", name="Check").click()
    expect(page.get_by_role("status")).to_contain_text("Nothing is wrong")
    page.get_by_role("button", name="Save as a draft").click()
    expect(page.get_by_role("dialog")).to_have_count(0)


def test_a_draft_is_looked_at_published_and_taken_back(open_page: OpenPage, signed_in: StorageState) -> None:
    """What it adds as a sentence, what is odd about it; one click each way, and axe finds nothing."""
    page = open_page("/admin/rules", state=signed_in)
    drafted(page, "kayaks", "again")
    page.get_by_role("link", name="Versions").click()
    rows = page.locator(".record")
    before = rows.filter(has_text="decides now").locator("b").text_content()
    number = str(before).split()[1]
    rows.filter(has_text="Kayaks are sold now").first.click()
    sheet = page.get_by_role("dialog")
    expect(sheet).to_contain_text("Added: kayaks")
    expect(sheet.locator("ins").first).to_have_text("If the text contains “qzkayak”: add the tag “kayak”.")
    expect(sheet).to_contain_text("It says what rule kayaks says.")
    assert violations(page) == []
    sheet.get_by_role("button", name="Publish").click()
    expect(rows.first).to_contain_text("decides now")
    rows.filter(has_text=f"Version {number} ").first.click()
    sheet.get_by_role("button", name="Go back to it").click()
    expect(rows.filter(has_text="decides now")).to_contain_text(f"Version {number} ")


def test_a_draft_is_tried(open_page: OpenPage, signed_in: StorageState) -> None:
    """On one message, on those of last month with its progress, and on what comes in until it is stopped."""
    page = open_page("/admin/rules", state=signed_in)
    drafted(page, "tried")
    page.get_by_role("link", name="Try out").click()
    page.get_by_label("What a customer writes").fill("My qzkayak is here")
    draft = page.locator("#simulate-version option").nth(1).get_attribute("value")
    page.locator("#simulate-version").select_option(draft)
    page.get_by_role("button", name="Try it").click()
    expect(page.get_by_role("status").filter(has_text="tag kayak")).to_be_visible()
    form = page.get_by_role("dialog")
    page.get_by_role("button", name="Backtest…").click()
    form.get_by_role("button", name="Begin").click()
    backtest = page.locator(".trial").filter(has_text="Backtest").first
    expect(backtest.locator(".state").first).to_have_text("done")
    expect(backtest).to_contain_text("decided otherwise")
    page.get_by_role("button", name="Canary…").click()
    form.get_by_label("Share of conversations, %").fill("1")
    form.get_by_role("button", name="Begin").click()
    canary = page.locator(".trial").filter(has_text="Canary").first
    canary.get_by_role("button", name="Stop").click()
    expect(canary.locator(".state").first).to_have_text("stopped")
    assert violations(page) == []


def test_tests_stand_beside_the_rules(open_page: OpenPage, signed_in: StorageState) -> None:
    """One that would fail is refused in words; one that passes is kept, shown and taken out again."""
    page = open_page("/admin/rules?part=tests", state=signed_in)
    page.get_by_role("button", name="Add").click()
    form = page.get_by_role("dialog")
    form.get_by_label("What it shows").fill("Invoices go to billing")
    form.get_by_label("What the customer writes").fill("My invoice is wrong")
    form.get_by_label("Queue").select_option("vip")
    form.get_by_role("button", name="Save").click()
    expect(form.get_by_role("alert").last).to_contain_text("queue is billing, not vip")
    form.get_by_label("Queue").select_option("billing")
    form.get_by_role("button", name="Save").click()
    kept = page.locator(".record").filter(has_text="Invoices go to billing")
    expect(kept).to_contain_text("passes")
    assert violations(page) == []
    kept.click()
    form.get_by_role("button", name="Delete").click()
    expect(kept).to_have_count(0)
