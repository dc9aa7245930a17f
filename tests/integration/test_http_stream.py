"""The live stream: resumed without a gap, filtered by role."""

import asyncio
from typing import Any

import aiohttp
import pytest

from gateway.http import feed as feeds
from router.values import Role
from storage import schema
from tests.integration.conftest import Desk


async def connect(desk: Desk, role: Role = "admin", query: str = "") -> aiohttp.ClientWebSocketResponse:
    """An open stream."""
    headers = {"Authorization": f"Bearer {await desk.token(role)}"}
    return await desk.client.ws_connect(f"{desk.url}/api/v1/stream{query}", headers=headers)


async def take(socket: aiohttp.ClientWebSocketResponse, count: int) -> list[dict[str, Any]]:
    """The next frames."""
    async with asyncio.timeout(60):
        return [await socket.receive_json() for _ in range(count)]


async def emit(desk: Desk, *types: str, **data: Any) -> None:
    """Commit an event of each type, one by one."""
    for type_ in types:
        await desk.parts.store.write(lambda tx, type_=type_: tx.emit(type_, ticket="tkt_1", **data))  # type: ignore[misc]


async def test_events_arrive_as_they_are_committed(desk: Desk) -> None:
    """Each with its number, in order, and nothing from before."""
    await emit(desk, "ticket.created")
    socket = await connect(desk)
    await emit(desk, "ticket.updated", "message.created", status="open")
    first, second = await take(socket, 2)
    assert first == {
        "seq": 2,
        "type": "ticket.updated",
        "at": first["at"],
        "ticket_id": "tkt_1",
        "conversation_id": None,
        "data": {"status": "open"},
    }
    assert (second["seq"], second["type"]) == (3, "message.created")
    await socket.close()


async def test_a_client_resumes_without_a_gap(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """What was committed while it was away comes first, from the store where memory is too short."""
    monkeypatch.setattr(feeds, "_BATCH", 3)
    await emit(desk, *["ticket.updated"] * 10)
    socket = await connect(desk, query="?after=4")
    await emit(desk, "ticket.updated")
    assert [frame["seq"] for frame in await take(socket, 7)] == [5, 6, 7, 8, 9, 10, 11]
    await socket.close()


async def test_events_that_a_feed_never_saw_are_read_from_the_store(desk: Desk) -> None:
    """A process that has just started knows nothing, and still leaves no gap."""
    await emit(desk, *["ticket.updated"] * 5)
    fresh = feeds.Feed(desk.parts.store)
    await fresh.start()
    lines = await fresh.after(2)
    assert [line.seq for line in lines or []] == [3, 4, 5]


async def test_a_position_too_old_or_unknown_gets_a_reset(desk: Desk) -> None:
    """Whoever missed something that is gone is told to load everything again."""
    await emit(desk, *["ticket.updated"] * 3)
    await desk.parts.store.write(
        lambda tx: tx.sql.execute(schema.events.delete().where(schema.events.c.seq < 3))
    )
    fresh = feeds.Feed(desk.parts.store)
    await fresh.start()
    assert (await fresh.after(1), [line.seq for line in await fresh.after(2) or []]) == (None, [3])
    socket = await connect(desk, query="?after=999")
    assert await take(socket, 1) == [{"type": "reset", "seq": 3}]
    await emit(desk, "ticket.updated")
    assert (await take(socket, 1))[0]["seq"] == 4
    await socket.close()


async def test_agents_are_not_told_what_admins_set_up(desk: Desk) -> None:
    """They learn that there was something, and of dead letters nothing."""
    admin, agent = await connect(desk, "admin"), await connect(desk, "agent")
    await emit(desk, "catalogue.updated", kind="queue", id="secret-queue")
    await emit(desk, "deadletter.created", error="boom")
    await emit(desk, "ticket.updated")
    seen = {
        "admin": [(frame["type"], frame["data"]) for frame in await take(admin, 3)],
        "agent": [(frame["type"], frame["data"]) for frame in await take(agent, 2)],
    }
    assert seen == {
        "admin": [
            ("catalogue.updated", {"kind": "queue", "id": "secret-queue"}),
            ("deadletter.created", {"error": "boom"}),
            ("ticket.updated", {}),
        ],
        "agent": [("catalogue.updated", {"kind": "queue"}), ("ticket.updated", {})],
    }
    await admin.close()
    await agent.close()


async def test_a_request_that_is_no_socket_is_told_so(desk: Desk) -> None:
    """426 for plain HTTP, 401 without a token, 422 for a position that is no number."""
    plain = await desk.ask("GET", "/api/v1/stream")
    stranger = await desk.ask("GET", "/api/v1/stream", role=None)
    wrong = await desk.ask("GET", "/api/v1/stream?after=x")
    assert (plain.status, stranger.status, wrong.status) == (426, 401, 422)


async def test_another_sites_page_can_not_listen(desk: Desk) -> None:
    """A browser sends the cookie with any page's socket, so a foreign Origin is refused."""
    given = {"name": "Ann", "email": "ann@example.org", "password": "correct horse"}
    await desk.ask("POST", "/api/v1/agents", given)
    credentials = {"email": "ann@example.org", "password": "correct horse"}
    await desk.ask("POST", "/api/v1/session", credentials, role=None)
    url = f"{desk.url}/api/v1/stream"
    statuses = []
    for origin in ("https://evil.example", "null", None):
        with pytest.raises(aiohttp.WSServerHandshakeError) as refused:
            await desk.client.ws_connect(url, origin=origin)
        statuses.append(refused.value.status)
    own = await desk.client.ws_connect(url, origin=desk.url)
    assert statuses == [403, 403, 403]
    await own.close()


async def test_a_stream_that_is_cut_again_and_again_misses_nothing(desk: Desk) -> None:
    """Cut 100 times while events are committed, and resumed after the last one seen: each comes once."""
    seen: list[int] = []
    total = 300

    async def commit() -> None:
        for _ in range(total):
            await emit(desk, "ticket.updated")

    committing = asyncio.create_task(commit())
    cuts = 0
    while len(seen) < total:
        socket = await connect(desk, query=f"?after={seen[-1] if seen else 0}")
        for frame in await take(socket, min(3, total - len(seen))):
            seen.append(frame["seq"])
        # Without a word, as a network does it.
        socket._response.close()
        cuts += 1
    await committing
    assert (seen, cuts) == (list(range(1, total + 1)), 100)
