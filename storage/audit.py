"""The audit: who changed what the desk is set up with, written in the change's own transaction."""

from datetime import datetime
from typing import Any

from sqlalchemy import Connection, insert, select

from router.values import Value
from storage import schema
from storage.paging import Slice, cut
from storage.store import Tx

_row = schema.audit.c


class Act(Value, frozen=True, kw_only=True):
    """One change. `detail` never holds a secret."""

    seq: int
    at: datetime
    actor: str
    action: str
    target: str
    detail: dict[str, Any]


def record(tx: Tx, actor: str, action: str, target: str, **detail: Any) -> None:
    """Add a line: `action` such as `queue.updated`, `target` the id of what was changed."""
    tx.sql.execute(
        insert(schema.audit).values(actor=actor, action=action, target=target, detail=detail, at=tx.now)
    )


def listed(
    sql: Connection, after: int | None, limit: int, target: str | None = None, actor: str | None = None
) -> Slice[Act]:
    """Lines, newest first, from a number on."""
    query = select(_row.seq, _row.at, _row.actor, _row.action, _row.target, _row.detail)
    if after is not None:
        query = query.where(_row.seq < after)
    if target is not None:
        query = query.where(_row.target == target)
    if actor is not None:
        query = query.where(_row.actor == actor)
    lines = sql.execute(query.order_by(_row.seq.desc()).limit(limit + 1))
    return cut([Act(**line._mapping) for line in lines], limit, lambda act: act.seq)
