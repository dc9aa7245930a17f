"""The ends of bus, live layer and blobs that the settings name, a real server's or the embedded one.

A client's library is loaded only where it is used.
"""

import time
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager, nullcontext

from bus.embedded import EmbeddedBus
from bus.live import Live
from bus.memory import MemoryLive
from bus.port import Bus
from gateway.settings import Settings, settings_key
from gateway.spool import Spool
from storage.blobs import Blobs, FolderBlobs
from storage.journal import SqliteJournal
from storage.secrets import Secrets, load_key
from storage.sqlite import SqliteStore
from storage.store import Store


def bus(settings: Settings, store: Store) -> AbstractAsyncContextManager[Bus]:
    """The bus of this process: a broker, which may come later, or lanes in the store's own database."""
    if settings.amqp_url is not None:
        from bus.rabbitmq import RabbitBus  # noqa: PLC0415

        return RabbitBus(settings.amqp_url.get_secret_value())
    if isinstance(store, SqliteStore):
        return EmbeddedBus(SqliteJournal(store))
    return _in_postgres(store)


@asynccontextmanager
async def _in_postgres(store: Store) -> AsyncIterator[Bus]:
    from storage.journal_postgres import PostgresJournal  # noqa: PLC0415
    from storage.postgres import PostgresStore  # noqa: PLC0415

    if not isinstance(store, PostgresStore):
        raise TypeError(f"{type(store).__name__} has no room for the embedded bus")
    async with PostgresJournal(store) as journal, EmbeddedBus(journal) as bus:
        yield bus


def spool(settings: Settings, opened: Bus) -> Spool | None:
    """What keeps messages while a server's bus is away; none where there is none, or no room is given."""
    if settings.spool_mb == 0 or (settings.amqp_url is None and settings.database_url is None):
        return None
    return Spool(opened, settings.data / "spool", settings.spool_mb * 1024 * 1024)


def live(settings: Settings) -> AbstractAsyncContextManager[Live]:
    """The live layer of this process; a Redis that is away may come later."""
    if settings.redis_url is not None:
        from bus.redis import RedisLive  # noqa: PLC0415

        return RedisLive(settings.redis_url.get_secret_value())
    return nullcontext(MemoryLive(time.monotonic))


def secrets(settings: Settings) -> Secrets:
    """Opens the channels' secrets, by the settings' key or the folder's; raises `SecretError`."""
    key = settings.secret_key
    return Secrets(load_key(settings.key_file) if key is None else settings_key(key))


def blobs(settings: Settings) -> Blobs:
    """Where blobs are kept."""
    if settings.blobs_url is not None:
        from storage.s3 import S3Blobs  # noqa: PLC0415

        return S3Blobs(settings.blobs_url.get_secret_value())
    return FolderBlobs(settings.blobs_folder)
