"""`frontdesk migrate --from --to`: a desk moves from its file to PostgreSQL, whole or not at all."""

import json
import subprocess
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import Engine, func, insert, select, update

from bus.embedded import EmbeddedBus
from gateway.first_start import welcome
from gateway.folder import prepare
from gateway.settings import Settings
from router.values import Customer
from storage import contacts, copying, outbox, schema, tickets
from storage.copying import CopyError
from storage.journal import SqliteJournal
from storage.lock import sole_server
from storage.migrate import upgrade
from storage.postgres import PostgresStore, run
from storage.sqlite import SqliteStore, engine
from storage.store import Tx
from tests.desk import FRONTDESK, environment
from tests.services.servers import Servers

NOW = datetime(2026, 6, 1, 9, tzinfo=UTC)
ODD = {"big": 1e22, "half": 0.5, "one": 1.0, "z": {"b": [None, True], "a": "晨"}, "": -0.0, "many": 2**60}


@pytest.fixture
async def source(tmp_path: Path) -> Path:
    """The demo desk, with odd values, and messages that nobody has taken in yet."""
    settings = Settings.model_construct(data=tmp_path / "data")
    prepare(settings)
    await welcome(settings, demo=True)
    path: Path = settings.database_file
    async with SqliteStore(path, lambda: NOW) as store:
        await store.write(lambda tx: contacts.add(tx, [], [Customer(id="cus_odd", attributes=ODD)]))
        await store.write(lambda tx: outbox.put(tx, "outbound", [b"sent on"]))
        async with EmbeddedBus(SqliteJournal(store)) as bus:
            await bus.publish("inbound.03", [b"first", b"second"])
    return path


@pytest.fixture
def target(servers: Servers) -> str:
    """An empty database."""
    return servers.postgresql.new_database()


def tables_of(path: Path) -> Iterator[tuple[str, int]]:
    """How many rows each table of a file has."""
    database = engine(path, read_only=True)
    with database.connect() as connection:
        for table in schema.metadata.sorted_tables:
            yield table.name, connection.execute(select(func.count()).select_from(table)).scalar_one()
    database.dispose()


async def test_everything_arrives(source: Path, target: str) -> None:
    """Each table has its rows, and the store there goes on where the file stopped."""
    expected = dict(tables_of(source)) | {"outbox": 3, "journal": 0}
    copied = copying.copy(source, target, NOW)
    assert {one.table: one.rows for one in copied} == expected
    async with PostgresStore(target, lambda: NOW) as store:
        odd = (await store.write(lambda tx: contacts.customers(tx, ["cus_odd"])))["cus_odd"]
        waiting = await store.read(lambda sql: outbox.take(sql, 10))
        last = await store.read(
            lambda sql: sql.execute(select(func.max(schema.tickets.c.number))).scalar_one()
        )
        number = await store.write(lambda tx: tickets.numbers(tx, 1)[0])
        await store.write(lambda tx: outbox.put(tx, "outbound", [b"new"]))
    assert odd.attributes == ODD
    assert [(one.lane, one.body) for one in waiting] == [
        ("outbound", b"sent on"),
        ("inbound.03", b"first"),
        ("inbound.03", b"second"),
    ]
    assert number == last + 1


def test_a_target_in_use_is_refused(source: Path, target: str) -> None:
    """A second copy changes nothing in the first."""
    first = copying.copy(source, target, NOW)
    with pytest.raises(CopyError, match="the target is not empty"):
        copying.copy(source, target, NOW)
    assert run(target, counted) == sum(one.rows for one in first)


def counted(database: Engine) -> int:
    """How many rows there are in all."""
    with database.connect() as connection:
        return sum(
            connection.execute(select(func.count()).select_from(table)).scalar_one()
            for table in schema.metadata.sorted_tables
        )


def test_a_desk_that_runs_is_not_copied(source: Path, target: str) -> None:
    """What it took in meanwhile would be lost."""
    with sole_server(source), pytest.raises(Exception, match="is already served by process"):
        copying.copy(source, target, NOW)


def test_what_does_not_arrive_as_it_was_is_not_kept(source: Path, target: str) -> None:
    """A trigger in the target changes one row: the sums differ, and the target stays empty."""

    def meddle(database: Engine) -> None:
        upgrade(database)
        with database.connect() as connection:
            for statement in (
                "CREATE FUNCTION meddle() RETURNS trigger LANGUAGE plpgsql AS "
                "$$ BEGIN NEW.name := upper(NEW.name); RETURN NEW; END $$",
                "CREATE TRIGGER meddles BEFORE INSERT ON customers FOR EACH ROW EXECUTE FUNCTION meddle()",
            ):
                connection.exec_driver_sql(statement)

    run(target, meddle)
    with pytest.raises(CopyError, match="customers did not arrive as it was"):
        copying.copy(source, target, NOW)
    assert run(target, counted) == 4


async def test_a_text_that_postgresql_can_not_hold_is_mended(source: Path, target: str) -> None:
    """NUL becomes the replacement character, in texts and in documents."""
    row = schema.customers.c

    def spoil(tx: Tx) -> None:
        tx.sql.execute(insert(schema.attempts), {"envelope_id": "a\0b", "count": 1})
        tx.sql.execute(update(schema.customers).where(row.id == "cus_odd").values(attributes={"a\0": ["\0"]}))

    async with SqliteStore(source, lambda: NOW) as store:
        await store.write(spoil)
    copying.copy(source, target, NOW)
    async with PostgresStore(target, lambda: NOW) as kept:
        found = await kept.read(
            lambda sql: (
                sql.execute(select(schema.attempts.c.envelope_id)).scalar_one(),
                sql.execute(select(row.attributes).where(row.id == "cus_odd")).scalar_one(),
            )
        )
    assert found == ("a\ufffdb", {"a\ufffd": ["\ufffd"]})


def test_the_command_says_what_it_copied(source: Path, target: str) -> None:
    """A row for each table on stdout; a second run fails with a sentence."""
    command = [str(FRONTDESK), "migrate", "--from", f"sqlite:{source}", "--to", target, "--json"]
    env = environment(source.parent)
    done = [subprocess.run(command, env=env, capture_output=True, text=True, check=False) for _ in range(2)]
    assert [one.returncode for one in done] == [0, 1], done[0].stderr
    rows = {row["table"]: row for row in json.loads(done[0].stdout)}
    assert rows["agents"]["rows"] > 0
    assert len(rows["agents"]["checksum"]) == 64
    assert done[1].stderr.startswith("frontdesk: Nothing was copied: the target is not empty")
