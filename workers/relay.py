"""The relay: publishes what transactions have left in the outbox, and forgets it once the bus has it."""

import asyncio
from contextlib import suppress
from functools import partial
from itertools import groupby
from operator import attrgetter

import structlog

from bus.port import Bus, BusError
from storage import outbox
from storage.store import Store, StoreUnavailable

log = structlog.get_logger()
_BATCH = 500
# Rows of processes that died are found by looking, this often, in seconds.
_EVERY = 1.0


class Relay:
    """`wake` says that something was just put there; `run` looks then, and each second.

    A row published twice is harmless by design: what it wakes looks at the store. `alone`: no other process
    relays, so that nothing need be claimed.
    """

    def __init__(self, *, bus: Bus, store: Store, alone: bool) -> None:
        self._bus, self._store, self._alone = bus, store, alone
        self._news = asyncio.Event()

    def wake(self) -> None:
        """Look now."""
        self._news.set()

    async def run(self) -> None:
        """Look until cancelled; a store or bus that is away is waited for."""
        while True:
            self._news.clear()
            try:
                found = await self.step()
            except (StoreUnavailable, BusError) as error:
                log.warning("the outbox waits", reason=str(error))
                found = 0
            if found < _BATCH:
                with suppress(TimeoutError):
                    async with asyncio.timeout(_EVERY):
                        await self._news.wait()

    async def step(self) -> int:
        """Publish what is there, at most a batch, and forget it; returns how many.

        Raises `StoreUnavailable` or `BusError`; nothing is forgotten that was not published. A lane that
        can't take its rows does not keep the others from theirs.
        """
        refused: BusError | None = None
        if self._alone:
            rows = await self._store.read(lambda sql: outbox.take(sql, _BATCH))
        else:
            rows = await self._store.write(lambda tx: outbox.claim(tx, _BATCH))
        for lane, together in groupby(sorted(rows, key=attrgetter("lane", "seq")), attrgetter("lane")):
            batch = list(together)
            try:
                await self._bus.publish(lane, [row.body for row in batch])
            except BusError as error:
                refused = error
                if not self._alone:
                    await self._store.write(partial(outbox.put_back, seqs=[row.seq for row in batch]))
                continue
            await self._store.write(partial(outbox.remove, seqs=[row.seq for row in batch]))
        if refused is not None:
            raise refused
        return len(rows)
