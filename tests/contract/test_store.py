"""The store port, at every end."""

import asyncio
import random
from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime, timedelta, timezone
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection, func, insert, select
from sqlalchemy.exc import IntegrityError, StatementError

from storage import schema
from storage.events import LoggedEvent, events_after, last_event, oldest_event
from storage.prepared import Prepared
from storage.store import Store, StoreUnavailable, Tx, next_number
from tests.contract.ends import NOW, STORE_ENDS, StoreEnd
from tests.eventually import eventually
from tests.services.servers import Servers

Add = Callable[[Tx], None]


@pytest.fixture(params=STORE_ENDS)
def end(request: pytest.FixtureRequest, tmp_path: Path, servers: Servers) -> StoreEnd:
    """Each end in turn, migrated and empty."""
    made: StoreEnd = request.param(tmp_path, servers)
    return made


def adds(lease: str) -> Add:
    """A step that adds one row of a plain table."""

    def step(tx: Tx) -> None:
        tx.sql.execute(insert(schema.leases), {"name": lease, "owner": "a", "epoch": 1, "expires_at": tx.now})

    return step


def emits(type_: str, *, times: int = 1, **data: Any) -> Add:
    """A step that emits an event so many times."""

    def step(tx: Tx) -> None:
        for _ in range(times):
            tx.emit(type_, **data)

    return step


def leases(sql: Connection) -> list[str]:
    """The names of the rows that `adds` added."""
    return list(sql.execute(select(schema.leases.c.name).order_by(schema.leases.c.name)).scalars())


def all_events(sql: Connection) -> list[LoggedEvent]:
    """The whole event log."""
    return events_after(sql, 0, 100_000)


async def test_a_step_gives_its_result_and_is_there_to_read(end: StoreEnd) -> None:
    """`write` returns what the step returned, and a read that follows sees its rows."""

    def step(tx: Tx) -> str:
        adds("one")(tx)
        return "result"

    async with end.open() as store:
        assert await store.write(step) == "result"
        assert await store.read(leases) == ["one"]


async def test_what_was_written_outlives_the_connection(end: StoreEnd) -> None:
    """Rows and counters are there after closing and opening again."""
    async with end.open() as store:
        await store.write(adds("one"))
        assert await store.write(lambda tx: next_number(tx, "tickets")) == 1001
    async with end.open() as store:
        assert await store.read(leases) == ["one"]
        assert await store.write(lambda tx: next_number(tx, "tickets", 3)) == 1004


async def test_a_failed_step_keeps_nothing_and_raises_its_error(end: StoreEnd) -> None:
    """The error of a step reaches its caller, and neither rows nor events of it stay."""

    def step(tx: Tx) -> None:
        adds("one")(tx)
        tx.emit("ticket.updated", ticket="tkt_1")
        raise KeyError("the step's own")

    async with end.open() as store:
        with pytest.raises(KeyError, match="the step's own"):
            await store.write(step)
        assert (await store.read(leases), await store.read(all_events)) == ([], [])


async def test_a_failed_step_takes_nothing_else_with_it(end: StoreEnd) -> None:
    """Of many steps in flight, those that break a constraint or raise fail alone, wherever they stand."""

    def late_failure(tx: Tx) -> None:
        adds("never")(tx)
        next(iter(()))

    steps: list[Add] = [late_failure, adds("a"), adds("a"), late_failure, adds("b"), adds("b"), adds("c")]
    async with end.open() as store:
        results = await asyncio.gather(*(store.write(step) for step in steps), return_exceptions=True)
        assert await store.read(leases) == ["a", "b", "c"]
    assert Counter(map(type, results)) == {RuntimeError: 2, IntegrityError: 2, type(None): 3}


async def test_steps_see_what_earlier_steps_left(end: StoreEnd) -> None:
    """Read and lock, then write in one step is safe: 100 increments at once count to 100."""

    def step(tx: Tx) -> None:
        row = schema.attempts.c
        query = select(row.count).where(row.envelope_id == "e").with_for_update()
        count = tx.sql.execute(query).scalar()
        if count is None:
            tx.sql.execute(insert(schema.attempts), {"envelope_id": "e", "count": 1})
        else:
            tx.sql.execute(schema.attempts.update().values(count=count + 1))

    async with end.open() as store:
        await store.write(step)
        await asyncio.gather(*(store.write(step) for _ in range(99)))
        assert await store.read(lambda sql: sql.execute(select(schema.attempts.c.count)).scalar()) == 100


async def test_numbers_are_taken_once(end: StoreEnd) -> None:
    """Concurrent steps never take the same number from a counter, and leave no gap."""
    async with end.open() as store:
        taken = await asyncio.gather(*(store.write(lambda tx: next_number(tx, "tickets")) for _ in range(60)))
    assert sorted(taken) == list(range(1001, 1061))


async def test_a_read_stands_still(end: StoreEnd) -> None:
    """A query sees one state, whatever is committed while it runs."""
    async with end.open() as store:
        loop = asyncio.get_running_loop()

        def query(sql: Connection) -> list[int | None]:
            count = select(func.count()).select_from(schema.leases)
            before = sql.execute(count).scalar()
            end.wait(loop, store.write(adds("meanwhile")))
            return [before, sql.execute(count).scalar()]

        assert await store.read(query) == [0, 0]
        assert await store.read(leases) == ["meanwhile"]


async def test_a_query_cannot_write(end: StoreEnd) -> None:
    """Only steps change anything."""
    async with end.open() as store:
        with pytest.raises(Exception, match=r"(?i)read-?only"):
            await store.read(
                lambda sql: sql.execute(insert(schema.attempts), {"envelope_id": "e", "count": 1})
            )
        await store.write(adds("one"))
        assert await store.read(leases) == ["one"]


async def test_a_cancelled_caller_does_not_undo_its_step(end: StoreEnd) -> None:
    """A step that was submitted is carried out, also when nobody waits for it any more."""
    async with end.open() as store:
        writing = asyncio.ensure_future(store.write(adds("one")))
        await asyncio.sleep(0)
        writing.cancel()
        await store.write(adds("two"))

        async def both() -> bool:
            return await store.read(leases) == ["one", "two"]

        assert await eventually(both)


async def test_closing_carries_out_what_was_submitted(end: StoreEnd) -> None:
    """An orderly close commits every step that was handed in, and refuses those that come later."""
    async with end.open() as store:
        writing = [asyncio.ensure_future(store.write(adds(f"{number:03}"))) for number in range(300)]
        await asyncio.sleep(0)
    await asyncio.gather(*writing)
    with pytest.raises(StoreUnavailable):
        await store.write(adds("late"))
    with pytest.raises(StoreUnavailable):
        await store.read(leases)
    async with end.open() as store:
        assert await store.read(leases) == [f"{number:03}" for number in range(300)]


async def test_a_step_knows_its_instant(end: StoreEnd) -> None:
    """`tx.now` is the store's clock."""
    async with end.open() as store:
        assert await store.write(lambda tx: tx.now) == NOW


# --- the event log -----------------------------------------------------------------------------------


async def test_events_are_stored_as_emitted(end: StoreEnd) -> None:
    """An event has its number, type, subject, data and instant."""
    data = {"text": "早上好", "list": [1, None, {"deep": True}]}
    async with end.open() as store:
        await store.write(lambda tx: tx.emit("ticket.created", ticket="tkt_1", conversation="cnv_1", **data))
        assert await store.read(all_events) == [
            LoggedEvent(
                seq=1,
                type="ticket.created",
                ticket_id="tkt_1",
                conversation_id="cnv_1",
                data=data,
                at=NOW,
            )
        ]


async def test_events_have_no_gaps(end: StoreEnd) -> None:
    """Numbers run on from commit to commit; a step that fails uses none."""

    def fails(tx: Tx) -> None:
        tx.emit("never")
        raise ValueError

    async with end.open() as store:
        steps: list[Add] = [emits("a"), fails, emits("b"), fails, emits("c")]
        await asyncio.gather(*(store.write(step) for step in steps), return_exceptions=True)
        found = await store.read(all_events)
    assert [event.seq for event in found] == [1, 2, 3]
    assert {event.type for event in found} == {"a", "b", "c"}


async def test_data_that_is_no_json_fails_its_own_step_only(end: StoreEnd) -> None:
    """An event that can't be stored does not reach those it would have been committed with."""
    async with end.open() as store:
        steps: list[Add] = [emits("a"), emits("bad", data=object()), emits("b")]
        results = await asyncio.gather(*(store.write(step) for step in steps), return_exceptions=True)
        assert [type(result) for result in results] == [type(None), TypeError, type(None)]
        assert {event.type for event in await store.read(all_events)} == {"a", "b"}


async def test_a_position_can_be_resumed_or_is_known_to_be_too_old(end: StoreEnd) -> None:
    """The log is read in pages after a position; its first and last number tell what has been pruned."""
    async with end.open() as store:
        assert await store.read(lambda sql: (oldest_event(sql), last_event(sql))) == (1, 0)
        for number in range(5):
            await store.write(emits(f"e{number}"))
        page = await store.read(lambda sql: events_after(sql, 1, 2))
        assert [event.seq for event in page] == [2, 3]
        await store.write(lambda tx: tx.sql.execute(schema.events.delete().where(schema.events.c.seq < 4)))
        assert await store.read(lambda sql: (oldest_event(sql), last_event(sql))) == (4, 5)
        await store.write(lambda tx: tx.sql.execute(schema.events.delete()))
        assert await store.read(lambda sql: (oldest_event(sql), last_event(sql))) == (6, 5)


async def test_listeners_hear_the_last_number(end: StoreEnd) -> None:
    """After a commit with events every listener is told the newest number; after one without, nothing."""
    heard: list[int] = []
    async with end.open() as store:
        store.on_commit(heard.append)
        await store.write(emits("a"))
        await store.write(adds("no event"))
        await store.write(emits("b", times=2))
    assert heard == [1, 3]


async def test_a_reader_never_misses_an_event(end: StoreEnd) -> None:
    """With writers committing at random, whoever follows the log by its newest number sees every number."""
    source = random.Random(11)
    counts = [source.choice((0, 1, 1, 2, 5)) for _ in range(400)]
    seen: list[int] = []

    async def follow(store: Store, until: int) -> None:
        while len(seen) < until:
            page = await store.read(partial(events_after, seq=seen[-1] if seen else 0, limit=50))
            seen.extend(event.seq for event in page)

    async with end.open() as store:
        following = asyncio.ensure_future(follow(store, sum(counts)))
        await asyncio.gather(*(store.write(emits("e", times=count)) for count in counts))
        await asyncio.wait_for(following, 20)
    assert seen == list(range(1, sum(counts) + 1))


# --- columns -----------------------------------------------------------------------------------------


async def test_times_and_documents_come_back_as_they_were(end: StoreEnd) -> None:
    """An instant keeps its microseconds and comes back in UTC; a document keeps its shape."""
    east = datetime(2026, 3, 1, 17, 30, 15, 999999, tzinfo=timezone(timedelta(hours=8)))
    row = {
        "principal": "p",
        "key": "k",
        "fingerprint": "f",
        "status": 201,
        "headers": {"姓名": ["李雷", None, 1.5, {"a": False}]},
        "body": b"\x00\xff",
        "created_at": east,
    }
    written = Prepared(insert(schema.idempotency))
    read = Prepared(select(schema.idempotency))
    async with end.open() as store:
        await store.write(lambda tx: written.many(tx.sql, [row]))
        by_core, prepared = await store.read(
            lambda sql: (
                dict(sql.execute(select(schema.idempotency)).mappings().one()),
                read.rows(sql, {})[0],
            )
        )
    expected = row | {"created_at": datetime(2026, 3, 1, 9, 30, 15, 999999, tzinfo=UTC)}
    assert (by_core, list(prepared)) == (expected, list(expected.values()))
    assert by_core["created_at"].tzinfo is UTC


async def test_a_naive_time_is_refused(end: StoreEnd) -> None:
    """A time without its zone is not stored: its instant would be a guess."""
    row = {"name": "n", "owner": "o", "epoch": 1, "expires_at": datetime(2026, 3, 1)}  # noqa: DTZ001
    async with end.open() as store:
        with pytest.raises(StatementError, match="time zone"):
            await store.write(lambda tx: tx.sql.execute(insert(schema.leases), row))


async def test_a_prepared_statement_raises_as_sqlalchemy_does(end: StoreEnd) -> None:
    """A broken constraint is the same error on both ways to run a statement."""
    added = Prepared(insert(schema.attempts))
    rows = [{"envelope_id": "e", "count": 1}, {"envelope_id": "e", "count": 2}]
    async with end.open() as store:
        with pytest.raises(IntegrityError):
            await store.write(lambda tx: added.many(tx.sql, rows))
        await store.write(lambda tx: added.many(tx.sql, []))
