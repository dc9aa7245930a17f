"""The store in PostgreSQL where it differs from the embedded one: other processes, collisions, lost ties."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import asyncpg
import pytest
from pydantic import SecretStr
from sqlalchemy import Connection, func, insert, select, text, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.util import await_

from bus.ids import new_id
from gateway.first_start import welcome
from gateway.settings import Settings
from router.values import ContactPoint, Customer
from storage import agents, contacts, events, schema
from storage.postgres import POOL, RACES, PostgresStore, follow
from storage.refusals import Refused
from storage.store import Store, StoreError, StoreUnavailable, Tx
from tests.database import migrated_postgres
from tests.eventually import eventually
from tests.integration.office import joins
from tests.services.servers import Servers

ADDRESS = ("ch_web", "ann")


@pytest.fixture
def url(servers: Servers) -> str:
    """A database of its own, migrated and empty."""
    return migrated_postgres(servers.postgresql)


def opened(url: str) -> PostgresStore:
    """One process's store."""
    return PostgresStore(url, lambda: datetime.now(UTC))


@pytest.fixture
async def store(url: str) -> AsyncIterator[PostgresStore]:
    """One process's store."""
    async with opened(url) as made:
        yield made


@pytest.fixture
async def other(url: str) -> AsyncIterator[PostgresStore]:
    """Another process's store, on the same database."""
    async with opened(url) as made:
        yield made


def counts(lease: str) -> Callable[[Tx], None]:
    """A step that counts one up in a row that is there."""

    def step(tx: Tx) -> None:
        row = schema.leases.c
        tx.sql.execute(update(schema.leases).where(row.name == lease).values(epoch=row.epoch + 1))

    return step


def adds(*names: str) -> Callable[[Tx], None]:
    """A step that adds rows, one after the other."""

    def step(tx: Tx) -> None:
        for name in names:
            row = {"name": name, "owner": "", "epoch": 0, "expires_at": tx.now}
            tx.sql.execute(insert(schema.leases), row)

    return step


async def epochs(store: Store) -> dict[str, int]:
    """What has been counted, by row."""
    query = select(schema.leases.c.name, schema.leases.c.epoch)
    lines = await store.read(lambda sql: sql.execute(query).all())
    return {line.name: line.epoch for line in lines}


async def event_types(store: Store) -> list[tuple[int, str]]:
    """The event log."""
    return [(one.seq, one.type) for one in await store.read(lambda sql: events.events_after(sql, 0, 1000))]


# --- events of several processes -----------------------------------------------------------------------


async def test_numbers_are_given_in_the_order_of_commits(store: PostgresStore, other: PostgresStore) -> None:
    """A transaction that emits first and commits last has the later number: no reader can miss it."""
    seen: list[list[tuple[int, str]]] = []

    async def meanwhile() -> None:
        await other.write(lambda tx: tx.emit("second"))
        seen.append(await event_types(other))

    def step(tx: Tx) -> None:
        tx.emit("first")
        adds("first")(tx)
        await_(meanwhile())

    await store.write(step)
    assert [*seen, await event_types(store)] == [[(1, "second")], [(1, "second"), (2, "first")]]


async def test_a_number_that_is_taken_holds_back_the_next(store: PostgresStore, url: str) -> None:
    """While one transaction has its number and has not committed, no later number can be seen."""
    process = await asyncpg.connect(url)
    await process.execute("BEGIN; UPDATE counters SET value = value + 1 WHERE name = 'events'")
    writing = asyncio.ensure_future(store.write(lambda tx: tx.emit("later")))

    async def waits() -> Any:
        return await store.read(lambda sql: sql.execute(text(_WAITING)).scalar())

    assert await eventually(waits) == 1
    assert await event_types(store) == []
    await process.execute(
        "INSERT INTO events (seq, type, data, at) VALUES (1, 'earlier', '{}', now()); COMMIT"
    )
    await writing
    await process.close()
    assert await event_types(store) == [(1, "earlier"), (2, "later")]


_WAITING = (
    "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
)


async def test_commits_of_another_process_are_heard(store: PostgresStore, other: PostgresStore) -> None:
    """Listeners are told of each newest number once, whoever committed it; at once, where nothing is lost."""
    heard: list[int] = []
    store.on_commit(heard.append)
    await other.write(lambda tx: tx.emit("theirs"))

    async def told() -> bool:
        return heard == [1]

    assert await eventually(told)
    await store.write(lambda tx: tx.emit("ours"))
    await other.write(adds("no event"))
    assert heard == [1, 2]


async def test_commits_are_heard_again_after_the_listener_was_cut_off(
    store: PostgresStore, other: PostgresStore
) -> None:
    """What was committed while nobody listened is found by looking."""
    heard: list[int] = []
    store.on_commit(heard.append)
    await other.write(cut_off)
    await other.write(lambda tx: tx.emit("while away"))

    async def told() -> bool:
        return heard == [1]

    assert await eventually(told)


@pytest.mark.parametrize(
    "lost",
    [OSError(), asyncpg.InterfaceError("closed"), asyncpg.InternalClientError("cannot switch to state 12")],
)
async def test_a_listener_goes_on_however_its_connection_is_lost(url: str, lost: Exception) -> None:
    """The driver tells of a server that was killed in several ways, errors of its own among them."""
    looked = asyncio.Event()
    losses = [lost]

    async def look(_connection: object) -> None:
        if losses:
            raise losses.pop()
        looked.set()

    following = asyncio.create_task(follow(url, "news", lambda *_heard: None, look))
    await asyncio.wait_for(looked.wait(), 60)
    following.cancel()


def cut_off(tx: Tx) -> None:
    """End every other connection to this database."""
    tx.sql.execute(
        text(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
            "WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )
    )


# --- collisions -------------------------------------------------------------------------------------------


async def test_who_loses_a_race_for_a_unique_row_finds_the_winners(
    store: PostgresStore, other: PostgresStore
) -> None:
    """Two processes make the same contact point at once: there is one, and both have it."""
    runs: list[str] = []

    def contact(tx: Tx) -> str:
        found = contacts.find(tx, [ADDRESS])
        if not found:
            if not runs:
                runs.append(await_(other.write(made)))
            return made(tx)
        runs.append(found[ADDRESS].id)
        return found[ADDRESS].id

    def made(tx: Tx) -> str:
        person = Customer(id=new_id("cus", tx.now))
        point = ContactPoint(
            id=new_id("cp", tx.now), channel_id=ADDRESS[0], address=ADDRESS[1], customer_id=person.id
        )
        contacts.add(tx, [point], [person])
        return point.id

    mine = await store.write(contact)
    assert runs == [mine, mine]
    people = select(func.count()).select_from(schema.customers)
    assert await store.read(lambda sql: sql.execute(people).scalar_one()) == 1


async def test_a_row_that_is_simply_there_is_an_error_and_not_tried_for_ever(store: PostgresStore) -> None:
    """A step that breaks a constraint each time it is run ends with that."""
    runs: list[int] = []

    def step(tx: Tx) -> None:
        runs.append(1)
        adds("a", "a")(tx)

    with pytest.raises(IntegrityError):
        await store.write(step)
    assert (len(runs), await epochs(store)) == (RACES, {})


async def test_steps_that_lock_each_other_out_are_both_done(
    store: PostgresStore, other: PostgresStore
) -> None:
    """Of two that wait for each other one is undone by the server and run again."""
    await store.write(adds("a", "b"))
    both = asyncio.Barrier(2)

    async def count(which: PostgresStore, *names: str) -> None:
        first = True

        def step(tx: Tx) -> None:
            nonlocal first
            counts(names[0])(tx)
            if first:
                first = False
                await_(both.wait())
            counts(names[1])(tx)

        await which.write(step)

    await asyncio.gather(count(store, "a", "b"), count(other, "b", "a"))
    assert await epochs(store) == {"a": 2, "b": 2}


async def test_the_last_two_admins_can_not_both_leave(store: PostgresStore, other: PostgresStore) -> None:
    """Each sees the other as the one who stays, until one of them is gone."""
    for name in ("agt_1", "agt_2"):
        await store.write(joins(name, role="admin"))
        await store.write(lambda tx, name=name: agents.set_password(tx, name, "hash"))  # type: ignore[misc]
    both = asyncio.Barrier(2)

    async def leave(which: PostgresStore, name: str) -> None:
        first = True

        def step(tx: Tx) -> None:
            nonlocal first
            # The snapshot of a transaction is not what keeps it from being wrong.
            agents.get(tx.sql, name)
            if first:
                first = False
                await_(both.wait())
            agents.remove(tx, name)

        await which.write(step)

    ends = await asyncio.gather(leave(store, "agt_1"), leave(other, "agt_2"), return_exceptions=True)
    assert [type(end) for end in ends if end is not None] == [Refused]
    assert len(await store.read(lambda sql: sql.execute(select(schema.agents.c.id)).all())) == 1


async def test_a_step_that_goes_on_after_an_error_keeps_nothing(store: PostgresStore) -> None:
    """The server has given the transaction up; that must not pass for a commit."""

    def step(tx: Tx) -> str:
        adds("a")(tx)
        try:
            adds("a")(tx)
        except IntegrityError:
            return "went on"
        return "impossible"

    with pytest.raises(StoreError, match="went on after"):
        await store.write(step)
    assert await epochs(store) == {}


# --- a server that goes away -------------------------------------------------------------------------------


async def test_a_connection_lost_within_a_step_keeps_nothing(store: PostgresStore) -> None:
    """Its caller is told to try again, and the next step has a connection that works."""

    def step(tx: Tx) -> None:
        adds("a")(tx)
        tx.sql.execute(text("SELECT pg_terminate_backend(pg_backend_pid())"))

    with pytest.raises(StoreUnavailable):
        await store.write(step)
    await store.write(adds("b"))
    assert await epochs(store) == {"b": 0}


async def test_connections_that_died_unused_are_not_noticed(store: PostgresStore, url: str) -> None:
    """After every idle connection was ended, the next step simply has a new one."""
    await asyncio.gather(*(store.write(adds(f"{number}")) for number in range(8)))
    process = await asyncpg.connect(url)
    await process.execute(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
        "WHERE datname = current_database() AND pid <> pg_backend_pid()"
    )

    async def alone() -> bool:
        count = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()"
        return int(await process.fetchval(count)) == 1

    await eventually(alone)
    await process.close()
    # The ends of the connections reach us through the loop.
    await asyncio.sleep(0)
    await store.write(adds("after"))
    assert (await epochs(store))["after"] == 0


async def test_a_query_that_is_given_up_gives_its_connection_back(store: PostgresStore) -> None:
    """However often callers lose patience, at whatever moment, as many queries as ever can run at once."""
    sleeps = text("SELECT pg_sleep(10)")
    for number in range(3 * POOL):
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.001 * (number % 10)):
                await store.read(lambda sql: sql.execute(sleeps).all())
    both = asyncio.Barrier(POOL)

    def query(_sql: Connection) -> None:
        await_(both.wait())

    await asyncio.wait_for(asyncio.gather(*(store.read(query) for _ in range(POOL))), 10)


async def test_a_commit_that_failed_on_the_server_is_told_as_such(store: PostgresStore) -> None:
    """Where the connection is lost while committing, the server is asked what became of it: nothing."""
    await store.write(lambda tx: _each(tx.sql, _DIES_ON_COMMIT))
    with pytest.raises(StoreUnavailable, match="before it had committed"):
        await store.write(adds("a"))
    assert await epochs(store) == {}


def _each(sql: Connection, statements: tuple[str, ...]) -> None:
    for statement in statements:
        sql.exec_driver_sql(statement)


_DIES_ON_COMMIT = (
    "CREATE FUNCTION die() RETURNS trigger LANGUAGE plpgsql AS "
    "$$ BEGIN PERFORM pg_terminate_backend(pg_backend_pid()); PERFORM pg_sleep(1); RETURN NULL; END $$",
    "CREATE CONSTRAINT TRIGGER dies AFTER INSERT ON leases DEFERRABLE INITIALLY DEFERRED "
    "FOR EACH ROW EXECUTE FUNCTION die()",
)


@asynccontextmanager
async def deaf(url: str) -> AsyncIterator[tuple[str, list[bool]]]:
    """A way to the server that, once the list is not empty, loses the next COMMIT's answer and connection."""
    parts = urlsplit(url)
    armed: list[bool] = []
    ways: set[asyncio.Task[None]] = set()

    async def carry(client: asyncio.StreamReader, to_client: asyncio.StreamWriter) -> None:
        server, to_server = await asyncio.open_connection(parts.hostname, parts.port)
        asked = answered = b"."
        try:
            asking, answering = (
                asyncio.ensure_future(client.read(65536)),
                asyncio.ensure_future(server.read(65536)),
            )
            while asked and answered:
                await asyncio.wait({asking, answering}, return_when=asyncio.FIRST_COMPLETED)
                if asking.done():
                    asked = asking.result()
                    to_server.write(asked)
                    asking = asyncio.ensure_future(client.read(65536))
                    if armed and b"COMMIT\0" in asked:
                        armed.clear()
                        await answering
                        return
                if answering.done():
                    answered = answering.result()
                    to_client.write(answered)
                    answering = asyncio.ensure_future(server.read(65536))
        finally:
            for reading in (asking, answering):
                reading.cancel()
            for writer in (to_client, to_server):
                writer.close()

    def serve(client: asyncio.StreamReader, to_client: asyncio.StreamWriter) -> None:
        ways.add(asyncio.ensure_future(carry(client, to_client)))

    async with await asyncio.start_server(serve, "127.0.0.1", 0) as listening:
        port = listening.sockets[0].getsockname()[1]
        yield parts._replace(netloc=f"{parts.username}@127.0.0.1:{port}").geturl(), armed
        for way in ways:
            way.cancel()
        await asyncio.gather(*ways, return_exceptions=True)


async def test_a_commit_whose_answer_was_lost_is_a_commit(url: str) -> None:
    """The server did it and the network lost the answer: the caller gets the step's result all the same."""
    async with deaf(url) as (way, armed), opened(way) as store:
        heard: list[int] = []
        store.on_commit(heard.append)
        armed.append(True)
        await store.write(adds("without an event"))
        armed.append(True)
        await store.write(lambda tx: tx.emit("with one"))
        assert (await epochs(store), heard) == ({"without an event": 0}, [1])


async def test_a_database_that_is_not_there_is_unavailable(servers: Servers) -> None:
    """Opening says so in words, and never with the password."""
    url = urlsplit(servers.postgresql.new_database())
    nowhere = url._replace(netloc=f"desk:hunter2@{url.netloc.partition('@')[2]}", path="/nowhere").geturl()
    with pytest.raises(StoreUnavailable) as caught:
        async with opened(nowhere):
            pass
    assert "hunter2" not in str(caught.value)


async def test_a_process_goes_by_the_servers_time_from_its_start_however_slow_the_answer(url: str) -> None:
    """A clock an hour ahead counts for nothing, although the first answer takes two seconds by it."""
    readings = count()

    def clock() -> datetime:
        return datetime.now(UTC) + timedelta(hours=1, seconds=2 * next(readings))

    async with PostgresStore(url, clock, agree=True) as store:
        assert abs(store.now() - datetime.now(UTC)) < timedelta(seconds=10)


async def test_processes_that_begin_a_desk_together_make_one_admin(url: str, tmp_path: Path) -> None:
    """One of them has the password to tell; the other goes on as on any later start."""
    settings = Settings(data=tmp_path, database_url=SecretStr(url))
    both = await asyncio.gather(*(welcome(settings, demo=False) for _ in range(2)))
    assert [one.admin for one in both] == ["admin@example.org"] * 2
    assert sorted(bool(one.password) for one in both) == [False, True]
