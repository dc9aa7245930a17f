"""`POST /hooks/{channel_id}`: durable before it is answered, one message an id, refused in words."""

import asyncio
import base64
import json
from datetime import UTC, datetime
from io import BytesIO
from typing import Any

import pytest
import standardwebhooks

from bus.ids import message_id
from bus.live import Rate
from gateway.http.dress import SECURITY_HEADERS
from tests.integration.conftest import Answer, Desk


class Hook:
    """A webhook channel, and how its platform calls it."""

    def __init__(self, desk: Desk, channel_id: str, secret: str) -> None:
        self.desk, self.id = desk, channel_id
        self._signer = standardwebhooks.Webhook(secret)

    async def post(self, body: Any, **headers: str) -> Answer:
        """One signed POST; `headers` replace those of the signature."""
        raw = body if isinstance(body, str) else json.dumps(body)
        now = datetime.now(UTC)
        signed = {
            "webhook-id": "m-1",
            "webhook-timestamp": str(int(now.timestamp())),
            "webhook-signature": self._signer.sign("m-1", now, raw),
            "Content-Type": "application/json",
        }
        path = f"/hooks/{self.id}"
        return await self.desk.ask(
            "POST", path, data=BytesIO(raw.encode()), headers=signed | headers, role=None
        )

    async def stored(self, *external_ids: str) -> list[dict[str, Any]]:
        """Wait until these are in the inbox; returns all messages of customers on this channel."""
        wanted = {message_id(self.id, one) for one in external_ids}
        async with asyncio.timeout(60):
            while True:
                found = await self._messages()
                if wanted <= {one["id"] for one in found}:
                    return found

    async def _messages(self) -> list[dict[str, Any]]:
        listed = await self.desk.ask("GET", "/api/v1/conversations?limit=100")
        found: list[dict[str, Any]] = []
        for one in listed.body["data"]:
            if one["channel_id"] == self.id:
                lines = await self.desk.ask("GET", f"/api/v1/conversations/{one['id']}/messages")
                found += [line for line in lines.body["data"] if line["author"] == "customer"]
        return found


@pytest.fixture
async def hook(desk: Desk) -> Hook:
    """A fresh webhook channel."""
    made = await desk.ask("POST", "/api/v1/channels", {"kind": "webhook", "name": "Shop", "settings": {}})
    assert made.status == 201, made.body
    return Hook(desk, made.body["id"], made.body["secrets"]["secret"])


def message(external_id: str, **more: Any) -> dict[str, Any]:
    """A message that needs a person."""
    return {"id": external_id, "from": {"id": "u-7", "name": "Ann"}, "text": "转人工", **more}


async def test_a_message_is_accepted_under_its_derived_id_and_reaches_the_inbox(hook: Hook) -> None:
    """202 with the id that channel and external id make; the message is stored once."""
    answer = await hook.post(message("ext-1"))
    assert (answer.status, answer.body) == (202, {"id": message_id(hook.id, "ext-1"), "duplicate": False})
    assert [one["text"] for one in await hook.stored("ext-1")] == ["转人工"]


async def test_an_accepted_answer_wears_what_every_answer_wears(hook: Hook) -> None:
    """Its request's id, the security headers, its length and date, whatever way it is written."""
    kept = await hook.post(message("ext-1"), **{"X-Request-Id": "a-request-of-mine"})
    closed = await hook.post(message("ext-2"), Connection="close")
    unusual = await hook.post(message("ext-3"), Expect="100-continue")
    names = {"Content-Type", "Content-Length", "Date", "Server", "X-Request-Id", *SECURITY_HEADERS}
    worn = [{name.lower() for name in one.headers} for one in (kept, closed, unusual)]
    expected = {name.lower() for name in names}
    assert worn == [expected, expected | {"connection"}, expected]
    assert kept.headers["X-Request-Id"] == "a-request-of-mine"
    assert {name: kept.headers[name] for name in SECURITY_HEADERS} == SECURITY_HEADERS
    assert kept.headers["Content-Type"] == "application/json"


async def test_the_same_id_again_is_a_duplicate_before_and_after_it_is_stored(hook: Hook) -> None:
    """Once accepted an id is known, also to a process that has forgotten it."""
    first = await hook.post(message("ext-1"))
    again = await hook.post(message("ext-1", text="changed"))
    await hook.stored("ext-1")
    hook.desk.parts.acceptance._recent.clear()
    later = await hook.post(message("ext-1"))
    assert (again.body, later.body) == ({**first.body, "duplicate": True},) * 2
    await hook.post(message("ext-2"))
    assert len(await hook.stored("ext-2")) == 2


async def test_many_copies_at_once_are_one_message(hook: Hook) -> None:
    """Twenty posts of one id at the same time: all are accepted, one is not a duplicate."""
    answers = await asyncio.gather(*(hook.post(message("ext-1")) for _ in range(20)))
    assert {answer.status for answer in answers} == {202}
    assert sorted(answer.body["duplicate"] for answer in answers) == [False] + [True] * 19
    await hook.post(message("ext-2"))
    assert len(await hook.stored("ext-1", "ext-2")) == 2


async def test_a_bad_signature_is_401(hook: Hook) -> None:
    """Wrong, cut, missing or stale: 401 as a problem, and nothing is taken."""
    bad = (
        {"webhook-signature": "v1,AAAA"},
        {"webhook-signature": "v1"},
        {"webhook-signature": ""},
        {"webhook-timestamp": "0"},
        {"webhook-timestamp": "soon"},
        {"webhook-id": ""},
    )
    answers = [await hook.post(message("ext-1"), **headers) for headers in bad]
    assert [(one.status, one.headers["Content-Type"]) for one in answers] == [
        (401, "application/problem+json")
    ] * len(bad)
    assert (await hook.post(message("ext-1"))).body["duplicate"] is False


async def test_a_bad_body_is_422_with_a_pointer(hook: Hook) -> None:
    """Never a 500, whatever was signed."""
    bad = {
        "{": "",
        "[" * 100_000: "",
        '{"id":"a","from":{"id":"b"},"text":7}': "/text",
        '{"id":"a","from":{"id":"b"},"text":"\\u0000"}': "/text",
        '{"id":"a","from":{"id":"b"},"text":"\\ud800"}': "",
    }
    answers = [await hook.post(body) for body in bad]
    assert [one.status for one in answers] == [422] * len(bad)
    assert [one.body["errors"][0]["pointer"] for one in answers] == list(bad.values())


async def test_too_large_is_413(hook: Hook) -> None:
    """By its announced length, by what arrives, and by what is in it."""
    announced = await hook.post("x" * 26_000_001)
    within = await hook.post(message("ext-1", unknown="x" * 1_000_001))
    assert (announced.status, within.status) == (413, 413)


async def test_there_is_no_hook_but_those_of_enabled_channels_that_have_one(hook: Hook) -> None:
    """Unknown channels, widgets and channels that are switched off: 404."""
    desk = hook.desk
    widget = await desk.ask("POST", "/api/v1/channels", {"kind": "widget", "name": "Site", "settings": {}})
    off = {"kind": "webhook", "name": "Off", "settings": {}, "enabled": False}
    switched_off = await desk.ask("POST", "/api/v1/channels", off)
    ids = ("ch_nothing", "%00", "a" * 500, widget.body["id"], switched_off.body["id"])
    answers = [await desk.ask("POST", f"/hooks/{one}", {}, role=None) for one in ids]
    assert [answer.status for answer in answers] == [404] * 5


async def test_attachments_are_kept_with_their_bytes(hook: Hook) -> None:
    """A file of a megabyte arrives whole; so does the raw event, which is too large to travel inline."""
    content = bytes(range(256)) * 4096
    body = message("ext-1", attachments=[{"name": "a.bin", "data": base64.b64encode(content).decode()}])
    assert (await hook.post(body)).status == 202
    (stored,) = await hook.stored("ext-1")
    (attachment,) = stored["attachments"]
    assert (attachment["name"], attachment["size"]) == ("a.bin", len(content))
    fetched = await hook.desk.ask("GET", attachment["url"])
    assert fetched.body == content


async def test_one_hook_is_limited_and_says_how_long_to_wait(hook: Hook) -> None:
    """Beyond its burst a caller gets 429 with Retry-After; another hook's allowance is its own."""
    live, rate = hook.desk.parts.live, hook.desk.parts.settings.hook_rate
    # As if ten seconds' worth had just been posted: the burst is five.
    for _ in range(int(rate * 10)):
        await live.limit(f"hook:{hook.id}:127.0.0.1", Rate(rate, 100_000))
    answer = await hook.post(message("ext-1"))
    assert (answer.status, 1 <= int(answer.headers["Retry-After"]) <= 6) == (429, True)
    another = await hook.desk.ask("POST", "/hooks/ch_another", {}, role=None)
    assert another.status == 404
