"""The bell: what one was told, and how one wants to be told."""

import json

from playwright.sync_api import Page, expect

from tests.browser.people import OpenInbox


def _told(page: Page, title: str) -> None:
    expect(page.get_by_role("region", name="Notifications").get_by_role("listitem").first).to_contain_text(
        title
    )


def test_the_bell_rings_and_falls_silent(open_inbox: OpenInbox) -> None:
    """Live, with how many; a look at the list, and all of it read."""
    page = open_inbox().page
    bell = page.get_by_role("link", name="Notifications")
    bell.click()
    page.get_by_role("button", name="Tell me something now").click()
    _told(page, "This is how the desk reaches you")
    expect(bell).to_contain_text("1")
    page.get_by_role("button", name="Mark all as read").click()
    expect(page.get_by_role("button", name="Mark all as read")).to_have_count(0)
    expect(bell).not_to_contain_text("1")


def test_a_person_chooses_how_to_be_told(open_inbox: OpenInbox) -> None:
    """Kinds by ways, quiet hours, a robot whose address does not come back; on a phone as well."""
    page = open_inbox(size=(360, 740)).page
    page.get_by_role("link", name="Notifications").click()
    page.get_by_role("link", name="How you are told").click()
    offer = page.get_by_role("checkbox", name="A ticket is offered to you: E-mail")
    offer.check()
    page.get_by_label("From").fill("22:00")
    page.get_by_label("To", exact=True).fill("07:00")
    page.get_by_label("Platform").select_option("dingtalk")
    page.get_by_label("Its address").fill("https://oapi.dingtalk.com/robot/send?access_token=k3y")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_text("Kept: oapi.dingtalk.com")).to_be_visible()
    page.reload()
    expect(offer).to_be_checked()
    expect(page.get_by_label("From")).to_have_value("22:00")
    expect(page.get_by_label("Its address")).to_have_value("")
    kept = page.request.get("/api/v1/agents/me/notification-choices").json()
    assert "k3y" not in json.dumps(kept)
    assert kept["ways"] == {"offer": ["desk", "email"]}
    page.get_by_label("To", exact=True).fill("22:00")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("alert").filter(has_text="another time")).to_be_visible()
