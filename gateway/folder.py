"""The data folder: made for its owner alone, and the desk's database brought to this release's schema."""

from gateway import database
from gateway.settings import Settings
from storage.migrate import HEAD
from storage.store import StoreUnavailable


class FolderError(Exception):
    """The folder can't be used; the text is one sentence that says why and what to do."""


def prepare(settings: Settings) -> None:
    """Make the folder if there is none, and bring its database to this release's schema.

    Raises `FolderError`, or `StoreUnavailable` where the database can't be opened.
    """
    folder = settings.data
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        if settings.database_url is None:
            # Owner only, as the folder is; the store's other files take the database's mode.
            settings.database_file.touch(mode=0o600)
    except OSError as error:
        raise FolderError(
            f"The data folder {folder} can't be written ({error.strerror}): choose another with --data or "
            "FRONTDESK_DATA, or make it yours."
        ) from error
    _migrate(settings)


def _migrate(settings: Settings) -> None:
    found = _revision(settings)
    # Revisions are numbered.
    if found is not None and found > HEAD:
        raise FolderError(
            f"The database {database.place(settings)} was written by a newer release: use that release."
        )
    if found != HEAD:
        database.migrate(settings)


def _revision(settings: Settings) -> str | None:
    try:
        return database.revision(settings)
    except StoreUnavailable as error:
        raise FolderError(f"The database {database.place(settings)} can't be reached: {error}.") from error
    except Exception as error:
        # Whatever the driver says about a file that is damaged or no database: the start ends here.
        why = str(error).splitlines()[0]
        raise FolderError(
            f"The database {database.place(settings)} can't be read ({why}): "
            "put a backup back, or choose another folder with --data or FRONTDESK_DATA."
        ) from error
