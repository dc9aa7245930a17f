"""The articles as people read them: on the help page, and in the agents' search with the internal ones."""

import asyncio

from knowledgebase.shelf import Shelf
from knowledgebase.telling import with_translations
from storage import articles
from storage.articles import Stamp
from storage.store import Clock, Store


class Library:
    """Holds the shelf of what is in force; read again when somebody looks and something has changed."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self._store, self._clock = store, clock
        self._stamp: Stamp | None = None
        self._shelf = Shelf(())
        self._lock = asyncio.Lock()

    async def shelf(self) -> Shelf:
        """The shelf as of now; internal articles stand on it."""
        now = self._clock()
        async with self._lock:
            stamp = await self._store.read(lambda sql: articles.stamp(sql, now))
            if stamp != self._stamp:
                found = await self._store.read(lambda sql: articles.readable(sql, now))
                self._shelf = await asyncio.to_thread(lambda: Shelf(with_translations(found)))
                self._stamp = stamp
        return self._shelf
