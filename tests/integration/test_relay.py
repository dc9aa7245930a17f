"""The relay: what transactions left in the outbox reaches the bus, in order, and is forgotten only then."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import AbstractAsyncContextManager
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from bus.port import Bus, BusUnavailable, Subscription
from bus.topology import OUTBOUND
from storage import outbox
from tests.eventually import eventually
from tests.integration.office import LANE, Office, office_in
from workers.relay import Relay


@pytest.fixture
async def office(tmp_path: Path) -> AsyncIterator[Office]:
    """A furnished office."""
    async with office_in(tmp_path) as made:
        yield made


async def put(office: Office, lane: str, *bodies: bytes) -> None:
    """Leave these in the outbox."""
    await office.store.write(lambda tx: outbox.put(tx, lane, bodies))


async def read(bus: Bus, lane: str, count: int) -> list[bytes]:
    """The next bodies of a lane, acked."""
    async with bus.subscribe(lane) as subscription:
        found: list[bytes] = []
        while len(found) < count:
            batch = await subscription.batch(count)
            found += [delivery.body for delivery in batch]
            await subscription.ack(batch[-1].tag)
        return found


async def left(office: Office) -> list[bytes]:
    """What is still in the outbox."""
    return await office.rows("outbox", "body")


async def test_what_is_in_the_outbox_is_published_and_forgotten(office: Office) -> None:
    """Each lane in its order, however they were mixed."""
    for number in range(3):
        await put(office, OUTBOUND, b"out %d" % number)
        await put(office, LANE, b"in %d" % number)
    assert await office.relay.step() == 6
    assert await left(office) == []
    assert await read(office.bus, LANE, 3) == [b"in 0", b"in 1", b"in 2"]
    assert await read(office.bus, OUTBOUND, 3) == [b"out 0", b"out 1", b"out 2"]
    assert await office.relay.step() == 0


async def test_a_long_outbox_goes_in_batches(office: Office) -> None:
    """Oldest first; `run` goes on until it is empty."""
    await put(office, OUTBOUND, *(b"%d" % number for number in range(1201)))
    assert await office.relay.step() == 500
    assert len(await left(office)) == 701
    running = asyncio.create_task(office.relay.run())
    await eventually(lambda: empty(office))
    await stop(running)
    assert await read(office.bus, OUTBOUND, 1201) == [b"%d" % number for number in range(1201)]


async def empty(office: Office) -> bool:
    """Whether nothing is left."""
    return not await left(office)


async def stop(running: "asyncio.Task[None]") -> None:
    """Cancel and wait."""
    running.cancel()
    await asyncio.wait({running})


async def test_what_a_crash_left_is_found_without_being_told(office: Office) -> None:
    """The first look of a new process."""
    await put(office, OUTBOUND, b"left behind")
    running = asyncio.create_task(Relay(bus=office.bus, store=office.store, alone=True).run())
    await eventually(lambda: empty(office))
    await stop(running)
    assert await read(office.bus, OUTBOUND, 1) == [b"left behind"]


async def test_a_wake_is_heard_also_while_it_looks(office: Office) -> None:
    """What is put there meanwhile is not left until the next second."""
    running = asyncio.create_task(office.relay.run())
    for number in range(20):
        await put(office, OUTBOUND, b"%d" % number)
        office.relay.wake()
    await eventually(lambda: empty(office))
    await stop(running)
    assert await read(office.bus, OUTBOUND, 20) == [b"%d" % number for number in range(20)]


async def test_while_the_bus_is_away_everything_stays(office: Office, tmp_path: Path) -> None:
    """Nothing is forgotten that was not published; it goes once the bus is there again."""
    (tmp_path / "other").mkdir()
    async with office_in(tmp_path / "other") as other:
        closed = other.bus
    await put(office, OUTBOUND, b"one", b"two")
    relay = Relay(bus=closed, store=office.store, alone=True)
    with pytest.raises(BusUnavailable, match="the bus is closed"):
        await relay.step()
    with capture_logs() as logs:
        running = asyncio.create_task(relay.run())

        async def said() -> bool:
            return [one["reason"] for one in logs] == ["the bus is closed"]

        await eventually(said)
        assert not running.done()
        await stop(running)
    assert await left(office) == [b"one", b"two"]
    assert await office.relay.step() == 2


async def test_what_is_published_twice_is_harmless(office: Office) -> None:
    """A process died between publishing and forgetting: the message is there twice and taken in once."""
    envelope = office.envelope("Where is my parcel?")
    await office.publish(envelope)
    await put(office, LANE, (await only(office)))
    await office.relay.step()
    async with office.bus.subscribe(LANE) as subscription:
        worker = office.inbound()
        while await office.bus.depth(LANE):
            await worker.step(subscription)
    assert await office.talk() == [("customer", "Where is my parcel?"), ("bot", "It is on its way.")]


async def only(office: Office) -> bytes:
    """The body that the lane holds, left there."""
    async with office.bus.subscribe(LANE) as subscription:
        return (await subscription.batch(1))[0].body


class OneLaneDown:
    """A bus on which one lane is away."""

    def __init__(self, bus: Bus, lane: str) -> None:
        self._bus, self._lane = bus, lane

    async def publish(self, lane: str, bodies: Sequence[bytes]) -> None:
        """See `Bus`."""
        if lane == self._lane:
            raise BusUnavailable(f"lane {lane} is away")
        await self._bus.publish(lane, bodies)

    def subscribe(self, lane: str) -> AbstractAsyncContextManager[Subscription]:
        """See `Bus`."""
        return self._bus.subscribe(lane)

    async def depth(self, lane: str) -> int:
        """See `Bus`."""
        return await self._bus.depth(lane)

    async def healthy(self) -> None:
        """See `Bus`."""
        raise BusUnavailable(f"lane {self._lane} is away")


async def test_a_lane_that_can_t_take_its_rows_does_not_hold_up_the_others(office: Office) -> None:
    """What waits for one broken lane is told; the rest flows."""
    await put(office, LANE, b"in")
    await put(office, OUTBOUND, b"out")
    relay = Relay(bus=OneLaneDown(office.bus, LANE), store=office.store, alone=True)
    with pytest.raises(BusUnavailable, match=f"lane {LANE} is away"):
        await relay.step()
    assert await left(office) == [b"in"]
    assert await read(office.bus, OUTBOUND, 1) == [b"out"]


class Gate:
    """A bus that takes nothing before it is let to. `asked`: somebody wants to publish."""

    def __init__(self, bus: Bus) -> None:
        self._bus = bus
        self.asked, self.open = asyncio.Event(), asyncio.Event()

    async def publish(self, lane: str, bodies: Sequence[bytes]) -> None:
        """See `Bus`."""
        self.asked.set()
        await self.open.wait()
        await self._bus.publish(lane, bodies)


async def test_several_relays_publish_each_row_once(office: Office) -> None:
    """What one has claimed the other leaves alone; it takes what came since."""
    gate = Gate(office.bus)
    slow = Relay(bus=gate, store=office.store, alone=False)  # type: ignore[arg-type]
    other = Relay(bus=office.bus, store=office.store, alone=False)
    await put(office, OUTBOUND, b"first")
    publishing = asyncio.create_task(slow.step())
    await gate.asked.wait()
    await put(office, OUTBOUND, b"second")
    assert await other.step() == 1
    gate.open.set()
    assert await publishing == 1
    assert await read(office.bus, OUTBOUND, 2) == [b"second", b"first"]
    assert await left(office) == []


async def test_what_a_dead_relay_had_claimed_is_published_by_another(office: Office) -> None:
    """Once its claim has lapsed; what could not be published is free at once."""
    relay = Relay(bus=office.bus, store=office.store, alone=False)
    await put(office, OUTBOUND, b"claimed")
    await office.store.write(lambda tx: outbox.claim(tx, 10))
    assert await relay.step() == 0
    office.clock.forward(seconds=outbox.CLAIMED_FOR.seconds + 1)
    down = Relay(bus=OneLaneDown(office.bus, OUTBOUND), store=office.store, alone=False)
    with pytest.raises(BusUnavailable):
        await down.step()
    assert await relay.step() == 1
    assert await read(office.bus, OUTBOUND, 1) == [b"claimed"]
