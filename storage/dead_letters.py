"""Dead letters: envelopes that could not be taken in, kept with the reason until somebody decides."""

from collections.abc import Iterable
from datetime import datetime
from secrets import token_bytes
from typing import Final, NamedTuple

from sqlalchemy import ColumnElement, Connection, Row, delete, func, insert, select, update

from bus.envelope import mark
from bus.ids import Randomness, new_id
from storage import ledger, outbox, schema
from storage.listed import among
from storage.store import Missing, Tx

QUARANTINED: Final = "quarantined: "
"""What the error of a mail that can't be read begins with."""
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


def tried(sql: Connection, envelope_ids: Iterable[str]) -> dict[str, int]:
    """How often these have been in hand when a process died, those that ever were."""
    counts = select(_tried.envelope_id, _tried.count).where(among(_tried.envelope_id, "ids"))
    return _by_name(sql.execute(counts, {"ids": list(envelope_ids)}))


def attempt(tx: Tx, envelope_ids: Iterable[str]) -> dict[str, int]:
    """Count an attempt to take these in; returns how many there have been of each."""
    names = list(dict.fromkeys(envelope_ids))
    more = (
        update(schema.attempts)
        .where(among(_tried.envelope_id, "ids"))
        .values(count=_tried.count + 1)
        .returning(_tried.envelope_id, _tried.count)
    )
    counts = _by_name(tx.sql.execute(more, {"ids": names}))
    # A lane has one worker: nobody else counts the same envelopes.
    if first := [name for name in names if name not in counts]:
        tx.sql.execute(insert(schema.attempts), [{"envelope_id": name, "count": 1} for name in first])
    return counts | dict.fromkeys(first, 1)


def _by_name(lines: Iterable[Row[str, int]]) -> dict[str, int]:
    return {line[0]: line[1] for line in lines}


def forget(tx: Tx, envelope_ids: Iterable[str]) -> None:
    """The envelopes were taken in after all."""
    gone = delete(schema.attempts).where(among(_tried.envelope_id, "ids"))
    tx.sql.execute(gone, {"ids": list(envelope_ids)})


def park(tx: Tx, lane: str, body: bytes, envelope_id: str, error: str) -> None:
    """Set an envelope aside, once: it may come again before it is acked."""
    parked = select(_row.body).where(_row.lane == lane, _row.envelope_id == envelope_id)
    before = tx.sql.execute(parked.limit(1)).scalar_one_or_none()
    place = mark(body)
    if before is not None:
        if place is not None and place != mark(before):
            entries = ledger.Entries()
            entries.duplicate(tx, place, envelope_id)
            entries.write(tx)
        forget(tx, [envelope_id])
        return
    attempts = select(_tried.count).where(_tried.envelope_id == envelope_id)
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
                "attempts": tx.sql.execute(attempts).scalar_one_or_none() or 1,
                "created_at": tx.now,
            }
        ],
    )
    ledger.enter(tx, place, "quarantined")
    forget(tx, [envelope_id])
    tx.emit("deadletter.created", id=letter, error=error[:200])


def _in_order(now: datetime) -> Randomness:
    """Microseconds first: those of one millisecond are listed, and put back, in the order they came."""
    return lambda length: (now.microsecond % 1000).to_bytes(2, "big") + token_bytes(length - 2)


def listed(sql: Connection, after: str, limit: int, *, quarantined: bool = False) -> list[DeadLetter]:
    """Dead letters, oldest first, from a position on; of mail that can't be read alone, if asked to."""
    query = select(schema.dead_letters).where(_row.id > after, *_which(quarantined))
    return [DeadLetter(*line) for line in sql.execute(query.order_by(_row.id).limit(limit))]


def quarantined(sql: Connection) -> int:
    """How many mails can't be read."""
    query = select(func.count()).select_from(schema.dead_letters).where(*_which(quarantined=True))
    return int(sql.execute(query).scalar_one())


def _which(quarantined: bool) -> "list[ColumnElement[bool]]":
    return [_row.error.startswith(QUARANTINED)] if quarantined else []


def get(sql: Connection, letter_id: str, *, quarantined: bool = False) -> DeadLetter:
    """One dead letter; raises `Missing`."""
    query = select(schema.dead_letters).where(_row.id == letter_id, *_which(quarantined))
    line = sql.execute(query).one_or_none()
    if line is None:
        raise Missing(f"there is no dead letter {letter_id}")
    return DeadLetter(*line)


def put_back(tx: Tx, letter_id: str) -> DeadLetter:
    """Let it be taken in again, at the end of its lane; raises `Missing`."""
    letter = _remove(tx, letter_id)
    outbox.put(tx, letter.lane, [letter.body])
    return letter


def give_up(tx: Tx, letter_id: str) -> DeadLetter:
    """Nobody will take it in; raises `Missing`."""
    letter = _remove(tx, letter_id)
    place = mark(letter.body)
    if place is not None and ledger.note(tx, place, "given_up", letter.envelope_id):
        ledger.enter(tx, place, "given_up")
    return letter


def _remove(tx: Tx, letter_id: str) -> DeadLetter:
    letter = get(tx.sql, letter_id)
    if tx.sql.execute(delete(schema.dead_letters).where(_row.id == letter_id)).rowcount == 0:
        raise Missing(f"there is no dead letter {letter_id}")
    ledger.enter(tx, mark(letter.body), "quarantined", -1)
    tx.emit("deadletter.removed", id=letter_id, error=letter.error[:200])
    return letter
