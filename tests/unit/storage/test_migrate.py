"""Migrations: they yield the schema, whole or not at all, and cost nothing when there is nothing to do."""

import re
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest
from alembic.operations import Operations
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Engine, select
from sqlalchemy.exc import OperationalError

from storage import migrate, schema
from storage.migrate import upgrade
from storage.sqlite import engine
from tests.database import migrated

SCRIPTS = Path(migrate.__file__).with_name("migrations")

START = """
import sys
from pathlib import Path
from storage import migrate
from storage.migrate import upgrade
from storage.sqlite import engine

migrate.upgrade(engine(Path(sys.argv[1])))
print("alembic" in sys.modules)
"""


def parts(sql: str) -> list[str]:
    """A definition's head and tail, and between them its columns and constraints, sorted."""
    head, _, rest = sql.partition("(")
    body, _, tail = rest.rpartition(")")
    return [head.strip(), *sorted(part.strip() for part in re.split(r",(?![^(]*\))", body)), tail.strip()]


def definitions(path: Path) -> dict[str, list[str]]:
    """Every table and index of a database, as SQLite keeps its definition, columns and constraints sorted.

    A column that was added later stands at the end, without a line of its own.
    """
    with sqlite3.connect(path) as connection:
        rows = connection.execute("SELECT name, sql FROM sqlite_master WHERE sql IS NOT NULL").fetchall()
    connection.close()
    return {name: parts(sql) for name, sql in rows if name not in {"alembic_version", "sqlite_sequence"}}


def test_migrations_yield_the_schema(tmp_path: Path) -> None:
    """A database made by the migrations has the same definitions as one made from `storage.schema`."""
    direct = engine(tmp_path / "direct.db")
    schema.metadata.create_all(direct)
    direct.dispose()
    assert definitions(migrated(tmp_path)) == definitions(tmp_path / "direct.db")


def test_the_newest_revision_is_the_one_that_is_asked_for() -> None:
    """`head()` names the newest of the scripts, which form one line."""
    assert ScriptDirectory(str(SCRIPTS)).get_heads() == [migrate.head()]


def test_an_empty_database_is_brought_to_head(tmp_path: Path) -> None:
    """Upgrading makes the tables, starts the counters, and doing it again changes nothing."""
    made = engine(tmp_path / "new.db")
    revisions = [migrate.current(made)]
    for _ in range(2):
        migrate.upgrade(made)
        revisions.append(migrate.current(made))
    with made.connect() as connection:
        counters = {row.name: row.value for row in connection.execute(select(schema.counters))}
    made.dispose()
    assert revisions == [None, migrate.head(), migrate.head()]
    assert counters == {"events": 0, "journal": 0, "setup": 0, "tickets": 1000}


def test_a_failed_migration_leaves_nothing(tmp_path: Path) -> None:
    """When a statement fails half way, the database is as it was."""
    made = engine(tmp_path / "taken.db")
    with made.connect() as connection:
        connection.exec_driver_sql("CREATE TABLE uploads (mine TEXT)")
    with pytest.raises(OperationalError, match="uploads already exists"):
        migrate.upgrade(made)
    made.dispose()
    assert list(definitions(tmp_path / "taken.db")) == ["uploads"]


def test_a_start_at_head_does_not_import_alembic(tmp_path: Path) -> None:
    """Starting on an up-to-date database compares a constant and is done."""
    path = migrated(tmp_path)
    ran = subprocess.run([sys.executable, "-c", START, str(path)], check=True, capture_output=True, text=True)
    assert ran.stdout == "False\n"


def test_two_processes_may_upgrade_at_once(tmp_path: Path) -> None:
    """Whoever comes second waits, finds the work done and goes on."""
    path = tmp_path / "shared.db"
    command = [sys.executable, "-c", START, str(path)]
    processes = [subprocess.Popen(command, stdout=subprocess.DEVNULL) for _ in range(2)]
    assert [process.wait() for process in processes] == [0, 0]
    assert definitions(path) == definitions(migrated(tmp_path))


def test_what_everybody_was_told_becomes_each_one_s_own(tmp_path: Path) -> None:
    """Notices to everyone, to a queue, to a name; what nobody is called any more is dropped."""
    made = engine(tmp_path / "frontdesk.db")
    brought_to(made, "0012")
    agent = (
        "INSERT INTO agents (id, name, email, role, presence, skills, queues, capacity, active,"
        " password_hash, idle_since, load_version, version, created_at, updated_at)"
        " VALUES ('{0}', '{0}', '{0}@x', '{1}', 'offline', '{{}}', '{2}', 5, 1, '', 0, 0, 1, 0, 0)"
    )
    notice = "INSERT INTO notifications (recipient, text, created_at) VALUES ('{}', '{}', 1000000)"
    with made.begin() as connection:
        connection.exec_driver_sql(agent.format("ana", "agent", '["billing"]'))
        connection.exec_driver_sql(agent.format("sue", "supervisor", "[]"))
        for recipient in ("everyone", "queue:billing", "sue", "gone"):
            connection.exec_driver_sql(notice.format(recipient, f"to {recipient}"))
    upgrade(made)
    row = schema.notifications.c
    with made.connect() as connection:
        found = connection.execute(select(row.agent_id, row.kind, row.details, row.spread_at.is_(None))).all()
    made.dispose()
    assert sorted((line[0], line[1], line[2]["text"]) for line in found) == [
        ("ana", "rule", "to everyone"),
        ("ana", "rule", "to queue:billing"),
        ("sue", "rule", "to everyone"),
        ("sue", "rule", "to sue"),
    ]
    assert not any(line[3] for line in found)


def brought_to(database: Engine, wanted: str) -> None:
    """An empty database at an older revision."""
    scripts = ScriptDirectory(str(SCRIPTS))
    with database.connect() as connection:
        connection.exec_driver_sql("BEGIN")
        context = MigrationContext.configure(
            connection, opts={"fn": lambda revision, _context: scripts._upgrade_revs(wanted, revision)}
        )
        with Operations.context(context):
            context.run_migrations()
        connection.exec_driver_sql("COMMIT")
