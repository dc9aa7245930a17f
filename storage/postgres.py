"""PostgreSQL: each step in a transaction of its own on a pooled connection, at READ COMMITTED.

Steps are synchronous and run on the event loop: each waits for the server in a greenlet of its own, so that
other steps go on meanwhile. Rows are locked in one order everywhere, so that steps wait for each other and do
not deadlock: conversations, tickets, offers, agents, customers, each by id; then what is inserted, by its
key; the events' counter last of all. Should two steps still collide (a deadlock, or both make the same row),
one of them is run again and sees what the other left.
"""

import asyncio
import random
from collections.abc import Awaitable, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

import asyncpg
from sqlalchemy import Connection
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import create_async_engine
from sqlalchemy.util import await_, greenlet_spawn

from storage.prepared import driver
from storage.store import SETUP_EVENTS, Clock, StoreError, StoreUnavailable, Tx

if TYPE_CHECKING:
    from sqlalchemy import Engine

T = TypeVar("T")
POOL = 10
# How often a step is run before the store gives it back, by what it ran into.
ATTEMPTS = 5
RACES = 10
# How often to look for commits of other processes, in seconds, where their notification was lost.
LOOK = 0.5
# Seconds to find out how a commit ended whose connection was lost.
DOUBT = 10.0
LOOK_AGAIN = 0.1
CONNECT_TIMEOUT = 5.0
# Clocks that differ by less are taken to agree.
ROUGHLY = timedelta(seconds=0.5)
# The client's limit for a statement; the server's own, below, comes first unless it is out of reach.
COMMAND_TIMEOUT = 40.0
CHANNEL = "frontdesk"
_SERVER = {
    "application_name": "frontdesk",
    "statement_timeout": "30s",
    "lock_timeout": "15s",
    "idle_in_transaction_session_timeout": "60s",
    "timezone": "UTC",
    # Compiling what runs for a millisecond costs more than it saves.
    "jit": "off",
    # A plan is kept while its table grows: one that reads it whole is right for a small one only.
    "enable_seqscan": "off",
}

# PostgreSQL's error codes, appendix A of its manual.
_AGAIN = frozenset({"40001", "40P01"})
_TAKEN = "23505"
_GIVEN_UP = "25P02"
_TROUBLE = ("08", "28", "3D", "53", "57", "58", "25006", "25P03", "55P03")

# How the driver tells that a connection is gone; a server that is killed can leave it amid an operation.
_LOST = (OSError, asyncpg.PostgresError, asyncpg.InterfaceError, asyncpg.InternalClientError)
_WENT_ON = "a step went on after a statement of it had failed: nothing was kept"

_BEGIN = "BEGIN ISOLATION LEVEL READ COMMITTED"
_BEGIN_READING = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY"
_LAST_EVENT = "SELECT value FROM counters WHERE name = 'events'"
_LAST_EVENT_AND_TIME = "SELECT value, clock_timestamp() AS now FROM counters WHERE name = 'events'"
_XID = "SELECT pg_current_xact_id_if_assigned()::text"
_STATUS = "SELECT pg_xact_status($1::text::xid8)"
# One statement, because from here to the commit every other writer of events waits.
_LOG = f"""
WITH setup AS (
    UPDATE counters SET value = value + 1 WHERE name = 'setup' AND $7
), taken AS (
    UPDATE counters SET value = value + $1 WHERE name = 'events' RETURNING value
), logged AS (
    INSERT INTO events (seq, type, ticket_id, conversation_id, data, at)
    SELECT taken.value - $1 + one.n, one.type, one.ticket, one.conversation, one.data, one.at
    FROM taken, unnest($2::text[], $3::text[], $4::text[], $5::jsonb[], $6::timestamptz[])
         WITH ORDINALITY AS one (type, ticket, conversation, data, at, n)
    RETURNING seq
)
SELECT max(seq), pg_current_xact_id()::text, pg_notify('{CHANNEL}', max(seq)::text) FROM logged
"""  # noqa: S608 - the channel is a constant


def engine(url: str) -> "Engine":
    """A pool of connections that leave transactions to us; to be used in a greenlet on the event loop."""

    async def connect() -> Any:
        return await _connect(url)

    return create_async_engine(
        "postgresql+asyncpg://",
        async_creator=connect,
        isolation_level="AUTOCOMMIT",
        pool_size=POOL,
        max_overflow=0,
        # The connections used last have their statements prepared.
        pool_use_lifo=True,
        # Documents reach `storage.columns.Json` as text.
        json_deserializer=str,
    ).sync_engine


async def _connect(url: str) -> Any:
    return await asyncpg.connect(
        url, timeout=CONNECT_TIMEOUT, command_timeout=COMMAND_TIMEOUT, server_settings=_SERVER
    )


def run(url: str, work: Callable[["Engine"], T]) -> T:
    """What synchronous work with an engine comes to, in a thread of its own; raises `StoreUnavailable`."""

    async def worked() -> T:
        made = engine(url)
        try:
            return await greenlet_spawn(work, made)
        except Exception as error:
            raise _translated(error, writing=True) from error
        finally:
            await greenlet_spawn(made.dispose)

    with ThreadPoolExecutor(1) as thread:
        return thread.submit(asyncio.run, worked()).result()


async def follow(
    url: str,
    channel: str,
    heard: Callable[[object, int, str, str], None],
    look: Callable[[Any], Awaitable[None]],
) -> None:
    """Listen to a channel until cancelled; `look(connection)` regularly, for notifications that were lost."""
    while True:
        with suppress(*_LOST):
            connection = await _connect(url)
            try:
                await connection.add_listener(channel, heard)
                while True:
                    await look(connection)
                    await asyncio.sleep(LOOK)
            finally:
                connection.terminate()
        await asyncio.sleep(LOOK)


class _Done(NamedTuple):
    result: Any
    last: int


class _InDoubt(Exception):
    """The connection was lost while transaction `xid` was being committed."""

    def __init__(self, done: _Done, xid: str) -> None:
        super().__init__(xid)
        self.done, self.xid = done, xid


class PostgresStore:
    """The production end of the store port, for a migrated database. Open with `async with`.

    `agree`: go by the server's time, so that processes agree on what is due whatever their own clocks say.
    """

    def __init__(self, url: str, clock: Clock, *, agree: bool = False) -> None:
        self.url = url
        self._clock, self._agree = clock, agree
        self._listeners: list[Callable[[int], None]] = []
        self._running: set[asyncio.Task[Any]] = set()
        self._told = 0
        self._ahead = timedelta()
        self._compared = False
        self._open = False

    async def __aenter__(self) -> "PostgresStore":
        # More would only wait within the pool, and give up there after a while.
        self._slots = asyncio.Semaphore(POOL)
        self._engine = engine(self.url)
        self._open = True
        try:
            await self.read(lambda sql: await_(self._look(driver(sql))))
        except BaseException:
            await self._close()
            raise
        self._following = asyncio.create_task(
            follow(self.url, CHANNEL, self._heard, self._look), name="store-listener"
        )
        return self

    async def __aexit__(self, *_exc: object) -> None:
        """What has been submitted is still committed."""
        self._open = False
        while self._running:
            await asyncio.wait(self._running)
        self._following.cancel()
        with suppress(asyncio.CancelledError):
            await self._following
        await self._close()

    async def _close(self) -> None:
        self._open = False
        await greenlet_spawn(self._engine.dispose)

    def on_commit(self, listener: Callable[[int], None]) -> None:
        """See `Store`."""
        self._listeners.append(listener)

    def now(self) -> datetime:
        """See `Store`."""
        return self._clock() + self._ahead

    async def write(self, step: Callable[[Tx], T]) -> T:
        """See `Store`. A caller that is cancelled does not undo the step."""
        return await asyncio.shield(self._begin(self._write, step))

    async def read(self, query: Callable[[Connection], T]) -> T:
        """See `Store`."""
        return await self._begin(self._read, query)

    def _begin(self, run: Callable[[Any], Any], work: Callable[[Any], T]) -> "asyncio.Task[T]":
        if not self._open:
            raise StoreUnavailable("the store is closed")
        task = asyncio.create_task(run(work))
        self._running.add(task)
        task.add_done_callback(self._running.discard)
        return task

    async def _write(self, step: Callable[[Tx], T]) -> T:
        attempt = 0
        while True:
            attempt += 1
            try:
                async with self._slots:
                    done = await greenlet_spawn(self._transact, step)
            except _InDoubt as lost:
                done = await self._settled(lost)
            except Exception as error:
                if attempt >= _attempts(error):
                    raise _translated(error, writing=True) from error
                # Whoever collided does not start together again.
                await asyncio.sleep(random.random() * 0.01 * attempt)  # noqa: S311
                continue
            self._tell(done.last)
            result: T = done.result
            return result

    async def _read(self, query: Callable[[Connection], T]) -> T:
        try:
            async with self._slots:
                return await greenlet_spawn(self._query, query)
        except Exception as error:
            raise _translated(error) from error

    # --- in a greenlet --------------------------------------------------------------------------------

    def _transact(self, step: Callable[[Tx], Any]) -> _Done:
        with self._begun(_BEGIN) as (connection, server):
            tx = Tx(connection, self.now())
            done, xid = _stepped(tx, server, step)
            try:
                ended = await_(server.execute("COMMIT"))
            except Exception as error:
                server.terminate()
                if xid is None:
                    raise
                raise _InDoubt(done, xid) from error
            if ended != "COMMIT":
                raise StoreError(_WENT_ON)
            return done

    def _query(self, query: Callable[[Connection], T]) -> T:
        with self._begun(_BEGIN_READING) as (connection, _):
            return query(connection)

    @contextmanager
    def _begun(self, statement: str) -> Iterator[tuple[Connection, Any]]:
        """A connection in a transaction, which ends with the block if it has not ended within."""
        connection, server = self._connected(statement)
        try:
            yield connection, server
        finally:
            try:
                if server.is_in_transaction():
                    await_(server.execute("ROLLBACK", timeout=CONNECT_TIMEOUT))
            except Exception:
                server.terminate()
            except BaseException:
                server.terminate()
                raise
            finally:
                if server.is_closed():
                    connection.invalidate()
                connection.close()

    def _connected(self, begin: str) -> tuple[Connection, Any]:
        # One that died unused is told by its first statement; a fresh one comes after all of these.
        unused = POOL
        while True:
            connection = self._engine.connect()
            server = driver(connection)
            try:
                await_(server.execute(begin))
                return connection, server
            except BaseException as error:
                server.terminate()
                connection.invalidate()
                connection.close()
                unused -= 1
                if unused < 0 or not isinstance(_translated(error), StoreUnavailable):
                    raise

    # --- what became of a commit, and who else has committed --------------------------------------------

    async def _settled(self, lost: _InDoubt) -> _Done:
        """What a commit came to whose answer was lost; raises `StoreUnavailable` where it kept nothing."""
        loop = asyncio.get_running_loop()
        until = loop.time() + DOUBT
        while loop.time() < until:
            status = await self._status(lost.xid)
            if status == "committed":
                return lost.done
            if status == "aborted":
                raise StoreUnavailable("the database was lost before it had committed")
            await asyncio.sleep(LOOK_AGAIN)
        raise StoreUnavailable("the database was lost while it committed; it may have kept what it was given")

    async def _status(self, xid: str) -> str:
        try:
            connection = await _connect(self.url)
            try:
                return str(await connection.fetchval(_STATUS, xid))
            finally:
                connection.terminate()
        except _LOST:
            return "unknown"

    async def _look(self, connection: Any) -> None:
        asked = self._clock()
        last, there = await connection.fetchrow(_LAST_EVENT_AND_TIME)
        answered = self._clock()
        took = answered - asked
        # An answer that took long tells little, but more than nothing.
        if self._agree and timedelta() <= took and (took < ROUGHLY or not self._compared):
            self._compared = True
            ahead = there - (asked + took / 2)
            # Jitter of the network is no difference of clocks.
            self._ahead = ahead if abs(ahead) > max(ROUGHLY, took) else timedelta()
        self._tell(last)

    def _heard(self, _connection: object, _pid: int, _channel: str, last: str) -> None:
        if last.isdecimal():
            self._tell(int(last))

    def _tell(self, last: int) -> None:
        if last > self._told:
            self._told = last
            for listener in self._listeners:
                listener(last)


def _stepped(tx: Tx, server: Any, step: Callable[[Tx], Any]) -> tuple[_Done, str | None]:
    """What a step came to, and the transaction's id if it wrote anything."""
    result = step(tx)
    if not tx.events:
        return _Done(result, 0), await_(server.fetchval(_XID))
    columns = zip(
        *(
            (one["type"], one["ticket_id"], one["conversation_id"], bytes(one["data"]).decode(), one["at"])
            for one in tx.events
        ),
        strict=True,
    )
    setup = any(one["type"] in SETUP_EVENTS for one in tx.events)
    last, xid, _ = await_(server.fetchrow(_LOG, len(tx.events), *map(list, columns), setup))
    return _Done(result, last), xid


def _state(error: BaseException) -> str:
    origin = error.orig if isinstance(error, DBAPIError) else error
    return getattr(origin, "sqlstate", None) or ""


def _attempts(error: BaseException) -> int:
    """How often a step is run at most when it ends like this."""
    state = _state(error)
    if state in _AGAIN:
        return ATTEMPTS
    return RACES if state == _TAKEN else 1


def _translated(error: BaseException, *, writing: bool = False) -> BaseException:
    """A server that is away, full, or does not get round to it is the store's trouble, not the step's."""
    state = _state(error)
    if state == "25006" and not writing:
        return error
    if state == _GIVEN_UP:
        return StoreError(_WENT_ON)
    origin = error.orig if isinstance(error, DBAPIError) else error
    lost = isinstance(error, DBAPIError) and error.connection_invalidated
    away = isinstance(origin, OSError | asyncpg.InterfaceError | asyncpg.InternalClientError)
    # A value that the driver can't send is an InterfaceError too.
    if lost or (away and not isinstance(origin, ValueError)) or state in _AGAIN or state.startswith(_TROUBLE):
        return StoreUnavailable(str(origin) or type(origin).__name__)
    return error
