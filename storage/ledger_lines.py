"""The ledger, as it is read: a line for each channel and minute, both sides of it and their difference."""

from collections import Counter
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import NamedTuple

from sqlalchemy import Connection, and_, func, select

from bus.envelope import Mark, mark
from bus.ids import new_id
from storage import schema

# What was accepted so long ago and is nowhere is a difference; until then it waits on the bus.
GRACE = timedelta(minutes=5)

_row = schema.ledger.c
_note = schema.ledger_notes.c
_known = schema.dedupe.c
_sent = schema.deliveries.c
_letter = schema.dead_letters.c
_INBOUND = (_row.accepted, _row.again, _row.refused, _row.stored, _row.applied, _row.duplicates)
_REST = (_row.quarantined, _row.given_up, _row.sent)
_STATES = {"sent": "delivered", "kept": "delivered", "failed": "failed", "in_doubt": "in_doubt"}


class Line(NamedTuple):
    """One minute of one channel.

    `accepted` counts what its sender was told is safe, `again` what it was told we had already; `applied` are
    edits, withdrawals and receipts. `delivered` to `waiting` say where those are now that were to be `sent`
    in that minute.
    """

    channel_id: str
    minute: datetime
    accepted: int = 0
    again: int = 0
    refused: int = 0
    stored: int = 0
    applied: int = 0
    duplicates: int = 0
    quarantined: int = 0
    given_up: int = 0
    sent: int = 0
    delivered: int = 0
    failed: int = 0
    in_doubt: int = 0
    waiting: int = 0

    @property
    def received(self) -> int:
        """Everything that came."""
        return self.accepted + self.again + self.refused

    @property
    def open(self) -> int:
        """Accepted, and nothing has come of it: on the bus, or lost; below zero, counted twice."""
        taken = self.stored + self.applied + self.duplicates
        return self.accepted - taken - self.quarantined - self.given_up

    @property
    def unsent(self) -> int:
        """To be sent, and no delivery knows of it."""
        return self.sent - self.delivered - self.failed - self.in_doubt - self.waiting

    def difference(self, now: datetime) -> int:
        """By how many messages the books differ; 0 is what it should be."""
        may_wait = self.open > 0 and self.minute + timedelta(minutes=1) + GRACE > now
        return (0 if may_wait else abs(self.open)) + abs(self.unsent)


def lines(sql: Connection, since: datetime, until: datetime, channel_id: str | None = None) -> list[Line]:
    """The lines of the minutes from `since` to before `until`, by minute and channel."""
    found: dict[tuple[datetime, str], dict[str, int]] = {}
    sums = [func.sum(column).label(column.name) for column in (*_INBOUND, *_REST)]
    query = select(_row.minute, _row.channel_id, *sums).where(_row.minute >= since, _row.minute < until)
    for line in sql.execute(query.group_by(_row.minute, _row.channel_id)):
        counts = {column.name: int(line._mapping[column.name]) for column in (*_INBOUND, *_REST)}
        found[line.minute, line.channel_id] = counts
    for minute, channel in _never_came(sql, since, until):
        if (minute, channel) in found:
            found[minute, channel]["accepted"] -= 1
    for minute, channel, state, count in _deliveries(sql, since, until):
        counts = found.setdefault((minute, channel), {})
        name = _STATES.get(state, "waiting")
        counts[name] = counts.get(name, 0) + count
    return [
        Line(channel, minute, **counts)
        for (minute, channel), counts in sorted(found.items())
        if channel_id is None or channel == channel_id
    ]


def _deliveries(
    sql: Connection, since: datetime, until: datetime
) -> Iterable[tuple[datetime, str, str, int]]:
    # Ids of what we send begin with their time, so the table's own order finds them.
    first = new_id("msg", since, bytes)
    query = (
        select(_sent.minute, _sent.channel_id, _sent.state, func.count())
        .where(_sent.message_id >= first, _sent.minute >= since, _sent.minute < until)
        .group_by(_sent.minute, _sent.channel_id, _sent.state)
    )
    return [(line[0], line[1], line[2], line[3]) for line in sql.execute(query)]


def _never_came(sql: Connection, since: datetime, until: datetime) -> Iterable[tuple[datetime, str]]:
    """Where a number stands for nothing: its sender was told to try again, and the bus does not have it."""
    here = schema.ledger_notes
    other = here.alias()
    same = [here.c[name] == other.c[name] for name in Mark._fields]
    stored = [_known[name] == here.c[name] for name in Mark._fields]
    query = (
        select(here)
        .outerjoin(other, and_(*same, other.c.what != "unconfirmed"))
        .outerjoin(schema.dedupe, and_(_known.message_id == here.c.message_id, *stored))
        .where(_note.what == "unconfirmed", _note.minute >= since, _note.minute < until)
        .where(other.c.what.is_(None), _known.message_id.is_(None))
    )
    missing = {Mark(*line[:4]): line.message_id for line in sql.execute(query)}
    parked = quarantined(sql) if missing else Counter[Mark]()
    return [(place.minute, place.channel_id) for place in missing if place not in parked]


def quarantined(sql: Connection) -> "Counter[Mark]":
    """The places of what is parked."""
    bodies = sql.execute(select(_letter.body)).scalars()
    return Counter(place for body in bodies if (place := mark(body)) is not None)
