"""The admin console and what agents do beside replying: in both languages, schemes and on a phone."""

import re
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, StorageState, expect

from tests.browser.people import OpenInbox, OpenPage, OpenShop

# Rules of axe that a page of ours may break with reason: none.
ALLOWED: frozenset[str] = frozenset()


def violations(page: Page) -> list[Any]:
    """What axe has to say, with the elements it is about."""
    found = Axe().run(page).response["violations"]
    return [
        (one["id"], [node["html"][:200] for node in one["nodes"]])
        for one in found
        if one["id"] not in ALLOWED
    ]


@pytest.mark.parametrize(("language", "scheme"), [("en-GB", "dark"), ("zh-CN", "light")])
def test_every_page_can_be_used_by_everybody(
    open_page: OpenPage, signed_in: StorageState, language: str, scheme: str
) -> None:
    """axe finds nothing on the list, an open ticket, a form and each section of the console."""
    page = open_page("/?view=all", state=signed_in, language=language)
    page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
    page.locator(".row").nth(2).click()
    expect(page.locator(".others, .details .muted").first).to_be_visible()
    assert violations(page) == []
    page.keyboard.press("c")
    expect(page.get_by_role("dialog")).to_be_visible()
    assert violations(page) == []
    page.keyboard.press("Escape")
    for section in ("overview", "rules", "agents"):
        page.goto(f"/admin/{section}")
        expect(page.locator(".record, .tile").first).to_be_visible()
        assert violations(page) == [], section
    page.locator(".record").first.click()
    expect(page.get_by_role("dialog")).to_be_visible()
    assert violations(page) == []


def test_an_admin_sets_up_a_queue_and_a_channel(open_page: OpenPage, signed_in: StorageState) -> None:
    """Made, refused in words beside the field, changed, deleted; a channel's secret is shown once."""
    page = open_page("/admin/queues", state=signed_in)
    page.get_by_role("button", name="Add").click()
    form = page.get_by_role("dialog")
    form.get_by_label("Name", exact=True).fill("Oars")
    form.get_by_label("中文").fill("船桨")
    form.get_by_role("button", name="Save").click()
    page.get_by_role("button", name="Oars").click()
    form.get_by_label("Seconds an offer lasts").fill("-3")
    form.get_by_role("button", name="Save").click()
    expect(form.get_by_role("alert").filter(has_text="greater than")).to_be_visible()
    form.get_by_label("Seconds an offer lasts").fill("0")
    form.get_by_role("button", name="Save").click()
    expect(page.get_by_role("button", name="Oars")).to_contain_text("assigned at once")
    page.get_by_role("button", name="Oars").click()
    form.get_by_role("button", name="Delete").click()
    expect(page.get_by_role("button", name="Oars")).to_have_count(0)
    page.goto("/admin/channels")
    page.get_by_label("Add a channel").select_option("webhook")
    form.get_by_label("Name", exact=True).fill("Depot")
    form.get_by_role("button", name="Save").click()
    expect(form.get_by_text(re.compile("^whsec_"))).to_be_visible()
    form.get_by_role("button", name="Close").click()
    page.get_by_role("button", name="Depot").click()
    expect(form.get_by_text(re.compile("whsec_"))).to_have_count(0)
    form.get_by_role("button", name="Delete").click()
    expect(page.get_by_role("button", name="Depot")).to_have_count(0)


def test_an_admin_lets_a_queue_s_tickets_go_further(open_page: OpenPage, signed_in: StorageState) -> None:
    """Steps, weights and limits of a queue are there again when its form is opened, for everybody."""
    page = open_page("/admin/queues", state=signed_in)
    page.get_by_role("button", name="Add").click()
    form = page.get_by_role("dialog")
    form.get_by_label("Name", exact=True).fill("Ropes")
    form.get_by_text("More settings").click()
    for _ in range(2):
        form.get_by_role("button", name="Add a step").click()
    last = form.get_by_role("group", name="Step 2")
    last.get_by_label("After seconds").fill("")
    last.get_by_label("Who").select_option(label="anybody")
    last.get_by_label("With the skill").select_option(label="Billing")
    last.get_by_label("Billing").select_option("4")
    last.get_by_label("Tell the supervisors").check()
    form.get_by_label("Webhook").fill("3")
    form.get_by_label("At most at once").fill("2")
    form.get_by_role("button", name="Save").click()
    expect(form.get_by_role("alert").filter(has_text="number")).to_be_visible()
    last.get_by_label("After seconds").fill("600")
    form.get_by_role("button", name="Save").click()
    page.get_by_role("button", name="Ropes").click()
    form.get_by_text("More settings").click()
    expect(last.get_by_label("After seconds")).to_have_value("600")
    expect(last.get_by_label("Who")).to_have_value("anybody")
    expect(last.get_by_label("Billing")).to_have_value("4")
    expect(last.get_by_label("Tell the supervisors")).to_be_checked()
    expect(form.get_by_label("Webhook")).to_have_value("3")
    expect(form.get_by_label("At most at once")).to_have_value("2")
    assert violations(page) == []
    form.get_by_role("button", name="Delete").click()
    expect(page.get_by_role("button", name="Ropes")).to_have_count(0)


def test_an_admin_writes_down_opening_hours(open_page: OpenPage, signed_in: StorageState) -> None:
    """A line for each weekday, holidays, days of their own; what is no time is refused in words."""
    page = open_page("/admin/calendars", state=signed_in)
    page.get_by_role("button", name="Add").click()
    form = page.get_by_role("dialog")
    form.get_by_label("Name", exact=True).fill("Boathouse")
    form.get_by_label("Time zone").fill("Europe/Oslo")
    form.get_by_label("Saturday").fill("10:00-25:00")
    form.get_by_role("button", name="Save").click()
    expect(form.get_by_role("alert").filter(has_text="A time of day is HH:MM")).to_be_visible()
    form.get_by_label("Saturday").fill("10:00-14:00, 22:00-02:00")
    form.get_by_label("Other hours on").fill("2026-12-24 09:00-13:00\n2026-12-25")
    assert violations(page) == []
    form.get_by_role("button", name="Save").click()
    page.get_by_role("button", name="Boathouse").click()
    expect(form.get_by_label("Saturday")).to_have_value("10:00-14:00, 22:00-02:00")
    expect(form.get_by_label("Other hours on")).to_have_value("2026-12-24 09:00-13:00\n2026-12-25")
    form.get_by_label("Saturday").fill("")
    form.get_by_role("button", name="Save").click()
    expect(page.get_by_role("button", name="Boathouse")).to_contain_text("5 days a week")
    page.get_by_role("button", name="Boathouse").click()
    form.get_by_role("button", name="Delete").click()
    expect(page.get_by_role("button", name="Boathouse")).to_have_count(0)


def test_a_rule_is_read_in_chinese_and_switched(open_page: OpenPage, signed_in: StorageState) -> None:
    """Each switch publishes a version, and the audit says who did it."""
    page = open_page("/admin/rules", state=signed_in, language="zh-CN")
    switch = page.get_by_role("switch", name="About an invoice")
    expect(page.get_by_text("如果消息文本包含“invoice”")).to_be_visible()
    for on in (False, True):
        with page.expect_response(lambda answer: answer.request.method == "PUT") as published:
            switch.click()
        assert published.value.ok
        expect(switch).to_be_checked(checked=on)
    page.goto("/admin/audit")
    expect(page.get_by_text("Admin发布了规则版本").first).to_be_visible()


def test_an_agent_works_on_a_ticket_s_facts(open_inbox: OpenInbox, open_shop: OpenShop) -> None:
    """Type, tags and fields stay; that the customer types is seen; search goes everywhere."""
    visitor, agent = open_shop(), open_inbox()
    visitor.is_handed_over("Do you paint kayaks in qzyellow?")
    agent.open("qzyellow")
    agent.take()
    details = agent.page.get_by_role("complementary", name="Details")
    details.get_by_label("Type").select_option(label="Repair")
    details.get_by_label("Order number").fill("HP-1")
    details.get_by_label("Order number").press("Tab")
    details.get_by_label("Add a tag").fill("paint")
    details.get_by_label("Add a tag").press("Enter")
    expect(details.get_by_role("button", name="Remove paint")).to_be_visible()
    # The chat says it once in a few seconds, and has said it for the first message.
    visitor.field.press_sequentially("I mean", delay=700)
    expect(agent.page.get_by_text("is typing…")).to_be_visible()
    agent.page.reload()
    expect(details.get_by_label("Order number")).to_have_value("HP-1")
    expect(details.get_by_role("button", name="Remove paint")).to_be_visible()
    expect(agent.log).to_contain_text("qzyellow")
    agent.page.keyboard.press("Escape")
    agent.view("Resolved")
    agent.page.get_by_role("searchbox").fill("qzyel")
    expect(agent.row("qzyellow")).to_have_count(1)


def test_a_call_is_noted_down_and_merged(open_inbox: OpenInbox, open_shop: OpenShop) -> None:
    """By hand from the keyboard; the customer's panel leads to it; merging ends it."""
    visitor, agent = open_shop(), open_inbox()
    visitor.is_handed_over("Is the qzharbour open on Sunday?")
    agent.open("qzharbour")
    agent.take()
    agent.page.keyboard.press("c")
    form = agent.page.get_by_role("dialog")
    form.get_by_label("Note down a call").check()
    form.get_by_label("Subject").fill("Rang about Sunday")
    form.get_by_label("What was said").fill("Asked again, wants to know today.")
    form.get_by_role("button", name="Note down").click()
    agent.sees("Asked again, wants to know today.")
    details = agent.page.get_by_role("complementary", name="Details")
    expect(details.get_by_role("link").filter(has_text="qzharbour")).to_be_visible()
    agent.page.get_by_role("button", name="Merge").click()
    form.get_by_role("button").filter(has_text="qzharbour").click()
    expect(details.get_by_role("link").filter(has_text="Rang about Sunday")).to_contain_text("Merged")
    agent.sees("Asked again, wants to know today.")


def test_an_offer_is_still_there_after_a_reload(open_inbox: OpenInbox) -> None:
    """What is held out to an agent does not depend on having watched."""
    agent = open_inbox()
    agent.page.get_by_label("Presence").select_option("online")
    offers = agent.page.get_by_role("status").filter(has_text="Offered to you")
    expect(offers.get_by_role("link").first).to_be_visible()
    agent.page.reload()
    expect(offers.get_by_role("link").first).to_be_visible()
    agent.page.get_by_label("Presence").select_option("offline")


def test_it_fits_a_phone(open_page: OpenPage, signed_in: StorageState) -> None:
    """At 360 pixels nothing is wider than the screen."""
    page = open_page("/?view=all", state=signed_in, size=(360, 640))
    for path in ("/?view=all", "/admin", "/admin/rules", "/admin/rules?part=trials", "/docs"):
        page.goto(path)
        expect(
            page.locator(":is(.row, .sections a, .record, summary, textarea):visible").first
        ).to_be_visible()
        assert page.evaluate("document.documentElement.scrollWidth") <= 360, path
