"""The lanes of one process, embedded: none is forgotten, and one that stands still is named."""

import asyncio
import threading
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path

import pytest
from sqlalchemy import select

from bus.envelope import encode
from bus.topology import inbound_lane, inbound_lanes
from storage import leases, schema
from storage.leases import Fence, Lease, LeaseLost
from storage.store import Tx
from tests.eventually import eventually
from tests.integration.office import LANE, STRANGE, Office, office_in
from workers.inbound import InboundWorker
from workers.lanes import STALLED, Lanes


@pytest.fixture
async def office(tmp_path: Path) -> AsyncIterator[Office]:
    """A furnished office."""
    async with office_in(tmp_path) as made:
        yield made


def at_once(_tx: Tx) -> None:
    """A transaction that begins without ado."""


def lanes_of(office: Office, partitions: int, first: Callable[[Tx], None] = at_once) -> Lanes:
    """A process's lanes, not yet running; `first` is what each transaction of a worker does first."""

    def worker(lane: str, fence: Fence) -> InboundWorker:
        def begin(tx: Tx) -> None:
            first(tx)
            fence(tx)

        return InboundWorker(
            lane,
            bus=office.bus,
            store=office.store,
            setup=office.setup,
            knowledge=office.knowledge,
            wake_relay=lambda: None,
            fence=begin,
        )

    return Lanes(
        bus=office.bus, store=office.store, partitions=partitions, owner="me", alone=True, worker=worker
    )


@asynccontextmanager
async def running(lanes: Lanes) -> AsyncIterator[None]:
    """They work while the block does."""
    task = asyncio.create_task(lanes.run())
    try:
        yield
    finally:
        task.cancel()
        await asyncio.wait({task})


async def publish(office: Office, partitions: int, count: int) -> list[str]:
    """Messages of as many customers, each on its lane; returns their texts."""
    for number in range(count):
        envelope = office.envelope(f"{STRANGE} {number}", who=f"customer {number}")
        lane = inbound_lane(envelope.channel_id, envelope.sender.address, partitions)
        await office.bus.publish(lane, [encode(envelope)])
    return [f"{STRANGE} {number}" for number in range(count)]


async def said(office: Office) -> list[str]:
    """What customers said, of what is stored."""
    return sorted(line.text for line in await office.messages() if line.author == "customer")


async def known(office: Office) -> list[str]:
    """The lanes that there are to share."""
    name = schema.leases.c.name
    query = select(name).where(name.startswith("inbound.")).order_by(name)
    return await office.store.read(lambda sql: list(sql.execute(query).scalars()))


async def test_lanes_beyond_the_number_are_drained(office: Office) -> None:
    """What four partitions took is stored when there is only one; the other lanes go when they are empty."""
    sent = await publish(office, 4, 20)
    depths = [await office.bus.depth(lane) for lane in inbound_lanes(4)]
    assert all(depths)
    lanes = lanes_of(office, 1)
    async with running(lanes):

        async def stored() -> bool:
            return await said(office) == sorted(sent)

        await eventually(stored)
        await lanes.sweep()

        async def given_back() -> bool:
            return await known(office) == ["inbound.00"]

        await eventually(given_back)
    assert [await office.bus.depth(lane) for lane in inbound_lanes(4)] == [0, 0, 0, 0]


async def test_a_process_after_one_that_died_begins_at_once(office: Office) -> None:
    """The dead one's leases have not lapsed, as no time passes here; the file's lock says that it is dead."""
    await office.store.write(partial(leases.add, lanes=inbound_lanes(2)))
    dead = await office.store.write(partial(leases.beat, group="inbound", owner="dead", alone=True))
    sent = await publish(office, 2, 4)
    async with running(lanes_of(office, 2)):

        async def stored() -> bool:
            return await said(office) == sorted(sent)

        await eventually(stored)
    with pytest.raises(LeaseLost):
        await office.store.write(leases.fence(Lease("inbound.00", "dead", dead.epochs["inbound.00"])))


async def test_a_worker_that_is_told_to_leave_twice_gives_its_lane_back_whole(office: Office) -> None:
    """It leaves as if told once: another reader finds the lane free, and what comes later waits for it."""
    worker = office.inbound()
    leaving = asyncio.create_task(worker.run())
    await publish(office, 1, 1)

    async def empty() -> bool:
        return worker.finished == 1 and not worker.in_hand

    await eventually(empty)
    worker.leave()
    worker.leave()
    await asyncio.wait({leaving})
    worker.leave()
    await office.publish(office.envelope("later"))
    async with office.bus.subscribe(LANE) as subscription:
        assert len(await subscription.batch(10)) == 1


async def test_a_lane_that_stands_still_is_named(office: Office) -> None:
    """After a minute with a message in hand, not before, and no longer than until it gets on."""
    begun, go = threading.Event(), threading.Event()

    def slowly(_tx: Tx) -> None:
        begun.set()
        go.wait(30)

    lanes = lanes_of(office, 1, slowly)
    await publish(office, 1, 1)
    async with running(lanes):
        await asyncio.to_thread(begun.wait, 15)
        await lanes.watch(0.0)
        await lanes.watch(STALLED - 1)
        await lanes.check()
        await lanes.watch(STALLED)
        with pytest.raises(RuntimeError, match=r"^inbound\.00: no batch finished for 60 s$"):
            await lanes.check()
        go.set()

        async def empty() -> bool:
            return await office.bus.depth("inbound.00") == 0

        await eventually(empty)
        await lanes.watch(STALLED + 1)
        await lanes.check()
