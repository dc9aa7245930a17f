"""Contact points and the customers behind them, as the message path loads and makes them: in bulk."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, bindparam, insert, select, update

from router.values import ContactPoint, Customer
from storage import schema
from storage.listed import among
from storage.prepared import Prepared
from storage.rows import Mapper
from storage.store import Missing, Tx

_contacts = Mapper(schema.contact_points, ContactPoint)
_customers = Mapper(schema.customers, Customer)

_row = schema.customers.c
_point = schema.contact_points.c
# Each channel with each address: more than was asked for, but the one form that SQLite looks up in the index.
_find = Prepared(
    _contacts.select().where(among(_point.channel_id, "channels"), among(_point.address, "addresses"))
)
_load_customers = Prepared(_customers.select().where(among(_row.id, "ids")))
_attributes = Prepared(
    select(_row.id, _row.attributes).where(among(_row.id, "ids")).order_by(_row.id).with_for_update()
)
_add_customers = Prepared(insert(schema.customers))
_add_contacts = Prepared(insert(schema.contact_points))
_learn = Prepared(
    update(schema.customers)
    .where(_row.id == bindparam("key"))
    .values(attributes=bindparam("attrs"), updated_at=bindparam("at"), version=_row.version + 1)
)


def find(tx: Tx, addresses: Iterable[tuple[str, str]]) -> dict[tuple[str, str], ContactPoint]:
    """The contact points at these (channel, address) pairs, by the pair."""
    wanted = set(addresses)
    asked = {
        "channels": sorted({channel for channel, _ in wanted}),
        "addresses": sorted({address for _, address in wanted}),
    }
    found = map(_contacts.load, _find.rows(tx.sql, asked))
    return {key: contact for contact in found if (key := (contact.channel_id, contact.address)) in wanted}


def get(tx: Tx, contact_id: str) -> ContactPoint:
    """One contact point; raises `Missing`."""
    query = _contacts.select().where(_point.id == contact_id)
    line = tx.sql.execute(query).one_or_none()
    if line is None:
        raise Missing(f"there is no contact point {contact_id}")
    return _contacts.load(line)


def name_of(sql: Connection, contact_id: str) -> str:
    """What the platform calls the contact; "" where it has not said."""
    return sql.execute(select(_point.name).where(_point.id == contact_id)).scalar() or ""


def of_customer(tx: Tx, channel_id: str, customer_id: str) -> ContactPoint | None:
    """The customer's newest address on a channel."""
    query = _contacts.select().where(_point.channel_id == channel_id, _point.customer_id == customer_id)
    line = tx.sql.execute(query.order_by(_point.created_at.desc()).limit(1)).one_or_none()
    return None if line is None else _contacts.load(line)


def customers(tx: Tx, ids: Iterable[str]) -> dict[str, Customer]:
    """Customers by id."""
    lines = _load_customers.rows(tx.sql, {"ids": sorted(ids)})
    return {customer.id: customer for customer in map(_customers.load, lines)}


def add(tx: Tx, contacts: Sequence[ContactPoint], people: Sequence[Customer]) -> None:
    """Store new contact points and customers made for them, in the order of their addresses."""
    made = {"version": 1, "created_at": tx.now, "updated_at": tx.now}
    _add_customers.many(tx.sql, [_customers.dump(person) | made for person in people])
    ordered = sorted(contacts, key=lambda contact: (contact.channel_id, contact.address))
    _add_contacts.many(tx.sql, [_contacts.dump(contact) | {"created_at": tx.now} for contact in ordered])


def learn(tx: Tx, told: Mapping[str, Mapping[str, Any]]) -> None:
    """Add attributes that a platform told us of customers who were there, by customer id."""
    if told:
        lines = _attributes.rows(tx.sql, {"ids": sorted(told)})
        rows = [{"key": key, "attrs": {**known, **told[key]}, "at": tx.now} for key, known in lines]
        _learn.many(tx.sql, rows)
