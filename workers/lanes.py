"""The lanes of one process: it takes its even share by leases, works on each, and gives back what is others'.

To let go of a lane, the batch in hand is finished and acked, then the reader is closed, then the row is
freed: whoever takes it next finds nothing half-done. Lanes beyond the configured number that still hold
messages are worked on too until they are empty, so that the number can be changed.
"""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from typing import Final

import structlog

from bus.port import Bus, BusError
from bus.topology import MOST_PARTITIONS, inbound_lanes
from storage import leases
from storage.leases import Lease, LeaseLost, Share
from storage.store import Store, StoreUnavailable, Tx
from workers.inbound import Fence, InboundWorker

log = structlog.get_logger()
EVERY: Final = 1.0
# Not to look too early for a lease that is about to lapse, nor without end.
_LITTLE: Final = 0.05
# A lane that holds messages and of which none were finished for so long stands still, in seconds.
STALLED: Final = 60.0
_WATCH_EVERY: Final = 5.0
_SWEEP_EVERY: Final = 60.0
# What a batch in hand gets to be finished when the process ends, and then the store to be told.
_GRACE: Final = 8.0
_LAST_WORDS: Final = 3.0


@dataclass(kw_only=True)
class _Lane:
    """A lane that this process works on. `since`: when it was last seen to get on, for the watch."""

    lease: Lease
    worker: InboundWorker
    reading: asyncio.Task[None]
    leaving: bool = False
    unneeded: bool = False
    seen: int = -1
    since: float = field(default=0.0)


class Lanes:
    """`run` is forever; `worker` makes a lane's worker, given what each of its transactions begins with.

    `owner` names this process and is never used again after it ends. `alone`: no other process takes lanes,
    so the rows need no renewing.
    """

    def __init__(
        self,
        *,
        bus: Bus,
        store: Store,
        partitions: int,
        owner: str,
        alone: bool,
        worker: Callable[[str, Fence], InboundWorker],
    ) -> None:
        self._bus, self._store = bus, store
        self._configured = inbound_lanes(partitions)
        self._owner, self._alone, self._worker = owner, alone, worker
        self._lanes: dict[str, _Lane] = {}
        self._followers: set[asyncio.Task[None]] = set()
        self._failed: dict[str, str] = {}
        self._stalled: tuple[str, ...] = ()
        self._look = True
        # What rows say and what is done here change together.
        self._turn = asyncio.Lock()

    async def run(self) -> None:
        """Work until cancelled; then finish what is in hand, for a few seconds at most."""
        self._look = True
        await self._persist(partial(leases.add, lanes=self._configured))
        try:
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(self._share())
                tasks.create_task(self._sweep())
                tasks.create_task(self._watch())
        finally:
            await self._end()

    async def check(self) -> None:
        """For readiness: raises `RuntimeError`, naming each lane whose worker failed or stands still."""
        wrong = [f"{lane}: {why}" for lane, why in sorted(self._failed.items())]
        wrong += [f"{lane}: no batch finished for {STALLED:.0f} s" for lane in self._stalled]
        if wrong:
            raise RuntimeError("; ".join(wrong))

    # --- sharing --------------------------------------------------------------------------------------

    async def _share(self) -> None:
        while True:
            pause = EVERY
            if self._look or not self._alone:
                self._look = False
                try:
                    pause = await self._beat()
                except StoreUnavailable as error:
                    log.warning("the lanes' leases wait for the store", reason=str(error))
                    self._look = True
            await asyncio.sleep(pause)

    async def _beat(self) -> float:
        """Bring what is done here in step with the rows; returns after how many seconds to look again."""
        async with self._turn:
            share = await self._store.write(partial(leases.beat, owner=self._owner, alone=self._alone))
            self._settle(share)
        return min(EVERY, share.lapses + _LITTLE)

    def _settle(self, share: Share) -> None:
        for name, lane in self._lanes.items():
            if share.epochs.get(name) != lane.lease.since:
                # A batch in hand finds out by itself.
                lane.worker.leave()
        self._failed = {name: why for name, why in self._failed.items() if name in share.epochs}
        for name, epoch in sorted(share.epochs.items()):
            if name not in self._lanes:
                self._begin(Lease(name, self._owner, epoch))
        staying = [lane for _, lane in sorted(self._lanes.items()) if not lane.leaving]
        going = len(self._lanes) - len(staying)
        for lane in staying[len(staying) - max(0, share.surplus - going) :]:
            self._let_go(lane)

    def _begin(self, lease: Lease) -> None:
        log.info("took a lane", lane=lease.lane, epoch=lease.since)
        worker = self._worker(lease.lane, leases.fence(lease))
        reading = asyncio.create_task(worker.run(), name=lease.lane)
        self._failed.pop(lease.lane, None)
        self._lanes[lease.lane] = lane = _Lane(lease=lease, worker=worker, reading=reading)
        follower = asyncio.create_task(self._follow(lane))
        self._followers.add(follower)
        follower.add_done_callback(self._followers.discard)

    def _let_go(self, lane: _Lane) -> None:
        lane.leaving = True
        lane.worker.leave()

    async def _follow(self, lane: _Lane) -> None:
        """Wait until a lane's worker has ended, then do what that calls for."""
        name, reading = lane.lease.lane, lane.reading
        await asyncio.wait([reading])
        error = None if reading.cancelled() else reading.exception()
        if isinstance(error, LeaseLost):
            log.warning("a lane went to another process", lane=name)
        elif error is not None:
            log.error("a lane's worker failed and starts again", lane=name, exc_info=error)
            self._failed[name] = type(error).__name__
        async with self._turn:
            if lane.leaving:
                log.info("gives a lane back", lane=name)
                await self._tell(partial(leases.drop if lane.unneeded else leases.free, lease=lane.lease))
            del self._lanes[name]
            self._look = True

    async def _end(self) -> None:
        for lane in self._lanes.values():
            self._let_go(lane)
        if self._followers:
            await asyncio.wait(self._followers, timeout=_GRACE)
        for lane in self._lanes.values():
            lane.reading.cancel()
        if self._followers:
            await asyncio.wait(self._followers)
        await self._tell(partial(leases.leave, owner=self._owner))

    async def _tell(self, step: Callable[[Tx], None]) -> None:
        # What can't be told shows when the lease lapses.
        with suppress(StoreUnavailable, TimeoutError):
            async with asyncio.timeout(_LAST_WORDS):
                await self._store.write(step)

    # --- lanes beyond the configured number ------------------------------------------------------------

    async def _sweep(self) -> None:
        while True:
            pause = EVERY
            with suppress(StoreUnavailable, BusError):
                await self.sweep()
                pause = _SWEEP_EVERY
            await asyncio.sleep(pause)

    async def sweep(self) -> None:
        """Find lanes beyond the configured ones that hold messages, and let go of those that are empty.

        Raises `StoreUnavailable` or `BusError`.
        """
        waiting: list[str] = []
        for name in inbound_lanes(MOST_PARTITIONS)[len(self._configured) :]:
            lane = self._lanes.get(name)
            if await self._bus.depth(name):
                waiting.append(name)
            elif lane is not None and not lane.leaving:
                lane.unneeded = True
                self._let_go(lane)
        if waiting:
            await self._store.write(partial(leases.add, lanes=waiting))
            self._look = True

    # --- watching -------------------------------------------------------------------------------------

    async def _watch(self) -> None:
        while True:
            await asyncio.sleep(_WATCH_EVERY)
            await self.watch(asyncio.get_running_loop().time())

    async def watch(self, now: float) -> None:
        """Look which lanes get on; `now` in seconds, from any zero."""
        stalled: list[str] = []
        for name, lane in sorted(self._lanes.items()):
            if lane.worker.finished != lane.seen or not (lane.worker.in_hand or await self._waits(name)):
                lane.seen, lane.since = lane.worker.finished, now
            elif now - lane.since >= STALLED:
                stalled.append(name)
        self._stalled = tuple(stalled)

    async def _waits(self, name: str) -> bool:
        try:
            return await self._bus.depth(name) > 0
        except BusError:
            # What is known is that nothing gets on; the bus has a check of its own.
            return True

    async def _persist(self, step: Callable[[Tx], None]) -> None:
        while True:
            try:
                await self._store.write(step)
                return
            except StoreUnavailable as error:
                log.warning("the lanes' leases wait for the store", reason=str(error))
                await asyncio.sleep(EVERY)
