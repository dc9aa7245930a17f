"""The widget: tokens, sockets that lose and double nothing, and who is kept out."""

import asyncio
import hmac
import random
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from functools import partial
from io import BytesIO
from typing import Any

import aiohttp
import msgspec
import pytest

from bus.envelope import Attachment
from bus.live import Rate
from bus.port import BusUnavailable
from channels.widget import frames, receive
from channels.widget.receive import Visitor
from gateway.compose import composed
from gateway.folder import prepare
from gateway.http import visitor_socket, widget
from gateway.listening import base_url, listen
from gateway.settings import Settings
from gateway.visitors import VisitorRefused, issue, read
from storage import conversations, messages, visitors
from storage.messages import Message
from storage.store import Tx
from tests.integration.conftest import Desk

Frame = dict[str, Any]


class Browser:
    """A visitor's browser on a site with a widget."""

    def __init__(self, desk: Desk, channel_id: str, token: str, visitor: str) -> None:
        self.desk, self.channel_id, self.token, self.visitor = desk, channel_id, token, visitor
        self.base = f"{desk.url}/widget/{channel_id}"

    @asynccontextmanager
    async def open(self, after: str | None = None, **headers: str) -> AsyncIterator["Tab"]:
        """A socket that has said hello."""
        async with self.desk.client.ws_connect(f"{self.base}/socket", headers=headers) as socket:
            tab = Tab(socket)
            await tab.say({"type": "hello", "token": self.token, "after": after})
            yield tab

    async def shown(self) -> list[str]:
        """The ids of all public messages that the store has for this visitor, oldest first."""
        store_read = self.desk.parts.store.read
        contact = await store_read(
            partial(visitors.contact_point, channel_id=self.channel_id, address=self.visitor)
        )
        assert contact is not None
        found = await store_read(partial(visitors.after, contact_point_id=contact, seq=0, limit=1000))
        return [one.id for one in found]


class Tab:
    """One socket."""

    def __init__(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        self.socket = socket

    async def say(self, frame: Frame) -> None:
        """Send a frame."""
        await self.socket.send_json(frame)

    async def hear(self) -> Frame:
        """The next frame."""
        frame: Frame = await self.socket.receive_json(timeout=60)
        return frame

    async def until(self, type_: str, **members: Any) -> list[Frame]:
        """Frames up to and including the first of this type whose message, or itself, has these members."""
        heard: list[Frame] = []
        while True:
            frame = await self.hear()
            heard.append(frame)
            inner = frame.get("message", frame)
            if frame["type"] == type_ and members.items() <= inner.items():
                return heard

    async def closed(self) -> int | None:
        """Wait until the desk closes it; returns the code."""
        while True:
            received = await self.socket.receive(timeout=60)
            if received.type is not aiohttp.WSMsgType.TEXT:
                return self.socket.close_code


def said(client_id: str, text: str = "转人工", **more: Any) -> Frame:
    """A message."""
    return {"type": "message", "client_id": client_id, "text": text, **more}


async def site(desk: Desk, **settings: Any) -> tuple[str, dict[str, str]]:
    """A widget channel: its id and the secrets that were made for it."""
    body = {"kind": "widget", "name": "Shop chat", "settings": settings}
    made = await desk.ask("POST", "/api/v1/channels", body)
    assert made.status == 201, made.body
    return made.body["id"], made.body["secrets"]


async def visit(desk: Desk, channel_id: str, body: Any = None, **headers: str) -> Browser:
    """A new visitor."""
    path = f"/widget/{channel_id}/visitor"
    answer = await desk.ask("POST", path, body or {}, headers=headers, role=None)
    assert answer.status == 200, answer.body
    return Browser(desk, channel_id, answer.body["token"], answer.body["visitor"])


@pytest.fixture
async def browser(desk: Desk) -> Browser:
    """A visitor of a widget that any site may embed."""
    return await visit(desk, (await site(desk))[0])


@pytest.fixture
def hurried(monkeypatch: pytest.MonkeyPatch) -> None:
    """A desk where visitors may write faster than people do."""
    monkeypatch.setattr(visitor_socket, "RATE", Rate(10_000, 10_000))


async def test_a_message_is_accepted_shown_and_answered(browser: Browser) -> None:
    """Ready, then accepted once durable, then the message itself and what the desk says to it."""
    async with browser.open() as tab:
        assert await tab.hear() == {
            "type": "ready",
            "visitor": browser.visitor,
            "channel": {"name": "Shop chat"},
            "ask": [],
            "hours": None,
        }
        await tab.say(said("c1", context={"page": "https://shop.example.org/"}))
        (accepted,) = [one for one in await tab.until("message", client_id="c1") if one["type"] == "accepted"]
        (answer,) = await tab.until("message", author="system")
    assert accepted["client_id"] == "c1"
    assert [accepted["id"], answer["message"]["id"]] == await browser.shown()
    assert answer["message"].keys() == {
        "id",
        "author",
        "author_name",
        "text",
        "html",
        "attachments",
        "options",
        "created_at",
        "client_id",
    }


async def test_what_was_taken_before_a_reload_is_shown_once_it_is_stored(browser: Browser) -> None:
    """Also to somebody new, whose page is back before the desk knows them, and who says nothing more."""
    frame = frames.Said(client_id="c1", text="my kitchen ceiling dripped purple paint")
    visitor, now = Visitor(browser.visitor), datetime.now(UTC)
    async with browser.open() as tab:
        await tab.until("ready")
        await browser.desk.parts.acceptance.take(
            receive.envelope(browser.channel_id, visitor, frame, msgspec.json.encode(frame), now)
        )
        await tab.until("message", client_id="c1")


async def test_a_message_that_is_sent_again_is_the_same_message(browser: Browser) -> None:
    """The same client id is accepted again under the same id and stored once."""
    async with browser.open() as tab:
        await tab.say(said("c1"))
        await tab.say(said("c1"))
        first = (await tab.until("accepted"))[-1]
        again = (await tab.until("accepted"))[-1]
        await tab.say(said("c2"))
        await tab.until("message", client_id="c2")
    assert first == again
    assert len(set(await browser.shown())) == len(await browser.shown()) == 3


@pytest.mark.usefixtures("hurried")
async def test_a_hundred_cuts_lose_and_double_nothing(browser: Browser) -> None:
    """Cut at any moment and resumed from the last cursor, every message is shown once and in order."""
    draw = random.Random(7)
    cursor: str | None = None
    shown: list[str] = []
    unaccepted: dict[str, None] = {}

    def take(frame: Frame) -> None:
        nonlocal cursor
        if frame["type"] == "accepted":
            unaccepted.pop(frame["client_id"], None)
        elif frame["type"] == "message":
            shown.append(frame["message"]["id"])
            cursor = frame["cursor"]

    for number in range(100):
        unaccepted[f"c{number}"] = None
        async with browser.open(cursor) as tab:
            for client_id in tuple(unaccepted):
                await tab.say(said(client_id, f"message {client_id}"))
            for _ in range(draw.randrange(4)):
                take(await tab.hear())
            # Not closed, but gone: nobody says goodbye on a train in a tunnel.
            tab.socket._response.connection.transport.abort()  # type: ignore[union-attr]
    async with browser.open(cursor) as tab:
        for client_id in (*unaccepted, "last"):
            await tab.say(said(client_id, f"message {client_id}"))
        for frame in await tab.until("message", client_id="last"):
            take(frame)
    assert shown == (await browser.shown())[: len(shown)]
    stored = await browser.desk.parts.store.read(
        lambda sql: [message.external_id for message in _of(sql, browser)]
    )
    wanted = {f"{browser.visitor}:{client_id}" for client_id in (*(f"c{n}" for n in range(100)), "last")}
    assert sorted(one for one in stored if one) == sorted(wanted)


def _of(sql: Any, browser: Browser) -> list[visitors.Shown]:
    contact = visitors.contact_point(sql, browser.channel_id, browser.visitor)
    assert contact is not None
    return visitors.after(sql, contact, 0, 1000)


@pytest.mark.usefixtures("hurried")
async def test_who_comes_without_a_cursor_sees_the_last_hundred(browser: Browser) -> None:
    """Oldest of them first."""
    async with browser.open() as tab:
        for number in range(120):
            await tab.say(said(f"c{number}"))
        await tab.until("message", client_id="c119")
    everything = await browser.shown()
    async with browser.open() as tab:
        heard = await tab.until("message", id=everything[-1])
    assert [frame["message"]["id"] for frame in heard[1:]] == everything[-100:]


async def test_every_tab_of_a_visitor_is_told(browser: Browser) -> None:
    """Also a tab that was open before the visitor had ever written."""
    async with browser.open() as silent, browser.open() as tab:
        await silent.until("ready")
        await tab.until("ready")
        await tab.say(said("c1"))
        heard = (await silent.until("message", client_id="c1"))[-1]
    assert heard["message"]["text"] == "转人工"


async def test_visitors_see_nothing_of_each_other(desk: Desk) -> None:
    """Two visitors of one widget have two conversations."""
    channel_id, _ = await site(desk)
    ann, bob = await visit(desk, channel_id), await visit(desk, channel_id)
    for one in (ann, bob):
        async with one.open() as tab:
            await tab.say(said("c1"))
            await tab.until("message", client_id="c1")
    assert set(await ann.shown()) & set(await bob.shown()) == set()


async def store(browser: Browser, **members: Any) -> str:
    """Have the desk say something, past the agents' API; returns the message's id."""
    contact_id = await browser.desk.parts.store.read(
        partial(visitors.contact_point, channel_id=browser.channel_id, address=browser.visitor)
    )
    assert contact_id is not None
    name = f"msg_{time.monotonic_ns()}"

    def step(tx: Tx) -> None:
        ((_, conversation),) = conversations.open_ones(tx, [contact_id]).items()
        position = conversation.position + 100
        line = Message(
            id=name,
            conversation_id=conversation.id,
            contact_point_id=contact_id,
            position=position,
            author="agent",
            created_at=tx.now,
            **members,
        )
        messages.add(tx, [line])

    await browser.desk.parts.store.write(step)
    await browser.desk.parts.live.publish(visitor_socket.topic(contact_id), b"")
    return name


async def test_notes_are_for_agents_only(browser: Browser) -> None:
    """A note never reaches a visitor, neither live nor as history."""
    async with browser.open() as tab:
        await tab.say(said("c1"))
        await tab.until("message", author="system")
        note = await store(browser, kind="note", text="rude customer")
        await tab.say(said("c2"))
        live = await tab.until("message", client_id="c2")
    async with browser.open() as tab:
        history = await tab.until("message", client_id="c2")
    ids = [frame["message"]["id"] for frame in (*live, *history) if frame["type"] == "message"]
    assert note not in ids


async def test_files_are_for_whoever_was_shown_them(browser: Browser) -> None:
    """An attachment has an address that nobody else can make; a page in it runs nothing."""
    content = b"<script>alert(1)</script>"
    async with browser.open() as tab:
        await tab.say(said("c1"))
        await tab.until("message", author="system")
        blob = await browser.desk.parts.blobs.put(content)
        page = Attachment(name="名 a.html", type="text/html", size=len(content), blob=blob)
        name = await store(browser, text="", attachments=(page,))
        frame = (await tab.until("message", id=name))[-1]
    (file,) = frame["message"]["attachments"]
    got = await browser.desk.ask("GET", file["url"], role=None)
    assert (got.status, got.body, got.headers["Content-Type"]) == (200, content, "application/octet-stream")
    assert got.headers["Content-Disposition"] == "attachment; filename*=UTF-8''%E5%90%8D%20a.html"
    assert got.headers["Content-Security-Policy"] == "default-src 'none'; sandbox"
    path, _, signature = file["url"].partition("?signature=")
    tampered = (
        f"{path}?signature={signature[:-1]}x",
        path,
        f"{path}?signature=é",
        f"{path[:-1]}1?{signature}",
    )
    assert [(await browser.desk.ask("GET", one, role=None)).status for one in tampered] == [404] * 4


async def test_typing_goes_both_ways(browser: Browser) -> None:
    """The desk hears that a visitor types, and the visitor that an agent does."""
    live, store_read = browser.desk.parts.live, browser.desk.parts.store.read
    async with browser.open() as tab:
        await tab.say(said("c1"))
        await tab.until("message", author="system")
        contact = await store_read(
            partial(visitors.contact_point, channel_id=browser.channel_id, address=browser.visitor)
        )
        assert contact is not None
        async with live.subscribe(visitor_socket.typing_topic(contact)) as heard:
            await tab.say({"type": "typing"})
            assert await asyncio.wait_for(anext(aiter(heard)), 60) == b"{}"
        await live.publish(visitor_socket.topic(contact), b'{"typing": "Mei"}')
        assert (await tab.until("typing"))[-1] == {"type": "typing", "author_name": "Mei"}


async def test_what_is_wrong_is_said_with_its_client_id(browser: Browser) -> None:
    """Malformed and too large frames are refused one by one; the socket stays open."""
    async with browser.open() as tab:
        await tab.until("ready")
        refused = (said("c1", ""), said("c2", "a" * 16_001), said("c3", "a" * 70_000), {"type": "nothing"})
        for frame in refused:
            await tab.say(frame)
        told = [await tab.hear() for _ in refused]
        await tab.say(said("c5"))
        await tab.until("accepted", client_id="c5")
    assert [(one["type"], one["code"], one["client_id"]) for one in told] == [
        ("error", "malformed", "c1"),
        ("error", "too_large", "c2"),
        ("error", "too_large", "c3"),
        ("error", "malformed", None),
    ]


async def test_a_monstrous_frame_ends_the_socket(browser: Browser) -> None:
    """Nothing larger than a quarter of a megabyte is even read."""
    async with browser.open() as tab:
        await tab.until("ready")
        await tab.say(said("c1", "a" * 300_000))
        assert await tab.closed() == 1009


async def test_who_writes_too_fast_is_told_to_wait(browser: Browser, monkeypatch: pytest.MonkeyPatch) -> None:
    """With the seconds to wait; the message can be sent again."""
    monkeypatch.setattr(visitor_socket, "RATE", Rate(0.5, 1))
    async with browser.open() as tab:
        await tab.until("ready")
        for client_id in ("c1", "c2"):
            await tab.say(said(client_id))
        refused = (await tab.until("error"))[-1]
    assert (refused["code"], refused["client_id"]) == ("rate_limited", "c2")
    assert 0 < refused["retry_after"] <= 2


async def test_while_there_is_nowhere_to_keep_it_a_message_is_not_accepted(
    browser: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Unavailable, with the seconds to wait; then it is taken as if nothing had been."""

    class Away:
        async def publish(self, lane: str, bodies: list[bytes]) -> None:
            raise BusUnavailable("no disk")

    async with browser.open() as tab:
        await tab.until("ready")
        with monkeypatch.context() as patch:
            patch.setattr(browser.desk.parts.acceptance, "_bus", Away())
            await tab.say(said("c1"))
            refused = (await tab.until("error"))[-1]
        await tab.say(said("c1"))
        await tab.until("accepted", client_id="c1")
    assert (refused["code"], refused["client_id"], refused["retry_after"]) == ("unavailable", "c1", 2.0)


async def test_a_token_that_is_not_ours_is_refused(desk: Desk, browser: Browser) -> None:
    """Made up, changed, or of another widget: the socket says why and closes with 4401."""
    other = await visit(desk, (await site(desk))[0])
    for token in ("", "a.b.c", browser.token[:-2], other.token):
        async with Browser(desk, browser.channel_id, token, "").open() as tab:
            told = await tab.hear()
            assert (told["type"], told["code"]) == ("error", "unauthorized")
            assert await tab.closed() == 4401


def test_a_token_runs_out() -> None:
    """After half a year its browser gets a new one."""
    now, key = datetime(2026, 11, 21, tzinfo=UTC), "x" * 43
    token = issue(key, "ch_1", Visitor("vis_1"), now)
    assert read(key, "ch_1", token, now + timedelta(days=179)) == Visitor("vis_1")
    with pytest.raises(VisitorRefused):
        read(key, "ch_1", token, now + timedelta(days=181))


async def test_a_socket_begins_with_hello(browser: Browser, monkeypatch: pytest.MonkeyPatch) -> None:
    """Anything else, or nothing for too long, closes it; the token is not blamed."""
    async with browser.desk.client.ws_connect(f"{browser.base}/socket") as socket:
        await socket.send_json(said("c1"))
        assert await Tab(socket).closed() == 1008
    monkeypatch.setattr(visitor_socket, "_HELLO_S", 0.05)
    async with browser.desk.client.ws_connect(f"{browser.base}/socket") as socket:
        assert await Tab(socket).closed() == 1008


async def test_only_the_channels_sites_may_use_it(desk: Desk) -> None:
    """A foreign page is refused a token and a socket (4403), and browsers are told whom to frame it for."""
    channel_id, _ = await site(desk, origins=["https://shop.example.org"])
    path = f"/widget/{channel_id}"
    page = await desk.ask("GET", path, role=None)
    assert page.headers["Content-Security-Policy"].endswith("frame-ancestors 'self' https://shop.example.org")
    foreign = await desk.ask("POST", f"{path}/visitor", {}, headers={"Origin": "https://evil.org"}, role=None)
    assert foreign.status == 403
    browser = await visit(desk, channel_id, Origin="https://shop.example.org")
    for origin in ("https://shop.example.org", desk.url):
        async with browser.open(Origin=origin) as tab:
            await tab.until("ready")
    async with browser.open(Origin="https://evil.org") as tab:
        assert await tab.closed() == 4403


async def test_the_page_and_its_loader_may_be_embedded(browser: Browser) -> None:
    """By anyone, where the channel names no origins; neither may be made to run foreign scripts."""
    desk = browser.desk
    page = await desk.ask("GET", f"/widget/{browser.channel_id}", role=None)
    loader = await desk.ask("GET", "/widget.js", role=None)
    assert (page.status, page.headers["Content-Type"]) == (200, "text/html")
    assert page.headers["Content-Security-Policy"].startswith("default-src 'none'; script-src 'self';")
    assert page.headers["Content-Security-Policy"].endswith("frame-ancestors *")
    assert (loader.status, loader.headers["Cross-Origin-Resource-Policy"]) == (200, "cross-origin")
    assert b"data-channel" in loader.body
    unknown = await desk.ask("GET", "/widget/ch_nothing", role=None)
    assert unknown.status == 404


def vouched(secrets: dict[str, str], **user: str) -> dict[str, Any]:
    """A site's word for its user."""
    signature = hmac.new(secrets["identity_secret"].encode(), user["id"].encode(), "sha256").hexdigest()
    return {"user": user, "hmac": signature}


async def test_a_site_can_vouch_for_its_user(desk: Desk) -> None:
    """An HMAC of the site's over the user's id names the visitor, the same on every device, and verified."""
    channel_id, secrets = await site(desk)
    phone = await visit(desk, channel_id, vouched(secrets, id="7", name="Ann", email="ann@example.org"))
    laptop = await visit(desk, channel_id, vouched(secrets, id="7", name="Ann"))
    assert phone.visitor == laptop.visitor == "user:7"
    async with phone.open() as tab:
        await tab.say(said("c1"))
        await tab.until("message", client_id="c1")
    async with laptop.open() as tab:
        await tab.until("message", client_id="c1")
    listed = await desk.ask("GET", "/api/v1/customers")
    assert [(one["name"], one["email"]) for one in listed.body["data"]] == [("Ann", "ann@example.org")]


async def test_whoever_is_not_vouched_for_sees_no_history(desk: Desk) -> None:
    """A wrong, missing or foreign HMAC gives no token at all."""
    channel_id, secrets = await site(desk)
    good = vouched(secrets, id="7")
    bad = (
        {"user": {"id": "7"}},
        good | {"hmac": "00" * 32},
        good | {"hmac": "é\u0131"},
        good | {"user": {"id": "8"}},
        vouched({"identity_secret": "x" * 40}, id="7"),
    )
    for body in bad:
        refused = await desk.ask("POST", f"/widget/{channel_id}/visitor", body, role=None)
        assert (refused.status, refused.body["errors"][0]["pointer"]) == (422, "/hmac")


async def upload(browser: Browser, content: bytes, **headers: str) -> Any:
    """Send a file ahead of its message."""
    path = f"{browser.base}/files?name=../boot%20left.png"
    given = {"Authorization": f"Bearer {browser.token}", "Content-Type": "image/png", **headers}
    async with browser.desk.client.post(path, data=BytesIO(content), headers=given) as answer:
        return answer.status, await answer.json()


async def test_a_visitors_file_arrives_with_their_message(browser: Browser) -> None:
    """Sent ahead with the visitor's token, named by the message, shown to the agents and in every tab."""
    status, told = await upload(browser, b"\x89PNG")
    assert (status, told["name"], told["type"], told["size"]) == (201, "boot left.png", "image/png", 4)
    async with browser.open() as tab:
        await tab.say({"type": "message", "client_id": "c1", "attachments": [told["upload_id"]]})
        heard = (await tab.until("message", client_id="c1"))[-1]["message"]
    assert [(one["name"], one["size"]) for one in heard["attachments"]] == [("boot left.png", 4)]
    async with browser.desk.client.get(browser.desk.url + heard["attachments"][0]["url"]) as file:
        assert await file.read() == b"\x89PNG"


async def test_a_file_is_its_visitors_own(desk: Desk) -> None:
    """Neither a stranger nor another visitor can send it, and a foreign site can't upload."""
    channel_id, _ = await site(desk, origins=["https://shop.example.org"])
    ann, bob = await visit(desk, channel_id), await visit(desk, channel_id)
    _, told = await upload(ann, b"x")
    async with bob.open() as tab:
        await tab.say({"type": "message", "client_id": "c1", "attachments": [told["upload_id"]]})
        refused = (await tab.until("error"))[-1]
    assert (refused["code"], refused["client_id"]) == ("malformed", "c1")
    assert (await upload(ann, b"x", Authorization="Bearer nothing"))[0] == 401
    assert (await upload(ann, b"x", Origin="https://evil.org"))[0] == 403
    assert (await upload(ann, b""))[0] == 422
    assert (await upload(ann, b"x" * (widget.UPLOAD_LIMIT + 1)))[0] == 413


async def test_agents_see_what_a_visitor_has_read(browser: Browser) -> None:
    """A mark turns what came before it from sent to read; an older mark takes nothing back."""
    desk = browser.desk
    async with browser.open() as tab:
        await tab.say(said("c1"))
        answer = (await tab.until("message", author="system"))[-1]
        await tab.say({"type": "read", "cursor": answer["cursor"]})
        await tab.say({"type": "read", "cursor": "1"})
        conversation = (await desk.ask("GET", "/api/v1/conversations")).body["data"][0]["id"]
        path = f"/api/v1/conversations/{conversation}/messages"
        async with asyncio.timeout(60):
            while True:
                lines = (await desk.ask("GET", path)).body["data"]
                if lines[-1]["delivery"]["state"] == "read":
                    break
                await asyncio.sleep(0.02)
    assert lines[-1]["id"] == answer["message"]["id"]


async def test_a_visitor_is_told_who_has_joined(browser: Browser) -> None:
    """When an agent takes the ticket, and again to whoever comes back."""
    desk = browser.desk
    async with browser.open() as tab:
        await tab.say(said("c1"))
        await tab.until("message", author="system")
        ticket = (await desk.ask("GET", "/api/v1/tickets")).body["data"][0]
        ana = (await desk.ask("POST", "/api/v1/agents", {"name": "Ana", "email": "ana@example.org"})).body
        taken = await desk.ask("PATCH", f"/api/v1/tickets/{ticket['id']}", {"assignee": ana["id"]})
        assert taken.status == 200, taken.body
        heard = [frame for frame in await tab.until("agent", name="Ana") if frame["type"] == "agent"]
        assert heard == [{"type": "agent", "name": None}, {"type": "agent", "name": "Ana"}]
    async with browser.open() as tab:
        await tab.until("agent", name="Ana")


async def test_somebody_new_is_asked_for_what_the_desk_wants_to_know(desk: Desk) -> None:
    """Before their first message only; a user whom the site has named is not asked at all."""
    channel_id, secrets = await site(desk, ask=["name", "email"])
    stranger = await visit(desk, channel_id)
    async with stranger.open() as tab:
        assert (await tab.hear())["ask"] == ["name", "email"]
        await tab.say(said("c1", name="Bo", email="bo@example.org"))
        await tab.until("message", client_id="c1")
    async with stranger.open() as tab:
        assert (await tab.hear())["ask"] == []
    named = await visit(desk, channel_id, vouched(secrets, id="7"))
    async with named.open() as tab:
        assert (await tab.hear())["ask"] == []
    listed = await desk.ask("GET", "/api/v1/customers")
    assert [(one["name"], one["email"]) for one in listed.body["data"]] == [("Bo", "bo@example.org")]


async def test_a_visitor_sees_the_hours(desk: Desk) -> None:
    """Closed now: when it opens next, by the channel's calendar."""
    never = {"id": "never", "name": "Later", "tz": "UTC", "weekly": {}, "special_hours": {}}
    later = (desk.parts.clock() + timedelta(days=2)).date().isoformat()
    never["special_hours"] = {later: [["09:00", "17:00"]]}
    made = await desk.ask("POST", "/api/v1/calendars", never)
    assert made.status == 201, made.body
    channel_id, _ = await site(desk, calendar=made.body["id"])
    visitor = await visit(desk, channel_id)
    async with visitor.open() as tab:
        assert (await tab.hear())["hours"] == {"open": False, "opens_at": f"{later}T09:00:00Z"}


async def test_what_a_visitor_did_on_the_site_is_in_their_timeline(browser: Browser) -> None:
    """Pages and events from before their first message, newest first."""
    desk = browser.desk
    async with browser.open() as tab:
        await tab.say({"type": "page", "page": "https://shop.example.org/tents", "title": "Tents"})
        await tab.say({"type": "event", "name": "added_to_cart", "data": {"sku": "T-1"}})
        await tab.say(said("c1"))
        await tab.until("message", client_id="c1")
    customer = (await desk.ask("GET", "/api/v1/customers")).body["data"][0]["id"]
    path = f"/api/v1/customers/{customer}/visits"
    first = (await desk.ask("GET", f"{path}?limit=1")).body
    rest = (await desk.ask("GET", f"{path}?cursor={first['next_cursor']}")).body
    assert [(one["kind"], one["name"], one["data"]) for one in (*first["data"], *rest["data"])] == [
        ("event", "added_to_cart", {"sku": "T-1"}),
        ("page", "https://shop.example.org/tents", {"title": "Tents"}),
    ]
    assert rest["next_cursor"] is None


async def test_new_visitors_are_limited_by_address(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """One machine can't make visitors without end."""
    channel_id, _ = await site(desk)
    monkeypatch.setattr(widget, "_NEW_VISITORS", Rate(0.1, 1))
    first, second = [await desk.ask("POST", f"/widget/{channel_id}/visitor", {}, role=None) for _ in range(2)]
    assert (first.status, second.status) == (200, 429)


async def test_a_desk_that_stops_sends_its_visitors_away_to_come_back(settings: Settings) -> None:
    """Sockets close with 1012."""
    prepare(settings)
    async with aiohttp.ClientSession() as client:
        with listen("127.0.0.1", 0) as listening:
            async with composed(settings, listening) as parts:
                desk = Desk(parts=parts, url=base_url(listening, ""), client=client)
                browser = await visit(desk, (await site(desk))[0])
                socket = await client.ws_connect(f"{browser.base}/socket")
                tab = Tab(socket)
                await tab.say({"type": "hello", "token": browser.token})
                await tab.until("ready")
                closing = asyncio.create_task(tab.closed())
            assert await closing == 1012
