"""The desk's database, whichever the settings name: its revision, its schema, its store.

Without FRONTDESK_DATABASE_URL it is a file in the data folder and one process at a time serves it; with it,
a PostgreSQL that any number of processes share, and there is no file.
"""

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager, AbstractContextManager, nullcontext
from typing import TypeVar

from gateway.settings import Settings
from storage.lock import sole_server
from storage.migrate import Database, current, upgrade
from storage.sqlite import SqliteStore, engine
from storage.store import Clock, Store

T = TypeVar("T")


def opened(settings: Settings, clock: Clock) -> AbstractAsyncContextManager[Store]:
    """The store; the database has been migrated."""
    if settings.database_url is None:
        return SqliteStore(settings.database_file, clock)
    from storage.postgres import PostgresStore  # noqa: PLC0415 - its driver is not loaded for nothing

    return PostgresStore(settings.database_url.get_secret_value(), clock, agree=True)


def revision(settings: Settings) -> str | None:
    """The database's revision, None while it is empty; raises whatever the driver says."""
    return _work(settings, current)


def migrate(settings: Settings) -> None:
    """Bring it to this release's schema; raises `StoreUnavailable`."""
    _work(settings, upgrade)


def is_there(settings: Settings) -> bool:
    """Whether there may be a desk: a server's database is taken to be one."""
    return settings.database_url is not None or settings.database_file.exists()


def alone(settings: Settings) -> AbstractContextManager[None]:
    """The lock of the one process that serves a file; raises `AlreadyServed`. A server is shared."""
    return sole_server(settings.database_file) if settings.database_url is None else nullcontext()


def place(settings: Settings) -> str:
    """What to call it in a sentence."""
    return (
        str(settings.database_file) if settings.database_url is None else "that FRONTDESK_DATABASE_URL names"
    )


def _work(settings: Settings, work: Callable[[Database], T]) -> T:
    if settings.database_url is not None:
        from storage.postgres import run  # noqa: PLC0415

        return run(settings.database_url.get_secret_value(), work)
    database = engine(settings.database_file)
    try:
        return work(database)
    finally:
        database.dispose()
