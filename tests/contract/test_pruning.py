"""What is older than it is kept is forgotten, at every end; on PostgreSQL by the month."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import func, insert, select

from storage import partitions, pruning, schema
from storage.partitions import Month
from storage.store import Store, Tx
from tests.contract.ends import NOW, STORE_ENDS
from tests.services.servers import Servers
from workers.pruner import Pruner

OLD = NOW - timedelta(days=400)


@pytest.fixture(params=STORE_ENDS)
async def store(request: pytest.FixtureRequest, tmp_path: Path, servers: Servers) -> AsyncIterator[Store]:
    """Each end in turn, empty."""
    async with request.param(tmp_path, servers).open() as opened:
        yield opened


def keep(tx: Tx, number: int, at: datetime) -> None:
    """A message with its dedupe and delivery rows, its decision and its event."""
    name = f"msg_{number}"
    tx.sql.execute(
        insert(schema.messages),
        {
            **dict.fromkeys(("author", "kind", "text", "external_id", "raw_blob"), ""),
            **{"id": name, "conversation_id": "cv_1", "contact_point_id": "cp_1", "position": number},
            **{"attachments": [], "options": [], "details": {}, "created_at": at},
        },
    )
    hanging = {"message_id": name, "conversation_id": "cv_1", "channel_id": "ch_1", "minute": at}
    tx.sql.execute(insert(schema.dedupe), {**hanging, "source": "s", "number": number})
    sent = {"position": number, "state": "sent", "attempts": 1, "due_at": at, "error": "", "external_id": ""}
    tx.sql.execute(insert(schema.deliveries), {**hanging, **sent, "updated_at": at})
    decision = {
        "message_id": name,
        "conversation_id": "cv_1",
        "rules_version": 1,
        "context": b"",
        "decision": b"",
    }
    tx.sql.execute(insert(schema.decisions), {**decision, "created_at": at})
    tx.sql.execute(insert(schema.events), {"seq": number, "type": "t", "data": {}, "at": at})


async def left(store: Store) -> dict[str, int]:
    """How many rows each table has."""
    tables = (schema.messages, schema.dedupe, schema.deliveries, schema.decisions, schema.events)
    return await store.read(
        lambda sql: {
            table.name: sql.execute(select(func.count()).select_from(table)).scalar_one() for table in tables
        }
    )


async def test_what_is_older_is_forgotten_and_the_rest_stays(store: Store) -> None:
    """Messages with what hangs on them, decisions and events; more than fit into one step."""

    def fill(tx: Tx) -> None:
        for number in range(1, 6):
            keep(tx, number, OLD + timedelta(days=number))
        for number in range(6, 9):
            keep(tx, number, NOW - timedelta(days=1))

    await store.write(fill)
    await Pruner(store=store, kept=None).step()
    assert set((await left(store)).values()) == {8}
    await Pruner(store=store, kept=timedelta(days=30)).step()
    assert await left(store) == dict.fromkeys(("messages", "dedupe", "deliveries", "decisions", "events"), 3)


async def test_old_months_are_dropped_whole(store: Store) -> None:
    """Where there are months: rows find their own, and one that is over goes with all that is in it."""

    def fill(tx: Tx) -> list[str]:
        partitions.ensure(tx.sql, OLD)
        partitions.ensure(tx.sql, NOW)
        for number in range(1, 4):
            keep(tx, number, OLD)
        keep(tx, 4, NOW)
        return partitions.past(tx.sql, "messages", NOW)

    month = Month(OLD.year, OLD.month)
    past = await store.write(fill)
    dropped = await store.write(lambda tx: pruning.drop_months(tx, NOW - timedelta(days=30)))
    if not past:
        assert (dropped, set((await left(store)).values())) == ([], {4})
        return
    assert month.of("messages") in past
    assert {month.of(table) for table in partitions.GROWING} <= set(dropped)
    assert await left(store) == dict.fromkeys(("messages", "dedupe", "deliveries", "decisions", "events"), 1)


def test_months_follow_each_other() -> None:
    """Over the end of the year."""
    assert Month(2026, 12).next == Month(2027, 1)
    assert Month(2026, 1).begins == datetime(2026, 1, 1, tzinfo=UTC)
    assert Month(2026, 9).of("events") == "events_2026_09"
