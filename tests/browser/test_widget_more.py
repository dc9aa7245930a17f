"""The chat beyond words: files, who has joined, what was read, who the visitor is, and for everybody."""

import hmac
import re
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import APIRequestContext, FilePayload, Page, Route, expect

from tests.browser.conftest import TIMEOUT_MS
from tests.browser.elsewhere import shop_elsewhere
from tests.browser.people import OpenInbox, OpenPage, OpenShop, Visitor
from tests.desk import Desk


@pytest.fixture
def api(open_inbox: OpenInbox) -> APIRequestContext:
    """The API, as the signed-in admin's browser uses it."""
    return open_inbox().page.request


def made(api: APIRequestContext, path: str, body: dict[str, Any]) -> dict[str, Any]:
    """Something new."""
    csrf = api.get("/api/v1/session").json()["csrf"]
    answer = api.post(path, data=body, headers={"X-CSRF-Token": csrf})
    assert answer.status == 201, answer.text()
    result: dict[str, Any] = answer.json()
    return result


@pytest.fixture
def channel(api: APIRequestContext) -> dict[str, Any]:
    """A widget that asks somebody new for name and mail address."""
    settings = {"ask": ["name", "email"]}
    return made(api, "/api/v1/channels", {"kind": "widget", "name": "Tent shop", "settings": settings})


@pytest.fixture
def shop(open_page: OpenPage, desk: Desk, channel: dict[str, Any]) -> Iterator[Page]:
    """A site of another origin that carries it."""
    page = open_page("/demo")
    with shop_elsewhere(desk.url, channel["id"]) as address:
        page.goto(address)
        yield page


def customer_with(api: APIRequestContext, email: str) -> dict[str, Any]:
    """The one customer with this address, once their message has been taken in."""
    until = time.monotonic() + TIMEOUT_MS / 1000
    while not (found := api.get(f"/api/v1/customers?email={email}").json()["data"]):
        assert time.monotonic() < until, f"there is no customer {email}"
    (customer,) = found
    return dict(customer)


def call(page: Page, *command: Any) -> None:
    """What a site's own script does."""
    page.evaluate("command => (window.frontdesk ||= []).push(command)", list(command))


def test_a_picture_is_sent_and_arrives(open_shop: OpenShop, open_inbox: OpenInbox, tmp_path: Path) -> None:
    """A file is uploaded while the visitor writes, and goes with the message."""
    picture = tmp_path / "torn seam.png"
    picture.write_bytes(b"\x89PNG\r\n")
    visitor = open_shop()
    visitor.chat.locator("input[type=file]").set_input_files(picture)
    expect(visitor.chat.locator(".files")).to_contain_text("torn seam.png")
    visitor.is_handed_over("The seam of my QWV tent is torn")
    expect(visitor.bubbles.filter(has_text="torn seam.png")).to_be_visible()
    agent = open_inbox()
    agent.open("QWV")
    expect(agent.log.get_by_role("link", name=re.compile("torn seam.png")).first).to_be_visible()


def test_the_visitor_sees_who_joins_and_the_agent_what_was_seen(
    open_shop: OpenShop, open_inbox: OpenInbox
) -> None:
    """Taking the ticket says so in the chat; a reply on the visitor's screen is marked as seen."""
    visitor, agent = open_shop(), open_inbox()
    visitor.is_handed_over("Which JXK rope floats?")
    agent.open("JXK")
    agent.take()
    expect(visitor.chat.locator("header")).to_contain_text("is helping you")
    expect(visitor.bubbles.filter(has_text="has joined")).to_be_visible()
    agent.reply("The orange one.")
    visitor.sees("The orange one.")
    expect(agent.log).to_contain_text("Seen")


def test_somebody_new_says_who_they_are_first(shop: Page, api: APIRequestContext) -> None:
    """Name and mail address are asked for once, checked, and kept with the customer."""
    visitor = Visitor(shop)
    visitor.chat.get_by_label("Your message").fill("Do you rent tents?")
    visitor.chat.get_by_role("button", name="Send").click()
    expect(visitor.bubbles).to_have_count(0)
    visitor.chat.get_by_label("Your name").fill("Mo Lin")
    visitor.chat.get_by_label("Your e-mail address").fill("mo@example.org")
    visitor.chat.get_by_role("button", name="Send").click()
    visitor.sees("Do you rent tents?")
    expect(visitor.chat.get_by_label("Your name")).to_have_count(0)
    assert customer_with(api, "mo@example.org")["name"] == "Mo Lin"


def test_a_site_names_its_user(shop: Page, channel: dict[str, Any]) -> None:
    """With the right HMAC a user has their history everywhere; signed out, nobody sees it."""
    secret = channel["secrets"]["identity_secret"].encode()
    word = hmac.new(secret, b"u-7", "sha256").hexdigest()
    call(shop, "identify", {"id": "u-7", "name": "Ann"}, word)
    visitor = Visitor(shop)
    visitor.write("Where do I find the LMQ manual?")
    visitor.sees("LMQ manual")
    expect(visitor.waiting).to_have_count(0)
    call(shop, "identify", None)
    expect(visitor.bubbles).to_have_count(0)
    call(shop, "identify", {"id": "u-7"}, word)
    visitor.sees("LMQ manual")


def test_a_user_is_named_though_the_desk_is_away_for_a_moment(
    open_page: OpenPage, desk: Desk, channel: dict[str, Any]
) -> None:
    """The chat asks again until it is answered."""
    answers = [503, 429]

    def answer(route: Route) -> None:
        if answers and "hmac" in (route.request.post_data or ""):
            route.fulfill(status=answers.pop())
        else:
            route.continue_()

    secret = channel["secrets"]["identity_secret"].encode()
    shop = open_page("/demo", goes_offline=True)
    shop.route("**/visitor", answer)
    with shop_elsewhere(desk.url, channel["id"]) as address:
        shop.goto(address)
        with shop.expect_response(lambda one: one.url.endswith("/visitor") and one.ok):
            call(shop, "identify", {"id": "u-8"}, hmac.new(secret, b"u-8", "sha256").hexdigest())
        visitor = Visitor(shop)
        # A verified user is asked for nothing.
        expect(visitor.chat.get_by_label("Your name")).to_have_count(0)
        visitor.write("Where do I find the LMQ manual?")
        visitor.sees("LMQ manual")
        expect(visitor.waiting).to_have_count(0)
    assert answers == []


def test_what_the_visitor_does_is_told_with_their_consent_only(shop: Page, api: APIRequestContext) -> None:
    """Events before consent go nowhere; after it, the page and the events are the customer's."""
    call(shop, "track", "looked_at_price", {"sku": "T-1"})
    call(shop, "consent", True)
    call(shop, "track", "added_to_cart", {"sku": "T-1"})
    visitor = Visitor(shop)
    visitor.chat.get_by_label("Your name").fill("Ivy")
    visitor.chat.get_by_label("Your e-mail address").fill("ivy@example.org")
    visitor.chat.get_by_label("Your message").fill("Is the T-1 waterproof?")
    visitor.chat.get_by_role("button", name="Send").click()
    visitor.sees("waterproof?")
    customer = customer_with(api, "ivy@example.org")["id"]
    visits = api.get(f"/api/v1/customers/{customer}/visits").json()["data"]
    assert {(one["kind"], one["name"]) for one in visits} == {("page", shop.url), ("event", "added_to_cart")}


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_chat_is_for_everybody(open_shop: OpenShop, scheme: Any) -> None:
    """No violation that axe knows of, in either scheme, with messages, options and a file waiting."""
    visitor = open_shop()
    visitor.page.emulate_media(color_scheme=scheme)
    visitor.write("When will I get my refund?")
    expect(visitor.chat.locator(".options button").first).to_be_visible()
    note = FilePayload(name="note.txt", mimeType="text/plain", buffer=b"hello")
    visitor.chat.locator("input[type=file]").set_input_files(note)
    expect(visitor.chat.locator(".files")).to_contain_text("5 B")
    chat = visitor.page.context.new_page()
    chat.emulate_media(color_scheme=scheme)
    chat.goto(visitor.page.frames[1].url)
    expect(chat.locator(".options button").first).to_be_visible()
    found = Axe().run(chat).response["violations"]
    assert [(one["id"], [node["html"] for node in one["nodes"]]) for one in found] == []
