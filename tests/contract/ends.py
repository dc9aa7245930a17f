"""The ends of each port: a real server joins a suite by one more entry in the tuple of its port."""

import asyncio
import secrets
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Protocol

from sqlalchemy.util import await_

from bus.embedded import EmbeddedBus
from bus.live import Live
from bus.memory import MemoryLive
from bus.port import Bus
from bus.rabbitmq import RabbitBus
from bus.redis import RedisLive
from storage.blobs import Blobs, FolderBlobs
from storage.journal import SqliteJournal
from storage.journal_postgres import PostgresJournal
from storage.postgres import PostgresStore
from storage.s3 import S3Blobs
from storage.sqlite import SqliteStore
from storage.store import Store
from tests.database import migrated, migrated_postgres
from tests.services.servers import Servers

NOW = datetime(2026, 3, 1, 9, 30, 15, 123456, tzinfo=UTC)


def now() -> datetime:
    """The instant of every transaction."""
    return NOW


class BusEnd(Protocol):
    """Opens the same lanes again and again; two that are open at once are two processes to each other."""

    def open(self) -> AbstractAsyncContextManager[Bus]:
        """Connect."""
        ...


class StoreEnd(Protocol):
    """Opens the same database again and again."""

    def open(self) -> AbstractAsyncContextManager[Store]:
        """Connect."""
        ...

    def wait(self, loop: asyncio.AbstractEventLoop, work: Coroutine[Any, Any, object]) -> None:
        """Within a step or a query, let `loop` do some work first."""
        ...


@dataclass(frozen=True)
class LiveEnd:
    """A live layer, and `pass_time(seconds)` lets time go by on the clock that it looks at."""

    live: Live
    pass_time: Callable[[float], Awaitable[None]]


class EmbeddedBusEnd:
    """The journal in a SQLite file."""

    def __init__(self, folder: Path, _servers: Servers) -> None:
        self._path = migrated(folder)

    @asynccontextmanager
    async def open(self) -> AsyncIterator[Bus]:
        """See `BusEnd`."""
        async with SqliteStore(self._path, now) as store, EmbeddedBus(SqliteJournal(store)) as bus:
            yield bus


class PostgresJournalEnd:
    """The journal in a database of its own in the run's PostgreSQL."""

    def __init__(self, _folder: Path, servers: Servers) -> None:
        self._url = migrated_postgres(servers.postgresql)

    @asynccontextmanager
    async def open(self) -> AsyncIterator[Bus]:
        """See `BusEnd`."""
        async with (
            PostgresStore(self._url, now) as store,
            PostgresJournal(store) as journal,
            EmbeddedBus(journal) as bus,
        ):
            yield bus


class RabbitBusEnd:
    """Queues of its own in the run's RabbitMQ."""

    def __init__(self, _folder: Path, servers: Servers) -> None:
        self.url = servers.rabbitmq.url
        self.prefix = f"{secrets.token_hex(4)}."

    @asynccontextmanager
    async def open(self) -> AsyncIterator[Bus]:
        """See `BusEnd`."""
        async with RabbitBus(self.url, prefix=self.prefix) as bus:
            yield bus


class SqliteStoreEnd:
    """A SQLite file."""

    def __init__(self, folder: Path, _servers: Servers) -> None:
        self._path = migrated(folder)

    @asynccontextmanager
    async def open(self) -> AsyncIterator[Store]:
        """See `StoreEnd`."""
        async with SqliteStore(self._path, now) as store:
            yield store

    def wait(self, loop: asyncio.AbstractEventLoop, work: Coroutine[Any, Any, object]) -> None:
        """See `StoreEnd`."""
        asyncio.run_coroutine_threadsafe(work, loop).result(10)


class PostgresStoreEnd:
    """A database of its own in the run's PostgreSQL."""

    def __init__(self, _folder: Path, servers: Servers) -> None:
        self.url = migrated_postgres(servers.postgresql)

    @asynccontextmanager
    async def open(self) -> AsyncIterator[Store]:
        """See `StoreEnd`."""
        async with PostgresStore(self.url, now) as store:
            yield store

    def wait(self, _loop: asyncio.AbstractEventLoop, work: Coroutine[Any, Any, object]) -> None:
        """See `StoreEnd`."""
        await_(work)


@asynccontextmanager
async def memory_live(_folder: Path, _servers: Servers) -> AsyncIterator[LiveEnd]:
    """Memory, with a clock that only moves when it is told to."""
    clock = [1000.0]

    async def pass_time(seconds: float) -> None:
        clock[0] += seconds

    yield LiveEnd(MemoryLive(lambda: clock[0]), pass_time)


@asynccontextmanager
async def redis_live(_folder: Path, servers: Servers) -> AsyncIterator[LiveEnd]:
    """Keys of its own in the run's Redis, whose clock nobody can move: time is waited for."""
    async with RedisLive(servers.redis.url, prefix=f"{secrets.token_hex(4)}:") as live:
        yield LiveEnd(live, asyncio.sleep)


def s3_blobs(_folder: Path, servers: Servers) -> Blobs:
    """A bucket of its own in the run's S3-compatible store."""
    return S3Blobs(servers.s3.new_bucket(f"desk-{secrets.token_hex(4)}"))


def folder_blobs(folder: Path, _servers: Servers) -> Blobs:
    """A folder."""
    return FolderBlobs(folder / "blobs")


BUS_ENDS: tuple[Callable[[Path, Servers], BusEnd], ...] = (EmbeddedBusEnd, PostgresJournalEnd, RabbitBusEnd)
STORE_ENDS: tuple[Callable[[Path, Servers], StoreEnd], ...] = (SqliteStoreEnd, PostgresStoreEnd)
LIVE_ENDS: tuple[Callable[[Path, Servers], AbstractAsyncContextManager[LiveEnd]], ...] = (
    memory_live,
    redis_live,
)
BLOB_ENDS: tuple[Callable[[Path, Servers], Blobs], ...] = (folder_blobs, s3_blobs)
