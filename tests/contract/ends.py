"""The ends of each port: a real server joins a suite by one more entry in the tuple of its port."""

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Protocol

from bus.embedded import EmbeddedBus
from bus.live import Live
from bus.memory import MemoryLive
from bus.port import Bus
from storage.blobs import Blobs, FolderBlobs
from storage.journal import SqliteJournal
from storage.sqlite import SqliteStore
from storage.store import Store
from tests.database import migrated

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


class LiveEnd(Protocol):
    """A live layer and a way to let time go by."""

    live: Live

    async def pass_time(self, seconds: float) -> None:
        """Let `seconds` go by on the clock that the live layer looks at."""
        ...


class EmbeddedBusEnd:
    """The journal in a SQLite file."""

    def __init__(self, folder: Path) -> None:
        self._path = migrated(folder)

    @asynccontextmanager
    async def open(self) -> AsyncIterator[Bus]:
        """See `BusEnd`."""
        async with SqliteStore(self._path, now) as store, EmbeddedBus(SqliteJournal(store)) as bus:
            yield bus


class SqliteStoreEnd:
    """A SQLite file."""

    def __init__(self, folder: Path) -> None:
        self._path = migrated(folder)

    @asynccontextmanager
    async def open(self) -> AsyncIterator[Store]:
        """See `StoreEnd`."""
        async with SqliteStore(self._path, now) as store:
            yield store


class MemoryLiveEnd:
    """Memory, with a clock that only moves when it is told to."""

    def __init__(self, _folder: Path) -> None:
        self._now = 1000.0
        self.live: Live = MemoryLive(lambda: self._now)

    async def pass_time(self, seconds: float) -> None:
        """See `LiveEnd`."""
        self._now += seconds


def folder_blobs(folder: Path) -> Blobs:
    """A folder."""
    return FolderBlobs(folder / "blobs")


BUS_ENDS: tuple[Callable[[Path], BusEnd], ...] = (EmbeddedBusEnd,)
STORE_ENDS: tuple[Callable[[Path], StoreEnd], ...] = (SqliteStoreEnd,)
LIVE_ENDS: tuple[Callable[[Path], LiveEnd], ...] = (MemoryLiveEnd,)
BLOB_ENDS: tuple[Callable[[Path], Blobs], ...] = (folder_blobs,)
