"""Contact points and the customers behind them, as the message path loads and makes them: in bulk."""

from collections.abc import Iterable, Sequence

from sqlalchemy import bindparam, insert, tuple_, update

from router.values import ContactPoint, Customer
from storage import schema
from storage.rows import Mapper
from storage.store import Missing, Tx

_contacts = Mapper(schema.contact_points, ContactPoint)
_customers = Mapper(schema.customers, Customer)

_row = schema.customers.c
_LEARN = (
    update(schema.customers)
    .where(_row.id == bindparam("key"))
    .values(attributes=bindparam("attrs"), updated_at=bindparam("at"), version=_row.version + 1)
)


def find(tx: Tx, addresses: Iterable[tuple[str, str]]) -> dict[tuple[str, str], ContactPoint]:
    """The contact points at these (channel, address) pairs, by the pair."""
    row = schema.contact_points.c
    wanted = tuple_(row.channel_id, row.address).in_(sorted(addresses))
    found = (_contacts.load(line) for line in tx.sql.execute(_contacts.select().where(wanted)))
    return {(contact.channel_id, contact.address): contact for contact in found}


def get(tx: Tx, contact_id: str) -> ContactPoint:
    """One contact point; raises `Missing`."""
    query = _contacts.select().where(schema.contact_points.c.id == contact_id)
    line = tx.sql.execute(query).one_or_none()
    if line is None:
        raise Missing(f"there is no contact point {contact_id}")
    return _contacts.load(line)


def of_customer(tx: Tx, channel_id: str, customer_id: str) -> ContactPoint | None:
    """The customer's newest address on a channel."""
    row = schema.contact_points.c
    query = _contacts.select().where(row.channel_id == channel_id, row.customer_id == customer_id)
    line = tx.sql.execute(query.order_by(row.created_at.desc()).limit(1)).one_or_none()
    return None if line is None else _contacts.load(line)


def customers(tx: Tx, ids: Iterable[str]) -> dict[str, Customer]:
    """Customers by id."""
    lines = tx.sql.execute(_customers.select().where(schema.customers.c.id.in_(sorted(ids))))
    return {customer.id: customer for customer in map(_customers.load, lines)}


def add(tx: Tx, contacts: Sequence[ContactPoint], people: Sequence[Customer]) -> None:
    """Store new contact points and the customers made for them, in the order of their addresses."""
    made = {"version": 1, "created_at": tx.now, "updated_at": tx.now}
    if people:
        tx.sql.execute(insert(schema.customers), [_customers.dump(person) | made for person in people])
    if contacts:
        ordered = sorted(contacts, key=lambda contact: (contact.channel_id, contact.address))
        tx.sql.execute(
            insert(schema.contact_points),
            [_contacts.dump(contact) | {"created_at": tx.now} for contact in ordered],
        )


def learn(tx: Tx, people: Sequence[Customer]) -> None:
    """Store the attributes that a platform told us of customers who were there."""
    if people:
        rows = [{"key": person.id, "attrs": person.attributes, "at": tx.now} for person in people]
        tx.sql.execute(_LEARN, rows)
