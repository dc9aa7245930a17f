"""A migrated database for a test, at once: the migrations run once a session."""

import tempfile
from functools import cache
from pathlib import Path

from storage import postgres
from storage.migrate import upgrade
from storage.sqlite import engine
from tests.services.postgresql import PostgreSql


def migrated(folder: Path) -> Path:
    """A new database file in `folder` with this release's schema and nothing in it."""
    path = folder / "frontdesk.db"
    path.write_bytes(_template())
    return path


def migrated_postgres(server: PostgreSql) -> str:
    """The address of a new database on `server`, with this release's schema and nothing in it."""
    return server.new_database(_postgres_template(server))


@cache
def _postgres_template(server: PostgreSql) -> str:
    url = server.new_database()
    postgres.run(url, upgrade)
    return url


@cache
def _template() -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "template.db"
        made = engine(path)
        upgrade(made)
        made.dispose()
        return path.read_bytes()
