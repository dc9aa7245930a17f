"""Customers as people edit them, each with the addresses they write from."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import Connection, delete, func, insert, select, update

from router.values import ContactPoint, Customer
from storage import schema
from storage.paging import Position, Slice, cut, newest_first
from storage.refusals import InUse
from storage.rows import Mapper
from storage.store import Missing, Tx

_customers = Mapper(schema.customers, Customer)
_contacts = Mapper(schema.contact_points, ContactPoint)
_row = schema.customers.c
_contact = schema.contact_points.c


class Kept(NamedTuple):
    """A customer with their contact points and what the store adds."""

    customer: Customer
    contact_points: tuple[ContactPoint, ...]
    version: int
    created_at: datetime
    updated_at: datetime


_KEPT = _customers.select().add_columns(_row.version, _row.created_at, _row.updated_at)


def add(tx: Tx, customer: Customer) -> Kept:
    """Store a new customer."""
    made = {"version": 1, "created_at": tx.now, "updated_at": tx.now}
    tx.sql.execute(insert(schema.customers).values(_customers.dump(customer) | made))
    return get(tx.sql, customer.id)


def save(tx: Tx, customer: Customer) -> Kept:
    """Store a customer who was there, as the next version; raises `Missing`."""
    changed = _customers.dump(customer) | {"version": _row.version + 1, "updated_at": tx.now}
    tx.sql.execute(update(schema.customers).where(_row.id == customer.id).values(changed))
    tx.emit("customer.updated", id=customer.id)
    return get(tx.sql, customer.id)


def hand_over(tx: Tx, owner: str, heir: str) -> int:
    """Give an agent's customers to another; returns how many."""
    changed = {"owner": heir, "version": _row.version + 1, "updated_at": tx.now}
    return tx.sql.execute(update(schema.customers).where(_row.owner == owner).values(changed)).rowcount


def remove(tx: Tx, customer_id: str) -> None:
    """Delete a customer who never wrote; raises `Missing`, `InUse`."""
    get(tx.sql, customer_id)
    conversation = schema.conversations.c
    said = select(func.count()).where(conversation.customer_id == customer_id)
    if tx.sql.execute(said).scalar_one():
        raise InUse("There are conversations with this customer.")
    tx.sql.execute(delete(schema.contact_points).where(_contact.customer_id == customer_id))
    tx.sql.execute(delete(schema.customers).where(_row.id == customer_id))


def find(sql: Connection, customer_id: str) -> Customer | None:
    """One customer."""
    line = sql.execute(_customers.select().where(_row.id == customer_id)).one_or_none()
    return None if line is None else _customers.load(line)


def get(sql: Connection, customer_id: str) -> Kept:
    """One customer; raises `Missing`."""
    found = _with_contacts(sql, sql.execute(_KEPT.where(_row.id == customer_id)))
    if not found:
        raise Missing(f"there is no customer {customer_id}")
    return found[0]


def lock(tx: Tx, customer_id: str) -> Kept:
    """One customer, held until the transaction ends; raises `Missing`."""
    tx.sql.execute(select(_row.id).where(_row.id == customer_id).with_for_update())
    return get(tx.sql, customer_id)


def listed(
    sql: Connection,
    after: Position | None,
    limit: int,
    *,
    email: str | None = None,
    tier: str | None = None,
    owner: str | None = None,
) -> Slice[Kept]:
    """Customers, newest change first; each filter that is not None must hold."""
    query = _KEPT
    for column, wanted in ((_row.email, email), (_row.tier, tier), (_row.owner, owner)):
        if wanted is not None:
            query = query.where(column == wanted)
    found = _with_contacts(sql, sql.execute(newest_first(query, schema.customers, after, limit)))
    return cut(found, limit, lambda kept: (kept.updated_at, kept.customer.id))


def _with_contacts(sql: Connection, lines: Iterable[Sequence[Any]]) -> list[Kept]:
    rows = list(lines)
    people = [_customers.load(row[:-3]) for row in rows]
    query = _contacts.select().where(_contact.customer_id.in_(sorted(person.id for person in people)))
    by_customer: dict[str, list[ContactPoint]] = {}
    for contact in map(_contacts.load, sql.execute(query.order_by(_contact.id))):
        by_customer.setdefault(contact.customer_id, []).append(contact)
    return [
        Kept(person, tuple(by_customer.get(person.id, ())), *row[-3:])
        for person, row in zip(people, rows, strict=True)
    ]
