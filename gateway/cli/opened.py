"""The desk that a command works on: its settings, and its store, migrated and open for one step.

It works beside a server on the same database: the server sees what another process has written.
"""

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, TypeVar

import typer

from gateway.cli.terminal import Failure

if TYPE_CHECKING:
    from gateway.settings import Settings
    from storage.paging import Sql
    from storage.store import Store, Tx

T = TypeVar("T")
# Whom the audit log names: the system's user may be anybody's.
ACTOR = "command line"
Data = Annotated[Path | None, typer.Option("--data", help="The desk's data folder.", show_default=False)]


def settings(**flags: Any) -> "Settings":
    """The settings with these flags on top; a wrong one fails the command."""
    from gateway.settings import SettingsError, load

    try:
        return load(**flags)
    except SettingsError as error:
        raise Failure(str(error)) from None


def changing(data: Path | None, step: Callable[["Tx"], T]) -> T:
    """The result of a step, in a transaction of its own."""

    async def work(store: "Store", _: "Settings") -> T:
        return await store.write(step)

    return using(data, work)


def acting(data: Path | None, action: str, step: Callable[["Tx"], tuple[T, str]]) -> T:
    """`changing` with a line in the audit log: the step gives its result and the id of what it changed."""

    def audited(tx: "Tx") -> T:
        from storage import audit

        result, target = step(tx)
        audit.record(tx, ACTOR, action, target)
        return result

    return changing(data, audited)


def reading(data: Path | None, query: Callable[["Sql"], T]) -> T:
    """The result of a query."""

    async def work(store: "Store", _: "Settings") -> T:
        return await store.read(query)

    return using(data, work)


def using(data: Path | None, work: Callable[["Store", "Settings"], Awaitable[T]]) -> T:
    """What `work` makes of the open store; the store's troubles fail the command."""
    from gateway.database import is_there
    from storage.secrets import SecretError
    from storage.store import StoreError

    chosen = settings(data=data)
    if not is_there(chosen):
        raise Failure(
            f"There is no desk in {chosen.data}: name its folder with --data or FRONTDESK_DATA, or begin one "
            "with frontdesk serve."
        )
    prepared(chosen)
    try:
        return asyncio.run(_with_store(chosen, work))
    except (StoreError, SecretError) as error:
        raise Failure(_sentence(error)) from None


def sole(data: Path | None, step: Callable[["Tx"], T]) -> T:
    """`changing`, with the desk's lock held: not while a server runs on the same file."""
    from gateway.database import alone
    from storage.lock import AlreadyServed

    try:
        with alone(settings(data=data)):
            return changing(data, step)
    except AlreadyServed as error:
        raise Failure(f"{_sentence(error)} Stop it first.") from None


def prepared(chosen: "Settings") -> None:
    """Make the data folder and bring the desk's database to this release's schema."""
    from gateway.folder import FolderError, prepare
    from storage.store import StoreError

    try:
        prepare(chosen)
    except (StoreError, FolderError) as error:
        raise Failure(_sentence(error)) from None


async def _with_store(chosen: "Settings", work: Callable[["Store", "Settings"], Awaitable[T]]) -> T:
    from datetime import UTC, datetime

    from gateway.database import opened

    async with opened(chosen, lambda: datetime.now(UTC)) as store:
        return await work(store, chosen)


def _sentence(error: Exception) -> str:
    text = str(error)
    return text[:1].upper() + text[1:].rstrip(".") + "."
