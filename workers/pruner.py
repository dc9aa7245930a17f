"""The pruner: makes the months to come, and forgets what is older than it is kept."""

import asyncio
from contextlib import suppress
from datetime import timedelta

import structlog

from storage import exclusive, partitions, pruning
from storage.store import Store, StoreUnavailable, Tx

log = structlog.get_logger()
EVERY = 3600.0
# Between two steps, so that the path of messages goes first.
PAUSE = 0.05


class Pruner:
    """`kept`: how long messages, decisions and events are kept; None for ever."""

    def __init__(self, *, store: Store, kept: timedelta | None) -> None:
        self._store, self._kept = store, kept

    async def run(self) -> None:
        """Look every hour until cancelled."""
        while True:
            with suppress(StoreUnavailable):
                await self.step()
            await asyncio.sleep(EVERY)

    async def step(self) -> None:
        """Do all there is to do now; raises `StoreUnavailable`."""
        await self._store.write(_months)
        if self._kept is None:
            return
        kept = self._kept

        def drop(tx: Tx) -> list[str]:
            return pruning.drop_months(tx, tx.now - kept) if exclusive.take(tx, "prune") else []

        def prune(tx: Tx) -> int:
            return pruning.prune(tx, tx.now - kept) if exclusive.take(tx, "prune") else 0

        if dropped := await self._store.write(drop):
            log.info("dropped what is older than it is kept", partitions=dropped)
        left = True
        while left:
            left = bool(await self._store.write(prune))
            await asyncio.sleep(PAUSE)


def _months(tx: Tx) -> None:
    if exclusive.take(tx, "prune"):
        partitions.ensure(tx.sql, tx.now)
