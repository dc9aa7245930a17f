"""What admins set up in small documents: queues, skills, tiers, fields, policies, calendars, ticket types.

A document's id is unique within its kind, so that a skill and a queue may both be called "billing". A
"choice" holds for the whole desk.
"""

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Any, Literal, TypeVar

import msgspec
from sqlalchemy import Connection, delete, func, insert, or_, select, update

from router import calendar
from router.desk import Desk, Field
from router.values import ACTIVE, Policy, Queue, Tier, Value
from storage import schema
from storage.paging import Slice, cut
from storage.refusals import InUse, Taken, unless_taken
from storage.store import Missing, Tx

Kind = Literal["queue", "skill", "tier", "field", "policy", "calendar", "ticket_type", "choice"]
D = TypeVar("D")
_row = schema.catalogue.c
# More queues than anybody sets up.
_ALL = 100_000
_OF_CLOCKS = frozenset({"policy", "calendar", "queue"})
_HOURS = frozenset(calendar.CalendarSpec.__struct_fields__) - {"earlier"}
# No clock of a ticket that is worked on began so long ago.
_REMEMBERED = timedelta(days=400)


class Document(Value, frozen=True, kw_only=True):
    """One of them; `body` is its JSON without id and name."""

    id: str
    kind: Kind
    name: str
    body: dict[str, Any]
    version: int
    created_at: datetime
    updated_at: datetime

    def fields(self) -> dict[str, Any]:
        """Id, name and body as one."""
        return {**self.body, "id": self.id, "name": self.name}


def add(tx: Tx, kind: Kind, id_: str, name: str, body: Mapping[str, Any]) -> Document:
    """Store a new document; raises `Taken`."""
    if find(tx.sql, kind, id_) is not None:
        raise Taken(f"There is a {_word(kind)} {id_} already.")
    statement = insert(schema.catalogue).values(
        id=_key(kind, id_),
        kind=kind,
        name=name,
        body=dict(body),
        version=1,
        created_at=tx.now,
        updated_at=tx.now,
    )
    unless_taken(tx, statement, f"There is a {_word(kind)} named {name} already.")
    _written(tx, kind, id_)
    return get(tx.sql, kind, id_)


def save(tx: Tx, kind: Kind, id_: str, name: str, body: Mapping[str, Any]) -> Document:
    """Store a document that was there, as its next version; raises `Missing`, `Taken`."""
    if kind == "calendar":
        body = _with_earlier(get(tx.sql, kind, id_), body, tx.now)
    statement = (
        update(schema.catalogue)
        .where(_row.id == _key(kind, id_))
        .values(name=name, body=dict(body), version=_row.version + 1, updated_at=tx.now)
    )
    unless_taken(tx, statement, f"There is a {_word(kind)} named {name} already.")
    _written(tx, kind, id_)
    return get(tx.sql, kind, id_)


def remove(tx: Tx, kind: Kind, id_: str) -> None:
    """Delete a document that nothing refers to; raises `Missing`, `InUse`."""
    get(tx.sql, kind, id_)
    if user := _user(tx.sql, kind, id_):
        raise InUse(f"The {_word(kind)} {id_} is used by {user}.")
    tx.sql.execute(delete(schema.catalogue).where(_row.id == _key(kind, id_)))
    _written(tx, kind, id_)


def only_default(tx: Tx, id_: str) -> None:
    """Take the default from every queue but one."""
    for document in listed(tx.sql, "queue", None, _ALL).items:
        if document.id != id_ and document.body.get("default"):
            save(tx, "queue", document.id, document.name, document.body | {"default": False})


def _written(tx: Tx, kind: Kind, id_: str) -> None:
    """Tell of it. Tickets whose clocks or steps may be others now are looked at again, one by one."""
    tx.emit("catalogue.updated", kind=kind, id=id_)
    if kind in _OF_CLOCKS:
        ticket = schema.tickets.c
        later = or_(ticket.due_at.is_(None), ticket.due_at > tx.now)
        again = update(schema.tickets).where(ticket.status.in_(sorted(ACTIVE)), later)
        again = again.where(ticket.queue == id_) if kind == "queue" else again
        tx.sql.execute(again.values(due_at=tx.now))


def _with_earlier(before: Document, body: Mapping[str, Any], now: datetime) -> dict[str, Any]:
    """A calendar that remembers the hours it had: time that has passed counts by those."""
    earlier = before.body.get("earlier", [])
    hours = {name: before.body[name] for name in _HOURS if name in before.body}
    if hours != {name: body[name] for name in _HOURS if name in body}:
        oldest = (now - _REMEMBERED).isoformat()
        kept = [one for one in earlier if one["until"] > oldest]
        earlier = [{"until": now.isoformat(), "hours": hours}, *kept][: calendar.MOST_EARLIER]
    return {**body, "earlier": earlier}


def find(sql: Connection, kind: Kind, id_: str) -> Document | None:
    """A document, or None."""
    line = sql.execute(select(schema.catalogue).where(_row.id == _key(kind, id_))).one_or_none()
    return None if line is None else _document(line)


def get(sql: Connection, kind: Kind, id_: str) -> Document:
    """A document; raises `Missing`."""
    found = find(sql, kind, id_)
    if found is None:
        raise Missing(f"there is no {_word(kind)} {id_}")
    return found


def lock(tx: Tx, kind: Kind, id_: str) -> Document:
    """A document, held until the transaction ends; raises `Missing`."""
    tx.sql.execute(select(_row.id).where(_row.id == _key(kind, id_)).with_for_update())
    return get(tx.sql, kind, id_)


def listed(sql: Connection, kind: Kind, after: str | None, limit: int) -> Slice[Document]:
    """Documents of a kind by id, from an id on."""
    query = select(schema.catalogue).where(_row.kind == kind)
    if after is not None:
        query = query.where(_row.id > _key(kind, after))
    lines = sql.execute(query.order_by(_row.id).limit(limit + 1))
    return cut([_document(line) for line in lines], limit, lambda document: document.id)


def ids(sql: Connection, kind: Kind) -> frozenset[str]:
    """The ids of a kind."""
    keys = sql.execute(select(_row.id).where(_row.kind == kind)).scalars()
    return frozenset(key.partition(":")[2] for key in keys)


def load_desk(sql: Connection) -> Desk:
    """The desk as its admins have set it up."""
    lines = sql.execute(select(schema.catalogue).order_by(_row.id))
    by_kind: dict[str, dict[str, Document]] = {}
    for document in map(_document, lines):
        by_kind.setdefault(document.kind, {})[document.id] = document
    counter = schema.counters.c
    version = sql.execute(select(counter.value).where(counter.name == "setup")).scalar_one()
    queues = by_kind.get("queue", {})
    chosen = [id_ for id_, document in queues.items() if document.body.get("default")]
    return Desk(
        version=int(version),
        queues=_values(by_kind, "queue", lambda fields: msgspec.convert(fields, Queue)),
        tiers=_values(by_kind, "tier", lambda fields: msgspec.convert(fields, Tier)),
        policies=_values(by_kind, "policy", lambda fields: msgspec.convert(fields, Policy)),
        fields=_values(by_kind, "field", lambda fields: msgspec.convert(fields, Field)),
        calendars=calendar.Calendars(_values(by_kind, "calendar", calendar.parse)),
        reserve=_values(by_kind, "skill", lambda fields: int(fields.get("reserve", 0))),
        default_queue=next(iter([*chosen, *queues]), ""),
    )


def _values(
    by_kind: Mapping[str, Mapping[str, Document]], kind: Kind, read: Callable[[dict[str, Any]], D]
) -> dict[str, D]:
    return {id_: read(document.fields()) for id_, document in by_kind.get(kind, {}).items()}


def _key(kind: Kind, id_: str) -> str:
    return f"{kind}:{id_}"


def _word(kind: Kind) -> str:
    return kind.replace("_", " ")


def _document(line: Any) -> Document:
    fields = dict(line._mapping)
    return Document(**fields | {"id": fields["id"].partition(":")[2]})


def _user(sql: Connection, kind: Kind, id_: str) -> str | None:
    """In words, one thing that refers to the document."""
    for document in map(_document, sql.execute(select(schema.catalogue).where(_row.kind.in_(_REFERRING)))):
        if _refers(document, kind, id_):
            return f"the {_word(document.kind)} {document.id}"
    ticket, customer = schema.tickets.c, schema.customers.c
    if kind == "queue":
        waiting = select(ticket.number).where(ticket.queue == id_, ticket.status.in_(sorted(ACTIVE)))
        if (number := sql.execute(waiting.limit(1)).scalar()) is not None:
            return f"ticket {number}"
    if kind == "tier":
        count = sql.execute(select(func.count()).where(customer.tier == id_)).scalar_one()
        return f"{count} customers" if count else None
    return None


_REFERRING: tuple[Kind, ...] = ("queue", "policy")


def _refers(document: Document, kind: Kind, id_: str) -> bool:
    body = document.body
    match kind, document.kind:
        case "skill", "queue":
            asking = (body, *body.get("steps", ()))
            return any(needed["skill"] == id_ for one in asking for needed in one.get("skills", ()))
        case "queue", "queue":
            return document.id != id_ and any(step.get("queue") == id_ for step in body.get("steps", ()))
        case "calendar", "policy" | "queue":
            return bool(body.get("calendar") == id_)
        case "tier", "policy":
            return id_ in body.get("tiers", ())
    return False
