"""Who is who: a customer's contact points become another's, or one of them somebody's own.

Nobody is joined by a guess: an agent says so, or an identity that a platform has proven (see
`bus.envelope.Sender`) is one that a contact point of theirs has.
"""

from collections.abc import Iterable, Mapping

from msgspec.structs import replace
from sqlalchemy import delete, insert, select, update

from bus.ids import new_id
from router.values import Customer
from storage import customers, schema
from storage.customers import Kept
from storage.refusals import InUse
from storage.store import Missing, Tx

_identity = schema.identities.c
_contact = schema.contact_points.c
_conversation = schema.conversations.c
_ticket = schema.tickets.c
# Texts of a customer that another's fill where they are empty.
_TEXTS = ("name", "email", "phone", "tier", "language", "timezone", "country", "company", "owner")


def known(tx: Tx, identities: Iterable[str]) -> dict[str, str]:
    """The customers that identities were proven for, by identity; of several contact points the first."""
    query = (
        select(_identity.identity, _contact.customer_id)
        .join_from(schema.identities, schema.contact_points, _contact.id == _identity.contact_point_id)
        .where(_identity.identity.in_(sorted(identities)))
        .order_by(_contact.created_at.desc(), _contact.id.desc())
    )
    return {line.identity: line.customer_id for line in tx.sql.execute(query)}


def prove(tx: Tx, proven: Mapping[str, str]) -> None:
    """Keep the identities of new contact points, by contact point."""
    if proven:
        rows = [{"identity": identity, "contact_point_id": key} for key, identity in proven.items()]
        tx.sql.execute(insert(schema.identities), rows)


def join(tx: Tx, customer_id: str, other_id: str) -> Kept:
    """Make all that is another customer's this one's; what this one lacks is taken from there.

    The other is no more. Raises `Missing`, and `InUse` for one customer joined with themselves.
    """
    if customer_id == other_id:
        raise InUse("A customer can't be joined with themselves.")
    for one in sorted((customer_id, other_id)):
        customers.lock(tx, one)
    mine, theirs = customers.get(tx.sql, customer_id).customer, customers.get(tx.sql, other_id).customer
    for table in (schema.contact_points, schema.conversations, schema.tickets):
        moved = update(table).where(table.c.customer_id == other_id)
        tx.sql.execute(moved.values(customer_id=customer_id))
    filled = {name: getattr(mine, name) or getattr(theirs, name) for name in _TEXTS}
    tags = tuple(dict.fromkeys((*mine.tags, *theirs.tags)))
    attributes = {**theirs.attributes, **mine.attributes}
    tx.sql.execute(delete(schema.customers).where(schema.customers.c.id == other_id))
    _tell(tx, customer_id, other_id)
    return customers.save(tx, replace(mine, **filled, tags=tags, attributes=attributes))


def part(tx: Tx, customer_id: str, contact_id: str) -> Kept:
    """Make a contact point, with what was said there, a new customer's own; raises `Missing`, `InUse`."""
    before = customers.lock(tx, customer_id)
    contact = next((one for one in before.contact_points if one.id == contact_id), None)
    if contact is None:
        raise Missing(f"customer {customer_id} has no contact point {contact_id}")
    if len(before.contact_points) == 1:
        raise InUse("It is the customer's only contact point.")
    made = Customer(id=new_id("cus", tx.now), name=contact.name)
    customers.add(tx, made)
    here = _conversation.contact_point_id == contact_id
    there = select(_conversation.id).where(here)
    tx.sql.execute(update(schema.contact_points).where(_contact.id == contact_id).values(customer_id=made.id))
    tx.sql.execute(
        update(schema.tickets).where(_ticket.conversation_id.in_(there)).values(customer_id=made.id)
    )
    tx.sql.execute(update(schema.conversations).where(here).values(customer_id=made.id))
    _tell(tx, customer_id, made.id)
    return customers.get(tx.sql, made.id)


def _tell(tx: Tx, *customer_ids: str) -> None:
    query = select(_ticket.id, _ticket.conversation_id).where(_ticket.customer_id.in_(customer_ids))
    for line in tx.sql.execute(query.limit(1000)):
        tx.emit("ticket.updated", ticket=line.id, conversation=line.conversation_id)
