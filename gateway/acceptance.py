"""Acceptance: an event is taken once, durably, before whoever sent it is told so.

Blobs first, then the bus; the id is derived, so the answer needs no store. The store is only asked whether a
message is there already. All that came in while it was asked for those before is one batch: one question to
the store, one publish a lane, one wait for each sender.
"""

import asyncio
from collections import OrderedDict
from collections.abc import Iterator, Sequence
from functools import partial
from typing import NamedTuple

import structlog
from msgspec.structs import replace

from bus.envelope import Inbound, encode
from bus.port import BusUnavailable, Publisher
from bus.topology import inbound_lane
from channels.protocol import Received
from gateway.tally import Page, Tally
from storage import dedupe
from storage.blobs import Blobs
from storage.store import Store, StoreUnavailable

log = structlog.get_logger()
# A raw event larger than this, in bytes, travels by reference.
INLINE = 64 * 1024
# How many ids of accepted messages are remembered.
REMEMBERED = 65_536
# What is published together holds raw events of so many bytes, or is one.
_TOGETHER = 128 * 1024
# How long the store may take to say whether it knows a message; then it is published, which is harmless.
_PATIENCE_S = 0.25


class Accepted(NamedTuple):
    """The message's id; `duplicate`: it had been taken before."""

    id: str
    duplicate: bool


class Acceptance:
    """One process's way in."""

    def __init__(self, *, bus: Publisher, store: Store, blobs: Blobs, tally: Tally, partitions: int) -> None:
        self._bus, self._store, self._blobs, self._tally = bus, store, blobs, tally
        self._partitions = partitions
        self._recent: OrderedDict[str, None] = OrderedDict()
        self._arrived: list[Inbound] = []
        # Who waits for each message that arrived and is not durable yet, whoever brought it first.
        self._waiting: dict[str, list[asyncio.Future[bool]]] = {}
        self._sorting: asyncio.Task[None] | None = None
        self._publishing: set[asyncio.Task[None]] = set()

    async def take_all(self, received: Received) -> list[Accepted]:
        """Take what a hook heard; raises `BusUnavailable` or `BlobsUnavailable`: then send it all again."""
        for content in received.files:
            await self._blobs.put(content)
        return [await self.take(inbound) for inbound in received.events]

    async def take(self, inbound: Inbound) -> Accepted:
        """Take one event whose files are stored; raises as `take_all` does."""
        if len(inbound.raw) > INLINE:
            inbound = replace(inbound, raw=b"", raw_blob=await self._blobs.put(inbound.raw))
        key = inbound.id
        if key in self._recent:
            self._recent.move_to_end(key)
            duplicate = True
        else:
            duplicate = await self._joined(inbound)
        if duplicate:
            self._tally.again(inbound)
        return Accepted(key, duplicate)

    def _joined(self, inbound: Inbound) -> "asyncio.Future[bool]":
        """Once the message is durable: whether somebody had brought it before."""
        waiter: asyncio.Future[bool] = asyncio.get_running_loop().create_future()
        if (others := self._waiting.get(inbound.id)) is not None:
            others.append(waiter)
            return waiter
        self._waiting[inbound.id] = [waiter]
        self._arrived.append(inbound)
        if self._sorting is None:
            # A task starts in the loop's next tick, so that what comes within this one goes along.
            self._sorting = asyncio.create_task(self._sort())
        return waiter

    async def _sort(self) -> None:
        try:
            while self._arrived:
                batch, self._arrived = self._arrived, []
                known: set[str] = set()
                try:
                    known = await self._known(batch)
                finally:
                    self._go_on(batch, known)
        finally:
            self._sorting = None

    async def _known(self, batch: Sequence[Inbound]) -> set[str]:
        """Those that the store has; none while it can't say."""
        ids = tuple(inbound.id for inbound in batch)
        try:
            async with asyncio.timeout(_PATIENCE_S):
                return await self._store.read(partial(dedupe.known, message_ids=ids))
        except (StoreUnavailable, TimeoutError) as error:
            log.warning("the store can't say what it has", reason=str(error) or "it takes too long")
            return set()

    def _go_on(self, batch: Sequence[Inbound], known: set[str]) -> None:
        lanes: dict[str, list[Inbound]] = {}
        for inbound in batch:
            if inbound.id in known:
                self._done(inbound.id, duplicate=True)
            else:
                lane = inbound_lane(inbound.channel_id, inbound.sender.address, self._partitions)
                lanes.setdefault(lane, []).append(inbound)
        for lane, events in lanes.items():
            for parcel in _parcels(events):
                # Not waited for: the next batch is looked up meanwhile. Tasks begin in their order.
                task = asyncio.create_task(self._publish(lane, parcel))
                self._publishing.add(task)
                task.add_done_callback(self._publishing.discard)

    async def _publish(self, lane: str, events: Sequence[Inbound]) -> None:
        bodies: list[bytes] = []
        numbered: list[tuple[Inbound, Page]] = []
        for event in events:
            inbound, page = self._tally.numbered(event, lane)
            try:
                bodies.append(encode(inbound))
            # Whatever is wrong with it, the others go on.
            except Exception as error:
                self._tally.failed(inbound, page)
                self._fail(inbound.id, error)
            else:
                numbered.append((inbound, page))
        try:
            await self._bus.publish(lane, bodies)
        except BaseException as error:
            for inbound, page in numbered:
                self._tally.failed(inbound, page)
                self._fail(inbound.id, error)
            return
        for inbound, page in numbered:
            self._tally.confirmed(inbound, page)
            self._done(inbound.id, duplicate=False)

    def _done(self, key: str, *, duplicate: bool) -> None:
        self._recent[key] = None
        if len(self._recent) > REMEMBERED:
            self._recent.popitem(last=False)
        for waiter in self._waiting.pop(key):
            if not waiter.done():
                waiter.set_result(duplicate)
            # Whoever else brought it meanwhile brought it again.
            duplicate = True

    def _fail(self, key: str, error: BaseException) -> None:
        for waiter in self._waiting.pop(key):
            if not waiter.done():
                waiter.set_exception(
                    BusUnavailable(str(error)) if isinstance(error, BusUnavailable) else error
                )


def _parcels(events: Sequence[Inbound]) -> Iterator[list[Inbound]]:
    parcel: list[Inbound] = []
    size = 0
    for inbound in events:
        size += len(inbound.raw)
        if parcel and size > _TOGETHER:
            yield parcel
            parcel, size = [], len(inbound.raw)
        parcel.append(inbound)
    yield parcel
