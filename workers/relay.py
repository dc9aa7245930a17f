"""The relay: publishes what a crash left in the outbox."""

import asyncio
from datetime import timedelta
from functools import partial
from itertools import groupby
from operator import attrgetter

import structlog

from bus.port import Bus, BusUnavailable
from storage import outbox
from storage.store import Clock, Store, StoreUnavailable

log = structlog.get_logger()
# Whoever put a row there publishes it at once; one that is older was left behind.
LEFT_BEHIND = timedelta(seconds=5)
_EVERY = 1.0
_BATCH = 500


class Relay:
    """`step` is one look, `run` is forever. A message published twice is harmless by design."""

    def __init__(self, *, bus: Bus, store: Store, clock: Clock) -> None:
        self._bus, self._store, self._clock = bus, store, clock

    async def run(self) -> None:
        """Look once a second until cancelled; a store or bus that is away is waited for."""
        while True:
            try:
                found = await self.step()
            except (StoreUnavailable, BusUnavailable) as error:
                log.warning("the outbox waits", reason=str(error))
                found = 0
            if found < _BATCH:
                await asyncio.sleep(_EVERY)

    async def step(self) -> int:
        """Publish what was left behind, at most a batch, and forget it; returns how many.

        Raises `StoreUnavailable` or `BusUnavailable`; nothing is forgotten that was not published.
        """
        before = self._clock() - LEFT_BEHIND
        rows = await self._store.read(lambda sql: outbox.take(sql, before, _BATCH))
        for lane, left in groupby(sorted(rows, key=attrgetter("lane", "seq")), attrgetter("lane")):
            batch = list(left)
            await self._bus.publish(lane, [row.body for row in batch])
            await self._store.write(partial(outbox.remove, seqs=[row.seq for row in batch]))
            log.info("published what was left behind", lane=lane, messages=len(batch))
        return len(rows)
