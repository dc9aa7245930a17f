"""Migrations on PostgreSQL: they yield the schema there, too, also where processes start at once."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from pydantic import SecretStr
from sqlalchemy import Engine, text

from gateway.folder import FolderError, prepare
from gateway.settings import Settings
from storage import migrate, schema
from storage.postgres import run
from tests.services.servers import Servers

DEFINITIONS = {
    "columns": """
        SELECT a.attrelid::regclass || '.' || a.attname, format_type(a.atttypid, a.atttypmod), a.attnotnull,
               pg_get_expr(d.adbin, d.adrelid), c.collname
        FROM pg_attribute a JOIN pg_class t ON t.oid = a.attrelid AND t.relkind IN ('r', 'p')
             AND NOT t.relispartition
        LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
        LEFT JOIN pg_collation c ON c.oid = a.attcollation
        WHERE t.relnamespace = 'public'::regnamespace AND a.attnum > 0 AND t.relname <> 'alembic_version'
    """,
    "indexes": """
        SELECT indexname, indexdef FROM pg_indexes JOIN pg_class t ON t.relname = tablename
        WHERE schemaname = 'public' AND NOT t.relispartition
    """,
    "constraints": """
        SELECT conname, conrelid::regclass::text, pg_get_constraintdef(oid) FROM pg_constraint
        WHERE connamespace = 'public'::regnamespace
          AND NOT coalesce((SELECT relispartition FROM pg_class WHERE pg_class.oid = conrelid), false)
    """,
    "sequences": "SELECT sequencename, start_value, increment_by FROM pg_sequences",
}


def definitions(database: Engine) -> dict[str, set[tuple[object, ...]]]:
    """Everything a database's schema consists of, as the server describes it."""
    with database.connect() as connection:
        return {
            kind: {tuple(row) for row in connection.execute(text(query)) if "alembic_version" not in str(row)}
            for kind, query in DEFINITIONS.items()
        }


def revision(database: Engine) -> tuple[str | None, int]:
    """The database's revision and how many counters it has."""
    with database.connect() as connection:
        counters = connection.execute(text("SELECT count(*) FROM counters")).scalar_one()
    return migrate.current(database), counters


def test_migrations_yield_the_schema(servers: Servers) -> None:
    """A database made by the migrations has the same definitions as one made from `storage.schema`."""
    migrated, direct = (servers.postgresql.new_database() for _ in range(2))
    run(migrated, migrate.upgrade)
    run(direct, schema.metadata.create_all)
    assert run(migrated, definitions) == run(direct, definitions)


def test_processes_that_start_at_once_migrate_once(servers: Servers) -> None:
    """Whoever comes second waits, finds the work done and goes on."""
    url = servers.postgresql.new_database()
    with ThreadPoolExecutor(4) as threads:
        for _ in threads.map(lambda _: run(url, migrate.upgrade), range(4)):
            pass
    assert run(url, revision) == (migrate.head(), 4)


def test_a_start_migrates_and_makes_no_file(servers: Servers, tmp_path: Path) -> None:
    """With a database's address the data folder holds no database."""
    settings = Settings.model_construct(data=tmp_path / "data", database_url=secret(servers))
    prepare(settings)
    prepare(settings)
    assert list(settings.data.iterdir()) == []


def test_a_database_of_a_newer_release_is_refused(servers: Servers, tmp_path: Path) -> None:
    """A process of an older release does not touch it."""

    def age(database: Engine) -> None:
        with database.connect() as connection:
            connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))

    url = secret(servers)
    settings = Settings.model_construct(data=tmp_path / "data", database_url=url)
    prepare(settings)
    run(url.get_secret_value(), age)
    with pytest.raises(FolderError, match="that FRONTDESK_DATABASE_URL names was written by a newer release"):
        prepare(settings)


def test_a_server_that_is_away_is_told_in_a_sentence(servers: Servers, tmp_path: Path) -> None:
    """The sentence says what can't be reached, and holds no password."""
    url = SecretStr("postgresql://desk:hunter2@127.0.0.1:1/desk")
    with pytest.raises(FolderError, match="FRONTDESK_DATABASE_URL names can't be reached") as caught:
        prepare(Settings.model_construct(data=tmp_path / "data", database_url=url))
    assert "hunter2" not in str(caught.value)


def secret(servers: Servers) -> SecretStr:
    """The address of a new database."""
    return SecretStr(servers.postgresql.new_database())
