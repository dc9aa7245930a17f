"""A visitor of the demo shop and an agent at the inbox, as they use the pages."""

import re
from collections.abc import Callable

from playwright.sync_api import FrameLocator, Locator, Page, expect

from gateway.demo import content

TAKE = re.compile("^(Take|Accept)$")
CHAT = re.compile("Chat with us|在线客服")


# Each takes how to open it by keyword: language, size, goes_offline.
OpenPage = Callable[..., Page]
OpenShop = Callable[..., "Visitor"]
OpenInbox = Callable[..., "Agent"]


def answer_of(article_id: str) -> str:
    """What the demo desk's article says."""
    return next(article.answer for article in content.articles() if article.id == article_id)


class Visitor:
    """Somebody in the demo shop with the chat open."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.open_chat()

    def open_chat(self) -> None:
        """Press the round button."""
        self.page.get_by_role("button", name=CHAT).click()

    @property
    def chat(self) -> FrameLocator:
        """The frame the chat is in."""
        return self.page.frame_locator("iframe")

    @property
    def field(self) -> Locator:
        """Where the visitor writes."""
        return self.chat.get_by_role("textbox")

    @property
    def bubbles(self) -> Locator:
        """Every message shown, oldest first."""
        return self.chat.get_by_role("log").locator(".bubble")

    @property
    def waiting(self) -> Locator:
        """What the desk has not accepted yet."""
        return self.chat.locator(".message.waiting")

    def write(self, text: str) -> None:
        """Write a message and send it."""
        self.field.fill(text)
        self.field.press("Enter")

    def sees(self, text: str) -> None:
        """Wait for a message with this text."""
        expect(self.bubbles.filter(has_text=text).last).to_be_visible()

    def is_handed_over(self, question: str) -> None:
        """Ask what no article answers, then for a person."""
        self.write(question)
        self.sees(question)
        self.write("talk to a person")
        expect(self.bubbles.filter(has_text="talk to a person")).to_be_visible()


class Agent:
    """Somebody signed in at the inbox."""

    def __init__(self, page: Page) -> None:
        self.page = page
        expect(page.get_by_role("navigation", name="Views")).to_be_visible()

    @property
    def log(self) -> Locator:
        """The open conversation."""
        return self.page.get_by_role("log")

    @property
    def field(self) -> Locator:
        """Where the agent writes."""
        return self.page.locator("form.composer textarea")

    def view(self, name: str) -> None:
        """Choose a view."""
        self.page.get_by_role("navigation", name="Views").get_by_role("link", name=name).click()

    def row(self, text: str) -> Locator:
        """A line of the list."""
        return self.page.get_by_role("region", name="Tickets").get_by_role("link").filter(has_text=text)

    def open(self, text: str) -> None:
        """Open the ticket whose line has this text."""
        self.view("All open")
        self.row(text).first.click()
        expect(self.log).to_be_visible()

    def take(self) -> None:
        """Make the open ticket one's own, if it isn't."""
        button = self.page.get_by_role("button", name=TAKE)
        expect(self.page.get_by_role("button", name="Resolve", exact=True)).to_be_visible()
        if button.count():
            button.click()
        expect(button).to_have_count(0)

    def press(self, name: str) -> None:
        """Press a button of the open ticket."""
        self.page.get_by_role("button", name=name, exact=True).click()

    def reply(self, text: str) -> None:
        """Write to the customer."""
        self.field.fill(text)
        self.press("Send")

    def sees(self, text: str) -> None:
        """Wait for a message with this text in the open conversation."""
        expect(self.log.locator(".bubble").filter(has_text=text)).to_be_visible()
