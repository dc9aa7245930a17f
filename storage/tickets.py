"""Tickets: loaded by id, stored whole, listed by what an inbox filters on."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, bindparam, func, insert, select, update

from router.values import Ticket
from storage import schema
from storage.listed import listed
from storage.prepared import Prepared
from storage.rows import Mapper
from storage.store import Missing, Tx, next_number

_tickets = Mapper(schema.tickets, Ticket)
_row = schema.tickets.c
_load = Prepared(_tickets.select().where(_row.id.in_(listed("ids"))).order_by(_row.id).with_for_update())
_add = Prepared(insert(schema.tickets))
_update = update(schema.tickets).where(_row.id == bindparam("key"))
_save = Prepared(_update)
_touch = Prepared(_update.values(updated_at=bindparam("at")))


def load(tx: Tx, ids: Iterable[str]) -> dict[str, Ticket]:
    """Tickets by id, locked in id order."""
    lines = _load.rows(tx.sql, {"ids": sorted(ids)})
    return {ticket.id: ticket for ticket in map(_tickets.load, lines)}


def get(sql: Connection, ticket_id: str) -> Ticket:
    """One ticket; raises `Missing`."""
    line = sql.execute(_tickets.select().where(_row.id == ticket_id)).one_or_none()
    if line is None:
        raise Missing(f"there is no ticket {ticket_id}")
    return _tickets.load(line)


def lock(tx: Tx, ticket_id: str) -> Ticket:
    """One ticket, held until the transaction ends; raises `Missing`."""
    found = load(tx, [ticket_id])
    if ticket_id not in found:
        raise Missing(f"there is no ticket {ticket_id}")
    return found[ticket_id]


def numbers(tx: Tx, count: int) -> range:
    """Take ticket numbers, in order."""
    last = next_number(tx, "tickets", count)
    return range(last - count + 1, last + 1)


def add(tx: Tx, tickets: Sequence[Ticket]) -> None:
    """Store new tickets."""
    _add.many(tx.sql, [_tickets.dump(ticket) for ticket in tickets])


def save(tx: Tx, tickets: Sequence[Ticket]) -> None:
    """Store tickets that were there, whole."""
    rows: list[dict[str, Any]] = []
    for ticket in sorted(tickets, key=lambda one: one.id):
        row = _tickets.dump(ticket)
        rows.append(row | {"key": row.pop("id")})
    _save.many(tx.sql, rows)


def touch(tx: Tx, ids: Iterable[str]) -> None:
    """Store only that something happened to the tickets now."""
    _touch.many(tx.sql, [{"key": key, "at": tx.now} for key in sorted(ids)])


def due(sql: Connection, now: datetime, limit: int) -> list[str]:
    """Ids of tickets with something due, oldest first."""
    query = select(_row.id).where(_row.due_at <= now).order_by(_row.due_at).limit(limit)
    return list(sql.execute(query).scalars())


def waiting(sql: Connection) -> list[Ticket]:
    """The tickets that wait for an agent."""
    return [_tickets.load(line) for line in sql.execute(_tickets.select().where(_row.status == "queued"))]


def held(sql: Connection) -> list[tuple[str, str, str]]:
    """(agent, ticket, channel) of every ticket that takes an agent's room: open and not waiting."""
    query = select(_row.assignee, _row.id, _row.channel_id).where(
        _row.status == "open", _row.assignee.is_not(None)
    )
    return [(line[0], line[1], line[2]) for line in sql.execute(query)]


def queue_lengths(sql: Connection) -> dict[str, int]:
    """How many tickets wait in each queue."""
    query = select(_row.queue, func.count()).where(_row.status == "queued").group_by(_row.queue)
    return {line[0]: line[1] for line in sql.execute(query)}
