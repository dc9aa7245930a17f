"""Dead letters: envelopes that could not be taken in, kept with the reason until somebody decides."""

from datetime import datetime
from secrets import token_bytes
from typing import NamedTuple

from sqlalchemy import Connection, delete, insert, select, update

from bus.ids import Randomness, new_id
from storage import schema
from storage.store import Missing, Tx

_row = schema.dead_letters.c
_tried = schema.attempts.c


class DeadLetter(NamedTuple):
    """`lane` is where it came from and goes back to; `error` says in words what went wrong."""

    id: str
    lane: str
    body: bytes
    envelope_id: str
    error: str
    attempts: int
    created_at: datetime


def attempt(tx: Tx, envelope_id: str) -> int:
    """Count an attempt to take an envelope in alone; returns how many there have been."""
    more = (
        update(schema.attempts)
        .where(_tried.envelope_id == envelope_id)
        .values(count=_tried.count + 1)
        .returning(_tried.count)
    )
    tried = tx.sql.execute(more).scalar_one_or_none()
    if tried is None:
        # A lane has one worker: nobody else counts the same envelope.
        tx.sql.execute(insert(schema.attempts), [{"envelope_id": envelope_id, "count": 1}])
    return int(tried or 1)


def forget(tx: Tx, envelope_id: str) -> None:
    """The envelope was taken in after all."""
    tx.sql.execute(delete(schema.attempts).where(_tried.envelope_id == envelope_id))


def park(tx: Tx, lane: str, body: bytes, envelope_id: str, error: str) -> None:
    """Set an envelope aside, once: it may come again before it is acked."""
    parked = select(_row.id).where(_row.lane == lane, _row.envelope_id == envelope_id)
    if tx.sql.execute(parked.limit(1)).first() is not None:
        forget(tx, envelope_id)
        return
    tried = select(_tried.count).where(_tried.envelope_id == envelope_id)
    letter = new_id("dl", tx.now, _in_order(tx.now))
    tx.sql.execute(
        insert(schema.dead_letters),
        [
            {
                "id": letter,
                "lane": lane,
                "body": body,
                "envelope_id": envelope_id,
                "error": error[:2000],
                "attempts": tx.sql.execute(tried).scalar_one_or_none() or 1,
                "created_at": tx.now,
            }
        ],
    )
    forget(tx, envelope_id)
    tx.emit("deadletter.created", id=letter, error=error[:200])


def _in_order(now: datetime) -> Randomness:
    """Microseconds first: those of one millisecond are listed, and put back, in the order they came."""
    return lambda length: (now.microsecond % 1000).to_bytes(2, "big") + token_bytes(length - 2)


def listed(sql: Connection, after: str, limit: int) -> list[DeadLetter]:
    """Dead letters, oldest first, from a position on."""
    query = select(schema.dead_letters).where(_row.id > after).order_by(_row.id).limit(limit)
    return [DeadLetter(*line) for line in sql.execute(query)]


def get(sql: Connection, letter_id: str) -> DeadLetter:
    """One dead letter; raises `Missing`."""
    line = sql.execute(select(schema.dead_letters).where(_row.id == letter_id)).one_or_none()
    if line is None:
        raise Missing(f"there is no dead letter {letter_id}")
    return DeadLetter(*line)


def remove(tx: Tx, letter_id: str) -> None:
    """It was put back, or is given up; raises `Missing`."""
    if tx.sql.execute(delete(schema.dead_letters).where(_row.id == letter_id)).rowcount == 0:
        raise Missing(f"there is no dead letter {letter_id}")
    tx.emit("deadletter.removed", id=letter_id)
