"""The bus port, at every end."""

import asyncio
from pathlib import Path

import pytest

from bus.port import Bus, BusUnavailable, Delivery, Subscription
from tests.contract.ends import BUS_ENDS, BusEnd
from tests.eventually import eventually
from tests.services.servers import Servers

LANE = "inbound.03"


@pytest.fixture(params=BUS_ENDS)
def end(request: pytest.FixtureRequest, tmp_path: Path, servers: Servers) -> BusEnd:
    """Each end in turn, with nothing in its lanes."""
    made: BusEnd = request.param(tmp_path, servers)
    return made


async def take(reader: Subscription, count: int, limit: int = 100) -> list[Delivery]:
    """Read exactly `count` messages."""
    taken: list[Delivery] = []
    while len(taken) < count:
        taken += await asyncio.wait_for(reader.batch(min(limit, count - len(taken))), 60)
    return taken


async def publish_one_by_one(bus: Bus, *bodies: bytes) -> None:
    """Publish each in a call of its own, so that each can be acked on its own."""
    for body in bodies:
        await bus.publish(LANE, [body])


async def bodies_of(bus: Bus, lane: str, count: int) -> list[bytes]:
    """Read and acknowledge `count` messages as the lane's reader."""
    async with bus.subscribe(lane) as reader:
        taken = await take(reader, count)
        await reader.ack(taken[-1].tag)
    return [delivery.body for delivery in taken]


async def test_a_lane_gives_what_was_published_in_order(end: BusEnd) -> None:
    """Messages arrive in the order of publishing, across calls and within one."""
    async with end.open() as bus:
        await bus.publish(LANE, [b"1", b"2"])
        await bus.publish(LANE, [b"3"])
        assert await bodies_of(bus, LANE, 3) == [b"1", b"2", b"3"]


async def test_lanes_are_apart(end: BusEnd) -> None:
    """A reader sees its own lane only, and its acks reach no other."""
    async with end.open() as bus:
        await bus.publish("inbound.00", [b"a"])
        await bus.publish("inbound.01", [b"b"])
        assert await bodies_of(bus, "inbound.01", 1) == [b"b"]
        assert await bodies_of(bus, "inbound.00", 1) == [b"a"]


async def test_a_batch_waits_for_the_first_message(end: BusEnd) -> None:
    """On an empty lane a batch waits, and comes with the first message that is published."""
    async with end.open() as bus, bus.subscribe(LANE) as reader:
        waiting = asyncio.ensure_future(reader.batch(10))
        await bus.publish("inbound.04", [b"elsewhere"])
        assert not waiting.done()
        await bus.publish(LANE, [b"here"])
        assert [delivery.body for delivery in await asyncio.wait_for(waiting, 60)] == [b"here"]


async def test_a_batch_takes_what_is_there_up_to_its_limit(end: BusEnd) -> None:
    """A batch is never longer than its limit and never waits to become longer."""
    async with end.open() as bus:
        await bus.publish(LANE, [b"1", b"2", b"3"])
        async with bus.subscribe(LANE) as reader:
            first = await take(reader, 2, limit=2)
            rest = await asyncio.wait_for(reader.batch(100), 60)
    assert [[delivery.body for delivery in batch] for batch in (first, rest)] == [[b"1", b"2"], [b"3"]]


async def test_a_batch_that_is_cancelled_takes_nothing(end: BusEnd) -> None:
    """Cancelling a waiting batch loses no message."""
    async with end.open() as bus, bus.subscribe(LANE) as reader:
        waiting = asyncio.ensure_future(reader.batch(10))
        await asyncio.sleep(0)
        waiting.cancel()
        await asyncio.gather(waiting, return_exceptions=True)
        await bus.publish(LANE, [b"kept"])
        assert [delivery.body for delivery in await take(reader, 1)] == [b"kept"]


async def test_tags_grow_along_a_lane(end: BusEnd) -> None:
    """A later message has a higher tag, so that one ack can stand for all before it."""
    async with end.open() as bus:
        await bus.publish(LANE, [bytes([number]) for number in range(50)])
        async with bus.subscribe(LANE) as reader:
            tags = [delivery.tag for delivery in await take(reader, 50, limit=7)]
    assert tags == sorted(set(tags))


async def test_what_is_not_acked_comes_again(end: BusEnd) -> None:
    """The next reader gets what the last one left, and is told that it may have been seen."""
    async with end.open() as bus:
        await publish_one_by_one(bus, b"1", b"2", b"3")
        async with bus.subscribe(LANE) as reader:
            seen = await take(reader, 3)
            await reader.ack(seen[0].tag)
        async with bus.subscribe(LANE) as reader:
            again = await take(reader, 2)
    assert [(delivery.body, delivery.redelivered) for delivery in again] == [(b"2", True), (b"3", True)]


async def test_of_what_was_published_together_nothing_is_lost_by_acking_a_part(end: BusEnd) -> None:
    """All that was not acked comes again, in order; what was acked of the same call may come before it."""
    together = [b"1", b"2", b"3"]
    async with end.open() as bus:
        await bus.publish(LANE, together)
        async with bus.subscribe(LANE) as reader:
            await reader.ack((await take(reader, 2))[0].tag)
        assert await eventually(lambda: bus.depth(LANE)) <= 3
        async with bus.subscribe(LANE) as reader:
            again = await take(reader, 2)
            if again[0].body == b"1":
                again += await take(reader, 1)
            await reader.ack(again[-1].tag)
        assert await bus.depth(LANE) == 0
    assert [delivery.body for delivery in again] == together[3 - len(again) :]


async def test_a_message_that_nobody_had_is_not_called_redelivered(end: BusEnd) -> None:
    """What was published while a reader waited comes to it as new."""
    async with end.open() as bus, bus.subscribe(LANE) as reader:
        await bus.publish(LANE, [b"new"])
        assert [delivery.redelivered for delivery in await take(reader, 1)] == [False]


async def test_messages_outlive_the_connection(end: BusEnd) -> None:
    """What was published and not acked is there after closing and opening again."""
    async with end.open() as bus:
        await publish_one_by_one(bus, b"1", b"2", b"3")
        async with bus.subscribe(LANE) as reader:
            await reader.ack((await take(reader, 2))[-1].tag - 1)
    async with end.open() as bus:
        assert await bodies_of(bus, LANE, 2) == [b"2", b"3"]


async def test_what_was_acked_is_gone_for_good(end: BusEnd) -> None:
    """After an ack and an orderly close, the message does not come again and the lane is empty."""
    async with end.open() as bus:
        await bus.publish(LANE, [b"1", b"2"])
        await bodies_of(bus, LANE, 2)
    async with end.open() as bus:
        assert await bus.depth(LANE) == 0
        await bus.publish(LANE, [b"3"])
        assert await bodies_of(bus, LANE, 1) == [b"3"]


async def test_an_ack_reaches_no_message_published_after_it(end: BusEnd) -> None:
    """A lane that was emptied and closed never gives a tag again that an old ack could cover."""
    async with end.open() as bus:
        await bus.publish(LANE, [b"old"])
        async with bus.subscribe(LANE) as reader:
            old = (await take(reader, 1))[0]
            await reader.ack(old.tag)
            await bus.publish(LANE, [b"new"])
            await reader.ack(old.tag)
        assert await bodies_of(bus, LANE, 1) == [b"new"]


async def test_depth_counts_what_waits_and_what_is_in_hand(end: BusEnd) -> None:
    """A message leaves a lane's depth when it is acked, not when it is read."""
    async with end.open() as bus:
        await publish_one_by_one(bus, b"1", b"2", b"3")
        depths = [await bus.depth(LANE)]
        async with bus.subscribe(LANE) as reader:
            taken = await take(reader, 2)
            depths.append(await bus.depth(LANE))
            await reader.ack(taken[0].tag)
            depths.append(await bus.depth(LANE))
        assert [*depths, await bus.depth("inbound.09")] == [3, 3, 2, 0]


async def test_every_publisher_keeps_its_order(end: BusEnd) -> None:
    """With 40 publishers at once nothing is lost or doubled, and each one's messages stay in order."""
    publishers, each = 40, 25

    async def publish(bus: Bus, publisher: int) -> None:
        for number in range(each):
            await bus.publish(LANE, [b"%d %d" % (publisher, number)])

    async with end.open() as bus:
        _, bodies = await asyncio.gather(
            asyncio.gather(*(publish(bus, publisher) for publisher in range(publishers))),
            bodies_of(bus, LANE, publishers * each),
        )
    sent = {
        publisher: [b"%d %d" % (publisher, number) for number in range(each)]
        for publisher in range(publishers)
    }
    assert {
        publisher: [body for body in bodies if body.split()[0] == b"%d" % publisher] for publisher in sent
    } == sent


async def test_a_reader_that_falls_behind_gets_everything(end: BusEnd) -> None:
    """A backlog far longer than what is kept in memory arrives whole, in order and once."""
    bodies = [b"%05d" % number for number in range(6000)]
    async with end.open() as bus, bus.subscribe(LANE) as reader:
        for start in range(0, len(bodies), 300):
            await bus.publish(LANE, bodies[start : start + 300])
        first = await take(reader, 2500, limit=200)
        await bus.publish(LANE, [b"last"])
        rest = await take(reader, len(bodies) - 2500 + 1, limit=200)
        await reader.ack(rest[-1].tag)
        assert await bus.depth(LANE) == 0
    assert [delivery.body for delivery in first + rest] == [*bodies, b"last"]


@pytest.mark.parametrize("body", [b"", b"\x00" * 3, bytes(range(256)) * 8192])
async def test_a_body_comes_as_it_was(end: BusEnd, body: bytes) -> None:
    """Any bytes travel unchanged: none, NUL, two megabytes."""
    async with end.open() as bus:
        await bus.publish(LANE, [body])
        assert await bodies_of(bus, LANE, 1) == [body]


async def test_publishing_nothing_is_no_message(end: BusEnd) -> None:
    """An empty list leaves the lane empty."""
    async with end.open() as bus:
        await bus.publish(LANE, [])
        assert await bus.depth(LANE) == 0


async def test_a_closed_bus_takes_nothing(end: BusEnd) -> None:
    """After closing, a publish says so and keeps nothing."""
    async with end.open() as bus:
        pass
    with pytest.raises(BusUnavailable):
        await bus.publish(LANE, [b"late"])
    async with end.open() as bus:
        assert await bus.depth(LANE) == 0


async def test_an_open_bus_is_healthy(end: BusEnd) -> None:
    """Readiness is given while messages can be published and a reader is fed, and not after closing."""
    async with end.open() as bus:
        await bus.healthy()
        async with bus.subscribe(LANE) as reader:
            await bus.publish(LANE, [b"1"])
            await take(reader, 1)
            await bus.healthy()
    with pytest.raises(BusUnavailable):
        await bus.healthy()


async def test_what_another_process_publishes_arrives(end: BusEnd) -> None:
    """A reader gets what a second connection publishes, among its own process's messages."""
    async with end.open() as serving, end.open() as beside, serving.subscribe(LANE) as reader:
        await serving.publish(LANE, [b"1"])
        await beside.publish(LANE, [b"2"])
        await serving.publish(LANE, [b"3"])
        first = await take(reader, 3)
        await beside.publish(LANE, [b"4"])
        last = await take(reader, 1)
        await reader.ack(last[0].tag)
        assert await serving.depth(LANE) == 0
    assert [delivery.body for delivery in first + last] == [b"1", b"2", b"3", b"4"]
