"""The ends of bus, live layer and blobs that the settings name: a real server's, or the embedded one.

A client's library is loaded only where it is used.
"""

import time
from contextlib import AbstractAsyncContextManager, nullcontext

from bus.embedded import EmbeddedBus
from bus.live import Live
from bus.memory import MemoryLive
from bus.port import Bus
from gateway.settings import Settings
from storage.blobs import Blobs, FolderBlobs
from storage.journal import SqliteJournal
from storage.sqlite import SqliteStore
from storage.store import Store


def bus(settings: Settings, store: Store) -> AbstractAsyncContextManager[Bus]:
    """The bus of this process; a broker that is away may come later."""
    if settings.amqp_url is not None:
        from bus.rabbitmq import RabbitBus  # noqa: PLC0415

        return RabbitBus(settings.amqp_url.get_secret_value())
    if not isinstance(store, SqliteStore):
        # Settings refuse one without the other.
        raise ValueError("the embedded bus lives in the embedded store's file")
    return EmbeddedBus(SqliteJournal(store))


def live(settings: Settings) -> AbstractAsyncContextManager[Live]:
    """The live layer of this process; a Redis that is away may come later."""
    if settings.redis_url is not None:
        from bus.redis import RedisLive  # noqa: PLC0415

        return RedisLive(settings.redis_url.get_secret_value())
    return nullcontext(MemoryLive(time.monotonic))


def blobs(settings: Settings) -> Blobs:
    """Where blobs are kept."""
    if settings.blobs_url is not None:
        from storage.s3 import S3Blobs  # noqa: PLC0415

        return S3Blobs(settings.blobs_url.get_secret_value())
    return FolderBlobs(settings.blobs_folder)
