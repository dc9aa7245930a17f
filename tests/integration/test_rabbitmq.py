"""The bus on RabbitMQ beyond the port: lost queues, a broker that dies or hangs, many in one message."""

import asyncio
import secrets
from collections.abc import AsyncIterator, Iterator

import aio_pika
import pytest
from aio_pika.abc import AbstractChannel

from bus import rabbitmq
from bus.port import Bus, BusError, BusUnavailable, Delivery, Subscription
from bus.rabbitmq import TOGETHER_COUNT, RabbitBus
from tests.eventually import eventually
from tests.services.rabbitmq import RabbitMq
from tests.services.servers import Servers

LANE = "inbound.00"


@pytest.fixture
def broker(servers: Servers) -> Iterator[RabbitMq]:
    """A broker, which a test may end: it is started again."""
    yield servers.rabbitmq
    servers.rabbitmq.revive()


@pytest.fixture
def prefix() -> str:
    """Queues of its own."""
    return f"{secrets.token_hex(4)}."


@pytest.fixture
async def bus(broker: RabbitMq, prefix: str) -> AsyncIterator[RabbitBus]:
    """The bus of one process."""
    async with RabbitBus(broker.url, prefix=prefix) as opened:
        yield opened


@pytest.fixture
async def beside(broker: RabbitMq) -> AsyncIterator[AbstractChannel]:
    """An operator's own channel."""
    async with await aio_pika.connect(broker.url) as connection, connection.channel() as channel:
        yield channel


async def take(reader: Subscription, count: int) -> list[Delivery]:
    """Read exactly `count` messages."""
    taken: list[Delivery] = []
    while len(taken) < count:
        taken += await asyncio.wait_for(reader.batch(count - len(taken)), 30)
    return taken


async def ready(bus: RabbitBus) -> bool:
    """Whether readiness is given."""
    try:
        await bus.healthy()
    except BusUnavailable:
        return False
    return True


async def not_ready(bus: RabbitBus) -> bool:
    """Whether readiness is withdrawn."""
    return not await ready(bus)


async def waiting(channel: AbstractChannel, queue: str) -> int:
    """How many AMQP messages a queue has ready."""
    return (await channel.declare_queue(queue, passive=True)).declaration_result.message_count or 0


async def publish_until_taken(bus: Bus, body: bytes) -> None:
    """What whoever gets a 503 does: send it again."""
    while True:
        try:
            await bus.publish(LANE, [body])
            return
        except BusUnavailable:
            await asyncio.sleep(0.05)


async def test_what_no_queue_takes_is_refused(bus: RabbitBus, beside: AbstractChannel, prefix: str) -> None:
    """A publish to a lane whose queue was deleted is unavailable; the next one makes the queue again."""
    await bus.publish(LANE, [b"before"])
    await beside.queue_delete(prefix + LANE)
    with pytest.raises(BusUnavailable, match="NO_ROUTE"):
        await bus.publish(LANE, [b"lost if this were silent"])
    await bus.publish(LANE, [b"after"])
    async with bus.subscribe(LANE) as reader:
        assert [delivery.body for delivery in await take(reader, 1)] == [b"after"]


async def test_a_consumer_whose_queue_is_deleted_comes_back(
    bus: RabbitBus, beside: AbstractChannel, prefix: str
) -> None:
    """Within 5 s, by itself; until then readiness is withdrawn, and says which lane is starved."""
    async with bus.subscribe(LANE) as reader:
        await eventually(lambda: ready(bus))
        await beside.queue_delete(prefix + LANE)

        async def starved() -> str:
            try:
                await bus.healthy()
            except BusUnavailable as error:
                return str(error)
            return ""

        assert await eventually(starved) == f"nothing comes from {LANE}"
        await eventually(lambda: ready(bus), seconds=60)
        await publish_until_taken(bus, b"again")
        assert [delivery.body for delivery in await take(reader, 1)] == [b"again"]


async def test_a_broker_that_crashes_loses_nothing_that_was_confirmed(
    broker: RabbitMq, bus: RabbitBus
) -> None:
    """Killed and started again under load: both sides recover by themselves, in order."""
    confirmed: list[bytes] = []
    recovered = asyncio.Event()
    read: dict[bytes, None] = {}

    async def publish() -> None:
        while not recovered.is_set():
            body = b"%d" % len(confirmed)
            await publish_until_taken(bus, body)
            confirmed.append(body)
        await bus.publish(LANE, [b"end"])

    async def consume(reader: Subscription) -> None:
        while b"end" not in read:
            batch = await reader.batch(50)
            read.update(dict.fromkeys(delivery.body for delivery in batch))
            await reader.ack(batch[-1].tag)

    async def crash() -> None:
        # A queue's name is on disk only half a second after it was made (ra_directory's auto_save of 500 ms):
        # RabbitMQ 3.10 never finds the queue again when it is killed before.
        await asyncio.sleep(2)
        await asyncio.to_thread(broker.kill)
        await eventually(lambda: not_ready(bus))
        await asyncio.to_thread(broker.start)
        await eventually(lambda: ready(bus))
        recovered.set()

    async with bus.subscribe(LANE) as reader:
        async with asyncio.timeout(60):
            await asyncio.gather(publish(), consume(reader), crash())
    assert list(read) == [*confirmed, b"end"]
    assert await bus.depth(LANE) == 0


async def test_a_broker_that_stands_still_is_unavailable(
    broker: RabbitMq, bus: RabbitBus, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A publish that nobody confirms ends after its time, and so does what waits behind it."""
    await bus.publish(LANE, [b"1"])
    monkeypatch.setattr(rabbitmq, "CONFIRM_SECONDS", 0.5)
    broker.freeze()
    try:
        outcomes = await asyncio.gather(
            *(bus.publish(LANE, [b"%d" % number]) for number in range(3)), return_exceptions=True
        )
    finally:
        broker.thaw()
    assert [type(outcome) for outcome in outcomes] == [BusUnavailable] * 3
    await publish_until_taken(bus, b"after")


async def test_what_comes_at_once_travels_together(
    bus: RabbitBus, beside: AbstractChannel, prefix: str
) -> None:
    """1,000 publishes at once are few AMQP messages, confirmed to each caller, and come out one by one."""
    bodies = [b"%04d" % number for number in range(1000)]
    await asyncio.gather(*(bus.publish(LANE, [body]) for body in bodies))
    assert await waiting(beside, prefix + LANE) == 1000 / TOGETHER_COUNT
    async with bus.subscribe(LANE) as reader:
        taken = await take(reader, 1000)
    assert [delivery.body for delivery in taken] == bodies


async def test_a_message_is_acked_with_its_last_envelope(
    bus: RabbitBus, beside: AbstractChannel, prefix: str
) -> None:
    """Split over batches, a message stays the broker's until all of it is acked."""
    await bus.publish(LANE, [b"1", b"2", b"3"])
    async with bus.subscribe(LANE) as reader:
        first = await take(reader, 2)
        await reader.ack(first[-1].tag)
    assert await eventually(lambda: waiting(beside, prefix + LANE)) == 1
    async with bus.subscribe(LANE) as reader:
        again = await take(reader, 3)
        await reader.ack(again[-1].tag)
    assert ([delivery.body for delivery in again], await bus.depth(LANE)) == ([b"1", b"2", b"3"], 0)


async def test_what_was_left_comes_before_what_is_newer(bus: RabbitBus) -> None:
    """More than a reader may have in hand: the next one starts with what the last one held, in order."""
    bodies = [b"%03d" % number for number in range(3 * rabbitmq.PREFETCH)]
    for body in bodies:
        await bus.publish(LANE, [body])
    for _ in range(3):
        async with bus.subscribe(LANE) as reader:
            await take(reader, 5)
    async with bus.subscribe(LANE) as reader:
        taken: list[Delivery] = []
        while len(taken) < len(bodies):
            taken += await take(reader, 1)
            await reader.ack(taken[-1].tag)
    assert [delivery.body for delivery in taken] == bodies


@pytest.mark.parametrize("poison", [b"", b"\x09\x00\x00\x00\x01a", b"\x01\x00\x00\x00\x09a", b"{}"])
async def test_bytes_that_are_not_ours_are_set_aside(
    bus: RabbitBus, beside: AbstractChannel, prefix: str, poison: bytes
) -> None:
    """They go to the queue of the dead as they are, and what comes after them flows."""
    await bus.publish(LANE, [b"before"])
    await beside.default_exchange.publish(aio_pika.Message(poison), prefix + LANE)
    await bus.publish(LANE, [b"after"])
    async with bus.subscribe(LANE) as reader:
        taken = await take(reader, 2)
        await reader.ack(taken[-1].tag)
        assert [delivery.body for delivery in taken] == [b"before", b"after"]
        await eventually(lambda: waiting(beside, prefix + "dead"))
        dead = await (await beside.get_queue(prefix + "dead")).get(no_ack=True)
        assert (dead.body, await bus.depth(LANE)) == (poison, 0)


async def test_an_ack_of_what_came_before_a_loss_touches_nothing_after_it(
    bus: RabbitBus, beside: AbstractChannel, prefix: str
) -> None:
    """The broker's tags start anew with each channel; ours do not."""
    async with bus.subscribe(LANE) as reader:
        await bus.publish(LANE, [b"old"])
        old = (await take(reader, 1))[0]
        await beside.queue_delete(prefix + LANE)
        await publish_until_taken(bus, b"new")
        new = (await take(reader, 1))[0]
        await reader.ack(old.tag)
    async with bus.subscribe(LANE) as reader:
        assert (await take(reader, 1))[0].body == b"new"
    assert new.tag > old.tag


async def test_only_what_was_delivered_can_be_acked(bus: RabbitBus) -> None:
    """An ack past the last delivery would lose messages: it is refused."""
    await bus.publish(LANE, [b"1", b"2"])
    async with bus.subscribe(LANE) as reader:
        first = (await take(reader, 1))[0]
        with pytest.raises(BusError, match="was never delivered"):
            await reader.ack(first.tag + 1)


async def test_a_lane_has_one_reader_in_a_process(bus: RabbitBus) -> None:
    """Two would take turns, and order would be lost."""
    async with bus.subscribe(LANE):
        with pytest.raises(BusError, match=f"lane {LANE} has a reader already"):
            async with bus.subscribe(LANE):
                raise AssertionError


async def test_a_broker_that_is_away_from_the_start_may_come_later(servers: Servers, prefix: str) -> None:
    """Nothing waits for it: publishing and readiness say so at once, without its password."""
    async with RabbitBus("amqp://desk:hunter2@127.0.0.1:9/", prefix=prefix) as bus:
        with pytest.raises(BusUnavailable) as caught:
            await bus.publish(LANE, [b"1"])
        assert await not_ready(bus)
        with pytest.raises(BusUnavailable):
            await bus.depth(LANE)
    assert "hunter2" not in str(caught.value)
