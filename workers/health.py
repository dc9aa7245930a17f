"""What a process sees of its channels' health, kept when it changes."""

import asyncio
import time
from collections.abc import Callable
from functools import partial
from typing import Final

from storage import channel_status
from storage.channel_status import Name
from storage.store import Store, StoreUnavailable

# The least time between two writes, in seconds: platforms can fail in many words at once.
_BETWEEN: Final = 1.0
# What was told is told again after this, in seconds: another process may have said something else since.
_TOLD_FOR: Final = 60.0
_LONGEST: Final = 500


class Health:
    """`tell` at any time, however often; `run` keeps it. `tick` is a monotonic clock in seconds."""

    def __init__(self, store: Store, tick: Callable[[], float] = time.monotonic) -> None:
        self._store, self._tick = store, tick
        self._told: dict[tuple[str, Name], tuple[str | None, float]] = {}
        self._unkept: dict[tuple[str, Name], str | None] = {}
        self._news = asyncio.Event()

    def tell(self, channel_id: str, part: Name, error: str | None) -> None:
        """A part of a channel failed, in words without secrets, or, with None, did what it should."""
        key, now = (channel_id, part), self._tick()
        before = self._told.get(key)
        if before is not None and before[0] == error and now - before[1] < _TOLD_FOR:
            return
        self._told[key] = error, now
        self._unkept[key] = error[:_LONGEST] if error else error
        self._news.set()

    def failing(self, channel_id: str, part: Name) -> bool:
        """Whether this process said so last."""
        return self._told.get((channel_id, part), (None, 0.0))[0] is not None

    async def run(self) -> None:
        """Keep what was told, until cancelled."""
        while True:
            await self._news.wait()
            self._news.clear()
            unkept, self._unkept = self._unkept, {}
            try:
                await self._store.write(partial(channel_status.keep, told=unkept))
            except StoreUnavailable:
                self._unkept = unkept | self._unkept
                self._news.set()
            await asyncio.sleep(_BETWEEN)
