"""The auditor: looks each minute whether the ledger of the last hour balances, and says so when it does not.

It adds up what is written in the ledger and does not count the tables again; `frontdesk ledger check` does.
"""

import asyncio
from collections import Counter
from collections.abc import Callable, Mapping
from contextlib import suppress
from datetime import datetime, timedelta

import structlog

from bus.envelope import minute_of
from storage.ledger_lines import Line, lines
from storage.store import Clock, Store, StoreUnavailable

log = structlog.get_logger()
EVERY = 60.0
BACK = timedelta(hours=1)


class Auditor:
    """`tell` is given each channel's difference after every look."""

    def __init__(self, *, store: Store, clock: Clock, tell: Callable[[Mapping[str, int]], None]) -> None:
        self._store, self._clock, self._tell = store, clock, tell
        self._seen: dict[tuple[str, datetime], Line] = {}
        self._told: set[tuple[str, datetime]] = set()

    async def run(self) -> None:
        """Look every minute, until cancelled."""
        while True:
            with suppress(StoreUnavailable):
                await self.step()
            await asyncio.sleep(EVERY)

    async def step(self) -> None:
        """Look once. A difference is logged once, at the second look: a moment's is no loss.

        A dead letter that is put back is nowhere until it is taken in.
        """
        now = self._clock()
        since = minute_of(now - BACK)
        found = await self._store.read(lambda sql: lines(sql, since, now))
        by_channel: Counter[str] = Counter()
        for line in found:
            by_channel[line.channel_id] += line.difference(now)
        self._tell(by_channel)
        differing = {(line.channel_id, line.minute): line for line in found if line.difference(now)}
        for key in differing.keys() & self._seen.keys() - self._told:
            line = differing[key]
            log.error(
                "the ledger does not balance",
                channel=line.channel_id,
                minute=line.minute.isoformat(),
                open=line.open,
                unsent=line.unsent,
            )
            self._told.add(key)
        self._seen = differing
        self._told = {key for key in self._told if key[1] >= since}
