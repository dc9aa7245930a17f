"""PostgreSQL with its backends ended, its server killed: each step is kept once, or denied and not kept."""

import asyncio
import os
from collections.abc import AsyncIterator
from datetime import UTC, datetime

import asyncpg
import pytest
from sqlalchemy import insert, select

from storage import schema
from storage.postgres import PostgresStore
from storage.store import StoreUnavailable, Tx
from tests.database import migrated_postgres
from tests.eventually import eventually
from tests.services.servers import Servers

FULL = os.environ.get("FRONTDESK_FAULTS") == "full"
STEPS = 10_000 if FULL else 1_000
CUTS = 50 if FULL else 5
KILLS = 5 if FULL else 1
WRITERS = 8


class Work:
    """Writers, each step once: a step is repeated only when the store said that nothing was kept."""

    def __init__(self, store: PostgresStore) -> None:
        self._store = store
        self.done: list[str] = []
        self.refused = 0

    async def writer(self, name: str, steps: int) -> None:
        """Write so many rows, each with an event, one after the other."""
        for number in range(steps):
            await self._write(f"{name}-{number}")

    async def _write(self, id_: str) -> None:
        def step(tx: Tx) -> None:
            # A row that is there already breaks its key: the store would have denied what it kept.
            tx.sql.execute(insert(schema.attempts), {"envelope_id": id_, "count": 1})
            tx.emit("written", id=id_)

        while True:
            try:
                await self._store.write(step)
            except StoreUnavailable:
                self.refused += 1
                await asyncio.sleep(0.005)
            else:
                self.done.append(id_)
                return


async def kept(store: PostgresStore) -> tuple[list[str], list[int]]:
    """The rows, and the numbers of the events."""
    rows = select(schema.attempts.c.envelope_id)
    numbers = select(schema.events.c.seq).order_by(schema.events.c.seq)
    return await store.read(
        lambda sql: (list(sql.execute(rows).scalars()), list(sql.execute(numbers).scalars()))
    )


@pytest.fixture
async def store(servers: Servers) -> AsyncIterator[PostgresStore]:
    """A store in a database of its own."""
    async with PostgresStore(migrated_postgres(servers.postgresql), lambda: datetime.now(UTC)) as made:
        yield made


async def test_backends_that_are_ended_under_load(store: PostgresStore) -> None:
    """Every connection is cut again and again while many write: each step that returned is there once."""
    work = Work(store)
    writing = [asyncio.create_task(work.writer(f"w{number}", STEPS // WRITERS)) for number in range(WRITERS)]
    for cut in range(1, CUTS + 1):
        until = cut * STEPS // (CUTS + 1)

        async def reached(until: int = until) -> bool:
            return len(work.done) >= until

        await eventually(reached, 60)
        await end_all(store.url)
    await asyncio.gather(*writing)
    rows, numbers = await kept(store)
    assert (sorted(rows), numbers) == (sorted(work.done), list(range(1, STEPS + 1)))
    assert work.refused > 0


async def end_all(url: str) -> None:
    """End every connection to this database but our own."""
    process = await asyncpg.connect(url)
    await process.execute(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
        "WHERE datname = current_database() AND pid <> pg_backend_pid()"
    )
    await process.close()


async def test_a_server_that_is_killed_and_started_again(servers: Servers, store: PostgresStore) -> None:
    """While it is away the store says so; then the same store goes on, and so do those who listen to it."""
    work = Work(store)
    heard: list[int] = []
    store.on_commit(heard.append)
    for kill in range(KILLS):
        before = len(work.done)
        writing = [asyncio.create_task(work.writer(f"k{kill}-{number}", 25)) for number in range(WRITERS)]

        async def some(before: int = before) -> bool:
            return len(work.done) >= before + 20

        await eventually(some)
        servers.postgresql.kill()
        with pytest.raises(StoreUnavailable):
            await store.write(lambda tx: None)
        with pytest.raises(StoreUnavailable):
            await store.read(lambda sql: None)
        servers.postgresql.start()
        await asyncio.gather(*writing)
    rows, numbers = await kept(store)
    assert (sorted(rows), numbers) == (sorted(work.done), list(range(1, len(work.done) + 1)))
    async with PostgresStore(store.url, lambda: datetime.now(UTC)) as other:
        await other.write(lambda tx: tx.emit("from elsewhere"))

        async def told() -> bool:
            return heard[-1] == len(work.done) + 1

        assert await eventually(told)
