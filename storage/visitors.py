"""What a visitor may see: the public messages of their own contact point, in the order they were stored.

And what they have seen of it, for the agents.
"""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

import msgspec
from sqlalchemy import Connection, Select, bindparam, delete, insert, literal_column, select

from bus.envelope import Attachment, Option
from storage import schema
from storage.listed import among
from storage.prepared import Prepared
from storage.store import Tx

_row = schema.messages.c
_contact = schema.contact_points.c


def _shown() -> "Select[Any]":
    return (
        select(
            _row.seq,
            _row.id,
            _row.author,
            schema.agents.c.name.label("author_name"),
            _row.text,
            _row.html,
            _row.attachments,
            _row.options,
            _row.created_at,
            _row.external_id,
        )
        .join_from(schema.messages, schema.agents, schema.agents.c.id == _row.author_id, isouter=True)
        .where(_row.contact_point_id == bindparam("contact"), _row.kind == "public")
        .limit(bindparam("limit"))
    )


_after = Prepared(_shown().where(_row.seq > bindparam("seq")).order_by(_row.seq))
_last = Prepared(_shown().order_by(_row.seq.desc()))
_find = Prepared(
    select(_contact.id).where(
        _contact.channel_id == bindparam("channel"), _contact.address == bindparam("address")
    )
)
_places = Prepared(select(_contact.channel_id, _contact.address).where(among(_contact.id, "ids")))
_helper = Prepared(
    select(schema.agents.c.name)
    .join_from(schema.conversations, schema.tickets, schema.tickets.c.id == schema.conversations.c.ticket_id)
    .join(schema.agents, schema.agents.c.id == schema.tickets.c.assignee)
    .where(
        schema.conversations.c.contact_point_id == bindparam("contact"),
        schema.conversations.c.with_ == literal_column("'person'"),
        schema.tickets.c.status.in_(
            [literal_column("'open'"), literal_column("'waiting'"), literal_column("'resolved'")]
        ),
    )
)
_waiting = Prepared(
    select(schema.tickets.c.id)
    .join_from(schema.conversations, schema.tickets, schema.tickets.c.id == schema.conversations.c.ticket_id)
    .where(
        schema.conversations.c.contact_point_id == bindparam("contact"),
        schema.conversations.c.with_ == literal_column("'person'"),
        schema.tickets.c.status.in_([literal_column("'queued'"), literal_column("'offered'")]),
    )
)
_marks = schema.read_marks.c


class Shown(msgspec.Struct, frozen=True, kw_only=True):
    """A message as a visitor sees it; `seq` is its place, `author_name` an agent's."""

    seq: int
    id: str
    author: str
    author_name: str | None
    text: str
    html: str | None
    attachments: list[Attachment]
    options: list[Option]
    created_at: datetime
    external_id: str


def contact_point(sql: Connection, channel_id: str, address: str) -> str | None:
    """The id of who has this address on this channel; None for one who has never written."""
    found = _find.rows(sql, {"channel": channel_id, "address": address})
    return found[0][0] if found else None


def places(sql: Connection, contact_point_ids: Iterable[str]) -> list[tuple[str, str]]:
    """The channel and address of each of these."""
    return [(line[0], line[1]) for line in _places.rows(sql, {"ids": sorted(contact_point_ids)})]


def after(sql: Connection, contact_point_id: str, seq: int, limit: int) -> list[Shown]:
    """What was stored after `seq`, oldest first."""
    return _load(_after.rows(sql, {"contact": contact_point_id, "seq": seq, "limit": limit}))


def last(sql: Connection, contact_point_id: str, limit: int) -> list[Shown]:
    """The latest, oldest first."""
    return _load(_last.rows(sql, {"contact": contact_point_id, "limit": limit}))[::-1]


def helper(sql: Connection, contact_point_id: str) -> str | None:
    """The name of the agent who has their conversation; None where nobody has."""
    found = _helper.rows(sql, {"contact": contact_point_id})
    return found[0][0] if found else None


def waiting_ticket(sql: Connection, contact_point_id: str) -> str | None:
    """The ticket with which they wait for a person; None where they don't."""
    found = _waiting.rows(sql, {"contact": contact_point_id})
    return found[0][0] if found else None


def read_up_to(sql: Connection, conversation_id: str) -> int:
    """The position of the last message of a conversation that its visitor has seen; 0 for none."""
    query = select(_marks.position).where(_marks.conversation_id == conversation_id)
    return sql.execute(query).scalar_one_or_none() or 0


def mark_read(tx: Tx, contact_point_id: str, seq: int) -> None:
    """Note that a visitor has seen everything up to `seq`; the agents are told where that is news."""
    query = (
        select(_row.conversation_id, _row.position)
        .where(_row.contact_point_id == contact_point_id, _row.seq <= seq)
        .order_by(_row.seq.desc())
        .limit(1)
    )
    line = tx.sql.execute(query).one_or_none()
    if line is None or line.position <= read_up_to(tx.sql, line.conversation_id):
        return
    tx.sql.execute(delete(schema.read_marks).where(_marks.conversation_id == line.conversation_id))
    tx.sql.execute(insert(schema.read_marks).values(**line._mapping))
    tx.emit("conversation.updated", conversation=line.conversation_id, read=line.position)


def _load(rows: Any) -> list[Shown]:
    names = Shown.__struct_fields__
    return [msgspec.convert(dict(zip(names, row, strict=True)), Shown) for row in rows]
