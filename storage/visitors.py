"""What a visitor may see: the public messages of their own contact point, in the order they were stored."""

from datetime import datetime
from typing import Any

import msgspec
from sqlalchemy import Connection, Select, bindparam, select

from bus.envelope import Attachment, Option
from storage import schema
from storage.prepared import Prepared

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


def after(sql: Connection, contact_point_id: str, seq: int, limit: int) -> list[Shown]:
    """What was stored after `seq`, oldest first."""
    return _load(_after.rows(sql, {"contact": contact_point_id, "seq": seq, "limit": limit}))


def last(sql: Connection, contact_point_id: str, limit: int) -> list[Shown]:
    """The latest, oldest first."""
    return _load(_last.rows(sql, {"contact": contact_point_id, "limit": limit}))[::-1]


def _load(rows: Any) -> list[Shown]:
    names = Shown.__struct_fields__
    return [msgspec.convert(dict(zip(names, row, strict=True)), Shown) for row in rows]
