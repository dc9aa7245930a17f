"""SQLite: WAL, synchronous=FULL, one writer thread that owns the write connection and groups commits."""

import asyncio
import queue
import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any, TypeVar

from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.exc import DatabaseError, OperationalError
from sqlalchemy.pool import QueuePool

from storage.store import Clock, StoreUnavailable, Tx

T = TypeVar("T")
# Steps that share a commit; past it, the first would wait too long for its own.
GROUP = 128


def engine(path: Path) -> Engine:
    """An engine whose connections leave transactions to us and share nothing but the file."""
    made = create_engine(
        f"sqlite:///{path}",
        poolclass=QueuePool,
        isolation_level="AUTOCOMMIT",
        pool_size=4,
        connect_args={
            "check_same_thread": False,
            "timeout": 10,
            "cached_statements": 512,
        },
    )

    @event.listens_for(made, "connect")
    def _tune(connection: Any, _record: Any) -> None:
        for pragma in (
            "journal_mode=WAL",
            "synchronous=FULL",
            "foreign_keys=ON",
            "busy_timeout=10000",
            "cache_size=-32768",
            "temp_store=MEMORY",
            "journal_size_limit=67108864",
        ):
            connection.execute(f"PRAGMA {pragma}")

    return made


class _Job:
    __slots__ = ("future", "last_event", "result", "step")

    def __init__(self, step: Callable[[Tx], Any]) -> None:
        self.step = step
        self.future: Future[Any] = Future()
        self.result: Any = None
        self.last_event = 0


class SqliteStore:
    """The embedded end of the store port. Open with `async with`; only one process may."""

    def __init__(self, path: Path, clock: Clock) -> None:
        self._engine = engine(path)
        self._clock = clock
        self._jobs: queue.SimpleQueue[_Job | None] = queue.SimpleQueue()
        self._readers = ThreadPoolExecutor(2, thread_name_prefix="store-reader")
        self._listeners: list[Callable[[int], None]] = []
        self._thread = threading.Thread(target=self._run, name="store-writer", daemon=True)
        self._loop: asyncio.AbstractEventLoop | None = None
        self.commits = 0

    async def __aenter__(self) -> "SqliteStore":
        self._loop = asyncio.get_running_loop()
        self._thread.start()
        return self

    async def __aexit__(self, *_exc: object) -> None:
        self._jobs.put(None)
        await asyncio.to_thread(self._thread.join)
        self._readers.shutdown()
        self._engine.dispose()

    def on_commit(self, listener: Callable[[int], None]) -> None:
        """See `Store`."""
        self._listeners.append(listener)

    async def write(self, step: Callable[[Tx], T]) -> T:
        """See `Store`. A caller that is cancelled does not undo the step."""
        job = _Job(step)
        self._jobs.put(job)
        result: T = await asyncio.wrap_future(job.future)
        return result

    async def read(self, query: Callable[[Connection], T]) -> T:
        """See `Store`."""
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._readers, self._read, query)

    def _read(self, query: Callable[[Connection], T]) -> T:
        with self._engine.connect() as connection:
            connection.exec_driver_sql("BEGIN")
            try:
                return query(connection)
            except OperationalError as error:
                raise StoreUnavailable(str(error.orig)) from error
            finally:
                connection.exec_driver_sql("ROLLBACK")

    def _run(self) -> None:
        with self._engine.connect() as connection:
            while (first := self._jobs.get()) is not None:
                group = [first]
                ended = self._gather(group)
                self._commit(connection, group)
                if ended:
                    return

    def _gather(self, group: list[_Job]) -> bool:
        while len(group) < GROUP:
            try:
                job = self._jobs.get_nowait()
            except queue.Empty:
                return False
            if job is None:
                return True
            group.append(job)
        return False

    def _commit(self, connection: Connection, group: list[_Job]) -> None:
        done: list[_Job] = []
        try:
            connection.exec_driver_sql("BEGIN IMMEDIATE")
            done = [job for job in group if self._step(connection, job)]
            connection.exec_driver_sql("COMMIT")
        except BaseException as error:
            _roll_back(connection)
            failure = _unavailable(error)
            for job in group:
                if not job.future.done():
                    job.future.set_exception(failure)
            return
        self.commits += 1
        for job in done:
            job.future.set_result(job.result)
        if last := max((job.last_event for job in done), default=0):
            self._tell(last)

    def _step(self, connection: Connection, job: _Job) -> bool:
        # Each step has its own savepoint, so that one that fails takes nothing else with it.
        connection.exec_driver_sql("SAVEPOINT step")
        tx = Tx(connection, self._clock())
        try:
            job.result = job.step(tx)
            job.last_event = tx.finish()
        except BaseException as error:
            connection.exec_driver_sql("ROLLBACK TO step")
            connection.exec_driver_sql("RELEASE step")
            job.future.set_exception(_unavailable(error))
            return False
        connection.exec_driver_sql("RELEASE step")
        return True

    def _tell(self, last: int) -> None:
        if self._loop is not None and not self._loop.is_closed():
            for listener in self._listeners:
                self._loop.call_soon_threadsafe(listener, last)


def _roll_back(connection: Connection) -> None:
    if connection.connection.dbapi_connection.in_transaction:  # type: ignore[union-attr]
        connection.exec_driver_sql("ROLLBACK")


def _unavailable(error: BaseException) -> BaseException:
    """A full or unreadable disk is the store's trouble, not the step's."""
    if isinstance(error, OperationalError | DatabaseError) and not error.connection_invalidated:
        text = str(error.orig)
        if any(sign in text for sign in ("disk", "full", "readonly", "unable to open", "I/O", "locked")):
            return StoreUnavailable(text)
    return error
