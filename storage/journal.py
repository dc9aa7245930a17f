"""The embedded bus's lanes in the store's file: the SQL behind `bus.embedded.Journal`.

It rides on the store's one writer, so what is published while a commit runs shares the next.
"""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from typing import TypeVar

from sqlalchemy import Connection

from bus.port import BusUnavailable
from storage.prepared import raw
from storage.sqlite import SqliteStore
from storage.store import StoreUnavailable, Tx

T = TypeVar("T")
_TAKE = "UPDATE counters SET value = value + ? WHERE name = 'journal' RETURNING value"
_APPEND = "INSERT INTO journal (tag, lane, body) VALUES (?, ?, ?)"
_FORGET = "DELETE FROM journal WHERE lane = ? AND tag <= ?"
_LAST = "SELECT value FROM counters WHERE name = 'journal'"
_DEPTH = "SELECT count(*) FROM journal WHERE lane = ?"
_AFTER = "SELECT tag, body FROM journal WHERE lane = ? AND tag > ? ORDER BY tag LIMIT ?"


class SqliteJournal:
    """`bus.embedded.Journal` on the embedded store."""

    alone = True

    def __init__(self, store: SqliteStore) -> None:
        self._store = store

    def apply(self, entries: Sequence[tuple[str, bytes]], acks: Mapping[str, int]) -> "asyncio.Future[int]":
        """See `Journal`."""

        def step(tx: Tx) -> int:
            driver = raw(tx.sql)
            if acks:
                driver.executemany(_FORGET, list(acks.items()))
            if not entries:
                return 0
            last = int(driver.execute(_TAKE, (len(entries),)).fetchone()[0])
            first = last - len(entries) + 1
            driver.executemany(_APPEND, [(tag, *entry) for tag, entry in enumerate(entries, first)])
            return last

        try:
            return self._store.submit(step)
        except StoreUnavailable as error:
            raise BusUnavailable(str(error)) from error

    async def after(self, lane: str, tag: int, limit: int, size: int) -> list[tuple[int, bytes]]:
        """See `Journal`."""

        def query(connection: Connection) -> list[tuple[int, bytes]]:
            rows: list[tuple[int, bytes]] = []
            left = size
            for row in raw(connection).execute(_AFTER, (lane, tag, limit)):
                rows.append(row)
                left -= len(row[1])
                if left <= 0:
                    break
            return rows

        return await self._read(query)

    async def last(self) -> int:
        """See `Journal`."""
        return await self._read(lambda connection: int(raw(connection).execute(_LAST).fetchone()[0]))

    async def depth(self, lane: str) -> int:
        """See `Journal`."""
        return await self._read(
            lambda connection: int(raw(connection).execute(_DEPTH, (lane,)).fetchone()[0])
        )

    def on_foreign_append(self, watcher: Callable[[], None]) -> None:
        """See `Journal`."""
        self._store.on_foreign_commit(watcher)

    async def _read(self, query: Callable[[Connection], T]) -> T:
        try:
            return await self._store.read(query)
        except StoreUnavailable as error:
            raise BusUnavailable(str(error)) from error
