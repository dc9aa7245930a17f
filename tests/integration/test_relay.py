"""The relay: what a transaction left in the outbox reaches its lane, whoever put it there has died or not."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack
from datetime import UTC, datetime
from pathlib import Path

import pytest

from bus.embedded import EmbeddedBus
from bus.port import BusUnavailable
from storage import outbox
from storage.journal import SqliteJournal
from storage.migrate import upgrade
from storage.sqlite import SqliteStore, engine
from workers.relay import Relay


@pytest.fixture
async def opened(tmp_path: Path) -> AsyncIterator[tuple[SqliteStore, EmbeddedBus]]:
    """A store and a bus on one file."""
    database = tmp_path / "frontdesk.db"
    made = engine(database)
    upgrade(made)
    made.dispose()
    async with AsyncExitStack() as stack:
        store = await stack.enter_async_context(SqliteStore(database, lambda: datetime.now(UTC)))
        yield store, await stack.enter_async_context(EmbeddedBus(SqliteJournal(store)))


async def left(store: SqliteStore) -> list[bytes]:
    """What the outbox holds."""
    return [row.body for row in await store.read(lambda sql: outbox.take(sql, 100))]


async def test_what_was_left_behind_is_published_in_order_and_forgotten(
    opened: tuple[SqliteStore, EmbeddedBus],
) -> None:
    """Each lane gets its rows in the order in which they were put."""
    store, bus = opened
    for lane, body in (("a", b"1"), ("b", b"2"), ("a", b"3")):
        await store.write(lambda tx, lane=lane, body=body: outbox.put(tx, lane, [body]))  # type: ignore[misc]
    assert await Relay(bus=bus, store=store).step() == 3
    async with bus.subscribe("a") as a, bus.subscribe("b") as b:
        assert [one.body for one in await a.batch(10)] == [b"1", b"3"]
        assert [one.body for one in await b.batch(10)] == [b"2"]
    assert await left(store) == []


async def test_while_the_bus_is_away_the_outbox_keeps_what_it_has(
    opened: tuple[SqliteStore, EmbeddedBus], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing is forgotten that was not published."""
    store, bus = opened

    async def away(lane: str, bodies: Sequence[bytes]) -> None:
        raise BusUnavailable("no disk")

    await store.write(lambda tx: outbox.put(tx, "a", [b"1"]))
    with monkeypatch.context() as patch:
        patch.setattr(bus, "publish", away)
        with pytest.raises(BusUnavailable):
            await Relay(bus=bus, store=store).step()
    assert await left(store) == [b"1"]


async def test_a_relay_that_is_woken_publishes_at_once(opened: tuple[SqliteStore, EmbeddedBus]) -> None:
    """`wake` brings what was just put to its lane."""
    store, bus = opened
    relay = Relay(bus=bus, store=store)
    running = asyncio.create_task(relay.run())
    async with bus.subscribe("a") as reader:
        for number in range(10):
            body = str(number).encode()
            await store.write(lambda tx, body=body: outbox.put(tx, "a", [body]))  # type: ignore[misc]
            relay.wake()
            (delivery,) = await asyncio.wait_for(reader.batch(10), 15)
            assert delivery.body == body
    running.cancel()
    await asyncio.wait({running})
