"""The partitions of one process: it works on its share, and readiness names one that stands still.

Lanes beyond the configured number that still hold messages are worked on too until they are empty, so that
the number can be changed.
"""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from typing import Final

import structlog

from bus.port import Bus, BusError
from bus.topology import MOST_PARTITIONS, inbound_lanes
from storage import leases
from storage.leases import Fence
from storage.store import Store, StoreUnavailable, Tx
from workers.inbound import InboundWorker
from workers.shares import EVERY, Shares

log = structlog.get_logger()
# A lane that holds messages and of which none were finished for so long stands still, in seconds.
STALLED: Final = 60.0
_WATCH_EVERY: Final = 5.0
_SWEEP_EVERY: Final = 60.0


class Lanes:
    """`run` is forever; `worker`, `owner` and `alone` are as `Shares` takes them."""

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
        self._shares = Shares("inbound", store=store, owner=owner, alone=alone, worker=worker)
        self._stalled: tuple[str, ...] = ()

    async def run(self) -> None:
        """Work until cancelled; then finish what is in hand, for a few seconds at most."""
        await self._persist(partial(leases.add, lanes=self._configured))
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._shares.run())
            tasks.create_task(self._sweep())
            tasks.create_task(self._watch())

    async def check(self) -> None:
        """For readiness: raises `RuntimeError`, naming each lane whose worker failed or stands still."""
        wrong = [f"{lane}: {why}" for lane, why in sorted(self._shares.failed.items())]
        wrong += [f"{lane}: no batch finished for {STALLED:.0f} s" for lane in self._stalled]
        if wrong:
            raise RuntimeError("; ".join(wrong))

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
            lane = self._shares.lanes.get(name)
            if await self._bus.depth(name):
                waiting.append(name)
            elif lane is not None and not lane.leaving:
                self._shares.let_go(lane, unneeded=True)
        if waiting:
            await self._store.write(partial(leases.add, lanes=waiting))
            self._shares.look()

    # --- watching -------------------------------------------------------------------------------------

    async def _watch(self) -> None:
        while True:
            await asyncio.sleep(_WATCH_EVERY)
            await self.watch(asyncio.get_running_loop().time())

    async def watch(self, now: float) -> None:
        """Look which lanes get on; `now` in seconds, from any zero."""
        stalled: list[str] = []
        for name, lane in sorted(self._shares.lanes.items()):
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
