"""What one process works on of a group of lanes: its even share by leases, and it gives back what is others'.

To let go of a lane, what is in hand is finished, then the worker ends, then the row is freed: whoever takes
it next finds nothing half-done.
"""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from typing import Final, Generic, Protocol, TypeVar

import structlog

from storage import leases
from storage.leases import Fence, Lease, LeaseLost, Share
from storage.store import Store, StoreUnavailable, Tx

log = structlog.get_logger()
EVERY: Final = 1.0
# Not to look too early for a lease that is about to lapse, nor without end.
_LITTLE: Final = 0.05
# What is in hand gets to be finished when the process ends, and then the store to be told.
_GRACE: Final = 8.0
_LAST_WORDS: Final = 3.0


class LaneWorker(Protocol):
    """Works on one lane until told to `leave`; `run` raises `LeaseLost` once the lane is another's."""

    async def run(self) -> None:
        """Work."""
        ...

    def leave(self) -> None:
        """Let `run` end once what is in hand is finished; harmless when told again."""
        ...


W = TypeVar("W", bound=LaneWorker)


@dataclass(kw_only=True)
class Lane(Generic[W]):
    """A lane that this process works on. `since`: when it was last seen to get on, for who watches it."""

    lease: Lease
    worker: W
    reading: asyncio.Task[None]
    leaving: bool = False
    unneeded: bool = False
    seen: int = -1
    since: float = field(default=0.0)


class Shares(Generic[W]):
    """`run` is forever; `worker` makes a lane's worker, given what each of its transactions begins with.

    `owner` names this process and is never used again after it ends. `alone`: no other process takes lanes,
    so the rows need no renewing. `lanes` are what is worked on here, `failed` those whose worker failed.
    """

    def __init__(
        self, group: str, *, store: Store, owner: str, alone: bool, worker: Callable[[str, Fence], W]
    ) -> None:
        self.lanes: dict[str, Lane[W]] = {}
        self.failed: dict[str, str] = {}
        self._group, self._store = group, store
        self._owner, self._alone, self._worker = owner, alone, worker
        self._followers: set[asyncio.Task[None]] = set()
        self._look = True
        # What rows say and what is done here change together.
        self._turn = asyncio.Lock()

    async def run(self) -> None:
        """Share until cancelled; then finish what is in hand, for a few seconds at most."""
        self._look = True
        try:
            await self._share()
        finally:
            await self._end()

    def look(self) -> None:
        """There may be other lanes now."""
        self._look = True

    def let_go(self, lane: Lane[W], *, unneeded: bool = False) -> None:
        """Finish what is in hand of a lane and give it back; its row goes where it is `unneeded`."""
        lane.unneeded |= unneeded
        lane.leaving = True
        lane.worker.leave()

    async def _share(self) -> None:
        while True:
            pause = EVERY
            if self._look or not self._alone:
                self._look = False
                try:
                    pause = await self._beat()
                except StoreUnavailable as error:
                    log.warning("leases wait for the store", group=self._group, reason=str(error))
                    self._look = True
            await asyncio.sleep(pause)

    async def _beat(self) -> float:
        """Bring what is done here in step with the rows; returns after how many seconds to look again."""
        async with self._turn:
            step = partial(leases.beat, group=self._group, owner=self._owner, alone=self._alone)
            share = await self._store.write(step)
            self._settle(share)
        return min(EVERY, share.lapses + _LITTLE)

    def _settle(self, share: Share) -> None:
        for name, lane in self.lanes.items():
            if share.epochs.get(name) != lane.lease.since:
                # What is in hand finds out by itself.
                lane.worker.leave()
        self.failed = {name: why for name, why in self.failed.items() if name in share.epochs}
        for name, epoch in sorted(share.epochs.items()):
            if name not in self.lanes:
                self._begin(Lease(name, self._owner, epoch))
        staying = [lane for _, lane in sorted(self.lanes.items()) if not lane.leaving]
        going = len(self.lanes) - len(staying)
        for lane in staying[len(staying) - max(0, share.surplus - going) :]:
            self.let_go(lane)

    def _begin(self, lease: Lease) -> None:
        log.info("took a lane", lane=lease.lane, epoch=lease.since)
        worker = self._worker(lease.lane, leases.fence(lease))
        reading = asyncio.create_task(worker.run(), name=lease.lane)
        self.failed.pop(lease.lane, None)
        self.lanes[lease.lane] = lane = Lane(lease=lease, worker=worker, reading=reading)
        follower = asyncio.create_task(self._follow(lane))
        self._followers.add(follower)
        follower.add_done_callback(self._followers.discard)

    async def _follow(self, lane: Lane[W]) -> None:
        """Wait until a lane's worker has ended, then do what that calls for."""
        name, reading = lane.lease.lane, lane.reading
        await asyncio.wait([reading])
        error = None if reading.cancelled() else reading.exception()
        if isinstance(error, LeaseLost):
            log.warning("a lane went to another process", lane=name)
        elif error is not None:
            log.error("a lane's worker failed and starts again", lane=name, exc_info=error)
            self.failed[name] = type(error).__name__
        async with self._turn:
            if lane.leaving:
                log.info("gives a lane back", lane=name)
                await self._tell(partial(leases.drop if lane.unneeded else leases.free, lease=lane.lease))
            del self.lanes[name]
            self._look = True

    async def _end(self) -> None:
        for lane in self.lanes.values():
            self.let_go(lane)
        if self._followers:
            await asyncio.wait(self._followers, timeout=_GRACE)
        for lane in self.lanes.values():
            lane.reading.cancel()
        if self._followers:
            await asyncio.wait(self._followers)
        await self._tell(partial(leases.leave, group=self._group, owner=self._owner))

    async def _tell(self, step: Callable[[Tx], None]) -> None:
        # What can't be told shows when the lease lapses.
        with suppress(StoreUnavailable, TimeoutError):
            async with asyncio.timeout(_LAST_WORDS):
                await self._store.write(step)
