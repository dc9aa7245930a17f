"""Notifications: what one person is told, of which ticket and why, each a row of theirs."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Final, NamedTuple

from sqlalchemy import Connection, delete, false, func, insert, or_, select, update

from bus.ids import new_id
from router.notices import EVERYONE, Kind, words
from storage import schema
from storage.paging import Slice, cut
from storage.prepared import Prepared
from storage.store import Tx

_row = schema.notifications.c
_add = Prepared(insert(schema.notifications))
# What nobody looks for any more.
_KEPT: Final = timedelta(days=90)
_MOST_COUNTED: Final = 1000


class Notification(NamedTuple):
    """A notification to an agent; `details` are what its words are made of, `read_at` when it was read."""

    id: str
    agent_id: str
    kind: Kind
    ticket_id: str | None
    conversation_id: str | None
    details: Mapping[str, Any]
    created_at: datetime
    read_at: datetime | None


_SELECT = select(*(_row[name] for name in Notification._fields))


def add(
    tx: Tx,
    to: str,
    agents: Collection[str],
    kind: Kind,
    details: Mapping[str, Any],
    *,
    ticket: str | None = None,
    conversation: str | None = None,
) -> None:
    """Tell each of these agents, who were meant by `to`, and the live stream."""
    told = sorted(agents)
    made = {
        "kind": kind,
        "ticket_id": ticket,
        "conversation_id": conversation,
        "details": dict(details),
        "created_at": tx.now,
        "read_at": None,
        "spread_at": None,
    }
    _add.many(tx.sql, [{"id": new_id("ntf", tx.now), "agent_id": one, **made} for one in told])
    # Who is meant by everyone need not be listed.
    listed = {} if to == EVERYONE else {"agents": told}
    said = words(kind, details, "en").title
    tx.emit("notification", ticket=ticket, conversation=conversation, to=to, kind=kind, text=said, **listed)


def listed(
    sql: Connection,
    agent_id: str | None,
    before: str | None,
    limit: int,
    *,
    kinds: Collection[str],
    unread: bool = False,
) -> Slice[Notification]:
    """What an agent was told of these kinds, newest first, from an id on; None: what everybody was."""
    query = _SELECT.where(_row.kind.in_(sorted(kinds)))
    if agent_id is not None:
        query = query.where(_row.agent_id == agent_id)
    if before is not None:
        query = query.where(_row.id < before)
    if unread:
        query = query.where(_row.read_at.is_(None))
    lines = sql.execute(query.order_by(_row.id.desc()).limit(limit + 1))
    return cut([Notification(*line) for line in lines], limit, lambda one: one.id)


def unread(sql: Connection, agent_id: str, kinds: Collection[str]) -> int:
    """How many of these kinds the agent has not read, counted as far as a thousand."""
    mine = _row.agent_id == agent_id, _row.read_at.is_(None), _row.kind.in_(sorted(kinds))
    some = select(_row.id).where(*mine).limit(_MOST_COUNTED).subquery()
    return int(sql.execute(select(func.count()).select_from(some)).scalar_one())


def read(
    tx: Tx, agent_id: str, *, ids: Sequence[str] = (), up_to: str | None = None, ticket: str | None = None
) -> int:
    """Mark these of an agent's as read, all up to an id, all about a ticket; how many were not yet."""
    meant = or_(
        _row.id.in_(ids),
        false() if up_to is None else _row.id <= up_to,
        false() if ticket is None else _row.ticket_id == ticket,
    )
    query = update(schema.notifications).where(_row.agent_id == agent_id, _row.read_at.is_(None), meant)
    marked = tx.sql.execute(query.values(read_at=tx.now)).rowcount
    if marked:
        tx.emit("notification.read", agent=agent_id)
    return marked


def settle_offer(tx: Tx, agent_id: str, ticket_id: str) -> None:
    """The agent has answered the offer: nothing is left to be told of it."""
    query = update(schema.notifications).where(
        _row.agent_id == agent_id,
        _row.read_at.is_(None),
        _row.ticket_id == ticket_id,
        _row.kind == "offer",
    )
    if tx.sql.execute(query.values(read_at=tx.now)).rowcount:
        tx.emit("notification.read", agent=agent_id)


def prune(tx: Tx) -> None:
    """Forget what is older than ninety days, and how it was delivered."""
    old = select(_row.id).where(_row.created_at < tx.now - _KEPT)
    delivery = schema.notification_deliveries
    tx.sql.execute(delete(delivery).where(delivery.c.notification_id.in_(old)))
    tx.sql.execute(delete(schema.notifications).where(_row.created_at < tx.now - _KEPT))
