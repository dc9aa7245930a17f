"""Articles beside a ticket: what may help is at hand, and what an agent wrote is not lost."""

from playwright.sync_api import expect

from tests.browser.people import OpenInbox, OpenShop, answer_of


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
    assert sent.value.post_data_json["article_id"] == "art_care_en"
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
