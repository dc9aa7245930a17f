"""A migrated SQLite database for a test, in a millisecond: the migrations run once a session."""

import tempfile
from functools import cache
from pathlib import Path

from storage.migrate import upgrade
from storage.sqlite import engine


def migrated(folder: Path) -> Path:
    """A new database file in `folder` with this release's schema and nothing in it."""
    path = folder / "frontdesk.db"
    path.write_bytes(_template())
    return path


@cache
def _template() -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "template.db"
        made = engine(path)
        upgrade(made)
        made.dispose()
        return path.read_bytes()
