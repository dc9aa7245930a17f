"""The embedded bus's lanes in PostgreSQL, for a desk without a broker: `bus.embedded.Journal` there.

One task writes, so that lanes keep their order; what is handed in while a commit runs shares the next.
Several processes may share the lanes: each hears of what the others have appended.
"""

import asyncio
import secrets
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any, NamedTuple

from sqlalchemy import Connection
from sqlalchemy.util import await_

from bus.port import BusUnavailable
from storage.postgres import PostgresStore, follow
from storage.prepared import driver
from storage.store import StoreUnavailable, Tx

CHANNEL = "frontdesk_journal"
_LAST = "SELECT value FROM counters WHERE name = 'journal'"
_DEPTH = "SELECT count(*) FROM journal WHERE lane = $1"
_FORGET = """
DELETE FROM journal USING unnest($1::text[], $2::bigint[]) AS acked (lane, tag)
WHERE journal.lane = acked.lane AND journal.tag <= acked.tag
"""
# The counter's row is held until the commit, so that tags become visible in their order.
_APPEND = f"""
WITH taken AS (
    UPDATE counters SET value = value + $1 WHERE name = 'journal' RETURNING value
), appended AS (
    INSERT INTO journal (tag, lane, body)
    SELECT taken.value - $1 + one.n, one.lane, one.body
    FROM taken, unnest($2::text[], $3::bytea[]) WITH ORDINALITY AS one (lane, body, n)
)
SELECT value, pg_notify('{CHANNEL}', $4 || ' ' || value) FROM taken
"""  # noqa: S608 - the channel is a constant
_AFTER = """
SELECT tag, body FROM (
    SELECT tag, body, sum(length(body)) OVER (ORDER BY tag) - length(body) AS before FROM (
        SELECT tag, body FROM journal WHERE lane = $1 AND tag > $2 ORDER BY tag LIMIT $3
    ) AS next
) AS summed WHERE before < $4 ORDER BY tag
"""


class _Call(NamedTuple):
    entries: Sequence[tuple[str, bytes]]
    acks: Mapping[str, int]
    done: "asyncio.Future[int]"


class PostgresJournal:
    """`bus.embedded.Journal` on the store that processes share. Open with `async with`."""

    alone = False

    def __init__(self, store: PostgresStore) -> None:
        self._store = store
        # By it a process knows its own news.
        self._name = secrets.token_hex(8)
        self._calls: list[_Call] = []
        self._writing: asyncio.Task[None] | None = None
        self._watchers: list[Callable[[], None]] = []
        self._known = 0

    async def __aenter__(self) -> "PostgresJournal":
        self._known = await self.last()
        self._following = asyncio.create_task(
            follow(self._store.url, CHANNEL, self._heard, self._look), name="journal-listener"
        )
        return self

    async def __aexit__(self, *_exc: object) -> None:
        if self._writing is not None:
            await asyncio.wait([self._writing])
        self._following.cancel()
        await asyncio.wait([self._following])

    def apply(self, entries: Sequence[tuple[str, bytes]], acks: Mapping[str, int]) -> "asyncio.Future[int]":
        """See `Journal`."""
        done: asyncio.Future[int] = asyncio.get_running_loop().create_future()
        self._calls.append(_Call(entries, acks, done))
        if self._writing is None:
            self._writing = asyncio.create_task(self._write(), name="journal-writer")
        return done

    async def after(self, lane: str, tag: int, limit: int, size: int) -> list[tuple[int, bytes]]:
        """See `Journal`."""
        return [(row[0], row[1]) for row in await self._fetch(_AFTER, lane, tag, limit, size)]

    async def last(self) -> int:
        """See `Journal`."""
        return int((await self._fetch(_LAST))[0][0])

    async def depth(self, lane: str) -> int:
        """See `Journal`."""
        return int((await self._fetch(_DEPTH, lane))[0][0])

    def on_foreign_append(self, watcher: Callable[[], None]) -> None:
        """See `Journal`."""
        self._watchers.append(watcher)

    # --- writing --------------------------------------------------------------------------------------

    async def _write(self) -> None:
        try:
            while self._calls:
                calls, self._calls = self._calls, []
                try:
                    last = await self._store.write(partial(self._apply, calls=calls))
                except Exception as error:
                    # Whatever it was: nobody may be left waiting.
                    _fail(calls, error)
                    continue
                self._known = max(self._known, last)
                first = last - sum(len(call.entries) for call in calls)
                for call in calls:
                    first += len(call.entries)
                    if not call.done.done():
                        call.done.set_result(first)
        finally:
            self._writing = None

    def _apply(self, tx: Tx, calls: Sequence[_Call]) -> int:
        server = driver(tx.sql)
        acks: dict[str, int] = {}
        for call in calls:
            acks |= {lane: max(tag, acks.get(lane, 0)) for lane, tag in call.acks.items()}
        if acks:
            await_(server.execute(_FORGET, list(acks), list(acks.values())))
        lanes = [lane for call in calls for lane, _ in call.entries]
        if not lanes:
            return 0
        bodies = [body for call in calls for _, body in call.entries]
        return int(await_(server.fetchval(_APPEND, len(lanes), lanes, bodies, self._name)))

    # --- reading --------------------------------------------------------------------------------------

    async def _fetch(self, query: str, *arguments: object) -> list[Any]:
        def fetched(sql: Connection) -> list[Any]:
            found: list[Any] = await_(driver(sql).fetch(query, *arguments))
            return found

        try:
            return await self._store.read(fetched)
        except StoreUnavailable as error:
            raise BusUnavailable(str(error)) from error

    async def _look(self, connection: Any) -> None:
        self._tell(await connection.fetchval(_LAST))

    def _heard(self, _connection: object, _pid: int, _channel: str, told: str) -> None:
        name, _, last = told.partition(" ")
        if name != self._name and last.isdecimal():
            self._tell(int(last))

    def _tell(self, last: int) -> None:
        if last > self._known:
            self._known = last
            for watcher in self._watchers:
                watcher()


def _fail(calls: Sequence[_Call], error: Exception) -> None:
    for call in calls:
        if not call.done.done():
            # One exception each: a shared one would grow a traceback with every caller.
            failure = BusUnavailable(str(error))
            failure.__cause__ = error
            call.done.set_exception(failure)
