"""Bringing a database to this release's schema; alembic is imported only when there is something to do."""

from pathlib import Path

from sqlalchemy import Connection, Engine, inspect, text

Database = Engine
"""An engine, by the name that rooms above storage annotate it with."""

# The newest revision in storage/migrations/versions; a test compares them.
HEAD = "0017"
_SCRIPTS = Path(__file__).with_name("migrations")
# Neither driver begins a transaction before DDL by itself. One process at a time; the others wait for it.
_BEGIN = {
    "sqlite": ("BEGIN IMMEDIATE",),
    "postgresql": (
        "BEGIN",
        "SET LOCAL statement_timeout = 0",
        "SET LOCAL lock_timeout = 0",
        "SELECT pg_advisory_xact_lock(7316251)",
    ),
}


def head() -> str:
    """The revision that this release needs."""
    return HEAD


def current(engine: Engine) -> str | None:
    """The database's revision; None for an empty database."""
    with engine.connect() as connection:
        return _revision(connection)


def upgrade(engine: Engine) -> None:
    """Bring the database to `head()`: all of it or nothing. Two processes may try at once."""
    if current(engine) == HEAD:
        return
    with engine.connect() as connection:
        for statement in _BEGIN[connection.dialect.name]:
            connection.exec_driver_sql(statement)
        try:
            _run(connection)
            connection.exec_driver_sql("COMMIT")
        except BaseException:
            connection.exec_driver_sql("ROLLBACK")
            raise


def _revision(connection: Connection) -> str | None:
    if not inspect(connection).has_table("alembic_version"):
        return None
    return connection.execute(text("SELECT version_num FROM alembic_version")).scalar()


def _run(connection: Connection) -> None:
    from alembic.operations import Operations  # noqa: PLC0415 - 0.2 s that most starts don't need
    from alembic.runtime.migration import MigrationContext  # noqa: PLC0415
    from alembic.script import ScriptDirectory  # noqa: PLC0415

    scripts = ScriptDirectory(str(_SCRIPTS))
    context = MigrationContext.configure(
        connection, opts={"fn": lambda revision, _context: scripts._upgrade_revs("head", revision)}
    )
    with Operations.context(context):
        context.run_migrations()
