"""The embedded bus beyond the port: one reader a lane, what a crash may have shown, a journal that fails."""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping, Sequence

import pytest

from bus.embedded import IN_HAND, EmbeddedBus
from bus.port import BusError, BusUnavailable

LANE = "inbound.00"


class ListJournal:
    """A journal in a list, so that a test can make it fail and count its commits."""

    alone = True

    def __init__(self) -> None:
        self.kept: list[tuple[int, str, bytes]] = []
        self.tag = 0
        self.commits = 0
        self.full = False

    def apply(self, entries: Sequence[tuple[str, bytes]], acks: Mapping[str, int]) -> "asyncio.Future[int]":
        """See `Journal`."""
        future = asyncio.get_running_loop().create_future()
        if self.full:
            future.set_exception(OSError("no space left"))
            return future
        self.commits += 1
        self.kept = [row for row in self.kept if row[0] > acks.get(row[1], 0)]
        for lane, body in entries:
            self.tag += 1
            self.kept.append((self.tag, lane, body))
        future.set_result(self.tag)
        return future

    async def after(self, lane: str, tag: int, limit: int, size: int) -> list[tuple[int, bytes]]:
        """See `Journal`."""
        return [(row[0], row[2]) for row in self.kept if row[1] == lane and row[0] > tag][:limit]

    async def last(self) -> int:
        """See `Journal`."""
        return self.tag

    async def depth(self, lane: str) -> int:
        """See `Journal`."""
        return sum(row[1] == lane for row in self.kept)

    def on_foreign_append(self, watcher: Callable[[], None]) -> None:
        """See `Journal`."""


@pytest.fixture
def journal() -> ListJournal:
    """An empty journal."""
    return ListJournal()


@pytest.fixture
async def bus(journal: ListJournal) -> AsyncIterator[EmbeddedBus]:
    """A bus on it."""
    async with EmbeddedBus(journal) as opened:
        yield opened


async def test_what_is_published_in_one_tick_is_one_commit(bus: EmbeddedBus, journal: ListJournal) -> None:
    """A hundred publishers that are ready at the same time share one commit."""
    await asyncio.gather(*(bus.publish(f"inbound.{number % 7:02}", [b"x"]) for number in range(100)))
    assert (journal.commits, len(journal.kept)) == (1, 100)


async def test_a_lane_has_one_reader(bus: EmbeddedBus) -> None:
    """A second reader is refused while the first is there, and let in when it has left."""
    async with bus.subscribe(LANE):
        with pytest.raises(BusError, match=r"lane inbound\.00 has a reader already"):
            async with bus.subscribe(LANE):
                raise AssertionError
    async with bus.subscribe(LANE):
        pass


async def test_only_what_was_delivered_can_be_acked(bus: EmbeddedBus) -> None:
    """An ack past the last delivery would lose messages: it is refused."""
    await bus.publish(LANE, [b"1", b"2"])
    async with bus.subscribe(LANE) as reader:
        first = (await reader.batch(1))[0]
        with pytest.raises(BusError, match=r"tag 2 of lane inbound\.00 was never delivered"):
            await reader.ack(first.tag + 1)
    assert await bus.depth(LANE) == 2


async def test_what_a_crash_left_may_have_been_seen(journal: ListJournal) -> None:
    """After opening, as many as one batch holds may have been in a reader's hands; what follows was not."""
    async with EmbeddedBus(journal) as before:
        await before.publish(LANE, [b"left"] * (IN_HAND + 100))
    async with EmbeddedBus(journal) as after, after.subscribe(LANE) as reader:
        await after.publish(LANE, [b"new"])
        found = [*await reader.batch(1000), *await reader.batch(1000)]
    assert [delivery.redelivered for delivery in found] == [True] * IN_HAND + [False] * 101


async def test_a_batch_is_never_longer_than_what_counts_as_in_hand(bus: EmbeddedBus) -> None:
    """However large its limit."""
    await bus.publish(LANE, [b"x"] * (IN_HAND + 1))
    async with bus.subscribe(LANE) as reader:
        assert len(await reader.batch(10_000)) == IN_HAND


async def test_a_full_disk_refuses_the_publish(bus: EmbeddedBus, journal: ListJournal) -> None:
    """Publishers are told, nothing is kept, and the next publish works once there is room."""
    journal.full = True
    results = await asyncio.gather(*(bus.publish(LANE, [b"x"]) for _ in range(3)), return_exceptions=True)
    assert [(type(result), str(result)) for result in results] == [(BusUnavailable, "no space left")] * 3
    journal.full = False
    await bus.publish(LANE, [b"kept"])
    assert [row[2] for row in journal.kept] == [b"kept"]


async def test_an_ack_survives_a_full_disk(bus: EmbeddedBus, journal: ListJournal) -> None:
    """What was acked while the disk was full is not delivered again, and is forgotten once there is room."""
    await bus.publish(LANE, [b"1", b"2"])
    async with bus.subscribe(LANE) as reader:
        journal.full = True
        await reader.ack((await reader.batch(1))[0].tag)
    async with bus.subscribe(LANE) as reader:
        again = await reader.batch(10)
        journal.full = False
        assert [delivery.body for delivery in again] == [b"2"]
        await bus.publish(LANE, [b"3"])
    assert [row[2] for row in journal.kept] == [b"2", b"3"]


async def test_the_depth_is_told_while_publishing_goes_on(bus: EmbeddedBus) -> None:
    """Asking for the depth waits for what was published before, not for a pause that never comes."""
    busy = True

    async def publish() -> None:
        while busy:
            await bus.publish(LANE, [b"x"])

    publishers = [asyncio.ensure_future(publish()) for _ in range(5)]
    depths = [await asyncio.wait_for(bus.depth(LANE), 60) for _ in range(3)]
    busy = False
    await asyncio.gather(*publishers)
    assert depths == sorted(depths)
    assert depths[0] >= 5
