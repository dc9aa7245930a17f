"""Conversations: the open one of a contact point's thread, and bulk inserts and updates."""

from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

from sqlalchemy import Connection, Select, bindparam, insert, literal_column, select, update

from router.values import Conversation
from storage import schema
from storage.listed import among
from storage.prepared import Prepared
from storage.rows import Mapper
from storage.store import Missing, Tx

_conversations = Mapper(schema.conversations, Conversation)
_row = schema.conversations.c
_contact = schema.contact_points.c
# Written out and not bound: SQLite uses a partial index only for the very words of its condition.
_is_open = _row.with_ != literal_column("'closed'")
_open_ones = Prepared(
    _conversations.select()
    .where(among(_row.contact_point_id, "contacts"), _is_open)
    .order_by(_row.id)
    .with_for_update()
)
_answerers = Prepared(
    select(_contact.channel_id, _contact.address, _row.thread, _row.with_)
    .join_from(schema.contact_points, schema.conversations, _row.contact_point_id == _contact.id)
    .where(among(_contact.channel_id, "channels"), among(_contact.address, "addresses"), _is_open)
)
_previous_ticket = Prepared(
    select(_row.ticket_id)
    .where(
        _row.contact_point_id == bindparam("contact"),
        _row.thread == bindparam("in_thread"),
        _row.with_ == literal_column("'closed'"),
        _row.ticket_id.is_not(None),
    )
    .order_by(_row.created_at.desc())
    .limit(1)
)
_contacts = Prepared(select(_row.contact_point_id).distinct().where(among(_row.id, "ids")))
_hold = Prepared(select(_row.id).where(among(_row.id, "ids")).order_by(_row.id).with_for_update())
_add = Prepared(insert(schema.conversations))
_update = update(schema.conversations).where(_row.id == bindparam("key"))
_save = Prepared(_update)
_advance = Prepared(_update.values(position=bindparam("to")))


def open_ones(tx: Tx, contact_ids: Iterable[str]) -> dict[tuple[str, str], Conversation]:
    """The open conversations of these contact points, by (contact point, thread), locked in id order."""
    found = map(_conversations.load, _open_ones.rows(tx.sql, {"contacts": sorted(contact_ids)}))
    return {(conversation.contact_point_id, conversation.thread): conversation for conversation in found}


def contacts(sql: Connection, ids: Iterable[str]) -> list[str]:
    """The contact points whose conversations these are."""
    return [line[0] for line in _contacts.rows(sql, {"ids": sorted(ids)})]


def answerers(sql: Connection, addresses: Iterable[tuple[str, str, str]]) -> set[tuple[str, str, str]]:
    """Which of these (channel, address, thread) are with a person now: their messages need no match."""
    wanted = set(addresses)
    asked = {
        "channels": sorted({channel for channel, _, _ in wanted}),
        "addresses": sorted({address for _, address, _ in wanted}),
    }
    lines = _answerers.rows(sql, asked)
    return {(line[0], line[1], line[2]) for line in lines if line[3] == "person"} & wanted


def previous_ticket(tx: Tx, contact_id: str, thread: str) -> str | None:
    """The ticket of the contact's last closed conversation in this thread, to link a new one to."""
    lines = _previous_ticket.rows(tx.sql, {"contact": contact_id, "in_thread": thread})
    return lines[0][0] if lines else None


def get(sql: Connection, conversation_id: str) -> Conversation:
    """One conversation; raises `Missing`."""
    line = sql.execute(_conversations.select().where(_row.id == conversation_id)).one_or_none()
    if line is None:
        raise Missing(f"there is no conversation {conversation_id}")
    return _conversations.load(line)


class Where(NamedTuple):
    """Where a conversation takes place, as its channel names it."""

    channel_id: str
    thread: str
    address: str


def where(sql: Connection, conversation_id: str) -> Where:
    """Where a conversation takes place; raises `Missing`."""
    query = select(_row.channel_id, _row.thread, _contact.address).join(
        schema.contact_points, _contact.id == _row.contact_point_id
    )
    line = sql.execute(query.where(_row.id == conversation_id)).one_or_none()
    if line is None:
        raise Missing(f"there is no conversation {conversation_id}")
    return Where(*line)


def hold(tx: Tx, ids: Iterable[str]) -> None:
    """Lock conversations in id order, for a transaction that has locked no ticket yet."""
    _hold.rows(tx.sql, {"ids": sorted(ids)})


def lock(tx: Tx, conversation_id: str) -> Conversation:
    """One conversation, held until the transaction ends; raises `Missing`."""
    query = _conversations.select().where(_row.id == conversation_id).with_for_update()
    line = tx.sql.execute(query).one_or_none()
    if line is None:
        raise Missing(f"there is no conversation {conversation_id}")
    return _conversations.load(line)


def of_ticket(tx: Tx, ticket_id: str) -> list[str]:
    """Ids of the conversations that lead to a ticket, those of tickets merged into it as well, in order."""
    owner = select(schema.tickets.c.customer_id).where(schema.tickets.c.id == ticket_id).scalar_subquery()
    query = select(_row.id).where(_row.customer_id == owner, _row.ticket_id == ticket_id).order_by(_row.id)
    return list(tx.sql.execute(query).scalars())


def add(tx: Tx, conversations: Sequence[Conversation]) -> None:
    """Store new conversations, in the order of what only one of them may have."""
    stamps = {"created_at": tx.now, "updated_at": tx.now}
    ordered = sorted(conversations, key=lambda one: (one.contact_point_id, one.thread))
    _add.many(tx.sql, [_conversations.dump(conversation) | stamps for conversation in ordered])


def save(tx: Tx, conversations: Sequence[Conversation]) -> None:
    """Store conversations that were there, whole."""
    rows: list[dict[str, Any]] = []
    for conversation in sorted(conversations, key=lambda one: one.id):
        row = _conversations.dump(conversation)
        rows.append(row | {"key": row.pop("id"), "updated_at": tx.now})
    _save.many(tx.sql, rows)


def advance(tx: Tx, positions: Sequence[tuple[str, int]]) -> None:
    """Store only that messages came: (conversation id, last position) pairs.

    Its `updated_at` stays: that is when somebody else took it, and no message need move an index for it.
    """
    rows = [{"key": key, "to": position} for key, position in sorted(positions)]
    _advance.many(tx.sql, rows)


def move(tx: Tx, channel_id: str, thread: str, to: str) -> None:
    """Let the open conversations of a thread go on in another; where one is open there, it stays apart."""
    there = schema.conversations.alias("there")
    taken: Select[Any] = select(literal_column("1")).where(
        there.c.contact_point_id == _row.contact_point_id,
        there.c.thread == to,
        there.c.with_ != literal_column("'closed'"),
    )
    moved = update(schema.conversations).where(_row.channel_id == channel_id, _row.thread == thread, _is_open)
    tx.sql.execute(moved.where(~taken.exists()).values(thread=to, updated_at=tx.now))


def due(sql: Connection, now: object, limit: int) -> list[str]:
    """Ids of conversations whose `due_at` has come, oldest first."""
    query = select(_row.id).where(_row.due_at <= now).order_by(_row.due_at).limit(limit)
    return list(sql.execute(query).scalars())
