"""The agents' inbox, from sign-in to a resolved ticket."""

import re

from playwright.sync_api import Locator, Page, Response, StorageState, expect

from tests.browser.people import TAKE, OpenInbox, OpenPage, OpenShop
from tests.desk import Desk


def test_a_visitor_is_handed_over_and_answered_by_a_person(
    open_inbox: OpenInbox, open_shop: OpenShop
) -> None:
    """Hand-over, take, reply, and the customer's next words: each side sees the other's without reloading."""
    agent, visitor = open_inbox(), open_shop()
    visitor.is_handed_over("Can you engrave the letters QZX on my kettle?")
    agent.open("QZX")
    agent.take()
    agent.reply("We can, for 12 euros. Shall we?")
    visitor.sees("We can, for 12 euros. Shall we?")
    visitor.write("Yes please, do!")
    agent.sees("Yes please, do!")
    agent.view("Mine")
    expect(agent.row("QZX")).to_have_count(1)


def test_an_agent_needs_no_mouse(open_page: OpenPage, open_shop: OpenShop, desk: Desk) -> None:
    """Sign-in, picking a ticket, taking it, replying: all from the keyboard."""
    visitor = open_shop()
    visitor.is_handed_over("Do you mend oars?")
    page = open_page("/")
    expect(page.get_by_label("E-mail")).to_be_focused()
    page.keyboard.type(desk.admin)
    page.keyboard.press("Tab")
    page.keyboard.type(desk.password)
    page.keyboard.press("Enter")
    page.get_by_role("link", name="All open").press("Enter")
    row = page.get_by_role("region", name="Tickets").get_by_role("link").filter(has_text="oars")
    expect(row).to_be_visible()
    _step_to(page, row)
    page.keyboard.press("Enter")
    expect(page.get_by_role("log")).to_contain_text("Do you mend oars?")
    page.keyboard.press("t")
    expect(page.get_by_role("button", name=TAKE)).to_have_count(0)
    page.keyboard.press("r")
    expect(page.locator("form.composer textarea")).to_be_focused()
    page.keyboard.type("We do, bring them in.")
    page.keyboard.press("Control+Enter")
    visitor.sees("We do, bring them in.")


def _step_to(page: Page, row: Locator) -> None:
    for _ in range(60):
        page.keyboard.press("j")
        if row.evaluate("row => row === document.activeElement"):
            return
    raise AssertionError("J never reached the row")


def test_a_ticket_is_offered_to_who_is_online(open_inbox: OpenInbox) -> None:
    """Coming online brings offers of what waits; each leads to its ticket, and accepting makes it mine."""
    agent = open_inbox()
    presence = agent.page.get_by_label("Presence")
    presence.select_option("online")
    offer = agent.page.get_by_role("status").filter(has_text="Offered to you").get_by_role("link").first
    subject = offer.inner_text()
    presence.select_option("offline")
    agent.page.get_by_role("status").get_by_role("link", name=subject, exact=True).click()
    agent.press("Accept")
    expect(agent.page.get_by_role("button", name=TAKE)).to_have_count(0)
    agent.view("Mine")
    expect(agent.row(subject)).to_have_count(1)


def test_a_double_click_on_send_sends_once(open_inbox: OpenInbox, open_shop: OpenShop) -> None:
    """Two clicks in a row are one reply."""
    visitor = open_shop()
    visitor.is_handed_over("Is the tern a bird?")
    agent = open_inbox()
    agent.open("tern a bird")
    agent.take()
    agent.field.fill("It is, a small one.")
    agent.page.get_by_role("button", name="Send", exact=True).dblclick()
    visitor.sees("It is, a small one.")
    agent.reply("That was all.")
    visitor.sees("That was all.")
    expect(visitor.bubbles.filter(has_text="It is, a small one.")).to_have_count(1)


def test_nothing_blank_can_be_sent(open_inbox: OpenInbox, open_shop: OpenShop) -> None:
    """The button waits for words."""
    open_shop().is_handed_over("Where do gulls sleep?")
    agent = open_inbox()
    agent.open("gulls")
    send = agent.page.get_by_role("button", name="Send", exact=True)
    agent.field.fill("  \n ")
    expect(send).to_be_disabled()
    agent.field.fill("On rocks.")
    expect(send).to_be_enabled()


def test_what_was_begun_is_there_on_another_device(open_inbox: OpenInbox, open_shop: OpenShop) -> None:
    """Reloaded, and at another place as it was left here; sent there, it is gone here as well."""
    visitor = open_shop()
    visitor.is_handed_over("Do puffins like company?")
    desk = open_inbox()
    desk.open("puffins")
    with desk.page.expect_response(_saved):
        desk.field.fill("They do,")
    desk.page.reload()
    expect(desk.field).to_have_value("They do,")
    phone = open_inbox(size=(360, 740))
    phone.page.goto(desk.page.url)
    expect(phone.field).to_have_value("They do,")
    with phone.page.expect_response(_saved):
        phone.field.fill("They do, of their own kind.")
    desk.page.reload()
    expect(desk.field).to_have_value("They do, of their own kind.")
    phone.press("Send")
    visitor.sees("They do, of their own kind.")
    expect(phone.field).to_have_value("")
    desk.page.reload()
    expect(desk.log).to_contain_text("of their own kind.")
    expect(desk.field).to_have_value("")


def test_a_note_that_was_begun_comes_back_as_a_note(open_inbox: OpenInbox, open_shop: OpenShop) -> None:
    """Left for another ticket before the desk was told, it is saved; what is deleted does not come back."""
    open_shop().is_handed_over("Who feeds the seals?")
    agent = open_inbox()
    agent.open("seals")
    agent.page.get_by_role("tab", name="Note").click()
    with agent.page.expect_response(_saved):
        agent.field.fill("Emma does, ask her.")
        agent.view("Mine")
    elsewhere = open_inbox()
    elsewhere.open("seals")
    expect(elsewhere.field).to_have_value("Emma does, ask her.")
    expect(elsewhere.page.get_by_role("tab", name="Note")).to_have_attribute("aria-selected", "true")
    with elsewhere.page.expect_response(_forgotten):
        elsewhere.field.fill("")
    elsewhere.page.reload()
    expect(elsewhere.page.get_by_role("tab", name="Reply")).to_have_attribute("aria-selected", "true")
    expect(elsewhere.field).to_have_value("")


def _saved(response: Response) -> bool:
    return response.request.method == "PUT" and response.url.endswith("/draft") and response.ok


def _forgotten(response: Response) -> bool:
    return response.request.method == "DELETE" and response.url.endswith("/draft") and response.ok


def test_a_note_stays_in_the_team(open_inbox: OpenInbox, open_shop: OpenShop) -> None:
    """A note shows in the conversation as a note, and never in the customer's chat."""
    visitor = open_shop()
    visitor.is_handed_over("Who carves your figureheads?")
    agent = open_inbox()
    agent.open("figureheads")
    agent.page.get_by_role("tab", name="Note").click()
    agent.field.fill("Ask Emma, she knows.")
    agent.press("Add note")
    expect(agent.log.locator(".message.note")).to_contain_text("Ask Emma, she knows.")
    agent.take()
    agent.page.get_by_role("tab", name="Reply").click()
    agent.reply("A carver in Lunenburg.")
    visitor.sees("A carver in Lunenburg.")
    expect(visitor.bubbles.filter(has_text="Ask Emma")).to_have_count(0)


def test_a_reply_waits_when_the_customer_wrote_meanwhile(open_inbox: OpenInbox, open_shop: OpenShop) -> None:
    """Who answers without having seen the newest message is shown it first, and decides."""
    visitor = open_shop()
    visitor.is_handed_over("Do you sell sextants?")
    agent = open_inbox()
    agent.page.route_web_socket("**/api/v1/stream*", lambda _: None)
    agent.page.reload()
    agent.open("sextants")
    agent.take()
    agent.field.fill("We don't.")
    visitor.write("Never mind, found one!")
    visitor.sees("Never mind, found one!")
    expect(visitor.waiting).to_have_count(0)
    agent.press("Send")
    newer = agent.page.get_by_role("alert").filter(has_text="wrote again")
    expect(newer).to_contain_text("Never mind, found one!")
    newer.get_by_role("button", name="Send anyway").click()
    visitor.sees("We don't.")


def test_a_ticket_is_resolved_and_opened_again(open_inbox: OpenInbox, open_shop: OpenShop) -> None:
    """Resolve moves a ticket out of the open ones; Reopen brings it back."""
    open_shop().is_handed_over("What is a bollard for?")
    agent = open_inbox()
    agent.open("bollard")
    agent.take()
    agent.press("Resolve")
    expect(agent.row("bollard")).to_have_count(0)
    agent.view("Resolved")
    agent.row("bollard").click()
    agent.press("Reopen")
    agent.view("Mine")
    expect(agent.row("bollard")).to_have_count(1)


def test_a_ticket_waits_for_one_and_is_wrapped_up(open_inbox: OpenInbox, open_shop: OpenShop) -> None:
    """A supervisor says for whom; what is resolved is wrapped up until its agent ends that."""
    open_shop().is_handed_over("Is a cleat a kind of bollard?")
    agent = open_inbox()
    api = agent.page.request
    csrf = {"X-CSRF-Token": api.get("/api/v1/session").json()["csrf"]}
    api.patch("/api/v1/queues/general", data={"wrap_up_seconds": 90}, headers=csrf)
    agent.open("cleat")
    waits_for = agent.page.get_by_label("Waits for")
    waits_for.select_option(index=1)
    expect(waits_for).not_to_have_value("")
    agent.take()
    agent.press("Resolve")
    expect(agent.page.get_by_role("timer").filter(has_text="Wrap-up: 1m")).to_be_visible()
    agent.press("End wrap-up")
    expect(agent.page.get_by_role("timer")).to_have_count(0)
    agent.press("Reopen")
    agent.press("Resolve")
    agent.view("Unassigned")
    wraps_up = agent.page.get_by_role("region", name="You wrap up")
    expect(wraps_up.get_by_role("link", name="Is a cleat")).to_be_visible()
    wraps_up.get_by_role("button", name="End wrap-up: Is a cleat").click()
    expect(wraps_up).to_have_count(0)
    api.patch("/api/v1/queues/general", data={"wrap_up_seconds": 0}, headers=csrf)


def test_the_address_is_the_open_ticket(open_inbox: OpenInbox, open_shop: OpenShop) -> None:
    """A ticket's address opens that ticket again, and Back leaves it."""
    open_shop().is_handed_over("How deep is the lagoon?")
    agent = open_inbox()
    agent.open("lagoon")
    expect(agent.page).to_have_url(re.compile(r"/tickets/\w+"))
    agent.page.reload()
    agent.sees("How deep is the lagoon?")
    agent.page.go_back()
    expect(agent.page.get_by_text("Pick a ticket to read it")).to_be_visible()


def test_a_ticket_says_why_it_is_there(open_inbox: OpenInbox, open_shop: OpenShop) -> None:
    """The details of a ticket hold the decisions made about its messages, in words."""
    open_shop().is_handed_over("Can seals read?")
    agent = open_inbox()
    agent.open("seals")
    details = agent.page.get_by_role("complementary", name="Details")
    expect(details.get_by_role("heading", name="Why it is here")).to_be_visible()
    expect(details.locator("details.decision")).not_to_have_count(0)
    expect(details.get_by_role("heading", name="Who gets it")).to_be_visible()
    expect(details.get_by_text("could take it:")).to_be_visible()


def test_a_ticket_says_why_it_is_not_elsewhere(
    open_page: OpenPage, open_inbox: OpenInbox, open_shop: OpenShop, signed_in: StorageState
) -> None:
    """The nearest rule that would have sent it to the queue that is asked about, and what stopped it."""
    open_shop().is_handed_over("Can walruses write?")
    agent = open_inbox()
    agent.open("walruses")
    details = agent.page.get_by_role("complementary", name="Details")
    details.get_by_label("Why not in another queue?").select_option("vip")
    said = "rule vip would have sent it there, but the expression customer.tier == 'gold' was false"
    expect(details.get_by_role("status")).to_have_text(said)
    page = open_page(agent.page.url, state=signed_in, language="zh-CN")
    page.get_by_label("为什么不在其他队列？").select_option("vip")
    said = "规则 vip 本会送到那里，但表达式 customer.tier == 'gold' 不成立"
    expect(page.get_by_role("complementary", name="详情").get_by_role("status")).to_have_text(said)


def test_a_conversation_can_be_taken_from_the_bot(open_inbox: OpenInbox, open_shop: OpenShop) -> None:
    """An agent reads along while the bot answers, and takes over."""
    visitor = open_shop()
    visitor.write("How long does a refund take?")
    expect(visitor.bubbles).to_have_count(2)
    agent = open_inbox()
    agent.view("With the bot")
    agent.page.get_by_role("region", name="Tickets").get_by_role("listitem").first.click()
    agent.sees("How long does a refund take?")
    agent.press("Take over")
    expect(agent.field).to_be_visible()
    agent.reply("Hello, Mei here. Which order is it?")
    visitor.sees("Hello, Mei here. Which order is it?")


def test_a_wrong_password_is_said_in_words(open_page: OpenPage) -> None:
    """The form stays, with what is wrong."""
    page = open_page("/")
    page.get_by_label("E-mail").fill("nobody@example.org")
    page.get_by_label("Password").fill("not this one")
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("alert").filter(has_text="wrong")).to_be_visible()
    expect(page.get_by_label("Password")).to_be_focused()


def test_the_inbox_speaks_chinese(open_inbox: OpenInbox) -> None:
    """The language can be switched in the inbox, and the choice is kept."""
    page = open_inbox().page
    page.get_by_label("Language").first.select_option("zh")
    expect(page.get_by_role("heading", name="我的")).to_be_visible()
    page.reload()
    expect(page.get_by_role("heading", name="我的")).to_be_visible()


def test_the_inbox_fits_900_pixels(open_inbox: OpenInbox, open_shop: OpenShop) -> None:
    """At 900 pixels nothing has to be scrolled sideways, with a ticket open."""
    open_shop().is_handed_over("Are masts hollow?")
    agent = open_inbox(size=(900, 700))
    agent.open("masts")
    assert agent.page.evaluate("document.documentElement.scrollWidth") == 900
