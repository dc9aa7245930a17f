"""The bus on RabbitMQ: each lane a quorum queue, many envelopes in one message, confirmed before they count.

What is published to a lane while its last message is on its way travels together as the next one: alone when
the lane is quiet, by the hundred when it is busy. One call's envelopes are never parted.
"""

import asyncio
import itertools
from collections import deque
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from types import TracebackType
from typing import cast

import structlog
from aio_pika import DeliveryMode
from aio_pika.abc import AbstractChannel
from aio_pika.exceptions import ChannelNotFoundEntity, PublishError
from aiormq.abc import AbstractChannel as AbstractRawChannel
from aiormq.abc import DeliveredMessage
from aiormq.channel import Channel as RawChannel
from pamqp.commands import Basic

from bus.amqp import AGAIN_AFTER, CONNECT_SECONDS, HEARTBEAT_SECONDS, Link, declare, end_if_told, trouble
from bus.frames import NotFrames, pack, unpack
from bus.port import BusError, BusUnavailable, Delivery
from bus.topology import OUTBOUND

log = structlog.get_logger()
CONFIRM_SECONDS = 10.0
# Calls are put together up to these; a call that is larger travels alone. RabbitMQ 4 refuses 16 MB.
TOGETHER_COUNT = 500
TOGETHER_BYTES = 128 * 1024
# Messages, not envelopes: enough that the next batch is here when the last one is done, few enough that
# what a dead process had in hand is soon looked through.
PREFETCH = 32
_SLOWEST_RETRY = 5.0
# Readers that are gone are known to the broker by then.
_GIVEN_UP = HEARTBEAT_SECONDS * 4.0
_LOOK_AGAIN = 0.1

Call = tuple[Sequence[bytes], "asyncio.Future[None]"]


class _Outlet:
    """What waits to be published to one lane."""

    def __init__(self) -> None:
        self.calls: deque[Call] = deque()
        self.task: asyncio.Task[None] | None = None

    def take(self) -> list[Call]:
        """The calls that travel next, at least one."""
        taken = [self.calls.popleft()]
        count, size = len(taken[0][0]), sum(map(len, taken[0][0]))
        while self.calls:
            bodies = self.calls[0][0]
            count += len(bodies)
            size += sum(map(len, bodies))
            if count > TOGETHER_COUNT or size > TOGETHER_BYTES:
                break
            taken.append(self.calls.popleft())
        return taken


class RabbitBus:
    """The production end of the bus port. Open with `async with`; the broker may come later.

    A publish that was not confirmed in time raises `BusUnavailable`, though the broker may have it.
    """

    def __init__(self, url: str, *, prefix: str = "frontdesk.") -> None:
        self._prefix = prefix
        # Two connections: a broker that is out of disk stops reading from one that publishes, acks and all.
        self._publishing = Link(url, "frontdesk publishing")
        self._reading = Link(url, "frontdesk reading")
        self._channel: AbstractChannel | None = None
        self._numbers = itertools.count()
        self._opening = asyncio.Lock()
        self._declared: set[str] = set()
        self._outlets: dict[str, _Outlet] = {}
        self._readers: dict[str, _Reader] = {}
        self._open = False

    async def __aenter__(self) -> "RabbitBus":
        self._open = True
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._open = False
        if busy := [outlet.task for outlet in self._outlets.values() if outlet.task is not None]:
            await asyncio.wait(busy)
        await self._publishing.close()
        await self._reading.close()

    # --- publishing ----------------------------------------------------------------------------------

    async def publish(self, lane: str, bodies: Sequence[bytes]) -> None:
        """See `Bus`. A caller that is cancelled does not take the messages back."""
        if not self._open:
            raise BusUnavailable("the bus is closed")
        if not bodies:
            return
        done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        outlet = self._outlets.setdefault(lane, _Outlet())
        outlet.calls.append((bodies, done))
        if outlet.task is None:
            # A task starts in the loop's next tick, so that what comes within this one goes along.
            outlet.task = asyncio.create_task(self._empty(lane, outlet))
        await done

    async def _empty(self, lane: str, outlet: _Outlet) -> None:
        try:
            while outlet.calls:
                taken = outlet.take()
                try:
                    await self._send(lane, pack([body for bodies, _ in taken for body in bodies]))
                except Exception as error:
                    # Whatever it was: nobody may be left waiting. What stands behind would wait as long
                    # again, to no better end.
                    _fail([*taken, *outlet.calls], error)
                    outlet.calls.clear()
                else:
                    for _, done in taken:
                        if not done.done():
                            done.set_result(None)
        finally:
            outlet.task = None

    async def _send(self, lane: str, content: bytes) -> None:
        try:
            with trouble():
                async with asyncio.timeout(CONFIRM_SECONDS):
                    channel = await self._publisher(lane)
                    # By its id the client knows which one came back. Not to wait until the socket took each
                    # message halves the cost; the confirm is waited for.
                    properties = Basic.Properties(
                        delivery_mode=DeliveryMode.PERSISTENT, message_id=f"{next(self._numbers):x}"
                    )
                    await channel.basic_publish(
                        content,
                        routing_key=self._prefix + lane,
                        properties=properties,
                        mandatory=True,
                        wait=False,
                    )
        except BusUnavailable as error:
            if isinstance(error.__cause__, PublishError):
                # Its queue was deleted: the next attempt makes it again.
                self._declared.discard(lane)
            raise

    async def _publisher(self, lane: str) -> RawChannel:
        async with self._opening:
            if self._channel is None or self._channel.is_closed:
                self._declared.clear()
                self._channel = await self._publishing.channel(confirms=True)
            if lane not in self._declared:
                # On a channel of its own: the broker closes one on which a declaration is refused.
                async with await self._publishing.channel(confirms=False) as channel:
                    await declare(channel, self._prefix, lane)
                self._declared.add(lane)
            return cast(RawChannel, await self._channel.get_underlay_channel())

    # --- reading -------------------------------------------------------------------------------------

    @asynccontextmanager
    async def subscribe(self, lane: str) -> AsyncIterator["_Reader"]:
        """See `Bus`; raises `BusError` when the lane has a reader in this process already."""
        if lane in self._readers:
            raise BusError(f"lane {lane} has a reader already")
        reader = self._readers[lane] = _Reader(self._reading, self._prefix, lane)
        reading = asyncio.create_task(reader.keep(), name=f"reading {lane}")
        try:
            yield reader
        finally:
            reading.cancel()
            try:
                await asyncio.wait([reading])
            finally:
                del self._readers[lane]

    async def depth(self, lane: str) -> int:
        """See `Bus`. What travels together is one until it is in hand here."""
        waiting = 0
        with trouble():
            async with asyncio.timeout(CONNECT_SECONDS):
                async with await self._reading.channel(confirms=False) as channel:
                    with suppress(ChannelNotFoundEntity):
                        queue = await channel.declare_queue(self._prefix + lane, passive=True)
                        waiting = queue.declaration_result.message_count or 0
        end_if_told()
        reader = self._readers.get(lane)
        return waiting + (0 if reader is None else reader.in_hand)

    # --- readiness -----------------------------------------------------------------------------------

    async def healthy(self) -> None:
        """See `Bus`."""
        if down := sorted(lane for lane, reader in self._readers.items() if not reader.fed):
            raise BusUnavailable(f"nothing comes from {', '.join(down)}")
        with trouble():
            async with asyncio.timeout(CONNECT_SECONDS):
                await self._publishing.unblocked()


def _fail(calls: Sequence[Call], error: Exception) -> None:
    for _, done in calls:
        if not done.done():
            # One exception each: a shared one would grow a traceback with every caller.
            failure = BusUnavailable(str(error))
            failure.__cause__ = error.__cause__ or error
            done.set_exception(failure)


class _Reader:
    """`Subscription` of one lane, whichever channel feeds it. Use from one task."""

    def __init__(self, link: Link, prefix: str, lane: str) -> None:
        self.fed = False
        """Whether the broker delivers to it."""
        self._link, self._prefix, self._lane = link, prefix, lane
        self._raw: AbstractRawChannel | None = None
        self._waiting: deque[Delivery] = deque()
        # For each message in hand: the tag of its last envelope, and the broker's own tag.
        self._unacked: deque[tuple[int, int]] = deque()
        self._given = 0
        self._acked = 0
        self._news = asyncio.Event()

    @property
    def in_hand(self) -> int:
        """Envelopes that came and were not acked."""
        return self._given - self._acked

    async def batch(self, limit: int) -> list[Delivery]:
        """See `Subscription`."""
        while not self._waiting:
            self._news.clear()
            await self._news.wait()
        return [self._waiting.popleft() for _ in range(min(limit, len(self._waiting)))]

    async def ack(self, tag: int) -> None:
        """See `Subscription`. A message is acked with its last envelope; a lost ack is a redelivery."""
        if tag > self._given or (self._waiting and tag >= self._waiting[0].tag):
            raise BusError(f"tag {tag} of lane {self._lane} was never delivered")
        self._acked = max(self._acked, tag)
        theirs = 0
        while self._unacked and self._unacked[0][0] <= tag:
            _, theirs = self._unacked.popleft()
        if theirs and self._raw is not None:
            with suppress(BusUnavailable), trouble():
                await self._raw.basic_ack(theirs, multiple=True, wait=False)

    async def keep(self) -> None:
        """Consume until cancelled, again after each loss."""
        pause = 0.0
        while True:
            try:
                await self._consume()
                log.warning("a lane's consumer was lost and is made again", lane=self._lane)
                pause = AGAIN_AFTER / 5
            except Exception as error:
                end_if_told()
                # Whatever it was: trying again is all that can be done, and readiness tells.
                pause = min(max(AGAIN_AFTER, pause * 2), _SLOWEST_RETRY)
                log.warning("a lane can't be read", lane=self._lane, reason=str(error))
            await asyncio.sleep(pause)

    async def _consume(self) -> None:
        """Feed the reader from one channel until that is lost."""
        channel = await self._link.channel(confirms=False)
        lost = asyncio.Event()
        try:
            with trouble():
                queue = await self._free(channel)
                async with asyncio.timeout(CONNECT_SECONDS):
                    self._raw = raw = await channel.get_underlay_channel()
                    raw.on_consumer_cancel_callbacks.add(lambda _frame: lost.set())
                    raw.closing.add_done_callback(lambda _closing: lost.set())
                    await raw.basic_qos(prefetch_count=PREFETCH)
                    await raw.basic_consume(queue, self._take, consumer_tag=self._lane)
            end_if_told()
            self.fed = True
            await lost.wait()
        finally:
            self.fed = False
            self._raw = None
            self._forget()
            await _give_back(channel, self._lane)

    async def _free(self, channel: AbstractChannel) -> str:
        """The lane's queue, once nobody else reads it: what they hold comes before what is newer.

        Somebody does whose process stands still: until it goes on and finds its lease lost, or the broker
        hears nothing of it and gives its connection up.
        """
        until = asyncio.get_running_loop().time() + _GIVEN_UP
        while True:
            queue = await declare(channel, self._prefix, self._lane)
            if not queue.consumers or self._lane == OUTBOUND:
                return queue.name
            if asyncio.get_running_loop().time() > until:
                log.warning("a lane has another reader, who is not waited for any longer", lane=self._lane)
                return queue.name
            await asyncio.sleep(_LOOK_AGAIN)

    def _forget(self) -> None:
        # What was in hand comes again from the broker, with new tags.
        self._waiting.clear()
        self._unacked.clear()
        self._acked = self._given

    async def _take(self, message: DeliveredMessage) -> None:
        # Nothing is awaited before a message is in its place: none must overtake another.
        found = message.delivery
        if message.channel is not self._raw or not isinstance(found, Basic.Deliver):
            # From a channel that was lost since: it comes again, and its tag means another message now.
            return
        theirs, redelivered = found.delivery_tag or 0, bool(found.redelivered)
        try:
            bodies = unpack(message.body)
        except NotFrames as error:
            log.error("a message that can't be read is set aside as dead", lane=self._lane, reason=str(error))
            await message.channel.basic_reject(theirs, requeue=False, wait=False)
            return
        for body in bodies:
            self._given += 1
            self._waiting.append(Delivery(self._given, body, redelivered))
        self._unacked.append((self._given, theirs))
        self._news.set()


async def _give_back(channel: AbstractChannel, consumer: str) -> None:
    """Return what is unacked, then close: a reader that comes right after gets it before anything newer."""
    with suppress(BusUnavailable), trouble():
        async with asyncio.timeout(CONNECT_SECONDS):
            raw = await channel.get_underlay_channel()
            await raw.basic_cancel(consumer)
            await raw.basic_nack(0, multiple=True, requeue=True)
            await channel.close()
