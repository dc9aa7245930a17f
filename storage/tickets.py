"""Tickets: loaded by id, stored whole, listed by what an inbox filters on."""

from collections.abc import Collection, Iterable, Sequence
from datetime import datetime
from functools import lru_cache
from typing import Any

from msgspec.structs import astuple
from sqlalchemy import Connection, bindparam, func, insert, literal_column, select, update

from router.values import ACTIVE, Ticket
from storage import conversations, schema
from storage.listed import among
from storage.prepared import Prepared
from storage.rows import Mapper
from storage.store import Missing, Tx, next_number

_tickets = Mapper(schema.tickets, Ticket)
_row = schema.tickets.c
_load = Prepared(_tickets.select().where(among(_row.id, "ids")).order_by(_row.id).with_for_update())
_conversations_of = Prepared(select(_row.conversation_id).where(among(_row.id, "ids")))
_numbers = Prepared(
    select(schema.ticket_numbers.next_value()).select_from(func.generate_series(1, bindparam("count")))
)
_add = Prepared(insert(schema.tickets))
_update = update(schema.tickets).where(_row.id == bindparam("key"))
_save = Prepared(_update)
_NAMES = Ticket.__struct_fields__
_NEW = "new_"
# As many digits as a ticket's number has at most.
_LONGEST_NUMBER = 9
_touch = Prepared(_update.values(updated_at=bindparam("at")))
_held = Prepared(
    select(_row.assignee, func.count())
    .where(among(_row.assignee, "agents"), _row.status == literal_column("'open'"))
    .group_by(_row.assignee)
)


def load(tx: Tx, ids: Iterable[str]) -> dict[str, Ticket]:
    """Tickets by id, locked in id order, for a transaction that has locked their conversations."""
    lines = _load.rows(tx.sql, {"ids": sorted(ids)})
    return {ticket.id: ticket for ticket in map(_tickets.load, lines)}


def get(sql: Connection, ticket_id: str) -> Ticket:
    """One ticket; raises `Missing`."""
    line = sql.execute(_tickets.select().where(_row.id == ticket_id)).one_or_none()
    if line is None:
        raise Missing(f"there is no ticket {ticket_id}")
    return _tickets.load(line)


def id_of(sql: Connection, given: str) -> str:
    """The id of the ticket that is called so: by its id, or by its number; raises `Missing`."""
    number = number_in(given)
    if number is None:
        return given
    found = sql.execute(select(_row.id).where(_row.number == number)).scalar_one_or_none()
    if found is None:
        raise Missing(f"there is no ticket #{number}")
    return str(found)


def number_in(text: str) -> int | None:
    """The ticket's number that a text names, with or without its `#`."""
    digits = text.strip().removeprefix("#")
    if not (digits.isascii() and digits.isdecimal() and len(digits) <= _LONGEST_NUMBER):
        return None
    return int(digits)


def lock_all(tx: Tx, ids: Iterable[str], *, also: Iterable[str] = ()) -> dict[str, Ticket]:
    """Tickets by id, held until the transaction ends.

    Their conversations and those in `also` are held, too, and were locked first: everybody locks
    conversations before tickets, each in id order, so nobody waits for somebody who waits for them.
    """
    wanted = sorted(ids)
    theirs = {line[0] for line in _conversations_of.rows(tx.sql, {"ids": wanted})}
    conversations.hold(tx, theirs.union(also))
    return load(tx, wanted)


def lock(tx: Tx, ticket_id: str) -> Ticket:
    """One ticket, as `lock_all` holds it; raises `Missing`."""
    found = lock_all(tx, [ticket_id])
    if ticket_id not in found:
        raise Missing(f"there is no ticket {ticket_id}")
    return found[ticket_id]


def numbers(tx: Tx, count: int) -> Sequence[int]:
    """Take ticket numbers, in order. On PostgreSQL a transaction that fails leaves a gap."""
    if tx.sql.dialect.name == "sqlite":
        last = next_number(tx, "tickets", count)
        return range(last - count + 1, last + 1)
    # Not a counter's row: who opens a ticket would wait for every other who does until they have committed.
    return [line[0] for line in _numbers.rows(tx.sql, {"count": count})]


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


def change(tx: Tx, changes: Sequence[tuple[Ticket, Ticket]]) -> None:
    """Store what differs between each ticket as it was loaded and as it is now.

    SQLite writes every index anew that a statement might change, so nothing is set that stays as it was.
    """
    alike: dict[tuple[str, ...], list[dict[str, Any]]] = {}
    for before, after in sorted(changes, key=lambda pair: pair[0].id):
        pairs = zip(_NAMES, astuple(before), astuple(after), strict=True)
        row = {_NEW + name: new for name, old, new in pairs if old is not new and old != new}
        names = tuple(row)
        row["key"] = before.id
        alike.setdefault(names, []).append(row)
    alike.pop((), None)
    for names, rows in alike.items():
        _setting(names).many(tx.sql, rows)


@lru_cache(256)
def _setting(names: tuple[str, ...]) -> Prepared:
    columns = [_row[name.removeprefix(_NEW)] for name in names]
    return Prepared(
        _update.values({column.name: bindparam(_NEW + column.name, type_=column.type) for column in columns})
    )


def touch(tx: Tx, ids: Iterable[str]) -> None:
    """Store only that something happened to the tickets now."""
    _touch.many(tx.sql, [{"key": key, "at": tx.now} for key in sorted(ids)])


def active_after(sql: Connection, ticket_id: str, limit: int) -> list[str]:
    """Ids of tickets that are being worked on, in order, from one on."""
    query = select(_row.id).where(_row.status.in_(sorted(ACTIVE)), _row.id > ticket_id)
    return list(sql.execute(query.order_by(_row.id).limit(limit)).scalars())


def numbers_of(sql: Connection, ids: Iterable[str]) -> dict[str, int]:
    """The numbers of these tickets, by id."""
    query = select(_row.id, _row.number).where(_row.id.in_(sorted(ids)))
    return {line[0]: line[1] for line in sql.execute(query)}


def of_customer(sql: Connection, customer_id: str) -> list[str]:
    """Ids of the customer's tickets that are not over."""
    over = _row.status.in_(("closed", "merged"))
    return list(sql.execute(select(_row.id).where(_row.customer_id == customer_id, ~over)).scalars())


def due(sql: Connection, now: datetime, limit: int) -> list[str]:
    """Ids of tickets with something due, oldest first."""
    query = select(_row.id).where(_row.due_at <= now).order_by(_row.due_at).limit(limit)
    return list(sql.execute(query).scalars())


def waiting(sql: Connection) -> list[Ticket]:
    """The tickets that wait for an agent."""
    return [_tickets.load(line) for line in sql.execute(_tickets.select().where(_row.status == "queued"))]


def held(sql: Connection, agent_ids: Collection[str]) -> dict[str, int]:
    """How many tickets take each of these agents' room: open and not waiting; who has none is not in it."""
    return {line[0]: line[1] for line in _held.rows(sql, {"agents": sorted(agent_ids)})}


def queue_lengths(sql: Connection) -> dict[str, int]:
    """How many tickets wait in each queue."""
    query = select(_row.queue, func.count()).where(_row.status == "queued").group_by(_row.queue)
    return {line[0]: line[1] for line in sql.execute(query)}
