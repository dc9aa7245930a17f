"""Dead letters: envelopes that could not be taken in, kept with the reason until somebody decides."""

from datetime import datetime
from typing import NamedTuple

from sqlalchemy import Connection, delete, insert, select, update
from sqlalchemy.exc import IntegrityError

from bus.ids import new_id
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
    try:
        with tx.sql.begin_nested():
            tx.sql.execute(insert(schema.attempts), [{"envelope_id": envelope_id, "count": 1}])
        return 1
    except IntegrityError:
        more = (
            update(schema.attempts)
            .where(_tried.envelope_id == envelope_id)
            .values(count=_tried.count + 1)
            .returning(_tried.count)
        )
        return int(tx.sql.execute(more).scalar_one())


def forget(tx: Tx, envelope_id: str) -> None:
    """The envelope was taken in after all."""
    tx.sql.execute(delete(schema.attempts).where(_tried.envelope_id == envelope_id))


def park(tx: Tx, lane: str, body: bytes, envelope_id: str, error: str) -> None:
    """Set an envelope aside."""
    tried = select(_tried.count).where(_tried.envelope_id == envelope_id)
    letter = new_id("dl", tx.now)
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
