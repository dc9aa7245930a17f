"""The poll worker: what a platform that does not call has to say comes in once, whatever dies or is away."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path
from typing import Any

import aiohttp
import asyncpg
import pytest

from bus.port import BusUnavailable
from channels import registry
from channels.protocol import Received, Tools
from storage import channels, cursors
from tests.eventually import eventually
from tests.feed import FeedPlatform, install
from tests.integration.office import Office, office_in
from tests.integration.test_roles import MOVED_WITHIN
from tests.roles import fleet_on
from tests.services.servers import Servers
from workers.connections import Connections
from workers.poll import Polls, pause

FEED = "feed = tests.feed:Feed"


class Ear:
    """What the poll worker hears, kept in a list; it can be told to be away."""

    def __init__(self) -> None:
        self.heard: list[str] = []
        self.away = False

    async def take(self, received: Received) -> None:
        """As the gateway's acceptance does."""
        if self.away:
            raise BusUnavailable("away")
        self.heard += [getattr(event.event, "text", "") for event in received.events]


@pytest.fixture
def kinds(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The feed is an installed kind of channel."""
    install(tmp_path / "installed", FEED)
    monkeypatch.syspath_prepend(tmp_path / "installed")
    registry.kinds.cache_clear()
    yield
    registry.kinds.cache_clear()


@pytest.fixture
async def office(tmp_path: Path, kinds: None) -> AsyncIterator[Office]:
    """A furnished office."""
    async with office_in(tmp_path) as made:
        yield made


@pytest.fixture
async def platform() -> AsyncIterator[FeedPlatform]:
    """The platform."""
    async with FeedPlatform() as made:
        yield made


async def set_up(office: Office, platform: FeedPlatform) -> None:
    """A channel to the platform."""
    settings = {"url": platform.url}
    await office.store.write(
        lambda tx: channels.add(tx, "ch_feed", "feed", "Feed", settings=settings, sealed=b"")
    )


@asynccontextmanager
async def polling(office: Office, ear: Ear, owner: str = "me") -> AsyncIterator[Connections]:
    """A process's poll worker, while the block lasts."""
    async with aiohttp.ClientSession() as http:
        tools = Tools(http=http, fetch=_no_file, now=office.clock)
        async with Connections(office.store, tools, lambda _id, _sealed: {}) as connections:
            polls = Polls(
                connections=connections,
                store=office.store,
                take=ear.take,
                hook=lambda channel_id: f"http://desk/hooks/{channel_id}",
                random=lambda: 0.0,
                owner=owner,
                alone=True,
            )
            running = asyncio.create_task(polls.run())
            try:
                yield connections
            finally:
                running.cancel()
                await asyncio.wait({running})


async def _no_file(_blob: str) -> bytes:
    raise AssertionError("no file is fetched")


async def cursor(office: Office) -> str:
    """Where the channel goes on."""
    return await office.store.read(partial(cursors.find, channel_id="ch_feed"))


def after(office: Office, expected: str) -> Callable[[], Any]:
    """Whether the cursor is there."""

    async def look() -> bool:
        return await cursor(office) == expected

    return look


async def test_what_is_heard_is_taken_then_the_cursor_is_saved(
    office: Office, platform: FeedPlatform
) -> None:
    """In order, once; the next process goes on behind it."""
    await set_up(office, platform)
    ear = Ear()
    async with polling(office, ear):
        await platform.say("a", "b", "c")
        await eventually(after(office, "3"))
    async with polling(office, ear, "next"):
        await platform.say("d")
        await eventually(after(office, "4"))
    assert ear.heard == ["a", "b", "c", "d"]


async def test_nothing_more_is_asked_for_while_the_bus_is_away(
    office: Office, platform: FeedPlatform
) -> None:
    """The event in hand waits, and the cursor stays; both go on when the bus is back."""
    await set_up(office, platform)
    ear = Ear()
    ear.away = True
    async with polling(office, ear):
        await platform.say("a", "b")

        async def asked() -> bool:
            return bool(platform.asked)

        await eventually(asked)
        assert (await cursor(office), ear.heard) == ("", [])
        ear.away = False
        await eventually(after(office, "2"))
    assert ear.heard == ["a", "b"]
    assert platform.asked[:2] == [0, 1]


async def test_what_was_in_hand_when_it_ended_is_heard_again(office: Office, platform: FeedPlatform) -> None:
    """Told to stop while the bus is away, it keeps nothing and moves no cursor."""
    await set_up(office, platform)
    ear = Ear()
    ear.away = True
    await platform.say("a")
    async with polling(office, ear):

        async def asked() -> bool:
            return bool(platform.asked)

        await eventually(asked)
    assert await cursor(office) == ""
    ear.away = False
    async with polling(office, ear, "next"):
        await eventually(after(office, "1"))
    assert ear.heard == ["a"]


async def test_a_channel_that_is_changed_is_listened_to_anew(office: Office, platform: FeedPlatform) -> None:
    """With its new settings, from the cursor on; switched off, it is not listened to."""
    await set_up(office, platform)
    ear = Ear()
    async with polling(office, ear), FeedPlatform() as moved:
        await platform.say("a")
        await eventually(after(office, "1"))
        save = partial(channels.save, channel_id="ch_feed", name="Feed", sealed=b"")
        await office.store.write(partial(save, settings={"url": moved.url}, enabled=True))
        await moved.say("elsewhere a", "elsewhere b")
        await eventually(after(office, "2"))
        await office.store.write(partial(save, settings={"url": moved.url}, enabled=False))

        async def given_back() -> bool:
            return await office.rows("leases", "name") == ["poll/me"]

        await eventually(given_back)
    assert ear.heard == ["a", "elsewhere b"]


async def test_a_platform_that_fails_is_asked_again(office: Office, platform: FeedPlatform) -> None:
    """And nothing was lost meanwhile."""
    await set_up(office, platform)
    ear = Ear()
    platform.broken = True
    async with polling(office, ear):

        async def asked() -> bool:
            return bool(platform.asked)

        await eventually(asked)
        platform.broken = False
        await platform.say("a")
        await eventually(after(office, "1"))
    assert ear.heard == ["a"]


@pytest.mark.parametrize(
    ("failures", "wish", "drawn", "expected"),
    [
        (1, None, 0.0, 1.0),
        (2, None, 0.0, 2.0),
        (5, None, 0.5, 17.6),
        (50, None, 0.0, 30.0),
        (3, 7.0, 0.0, 7.0),
    ],
)
def test_a_platform_that_keeps_failing_is_asked_less(
    failures: int, wish: float | None, drawn: float, expected: float
) -> None:
    """Twice as long each time, half a minute at most; its own wish goes before that."""
    assert pause(failures, wish, lambda: drawn) == pytest.approx(expected)


async def test_a_channel_moves_when_the_process_that_listens_dies(servers: Servers, tmp_path: Path) -> None:
    """Killed with -9 while messages come, its channel is the other's within seconds: each is there once."""
    install(tmp_path / "installed", FEED)
    with fleet_on(servers) as fleet:
        fleet.env["PYTHONPATH"] = str(tmp_path / "installed")
        async with FeedPlatform() as platform:
            made = await asyncio.to_thread(
                fleet.run, "channel", "create", "--kind", "feed", "--name", "F",
                "--settings", f'{{"url": "{platform.url}"}}',
            )  # fmt: skip
            assert "ch_" in made
            _, *pollers = await asyncio.to_thread(fleet.start, "inbound", "poll", "poll")
            rows = await asyncpg.connect(fleet.database)
            said = await platform.say(*(f"before {number}" for number in range(5)))
            await eventually(partial(stored, rows, said), 30)
            owner = await rows.fetchval("SELECT owner FROM leases WHERE name LIKE 'poll.%'")
            killed = next(one for one in pollers if f"-{one.pid}-" in owner)
            killed.kill9()
            started = time.monotonic()
            said += await platform.say(*(f"after {number}" for number in range(20)))
            await eventually(partial(stored, rows, said), 30)
            took = time.monotonic() - started
            found = await rows.fetch("SELECT text FROM messages WHERE author = 'customer'")
            await rows.close()
    assert sorted(row["text"] for row in found) == sorted(said)
    assert took < MOVED_WITHIN + 4


async def stored(rows: asyncpg.Connection, said: list[str]) -> bool:
    """Whether everything is there."""
    count: int = await rows.fetchval("SELECT count(*) FROM messages WHERE author = 'customer'")
    return count >= len(said)
