"""The event log: what the live stream and its resumption read."""

from datetime import datetime
from typing import Any

import msgspec
from sqlalchemy import Connection, bindparam, func, select

from storage import schema
from storage.prepared import Prepared
from storage.store import last_number

_column = schema.events.c
_after = Prepared(
    select(_column.seq, _column.type, _column.ticket_id, _column.conversation_id, _column.data, _column.at)
    .where(_column.seq > bindparam("seq"))
    .order_by(_column.seq)
    .limit(bindparam("limit"))
)
_RECENT = 10_000
_oldest = Prepared(select(func.min(_column.seq)))


class LoggedEvent(msgspec.Struct, frozen=True, kw_only=True):
    """Something that happened, with its number in the order of commits."""

    seq: int
    type: str
    ticket_id: str | None
    conversation_id: str | None
    data: dict[str, Any]
    at: datetime


def events_after(sql: Connection, seq: int, limit: int) -> list[LoggedEvent]:
    """What happened after event `seq`, oldest first, at most `limit`."""
    names = LoggedEvent.__struct_fields__
    return [
        LoggedEvent(**dict(zip(names, row, strict=True)))
        for row in _after.rows(sql, {"seq": seq, "limit": limit})
    ]


def last_event(sql: Connection) -> int:
    """The number of the newest event; 0 when there has never been one."""
    return last_number(sql, "events")


def last_of(sql: Connection, type_: str) -> int:
    """The number of the newest event of a type among the last ten thousand; 0 where there is none."""
    recent = last_event(sql) - _RECENT
    query = select(func.max(_column.seq)).where(_column.seq > recent, _column.type == type_)
    return sql.execute(query).scalar_one() or 0


def oldest_event(sql: Connection) -> int:
    """The number of the oldest event still kept; the next one's when none is.

    A reader at `seq` has missed something when `seq + 1 < oldest_event(sql)`: it starts over.
    """
    oldest = _oldest.rows(sql, {})[0][0]
    return last_event(sql) + 1 if oldest is None else int(oldest)
