"""Acceptance, with a bus and a store that do as they are told: what is published, and what is answered."""

import asyncio
import hashlib
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, cast

import pytest
from msgspec.structs import replace

from bus.envelope import Inbound, Message, Sender, decode
from bus.ids import message_id
from bus.port import Bus, BusUnavailable
from channels.protocol import Received
from gateway.acceptance import INLINE, Acceptance, Accepted
from gateway.tally import Tally
from storage.blobs import FolderBlobs
from storage.store import Store, StoreUnavailable


class Lanes:
    """A bus that keeps what it is given once `gate` is open, or is `away`."""

    def __init__(self) -> None:
        self.taken: list[Inbound] = []
        self.away = False
        self.gate = asyncio.Event()
        self.gate.set()

    async def publish(self, lane: str, bodies: Sequence[bytes]) -> None:
        await self.gate.wait()
        if self.away:
            raise BusUnavailable("no disk")
        self.taken += [decode(body) for body in bodies]


class Memory:
    """A store that knows nothing, or is `away`, or says nothing while `gate` is closed."""

    def __init__(self) -> None:
        self.reads = 0
        self.asked = asyncio.Event()
        self.away = False
        self.gate = asyncio.Event()
        self.gate.set()

    async def read(self, query: Callable[..., Any]) -> Any:
        self.reads += 1
        self.asked.set()
        await self.gate.wait()
        if self.away:
            raise StoreUnavailable("no disk")
        return set()


class Way:
    """A way in on such a bus and store."""

    def __init__(self, folder: Path) -> None:
        self.bus, self.store, self.blobs = Lanes(), Memory(), FolderBlobs(folder)
        store = cast(Store, self.store)
        self.acceptance = Acceptance(
            bus=cast(Bus, self.bus),
            store=store,
            blobs=self.blobs,
            tally=Tally(store, lambda: "gate"),
            partitions=4,
        )


@pytest.fixture
async def way(tmp_path: Path) -> Way:
    """A fresh one."""
    return Way(tmp_path)


def heard(external_id: str, raw: bytes = b"{}") -> Inbound:
    """An event."""
    return Inbound(
        id=message_id("ch_1", external_id),
        channel_id="ch_1",
        channel_kind="webhook",
        external_id=external_id,
        sender=Sender(address="u-7"),
        event=Message(text="hello"),
        received_at=datetime(2026, 11, 21, tzinfo=UTC),
        raw=raw,
    )


async def test_an_event_is_published_once(way: Way) -> None:
    """The second time it is a duplicate and nothing is published."""
    event = heard("a")
    assert await way.acceptance.take(event) == Accepted(event.id, duplicate=False)
    assert await way.acceptance.take(event) == Accepted(event.id, duplicate=True)
    assert way.bus.taken == [replace(event, source=way.bus.taken[0].source, number=1)]


async def test_a_copy_waits_until_the_first_is_durable(way: Way) -> None:
    """Nobody is told that a message is safe while its only copy is still on its way."""
    way.bus.gate.clear()
    first, second = (asyncio.create_task(way.acceptance.take(heard("a"))) for _ in range(2))
    done, _ = await asyncio.wait({first, second}, timeout=0.05)
    assert done == set()
    way.bus.gate.set()
    assert [one.duplicate for one in await asyncio.gather(first, second)] == [False, True]
    assert len(way.bus.taken) == 1


async def test_when_the_first_fails_its_copies_fail_too_and_the_next_try_works(way: Way) -> None:
    """A bus that is away leaves nothing half-done: the id is not remembered."""
    way.bus.away = True
    failed = await asyncio.gather(
        *(way.acceptance.take(heard("a")) for _ in range(3)), return_exceptions=True
    )
    assert [type(one) for one in failed] == [BusUnavailable] * 3
    way.bus.away = False
    assert (await way.acceptance.take(heard("a"))).duplicate is False


async def test_a_sender_that_hangs_up_does_not_leave_its_copies_waiting(way: Way) -> None:
    """What was begun for the first goes on for its copies, and is done once."""
    way.bus.gate.clear()
    first, second = (asyncio.create_task(way.acceptance.take(heard("a"))) for _ in range(2))
    await way.store.asked.wait()
    first.cancel()
    way.bus.gate.set()
    assert (await second).duplicate is True
    assert len(way.bus.taken) == 1


async def test_what_can_not_be_written_fails_alone(way: Way) -> None:
    """An event that no envelope can hold takes none of those with it that came together with it."""
    odd = replace(heard("odd"), context={"n": 2**70})
    before, none, after = await asyncio.gather(
        *(way.acceptance.take(one) for one in (heard("a"), odd, heard("b"))), return_exceptions=True
    )
    assert [type(one) for one in (before, none, after)] == [Accepted, OverflowError, Accepted]
    assert [one.external_id for one in way.bus.taken] == ["a", "b"]


async def test_while_the_store_is_away_messages_are_still_taken(way: Way) -> None:
    """Whether it is a duplicate can't be told then; it is published, which is harmless."""
    way.store.away = True
    assert (await way.acceptance.take(heard("a"))).duplicate is False
    assert len(way.bus.taken) == 1


async def test_a_store_that_hangs_holds_nobody_up(way: Way) -> None:
    """After a quarter of a second the message is taken without its word."""
    way.store.gate.clear()
    async with asyncio.timeout(60):
        assert (await way.acceptance.take(heard("a"))).duplicate is False


async def test_one_question_asks_for_all_who_wait(way: Way) -> None:
    """What comes in while the store is being asked shares the next question."""
    await asyncio.gather(*(way.acceptance.take(heard(str(number))) for number in range(100)))
    assert way.store.reads <= 2
    assert len(way.bus.taken) == 100


async def test_a_large_raw_event_travels_by_reference(way: Way) -> None:
    """Past 64 KiB the bytes are in the blob store before the envelope is on the bus."""
    small, large = b"x" * INLINE, b"x" * (INLINE + 1)
    await way.acceptance.take(heard("small", small))
    await way.acceptance.take(heard("large", large))
    name = hashlib.sha256(large).hexdigest()
    assert [(one.raw, one.raw_blob) for one in way.bus.taken] == [(small, ""), (b"", name)]
    assert await way.blobs.get(name) == large


async def test_files_are_kept_before_the_event_is_published(way: Way) -> None:
    """When the bus is away the file is there and the event is not."""
    way.bus.away = True
    with pytest.raises(BusUnavailable):
        await way.acceptance.take_all(Received((heard("a"),), (b"PNG",)))
    assert await way.blobs.get(hashlib.sha256(b"PNG").hexdigest()) == b"PNG"
