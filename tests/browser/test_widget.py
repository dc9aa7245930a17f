"""The chat on a shop's page, as a visitor meets it."""

import re

from playwright.sync_api import expect

from tests.browser.elsewhere import shop_elsewhere
from tests.browser.people import OpenPage, OpenShop, Visitor, answer_of
from tests.desk import Desk


def test_an_english_question_is_answered_from_the_knowledge_base(open_shop: OpenShop) -> None:
    """The bot answers in the article's words, asks whether they helped, and takes yes for an answer."""
    visitor = open_shop()
    visitor.write("When will I get my refund?")
    visitor.sees(answer_of("art_refund_time_en"))
    visitor.chat.get_by_role("button", name="That helped").click()
    expect(visitor.bubbles.filter(has_text=re.compile("^That helped$"))).to_have_count(1)
    visitor.sees("Glad that helped.")


def test_a_chinese_question_is_answered_in_chinese(open_shop: OpenShop) -> None:
    """A question in Chinese gets the Chinese article, in a chat that speaks Chinese throughout."""
    visitor = open_shop(language="zh-CN")
    expect(visitor.field).to_have_attribute("placeholder", "输入消息…")
    visitor.write("退款什么时候到账？")
    visitor.sees(answer_of("art_refund_time_zh"))
    expect(visitor.chat.get_by_role("button", name="转人工")).to_be_visible()


def test_the_conversation_is_there_after_a_reload(open_shop: OpenShop) -> None:
    """Who comes back to the page finds every message once, in its order."""
    visitor = open_shop()
    visitor.write("How long does a refund take?")
    visitor.sees(answer_of("art_refund_time_en"))
    before = visitor.bubbles.all_inner_texts()
    visitor.page.reload()
    visitor.open_chat()
    expect(visitor.bubbles).to_have_text(before)


def test_what_is_written_offline_is_sent_once_the_line_is_back(open_shop: OpenShop) -> None:
    """A message written without a connection is marked as waiting and arrives exactly once."""
    visitor = open_shop(goes_offline=True)
    visitor.write("How long does a refund take?")
    visitor.sees(answer_of("art_refund_time_en"))
    visitor.page.context.set_offline(True)
    visitor.write("And to my old card?")
    expect(visitor.waiting).to_have_text(re.compile("And to my old card"))
    visitor.page.context.set_offline(False)
    expect(visitor.waiting).to_have_count(0, timeout=60_000)
    visitor.page.reload()
    visitor.open_chat()
    visitor.sees("And to my old card?")
    expect(visitor.bubbles.filter(has_text="And to my old card?")).to_have_count(1)


def test_markup_is_shown_as_text_and_only_web_addresses_become_links(open_shop: OpenShop) -> None:
    """A message makes no elements of its own; an http address in it can be followed, nothing else."""
    visitor = open_shop()
    visitor.write("<img src=x onerror=alert(1)> see https://example.org/a?b=1, or javascript:alert(1)")
    bubble = visitor.bubbles.first
    expect(bubble).to_have_text(re.compile(r"^<img src=x"))
    links = [link.get_attribute("href") for link in bubble.get_by_role("link").all()]
    assert links == ["https://example.org/a?b=1"]
    assert bubble.locator("img").count() == 0


def test_the_chat_opens_and_closes_from_the_keyboard(open_page: OpenPage) -> None:
    """Enter on the button opens the chat with the cursor in its field; Escape closes it and goes back."""
    page = open_page("/demo")
    button = page.get_by_role("button", name="Chat with us")
    button.focus()
    page.keyboard.press("Enter")
    field = page.frame_locator("iframe").get_by_role("textbox")
    expect(field).to_be_focused()
    field.press("Escape")
    expect(page.locator("iframe")).to_be_hidden()
    expect(button).to_be_focused()


def test_the_chat_works_on_another_site_with_a_strict_policy(open_page: OpenPage, desk: Desk) -> None:
    """A shop of another origin whose policy allows the desk alone: the chat works and outlives a reload."""
    page = open_page("/demo")
    channel_id = page.request.get("/demo/config.json").json()["channel_id"]
    with shop_elsewhere(desk.url, channel_id) as address:
        page.goto(address)
        visitor = Visitor(page)
        visitor.write("How do gift cards work?")
        visitor.sees(answer_of("art_giftcard_en"))
        page.reload()
        visitor.open_chat()
        expect(visitor.bubbles).to_have_count(2)


def test_the_chat_fits_a_narrow_phone(open_shop: OpenShop) -> None:
    """At 360 pixels the chat fills the screen and nothing in it has to be scrolled sideways."""
    visitor = open_shop(size=(360, 640))
    visitor.write("A word as long as " + "x" * 120)
    expect(visitor.bubbles).not_to_have_count(0)
    frame = visitor.page.frames[1]
    assert frame.evaluate("innerWidth") == 360
    assert frame.evaluate("document.documentElement.scrollWidth") == 360


def test_a_question_of_the_demo_page_lands_in_the_chat(open_page: OpenPage) -> None:
    """The shop's list of questions fills the field; the visitor sends it."""
    page = open_page("/demo")
    page.get_by_role("button", name="How can I return something?").click()
    expect(page.frame_locator("iframe").get_by_role("textbox")).to_have_value("How can I return something?")
