"""`frontdesk backup` and `frontdesk restore`: a copy of an embedded desk, and a desk made of one."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from gateway.cli.opened import Data, settings
from gateway.cli.terminal import Failure, show_json

if TYPE_CHECKING:
    from gateway.settings import Settings

To = Annotated[Path, typer.Argument(metavar="TO", help="A folder that is not there yet.")]
From = Annotated[Path, typer.Argument(metavar="FROM", exists=True, file_okay=False)]


def backup(to: To, data: Data = None) -> None:
    """Copy the desk into a new folder, while it runs, and print what was copied as JSON.

    The key that opens the channels' secrets is in it: keep it as you keep a password.
    """
    from datetime import UTC, datetime
    from importlib.metadata import version

    from storage.backup import BackupError, take

    try:
        done = take(_place(data), to, release=version("frontdesk"), now=datetime.now(UTC))
    except BackupError as error:
        raise Failure(_sentence(error)) from None
    show_json(done)


def restore(from_: From, data: Data = None) -> None:
    """Make a desk of a backup, where there is none yet, and print what was put back as JSON."""
    from storage.backup import BackupError, put_back

    try:
        done = put_back(from_, _place(data))
    except BackupError as error:
        raise Failure(_sentence(error)) from None
    show_json(done)


def _place(data: Path | None) -> Any:
    from storage.backup import Place

    chosen: Settings = settings(data=data)
    if chosen.database_url is not None:
        raise Failure(
            "This desk's store is a PostgreSQL server, which has its own tools: "
            "deploy/backup/postgresql-backup.sh and postgresql-restore.sh."
        )
    if chosen.blobs_url is not None:
        typer.echo("files are in the store that FRONTDESK_BLOBS_URL names, and stay there", err=True)
    return Place(database=chosen.database_file, blobs=chosen.blobs_folder, key=chosen.key_file)


def _sentence(error: Exception) -> str:
    text = str(error)
    return text[:1].upper() + text[1:].rstrip(".") + "."
