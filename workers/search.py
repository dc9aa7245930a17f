"""The search worker: follows the event log and keeps the search index filled, a moment behind."""

import asyncio
import time
from contextlib import suppress

from storage import search
from storage.search_documents import News, everything, news
from storage.search_words import words_of
from storage.store import Store, StoreUnavailable, Tx

# Events read in one turn.
AT_ONCE = 500
# How long it rests when it has heard everything, in seconds.
REST = 0.5
# Messages come first: for each second of work it rests so many, and catches up when there is less to do.
REST_PER_WORK = 8


class SearchWorker:
    """Fills the index. Of several at a time one does each turn's work."""

    def __init__(self, *, store: Store) -> None:
        self._store = store

    async def run(self) -> None:
        """Follow the log until cancelled."""
        while True:
            begun, heard = time.monotonic(), 0
            with suppress(StoreUnavailable):
                heard = await self.step()
            worked = time.monotonic() - begun
            await asyncio.sleep(worked * REST_PER_WORK if heard == AT_ONCE else REST)

    async def step(self) -> int:
        """Put what the next events tell into the index; returns about how many they were, 0 for none."""
        heard = await self._store.read(lambda sql: news(sql, AT_ONCE))
        if heard.upto == heard.seen:
            return 0
        documents = await asyncio.to_thread(_documents, heard)
        filled = await self._store.write(lambda tx: search.fill(tx, heard.seen, heard.upto, documents))
        return min(AT_ONCE, heard.upto - heard.seen) if filled else 0


def index_all(tx: Tx) -> None:
    """Index a desk whose events were dropped; it should be a small one."""
    search.put(tx, _documents(everything(tx.sql)))


def _documents(heard: News) -> dict[str, list[tuple[int, list[str]]]]:
    return {
        search.MESSAGES: [(number, words_of(text)) for number, text in heard.messages],
        search.TICKETS: [(number, words_of(text)) for number, text in heard.tickets],
    }
