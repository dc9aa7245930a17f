"""Conversations: the open one of a contact point's thread, and bulk inserts and updates."""

from collections.abc import Iterable, Sequence
from typing import Any

from sqlalchemy import Connection, bindparam, insert, select, update

from router.values import Conversation
from storage import schema
from storage.rows import Mapper
from storage.store import Missing, Tx

_conversations = Mapper(schema.conversations, Conversation)
_row = schema.conversations.c
_UPDATE = update(schema.conversations).where(_row.id == bindparam("key"))
_ADVANCE = _UPDATE.values(position=bindparam("to"), updated_at=bindparam("at"))


def open_ones(tx: Tx, contact_ids: Iterable[str]) -> dict[tuple[str, str], Conversation]:
    """The open conversations of these contact points, by (contact point, thread), locked in id order."""
    query = (
        _conversations.select()
        .where(_row.contact_point_id.in_(sorted(contact_ids)), _row.with_ != "closed")
        .order_by(_row.id)
        .with_for_update()
    )
    found = map(_conversations.load, tx.sql.execute(query))
    return {(conversation.contact_point_id, conversation.thread): conversation for conversation in found}


def answerers(sql: Connection, addresses: Iterable[tuple[str, str, str]]) -> set[tuple[str, str, str]]:
    """Which of these (channel, address, thread) are with a person now: their messages need no match."""
    wanted = set(addresses)
    contact = schema.contact_points.c
    query = (
        select(contact.channel_id, contact.address, _row.thread)
        .join_from(schema.contact_points, schema.conversations, _row.contact_point_id == contact.id)
        .where(contact.address.in_({address for _, address, _ in wanted}), _row.with_ == "person")
    )
    return {(line[0], line[1], line[2]) for line in sql.execute(query)} & wanted


def previous_ticket(tx: Tx, contact_id: str, thread: str) -> str | None:
    """The ticket of the contact's last closed conversation in this thread, to link a new one to."""
    query = (
        select(_row.ticket_id)
        .where(
            _row.contact_point_id == contact_id,
            _row.thread == thread,
            _row.with_ == "closed",
            _row.ticket_id.is_not(None),
        )
        .order_by(_row.created_at.desc())
        .limit(1)
    )
    return tx.sql.execute(query).scalar_one_or_none()


def get(sql: Connection, conversation_id: str) -> Conversation:
    """One conversation; raises `Missing`."""
    line = sql.execute(_conversations.select().where(_row.id == conversation_id)).one_or_none()
    if line is None:
        raise Missing(f"there is no conversation {conversation_id}")
    return _conversations.load(line)


def lock(tx: Tx, conversation_id: str) -> Conversation:
    """One conversation, held until the transaction ends; raises `Missing`."""
    query = _conversations.select().where(_row.id == conversation_id).with_for_update()
    line = tx.sql.execute(query).one_or_none()
    if line is None:
        raise Missing(f"there is no conversation {conversation_id}")
    return _conversations.load(line)


def add(tx: Tx, conversations: Sequence[Conversation]) -> None:
    """Store new conversations."""
    if conversations:
        stamps = {"created_at": tx.now, "updated_at": tx.now}
        rows = [_conversations.dump(conversation) | stamps for conversation in conversations]
        tx.sql.execute(insert(schema.conversations), rows)


def save(tx: Tx, conversations: Sequence[Conversation]) -> None:
    """Store conversations that were there, whole."""
    if not conversations:
        return
    rows: list[dict[str, Any]] = []
    for conversation in sorted(conversations, key=lambda one: one.id):
        row = _conversations.dump(conversation)
        rows.append(row | {"key": row.pop("id"), "updated_at": tx.now})
    tx.sql.execute(_UPDATE, rows)


def advance(tx: Tx, positions: Sequence[tuple[str, int]]) -> None:
    """Store only that messages came: (conversation id, last position) pairs."""
    if positions:
        rows = [{"key": key, "to": position, "at": tx.now} for key, position in sorted(positions)]
        tx.sql.execute(_ADVANCE, rows)


def due(sql: Connection, now: object, limit: int) -> list[str]:
    """Ids of conversations whose `due_at` has come, oldest first."""
    query = select(_row.id).where(_row.due_at <= now).order_by(_row.due_at).limit(limit)
    return list(sql.execute(query).scalars())
