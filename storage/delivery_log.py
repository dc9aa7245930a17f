"""The log of what was sent on a channel: each delivery, and each attempt of it that failed."""

from collections.abc import Collection
from datetime import datetime, timedelta
from typing import NamedTuple

from sqlalchemy import Connection, delete, insert, select

from bus.ids import new_id
from storage import schema
from storage.deliveries import Outcome, State
from storage.paging import Slice, cut
from storage.store import Tx

KEPT = timedelta(days=30)
_row = schema.deliveries.c
_attempt = schema.failed_attempts.c


class Attempt(NamedTuple):
    """One that failed, and why."""

    at: datetime
    error: str


class Entry(NamedTuple):
    """A delivery. `attempts` counts all, `failed` are those of the last 30 days that did not succeed."""

    message_id: str
    conversation_id: str
    state: State
    attempts: int
    error: str
    external_id: str
    queued_at: datetime
    updated_at: datetime
    failed: tuple[Attempt, ...]


def keep(tx: Tx, outcomes: Collection[Outcome]) -> None:
    """Keep the attempts that failed, of how claims ended."""
    rows = [
        {"message_id": one.claim.message_id, "error": one.error, "at": tx.now}
        for one in outcomes
        if one.error and one.state != "kept"
    ]
    if rows:
        tx.sql.execute(insert(schema.failed_attempts), rows)


def prune(tx: Tx) -> None:
    """Forget what is older than it is kept."""
    tx.sql.execute(delete(schema.failed_attempts).where(_attempt.at < tx.now - KEPT))


def of_channel(
    sql: Connection, channel_id: str, now: datetime, *, before: str | None, limit: int, state: State | None
) -> Slice[Entry]:
    """The deliveries of the last 30 days on a channel, newest first, from behind a message's id on."""
    # Ids sort by age: the look goes back so far along them, whatever else was sent meanwhile.
    oldest = new_id("msg", now - KEPT, bytes)
    query = select(schema.deliveries).where(_row.channel_id == channel_id, _row.message_id >= oldest)
    if before is not None:
        query = query.where(_row.message_id < before)
    if state is not None:
        query = query.where(_row.state == state)
    lines = sql.execute(query.order_by(_row.message_id.desc()).limit(limit + 1)).all()
    failed = _failed(sql, [line.message_id for line in lines])
    entries = [
        Entry(
            line.message_id,
            line.conversation_id,
            line.state,
            line.attempts,
            line.error,
            line.external_id,
            line.minute,
            line.updated_at,
            tuple(failed.get(line.message_id, ())),
        )
        for line in lines
    ]
    return cut(entries, limit, lambda entry: entry.message_id)


def _failed(sql: Connection, message_ids: Collection[str]) -> dict[str, list[Attempt]]:
    found: dict[str, list[Attempt]] = {}
    query = select(_attempt.message_id, _attempt.at, _attempt.error).order_by(_attempt.seq)
    for line in sql.execute(query.where(_attempt.message_id.in_(sorted(message_ids)))):
        found.setdefault(line.message_id, []).append(Attempt(line.at, line.error))
    return found
