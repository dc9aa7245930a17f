"""The ledger, as it is written: for each minute, channel and source, what came of what was accepted.

Whoever stores, parks or queues something counts it in the same transaction. What a gateway counts in memory
(the highest number it gave out and had confirmed, what it knew already, what it refused) comes as totals that
only grow: written twice, they are the same. docs/decisions/0005-the-ledger.md says why that is enough.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Literal, NamedTuple

from sqlalchemy import bindparam, delete, text

from bus.envelope import Mark, minute_of
from storage import schema
from storage.columns import UtcTime
from storage.prepared import Prepared
from storage.store import Tx

# How long the ledger is kept.
KEPT = timedelta(days=30)

What = Literal["stored", "applied", "duplicates", "quarantined", "given_up", "sent"]
Note = Literal["duplicate", "given_up", "unconfirmed"]
_TOTALS = ("accepted", "again", "refused")
_COUNTS = ("stored", "applied", "duplicates", "quarantined", "given_up", "sent")
_NOTHING = dict.fromkeys((*_TOTALS, *_COUNTS), 0)

_post = Prepared(
    text(
        """
        INSERT INTO ledger (minute, channel_id, source, accepted, again, refused,
                            stored, applied, duplicates, quarantined, given_up, sent)
        VALUES (:minute, :channel_id, :source, :accepted, :again, :refused,
                :stored, :applied, :duplicates, :quarantined, :given_up, :sent)
        ON CONFLICT (minute, channel_id, source) DO UPDATE SET
            accepted = CASE WHEN excluded.accepted > ledger.accepted
                            THEN excluded.accepted ELSE ledger.accepted END,
            again = CASE WHEN excluded.again > ledger.again THEN excluded.again ELSE ledger.again END,
            refused = CASE WHEN excluded.refused > ledger.refused
                           THEN excluded.refused ELSE ledger.refused END,
            stored = ledger.stored + excluded.stored,
            applied = ledger.applied + excluded.applied,
            duplicates = ledger.duplicates + excluded.duplicates,
            quarantined = ledger.quarantined + excluded.quarantined,
            given_up = ledger.given_up + excluded.given_up,
            sent = ledger.sent + excluded.sent
        """
    ).bindparams(bindparam("minute", type_=UtcTime))
)
_note = Prepared(
    text(
        """
        INSERT INTO ledger_notes (minute, channel_id, source, number, what, message_id)
        VALUES (:minute, :channel_id, :source, :number, :what, :message_id)
        ON CONFLICT DO NOTHING RETURNING number
        """
    ).bindparams(bindparam("minute", type_=UtcTime))
)


class Totals(NamedTuple):
    """What a gateway has counted so far on one channel in one minute."""

    minute: datetime
    channel_id: str
    source: str
    accepted: int = 0
    again: int = 0
    refused: int = 0


class Entries:
    """What one transaction adds; `write` it last."""

    def __init__(self) -> None:
        self._rows: dict[tuple[datetime, str, str], dict[str, int]] = {}

    def add(self, mark: Mark, what: What, count: int = 1) -> None:
        """Count something that came of the event at this place; one without a number is in no book."""
        minute, channel_id, source, number = mark
        if not number:
            return
        row = self._row(minute, channel_id, source)
        row[what] += count
        if number > row["accepted"]:  # noqa: PLR1730 - max() takes three times as long
            row["accepted"] = number

    def duplicate(self, tx: Tx, mark: Mark, message_id: str) -> None:
        """Another event had this message's id; counted once however often it is delivered."""
        if mark.number and note(tx, mark, "duplicate", message_id):
            self.add(mark, "duplicates")

    def send(self, now: datetime, channel_id: str, source: str) -> None:
        """A message is to be sent."""
        self._row(minute_of(now), channel_id, source)["sent"] += 1

    def write(self, tx: Tx) -> None:
        """One statement for everything, in the order of its keys."""
        _write(tx, self._rows)

    def _row(self, minute: datetime, channel_id: str, source: str) -> dict[str, int]:
        key = (minute, channel_id, source)
        row = self._rows.get(key)
        if row is None:
            row = self._rows[key] = dict(_NOTHING)
        return row


def enter(tx: Tx, mark: Mark | None, what: What, count: int = 1) -> None:
    """Count one thing by itself; nothing where the event has no place."""
    if mark is not None:
        entries = Entries()
        entries.add(mark, what, count)
        entries.write(tx)


def note(tx: Tx, mark: Mark, what: Note, message_id: str) -> bool:
    """Keep what became of one event by name; whether that was new."""
    return bool(_note.rows(tx.sql, {**mark._asdict(), "what": what, "message_id": message_id}))


def keep(tx: Tx, totals: Iterable[Totals], unconfirmed: Sequence[tuple[Mark, str]]) -> None:
    """Write a gateway's totals, and the (place, message id) of what it could not have confirmed."""
    _write(
        tx,
        {
            one[:3]: _NOTHING | {"accepted": one.accepted, "again": one.again, "refused": one.refused}
            for one in totals
        },
    )
    for mark, message_id in sorted(unconfirmed):
        note(tx, mark, "unconfirmed", message_id)


def prune(tx: Tx) -> None:
    """Forget what is older than it is kept."""
    for table in (schema.ledger, schema.ledger_notes):
        tx.sql.execute(delete(table).where(table.c.minute < tx.now - KEPT))


def _write(tx: Tx, rows: "dict[tuple[datetime, str, str], dict[str, int]]") -> None:
    _post.many(
        tx.sql,
        [
            {"minute": minute, "channel_id": channel_id, "source": source, **counts}
            for (minute, channel_id, source), counts in sorted(rows.items(), key=lambda row: row[0])
        ],
    )
