"""SQLite: WAL, synchronous=FULL, one writer thread that owns the write connection and groups commits.

The process that serves is the only one to hold the database for long (`storage.lock`); commands of the
command line write to it from beside, each write waiting its turn for the file's lock. What they wrote is
noticed within a second.
"""

import asyncio
import queue
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from typing import Any, TypeVar

from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.exc import DBAPIError, ResourceClosedError, SQLAlchemyError
from sqlalchemy.pool import QueuePool

from storage.prepared import raw
from storage.store import Clock, StoreUnavailable, Tx, last_number, log_events
from storage.turns import Turns

T = TypeVar("T")
# Steps that share a commit, and the seconds after which no further one joins: the first waits for the last.
GROUP = 256
GROUP_SECONDS = 0.01
# How long a write waits for one of another process, in seconds.
PATIENCE = 30
# How often to look for commits of other processes, in seconds; one is noticed after at most twice that.
LOOK = 0.4
READERS = 2
# In KiB, a connection; filled only as far as it is used.
WRITER_CACHE = 16384
READER_CACHE = 8192
# The WAL's length in pages at which a commit also checkpoints: hot pages are copied once for many commits.
CHECKPOINT = 4000

# Primary result codes (sqlite.org/rescode.html) that tell of the disk, the file or another process.
_TROUBLE = {
    sqlite3.SQLITE_BUSY,
    sqlite3.SQLITE_LOCKED,
    sqlite3.SQLITE_NOMEM,
    sqlite3.SQLITE_READONLY,
    sqlite3.SQLITE_IOERR,
    sqlite3.SQLITE_CORRUPT,
    sqlite3.SQLITE_FULL,
    sqlite3.SQLITE_CANTOPEN,
    sqlite3.SQLITE_PROTOCOL,
    sqlite3.SQLITE_NOTADB,
}


def engine(path: Path, *, read_only: bool = False) -> Engine:
    """An engine whose connections leave transactions to us and share nothing but the file."""
    made = create_engine(
        f"sqlite:///{path}",
        poolclass=QueuePool,
        isolation_level="AUTOCOMMIT",
        pool_size=READERS,
        connect_args={"check_same_thread": False, "timeout": PATIENCE, "cached_statements": 512},
    )
    pragmas = (
        "synchronous=FULL",
        "foreign_keys=ON",
        "temp_store=MEMORY",
        f"cache_size=-{READER_CACHE if read_only else WRITER_CACHE}",
        f"wal_autocheckpoint={CHECKPOINT}",
        "journal_size_limit=67108864",
        f"query_only={'ON' if read_only else 'OFF'}",
    )

    @event.listens_for(made, "connect")
    def _tune(connection: Any, _record: Any) -> None:
        _write_ahead(connection)
        for pragma in pragmas:
            connection.execute(f"PRAGMA {pragma}")

    return made


def _write_ahead(connection: sqlite3.Connection) -> None:
    """Switch to WAL. Unlike everything else that does not wait for another process's lock by itself."""
    until = time.monotonic() + PATIENCE
    while True:
        try:
            connection.execute("PRAGMA journal_mode=WAL")
            return
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY or time.monotonic() > until:
                raise
            time.sleep(0.01)


class _Job:
    __slots__ = ("error", "future", "result", "step")

    def __init__(self, step: Callable[[Tx], Any], future: "asyncio.Future[Any]") -> None:
        self.step = step
        self.future = future
        self.result: Any = None
        self.error: BaseException | None = None


class SqliteStore:
    """The embedded end of the store port, for a migrated database. Open with `async with`."""

    def __init__(self, path: Path, clock: Clock) -> None:
        self._write_engine = engine(path)
        self._read_engine = engine(path, read_only=True)
        self._clock = clock
        self._jobs: queue.SimpleQueue[_Job | None] = queue.SimpleQueue()
        self._readers = ThreadPoolExecutor(READERS, thread_name_prefix="store-reader")
        self._listeners: list[Callable[[int], None]] = []
        self._watchers: list[Callable[[], None]] = []
        self._thread = threading.Thread(target=self._run, name="store-writer", daemon=True)
        self._open = False
        self._version = 0
        self._last_event = 0
        self.commits = 0

    async def __aenter__(self) -> "SqliteStore":
        self._loop = asyncio.get_running_loop()
        self._turns = Turns(self._loop)
        try:
            self._connection = self._write_engine.connect()
        except DBAPIError as error:
            raise _translated(error) from error
        self._version = _data_version(self._connection)
        self._open = True
        self._thread.start()
        return self

    async def __aexit__(self, *_exc: object) -> None:
        """What has been submitted is still committed."""
        self._open = False
        self._jobs.put(None)
        await asyncio.to_thread(self._thread.join)
        await asyncio.to_thread(self._readers.shutdown)
        self._connection.close()
        self._write_engine.dispose()
        self._read_engine.dispose()

    def on_commit(self, listener: Callable[[int], None]) -> None:
        """See `Store`."""
        self._listeners.append(listener)

    def on_foreign_commit(self, watcher: Callable[[], None]) -> None:
        """Call `watcher()` on the event loop when another process has written, within a second."""
        self._watchers.append(watcher)

    def submit(self, step: Callable[[Tx], T]) -> "asyncio.Future[T]":
        """`write` for a caller that does not want to wait at once. Call it on the event loop.

        Steps run in the order in which they are submitted.
        """
        if not self._open:
            raise StoreUnavailable("the store is closed")
        future: asyncio.Future[T] = self._loop.create_future()
        self._jobs.put(_Job(step, future))
        self._turns.begin()
        return future

    def now(self) -> datetime:
        """See `Store`."""
        return self._clock()

    async def write(self, step: Callable[[Tx], T]) -> T:
        """See `Store`. A caller that is cancelled does not undo the step."""
        return await self.submit(step)

    async def read(self, query: Callable[[Connection], T]) -> T:
        """See `Store`."""
        if not self._open:
            raise StoreUnavailable("the store is closed")
        self._turns.begin()
        try:
            return await self._loop.run_in_executor(self._readers, self._read, query)
        finally:
            self._turns.end()

    def _read(self, query: Callable[[Connection], T]) -> T:
        try:
            with self._read_engine.connect() as connection:
                driver = raw(connection)
                driver.execute("BEGIN")
                try:
                    return query(connection)
                finally:
                    driver.execute("ROLLBACK")
        except (DBAPIError, sqlite3.Error) as error:
            raise _translated(error) from error
        finally:
            self._turns.done()

    # --- on the writer thread ------------------------------------------------------------------------

    def _run(self) -> None:
        try:
            next_look = 0.0
            while True:
                try:
                    job = self._jobs.get(timeout=LOOK)
                    if job is None or self._group(job):
                        return
                except queue.Empty:
                    pass
                if (now := time.monotonic()) >= next_look:
                    next_look = now + LOOK
                    self._look()
        finally:
            # Nobody waits for ever, whatever ended the thread.
            self._open = False
            left = [job for job in _emptied(self._jobs) if job is not None]
            _fail(left, StoreUnavailable("the store is closed"))
            self._call(self._settle, left, 0)

    def _group(self, first: _Job) -> bool:
        """Run what has queued up in one transaction; True when the end of the queue was reached."""
        until = time.monotonic() + GROUP_SECONDS
        jobs = [first]
        kept: list[Tx] = []
        job: _Job | None = first
        try:
            driver = raw(self._connection)
            driver.execute("BEGIN IMMEDIATE")
            while job is not None:
                if (tx := self._step(driver, job, first=not kept)) is not None:
                    kept.append(tx)
                if len(jobs) == GROUP or time.monotonic() > until:
                    break
                try:
                    job = self._jobs.get_nowait()
                except queue.Empty:
                    break
                if job is not None:
                    jobs.append(job)
            last = log_events(kept)
            driver.execute("COMMIT")
            self.commits += 1
        except BaseException as error:
            self._recover()
            _fail(jobs, _translated(error))
            last = 0
        self._last_event = max(self._last_event, last)
        self._call(self._settle, jobs, last)
        return job is None

    def _step(self, driver: sqlite3.Connection, job: _Job, *, first: bool) -> Tx | None:
        """Run one step; None when it failed by itself. Raises when the transaction is lost with it."""
        # A step that fails takes nothing else with it. The first has nothing before it to protect.
        if not first:
            driver.execute("SAVEPOINT step")
        tx = Tx(self._connection, self._clock())
        try:
            job.result = job.step(tx)
        except BaseException as error:
            translated = _translated(error)
            if isinstance(translated, StoreUnavailable) or not driver.in_transaction:
                raise translated from error
            job.error = translated
            if first:
                driver.execute("ROLLBACK")
                driver.execute("BEGIN IMMEDIATE")
            else:
                driver.execute("ROLLBACK TO step")
                driver.execute("RELEASE step")
            return None
        if not first:
            driver.execute("RELEASE step")
        return tx

    def _recover(self) -> None:
        """Leave the failed transaction; a connection that can't even do that is replaced."""
        try:
            driver = raw(self._connection)
            if driver.in_transaction:
                driver.execute("ROLLBACK")
        except (SQLAlchemyError, sqlite3.Error):
            # If opening it again fails too, the next group finds it closed and comes back here.
            with suppress(SQLAlchemyError, sqlite3.Error):
                self._connection.invalidate()
                self._connection.close()
                self._connection = self._write_engine.connect()

    def _look(self) -> None:
        try:
            version = _data_version(self._connection)
            if version == self._version:
                return
            self._version = version
            last = last_number(self._connection, "events")
        except (DBAPIError, sqlite3.Error):
            return
        news = last if last > self._last_event else 0
        self._last_event = max(self._last_event, news)
        self._call(self._foreign, news)

    def _call(self, function: Callable[..., None], *arguments: Any) -> None:
        try:
            self._loop.call_soon_threadsafe(function, *arguments)
            self._turns.done()
        except RuntimeError:
            # The loop was closed without closing the store: nobody waits any more.
            self._open = False

    # --- on the event loop ---------------------------------------------------------------------------

    def _settle(self, jobs: list[_Job], last: int) -> None:
        self._turns.end(len(jobs))
        for job in jobs:
            if job.future.done():
                continue
            if job.error is not None:
                job.future.set_exception(job.error)
            else:
                job.future.set_result(job.result)
        self._tell(last)

    def _foreign(self, last: int) -> None:
        for watcher in self._watchers:
            watcher()
        self._tell(last)

    def _tell(self, last: int) -> None:
        if last:
            for listener in self._listeners:
                listener(last)


def _data_version(connection: Connection) -> int:
    # Changes when another connection has committed, and costs a look at shared memory.
    return int(raw(connection).execute("PRAGMA data_version").fetchone()[0])


def _emptied(jobs: "queue.SimpleQueue[_Job | None]") -> Iterator[_Job | None]:
    with suppress(queue.Empty):
        while True:
            yield jobs.get_nowait()


def _fail(jobs: list[_Job], error: BaseException) -> None:
    for job in jobs:
        if job.error is None:
            job.error = error


def _translated(error: BaseException) -> BaseException:
    """A full disk, an unreadable file or a lock held too long is the store's trouble, not the step's."""
    if isinstance(error, StopIteration):
        # A future can't carry it.
        return RuntimeError("a step ran past the end of an iterator")
    if isinstance(error, ResourceClosedError):
        return StoreUnavailable("the database could not be opened again")
    origin = error.orig if isinstance(error, DBAPIError) else error
    # The low byte is the primary code.
    if isinstance(origin, sqlite3.Error) and getattr(origin, "sqlite_errorcode", 0) & 0xFF in _TROUBLE:
        return StoreUnavailable(str(origin))
    return error
