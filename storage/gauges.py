"""What waits and what has happened, for the operator's eyes: a few indexed reads on one snapshot."""

from collections.abc import Mapping
from datetime import datetime
from typing import Final, NamedTuple

from sqlalchemy import ColumnElement, Connection, and_, case, cast, func, literal_column, or_, select
from sqlalchemy import Text as SqlText

from storage import schema
from storage.store import last_number

_event: Final = schema.events.c
# Written out and not bound: SQLite uses a partial index only for the very words of its condition.
_OPEN: ColumnElement[bool] = literal_column("state IN ('queued', 'sending')")
# What tells one event from another of its type. The text of JSON, which both ends can search; a quote inside
# a value is escaped there, so nothing that a customer wrote looks like this. PostgreSQL writes a space more.
_TELLING: Final = {
    "failed": ("message.updated", '"state":', '"failed"'),
    "in_doubt": ("message.updated", '"state":', '"in_doubt"'),
    "breached": ("sla.step", '"percent":', "100"),
}


class Waiting(NamedTuple):
    """How many wait and since when; `since` is None where none does."""

    size: int
    since: datetime | None


class Gauges(NamedTuple):
    """What waits. `tickets` is by queue; `last_event` is the number of the newest event.

    `happened` counts events by type and, of deliveries and SLA steps, by how they went: `failed`,
    `in_doubt`, `breached` or "".
    """

    outbox: Waiting
    deliveries: Waiting
    dead_letters: int
    tickets: Mapping[str, Waiting]
    happened: Mapping[tuple[str, str], int]
    last_event: int


def read(sql: Connection, after: int | None) -> Gauges:
    """Everything, as one snapshot has it; events are counted after number `after`, none without it.

    A delivery waits from when it was due, which for a retry lies ahead.
    """
    outbox, deliveries, tickets = schema.outbox.c, schema.deliveries.c, schema.tickets.c
    queues = (
        select(tickets.queue, func.count(), func.min(tickets.waiting_since))
        .where(tickets.status.in_(["queued", "offered"]))
        .group_by(tickets.queue)
    )
    last = last_number(sql, "events")
    return Gauges(
        outbox=Waiting(*sql.execute(select(func.count(), func.min(outbox.created_at))).one()),
        deliveries=Waiting(
            *sql.execute(select(func.count(), func.min(deliveries.due_at)).where(_OPEN)).one()
        ),
        dead_letters=sql.execute(select(func.count()).select_from(schema.dead_letters)).scalar_one(),
        tickets={queue: Waiting(size, since) for queue, size, since in sql.execute(queues)},
        happened={} if after is None else _happened(sql, after, last),
        last_event=last,
    )


def _happened(sql: Connection, after: int, last: int) -> dict[tuple[str, str], int]:
    data = cast(_event.data, SqlText)
    told = {
        how: and_(
            _event.type == type_,
            or_(
                data.contains(f"{name}{value}", autoescape=True),
                data.contains(f"{name} {value}", autoescape=True),
            ),
        )
        for how, (type_, name, value) in _TELLING.items()
    }
    how = case(*((condition, how) for how, condition in told.items()), else_="").label("how")
    query = (
        select(_event.type, how, func.count())
        .where(_event.seq > after, _event.seq <= last)
        .group_by(_event.type, how)
    )
    return {(type_, how): count for type_, how, count in sql.execute(query)}
