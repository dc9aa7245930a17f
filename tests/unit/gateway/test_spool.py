"""The spool: what is accepted while the bus is away is kept, in order, and handed over once it is back."""

import asyncio
import resource
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path

import pytest

from bus.port import BusUnavailable
from gateway import spool as module
from gateway.spool import Spool, unpacked
from tests.eventually import eventually

LANE, OTHER = "inbound.00", "inbound.01"
ROOM = 1_000_000


class Broker:
    """A bus in a list that can be away, or stop in the middle of what it is given."""

    def __init__(self) -> None:
        self.taken: list[tuple[str, bytes]] = []
        self.away = False
        self.left = 10**9

    async def publish(self, lane: str, bodies: Sequence[bytes]) -> None:
        """See `Bus`."""
        await asyncio.sleep(0)
        if self.away or self.left < len(bodies):
            raise BusUnavailable("gone")
        self.left -= len(bodies)
        self.taken += [(lane, body) for body in bodies]

    async def healthy(self) -> None:
        """See `Bus`."""
        if self.away:
            raise BusUnavailable("gone")

    def of(self, lane: str) -> list[bytes]:
        """What a lane has."""
        return [body for one, body in self.taken if one == lane]


@pytest.fixture
def broker() -> Broker:
    """A bus that is there."""
    return Broker()


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """Where spools are."""
    return tmp_path / "spool"


@asynccontextmanager
async def running(spool: Spool) -> AsyncIterator[None]:
    """Hand over while the block lasts, looking often."""
    task = asyncio.create_task(spool.run())
    try:
        yield
    finally:
        task.cancel()
        await asyncio.wait([task])


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody waits half a second here."""
    monkeypatch.setattr(module, "AGAIN_AFTER", 0.01)
    monkeypatch.setattr(module, "LOOK", 0.02)


def spooled(place: Path) -> list[Path]:
    """The files of all processes."""
    return list(place.glob("*/0*"))


def content(file: Path) -> bytes:
    """What is in it."""
    return file.read_bytes()


def tear(file: Path) -> None:
    """Add what is there once more, and not all of it."""
    file.write_bytes(content(file) + content(file)[:-1])


def folders(place: Path) -> list[Path]:
    """What is left of the spools."""
    return list(place.iterdir())


async def drained(spool: Spool) -> None:
    """Return once nothing waits."""

    async def empty() -> bool:
        return spool.size == 0

    await eventually(empty)


async def test_while_the_bus_is_there_nothing_is_written(broker: Broker, place: Path) -> None:
    """A publish is the bus's own, and no file is made."""
    async with Spool(broker, place, ROOM) as spool:  # type: ignore[arg-type]
        await spool.publish(LANE, [b"1", b"2"])
        assert (broker.taken, folders(place)) == ([(LANE, b"1"), (LANE, b"2")], [])


async def test_what_comes_while_it_is_away_is_handed_over_in_order(broker: Broker, place: Path) -> None:
    """Also what comes while the spool is being emptied, and what a hand-over that broke off had given."""
    async with Spool(broker, place, ROOM) as spool:  # type: ignore[arg-type]
        broker.away = True
        for number in range(50):
            await spool.publish(LANE if number % 2 else OTHER, [b"%02d" % number])
        await spool.healthy()
        broker.away, broker.left = False, 30
        async with running(spool):

            async def broken_off() -> bool:
                return broker.left == 5

            await eventually(broken_off)
            later = asyncio.create_task(spool.publish(LANE, [b"last"]))
            broker.left = 10**9
            await later
            await drained(spool)
        await spool.publish(LANE, [b"after"])
    odd = [b"%02d" % number for number in range(1, 50, 2)]
    firsts = list(dict.fromkeys(broker.of(LANE)))
    assert firsts == [*odd, b"last", b"after"]
    assert list(dict.fromkeys(broker.of(OTHER))) == [b"%02d" % number for number in range(0, 50, 2)]
    assert folders(place) == []


async def test_the_next_process_hands_over_what_was_left(broker: Broker, place: Path) -> None:
    """Before anything of its own; of a record that was half-written at the kill nothing is told."""
    broker.away = True
    async with Spool(broker, place, ROOM) as first:  # type: ignore[arg-type]
        await first.publish(LANE, [b"1"])
        await first.publish(LANE, [b"2"])
    (file,) = spooled(place)
    tear(file)
    broker.away = False
    async with Spool(broker, place, ROOM) as second:  # type: ignore[arg-type]
        kept = asyncio.create_task(second.publish(LANE, [b"3"]))
        async with running(second):
            await kept
            await drained(second)
    assert (broker.of(LANE), folders(place)) == ([b"1", b"2", b"1", b"3"], [])


async def test_a_spool_whose_process_lives_is_its_own(broker: Broker, place: Path) -> None:
    """Another process beside it takes nothing of it; once it is gone it takes all."""
    broker.away = True
    async with Spool(broker, place, ROOM) as other:  # type: ignore[arg-type]
        async with Spool(broker, place, ROOM) as mine:  # type: ignore[arg-type]
            await mine.publish(LANE, [b"1"])
            async with running(other):
                await asyncio.sleep(0)
                assert other.size == 0
        broker.away = False
        async with running(other):

            async def taken() -> bool:
                return broker.of(LANE) == [b"1"]

            await eventually(taken)


async def test_a_full_spool_takes_nothing(broker: Broker, place: Path) -> None:
    """Then whoever sends is told so, and readiness is withdrawn, until there is room."""
    broker.away = True
    async with Spool(broker, place, 200) as spool:  # type: ignore[arg-type]
        await spool.publish(LANE, [bytes(150)])
        with pytest.raises(BusUnavailable, match="the spool is full"):
            await spool.publish(LANE, [bytes(150)])
        await spool.publish(LANE, [b"small"])
        with pytest.raises(BusUnavailable, match="full"):
            await spool.publish(LANE, [bytes(40)])
        broker.away = False
        async with running(spool):
            await drained(spool)
        assert broker.of(LANE) == [bytes(150), b"small"]


async def test_a_disk_that_takes_no_more_spoils_nothing(broker: Broker, place: Path) -> None:
    """What was taken before is whole, what was refused is not there, and when there is room it goes on."""
    broker.away = True
    async with Spool(broker, place, ROOM) as spool:  # type: ignore[arg-type]
        await spool.publish(LANE, [b"before"])
        with (
            largest_file(10_000),
            pytest.raises(BusUnavailable, match="the disk takes nothing: File too large"),
        ):
            await spool.publish(LANE, [bytes(20_000)])
        await spool.publish(LANE, [b"after"])
        (file,) = spooled(place)
        assert list(unpacked(content(file))) == [(LANE, b"before"), (LANE, b"after")]
        broker.away = False
        async with running(spool):
            await drained(spool)
    assert broker.of(LANE) == [b"before", b"after"]


@contextmanager
def largest_file(size: int) -> Iterator[None]:
    """As a full disk does: a write ends in the middle."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
