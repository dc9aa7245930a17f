"""Articles beside a ticket: what may help is at hand, and what an agent wrote is not lost."""

import time

from playwright.sync_api import Page, StorageState, expect

from tests.browser.people import OpenInbox, OpenPage, OpenShop, answer_of
from tests.browser.test_console import violations


def is_proposed(page: Page, text: str) -> None:
    """Wait until the desk has noticed that a customer was helped by what they asked."""
    until, waiting = time.monotonic() + 60, []
    while time.monotonic() < until:
        waiting = page.request.get("/api/v1/phrasing-proposals?state=waiting&limit=100").json()["data"]
        if text in {one["text"] for one in waiting}:
            return
        page.wait_for_timeout(250)
    raise AssertionError(f"{text!r} was not proposed: {waiting}")


def test_an_article_becomes_a_reply(open_inbox: OpenInbox, open_shop: OpenShop) -> None:
    """It stands beside the ticket, goes into the reply with a click, and the reply says where it is from."""
    visitor, agent = open_shop(), open_inbox()
    visitor.is_handed_over("How do I wash a down jacket in the qzriver?")
    agent.open("qzriver")
    agent.take()
    details = agent.page.get_by_role("complementary", name="Details")
    details.locator(".article summary").filter(has_text="How do I wash a down jacket").click()
    details.locator(".article[open]").get_by_role("button", name="Put into the reply").click()
    answer = answer_of("art_care_en")
    expect(agent.field).to_have_value(answer)
    expect(agent.page.get_by_text("From the article:")).to_be_visible()
    with agent.page.expect_request(lambda request: request.url.endswith("/replies")) as sent:
        agent.press("Send")
    assert '"article_id":"art_care_en"' in str(sent.value.post_data)
    expect(agent.page.get_by_text("From the article:")).to_have_count(0)


def test_a_reply_becomes_an_article_in_two_clicks(open_inbox: OpenInbox, open_shop: OpenShop) -> None:
    """The first makes a draft of the question and the reply, the second publishes it."""
    visitor, agent = open_shop(), open_inbox()
    question = "Can the qzkayak be carried on a train?"
    visitor.is_handed_over(question)
    agent.open("qzkayak")
    agent.take()
    agent.reply("Folded, on every train.")
    agent.sees("Folded, on every train.")
    agent.log.locator(".message").filter(has_text="Folded, on every train.").hover()
    agent.press("Make an article of this reply")
    expect(agent.log.get_by_text("Draft: “")).to_be_visible()
    agent.press("Publish")
    expect(agent.log.get_by_text("Published: “")).to_be_visible()
    found = agent.page.request.get("/api/v1/articles/search?q=qzkayak").json()["data"]
    assert [article["answer"] for article in found] == ["Folded, on every train."]


def test_an_admin_sees_what_the_assistant_learns(
    open_shop: OpenShop, open_page: OpenPage, signed_in: StorageState
) -> None:
    """The slider tells what a setting would have done, and takes it; a phrasing that helped is learned."""
    visitor = open_shop()
    asked = "Where is my parcel and where is my order now?"
    visitor.write(asked)
    visitor.sees(answer_of("art_tracking_en")[:40])
    visitor.chat.get_by_role("button", name="That helped").click()
    page = open_page("/admin/learning", state=signed_in)
    slider = page.get_by_role("slider")
    expect(page.get_by_text("If 90 % of answers had to be right")).to_be_visible()
    slider.press("ArrowLeft")
    expect(page.get_by_text("If 85 % of answers had to be right")).to_be_visible()
    use = page.get_by_role("button", name="Use this")
    expect(page.get_by_text("In force: 90 %, from the setting")).to_be_visible()
    use.click()
    expect(page.get_by_text(": 85 %, chosen by")).to_be_visible()
    expect(use).to_be_disabled()
    assert violations(page) == []
    slider.press("ArrowRight")
    use.click()
    expect(page.get_by_text(": 90 %, chosen by")).to_be_visible()
    is_proposed(page, asked)
    page.get_by_role("link", name="Phrasings").click()
    record = page.locator(".record").filter(has_text=asked)
    record.get_by_role("button", name="Learn it").click()
    expect(record).to_have_count(0)
    assert asked in page.request.get("/api/v1/articles/art_tracking_en").json()["phrasings"]
    for part in ("Gaps", "Findings"):
        page.get_by_role("link", name=part).click()
        expect(page.locator(".record, .empty").first).to_be_visible()
        assert violations(page) == [], part
