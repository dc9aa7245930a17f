"""Mail in the inbox: who it goes to, and passing a message on."""

import json
from collections.abc import Callable
from urllib.request import Request, urlopen

import pytest
from playwright.sync_api import expect

from tests.browser.people import OpenInbox, OpenShop
from tests.desk import Desk

Deliver = Callable[[bytes], None]


@pytest.fixture(scope="module")
def deliver(desk: Desk) -> Deliver:
    """Delivers mail to a mailbox of the desk's, whose server for what goes out is away."""
    away = {"host": "127.0.0.1", "port": 9, "tls": False}
    settings = json.dumps({"address": "support@desk.example", "smtp": away})
    command = ("channel", "create", "--kind", "email", "--name", "Support", "--settings", settings)
    made = json.loads(desk.run(*command))

    def delivered(raw: bytes) -> None:
        secret = made["secrets"]["hook_secret"]
        headers = {"Authorization": f"Bearer {secret}", "Content-Type": "message/rfc822"}
        with urlopen(Request(f"{desk.url}/hooks/{made['id']}", raw, headers), timeout=30):  # noqa: S310 - the desk's own
            pass

    return delivered


def test_an_agent_sees_and_changes_who_a_reply_goes_to(open_inbox: OpenInbox, deliver: Deliver) -> None:
    """All who take part are named; one is left out, and the reply says whom it went to."""
    deliver(
        b"From: Ann <ann@example.org>\r\nTo: support@desk.example\r\nMessage-ID: <anchor@x>\r\n"
        b"Cc: Bob Baker <bob@example.org>, eva@example.org\r\nSubject: Rusty anchor\r\n\r\nIt rusts.\r\n"
    )
    agent = open_inbox()
    agent.open("Rusty anchor")
    expect(agent.log).to_contain_text("Cc Bob Baker, eva@example.org")
    shown = agent.page.locator(".composer .recipients")
    expect(shown).to_contain_text("To ann@example.org")
    expect(shown).to_contain_text("Cc bob@example.org, eva@example.org")
    agent.press("Change who it goes to")
    agent.page.get_by_label("Cc", exact=True).fill("eva@example.org")
    agent.reply("Oil it.")
    expect(agent.log.locator(".message.agent .took")).to_contain_text("Cc eva@example.org")


def test_an_agent_passes_a_message_on(open_inbox: OpenInbox, deliver: Deliver) -> None:
    """With the keyboard alone; it stays in the ticket, marked."""
    deliver(
        b"From: Ann <ann@example.org>\r\nTo: support@desk.example\r\nMessage-ID: <sail@x>\r\n"
        b"Subject: Torn sail\r\n\r\nA seam is open. I want to talk to a person.\r\n"
    )
    agent = open_inbox()
    agent.open("Torn sail")
    agent.page.keyboard.press("f")
    expect(agent.page.locator(".passed-on")).to_contain_text("A seam is open. I want")
    agent.page.get_by_label("To", exact=True).fill("Sailmaker <sails@supplier.example>")
    agent.field.fill("Can you mend it?")
    agent.page.keyboard.press("Control+Enter")
    note = agent.log.locator(".message.note")
    expect(note).to_contain_text("Forwarded by mail")
    expect(note).to_contain_text("To sails@supplier.example")
    expect(agent.page.get_by_role("tab", name="Reply")).to_have_attribute("aria-selected", "true")


def test_an_agent_passes_on_what_was_said_in_a_chat(
    open_inbox: OpenInbox, open_shop: OpenShop, deliver: Deliver
) -> None:
    """As a mail; the visitor sees nothing of it."""
    visitor = open_shop()
    visitor.is_handed_over("My mast is bent")
    agent = open_inbox()
    agent.open("My mast is bent")
    agent.page.get_by_role("tab", name="Forward").click()
    agent.page.get_by_label("To", exact=True).fill("masts@supplier.example")
    agent.field.fill("Can you straighten it?")
    agent.page.keyboard.press("Control+Enter")
    expect(agent.log.locator(".message.note").last).to_contain_text("To masts@supplier.example")
    expect(agent.page.get_by_role("tab", name="Reply")).to_have_attribute("aria-selected", "true")
    agent.reply("We have asked the mast maker.")
    visitor.sees("We have asked the mast maker.")
    expect(visitor.bubbles.filter(has_text="straighten")).to_have_count(0)


def test_an_agent_sees_a_mail_as_it_was_formatted(open_inbox: OpenInbox, deliver: Deliver) -> None:
    """Once asked for; pictures from elsewhere once they are asked for, too."""
    deliver(
        b"From: Ann <ann@example.org>\r\nTo: support@desk.example\r\nMessage-ID: <rope@x>\r\n"
        b"Subject: Frayed rope\r\nContent-Type: text/html\r\n\r\n"
        b'<h1 style="color:#c00">It frays</h1><img alt="rope" src="//127.0.0.1:9/rope.png">'
        b"<p>A person please.</p>"
    )
    agent = open_inbox()
    agent.open("Frayed rope")
    agent.press("Show formatted")
    mail = agent.page.frame_locator("iframe.formatted")
    expect(mail.get_by_role("heading", name="It frays")).to_have_css("color", "rgb(204, 0, 0)")
    picture = mail.get_by_alt_text("rope")
    expect(picture).not_to_have_attribute("src", "//127.0.0.1:9/rope.png")
    expect(agent.page.get_by_role("button", name="Load pictures")).to_be_visible()
    agent.press("Hide formatted")
    expect(agent.page.locator("iframe.formatted")).to_have_count(0)


def test_mail_that_can_t_be_read_is_seen_and_does_nothing(open_inbox: OpenInbox, deliver: Deliver) -> None:
    """From the views, as soon as it was set aside; its beginning is text, and it can be put back."""
    agent = open_inbox()
    deliver(
        b"From: Eve <eve@evil.example>\r\nTo: support@desk.example\r\nSubject: Knotted\r\n"
        b"Content-Type: text/html\r\n\r\n<img src=x onerror=alert(1)>" + b"<div>" * 30_000
    )
    agent.page.get_by_role("button", name="Unreadable mail").click()
    mail = agent.page.locator(".quarantine li").filter(has_text="Knotted")
    expect(mail).to_contain_text("its HTML is nested more than 1000 deep")
    mail.get_by_text("How it begins").click()
    expect(mail.locator("pre")).to_contain_text("<img src=x onerror=alert(1)>")
    expect(mail.locator("img")).to_have_count(0)
    mail.get_by_role("button", name="Give up").click()
    expect(mail).to_have_count(0)
