"""Acceptance: an event is taken once, durably, before whoever sent it is told so.

Blobs first, then the bus; the id is derived, so the answer needs no store. The store is only asked whether a
message is there already, by one query for all that came in while the query before it ran.
"""

import asyncio
from collections import OrderedDict
from functools import partial
from typing import NamedTuple

import structlog
from msgspec.structs import replace

from bus.envelope import Inbound, encode
from bus.port import BusUnavailable, Publisher
from bus.topology import inbound_lane
from channels.protocol import Received
from gateway.tally import Tally
from storage import dedupe
from storage.blobs import Blobs
from storage.store import Store, StoreUnavailable

log = structlog.get_logger()
# A raw event larger than this, in bytes, travels by reference.
INLINE = 64 * 1024
# How many ids of accepted messages are remembered.
REMEMBERED = 65_536
# How long the store may take to say whether it knows a message; then it is published, which is harmless.
_PATIENCE_S = 0.25


class Accepted(NamedTuple):
    """The message's id; `duplicate`: it had been taken before."""

    id: str
    duplicate: bool


class Acceptance:
    """One process's way in."""

    def __init__(self, *, bus: Publisher, store: Store, blobs: Blobs, tally: Tally, partitions: int) -> None:
        self._bus, self._blobs, self._tally, self._partitions = bus, blobs, tally, partitions
        self._lookup = _Lookup(store)
        self._recent: OrderedDict[str, None] = OrderedDict()
        self._under_way: dict[str, asyncio.Future[None]] = {}

    async def take_all(self, received: Received) -> list[Accepted]:
        """Take what a hook heard; raises `BusUnavailable` or `BlobsUnavailable`: then send it all again."""
        for content in received.files:
            await self._blobs.put(content)
        return [await self.take(inbound) for inbound in received.events]

    async def take(self, inbound: Inbound) -> Accepted:
        """Take one event whose files are stored; raises as `take_all` does."""
        key = inbound.id
        if key in self._recent:
            self._recent.move_to_end(key)
            return self._again(inbound)
        if (other := self._under_way.get(key)) is not None:
            await asyncio.shield(other)
            return self._again(inbound)
        self._under_way[key] = done = asyncio.get_running_loop().create_future()
        try:
            duplicate = await self._lookup.known(key)
            if not duplicate:
                await self._publish(inbound)
            self._remember(key)
            done.set_result(None)
            return self._again(inbound) if duplicate else Accepted(key, False)
        finally:
            del self._under_way[key]
            if not done.done():
                done.set_exception(BusUnavailable("whoever sent the same message first could not be served"))
                # Nobody may be waiting, which is no error.
                done.exception()

    async def _publish(self, inbound: Inbound) -> None:
        if len(inbound.raw) > INLINE:
            inbound = replace(inbound, raw=b"", raw_blob=await self._blobs.put(inbound.raw))
        lane = inbound_lane(inbound.channel_id, inbound.sender.address, self._partitions)
        inbound, page = self._tally.numbered(inbound, lane)
        try:
            await self._bus.publish(lane, [encode(inbound)])
        except BaseException:
            self._tally.failed(inbound, page)
            raise
        self._tally.confirmed(inbound, page)

    def _again(self, inbound: Inbound) -> Accepted:
        self._tally.again(inbound)
        return Accepted(inbound.id, True)

    def _remember(self, key: str) -> None:
        self._recent[key] = None
        if len(self._recent) > REMEMBERED:
            self._recent.popitem(last=False)


class _Lookup:
    """Asks the store which messages it has, one query at a time for all who ask meanwhile."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._asked: dict[str, asyncio.Future[bool]] = {}
        self._asking: asyncio.Task[None] | None = None

    async def known(self, key: str) -> bool:
        """Whether the store has it; False while the store can't say."""
        answer = self._asked.get(key)
        if answer is None:
            answer = self._asked[key] = asyncio.get_running_loop().create_future()
        if self._asking is None:
            self._asking = asyncio.create_task(self._ask())
        return await answer

    async def _ask(self) -> None:
        try:
            while self._asked:
                asked, self._asked = self._asked, {}
                found: set[str] = set()
                try:
                    async with asyncio.timeout(_PATIENCE_S):
                        found = await self._store.read(partial(dedupe.known, message_ids=tuple(asked)))
                except (StoreUnavailable, TimeoutError) as error:
                    log.warning("the store can't say what it has", reason=str(error) or "it takes too long")
                finally:
                    for key, answer in asked.items():
                        if not answer.done():
                            answer.set_result(key in found)
        finally:
            self._asking = None
