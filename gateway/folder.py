"""The data folder: made for its owner alone, and its database brought to this release's schema."""

from gateway.settings import Settings
from storage.migrate import HEAD, current, upgrade
from storage.sqlite import engine


class FolderError(Exception):
    """The folder can't be used; the text is one sentence that says why and what to do."""


def prepare(settings: Settings) -> None:
    """Make the folder if there is none, and bring its database to this release's schema.

    Raises `FolderError`, or `StoreUnavailable` where the database can't be opened.
    """
    folder = settings.data
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
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
            f"The database in {settings.data} was written by a newer release: use that release."
        )
    if found != HEAD:
        database = engine(settings.database_file)
        upgrade(database)
        database.dispose()


def _revision(settings: Settings) -> str | None:
    database = engine(settings.database_file)
    try:
        return current(database)
    except Exception as error:
        # Whatever the driver says about a file that is damaged or no database: the start ends here.
        why = str(error).splitlines()[0]
        raise FolderError(
            f"The database {settings.database_file} can't be read ({why}): "
            "put a backup back, or choose another folder with --data or FRONTDESK_DATA."
        ) from error
    finally:
        database.dispose()
