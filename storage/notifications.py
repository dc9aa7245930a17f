"""Notices to agents, each a row: to an agent by id, to a queue as `queue:ID`, or to all as `everyone`."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import Connection, insert, select, update

from storage import schema
from storage.store import Tx

_row = schema.notifications.c


class Notice(NamedTuple):
    """A notice; `read_at` None until somebody has marked it."""

    seq: int
    recipient: str
    ticket_id: str | None
    conversation_id: str | None
    text: str
    created_at: datetime
    read_at: datetime | None


def add(
    tx: Tx, recipients: Iterable[str], text: str, *, ticket: str | None, conversation: str | None
) -> None:
    """Notify each of the recipients, and tell the live stream."""
    for recipient in sorted(set(recipients)):
        tx.sql.execute(
            insert(schema.notifications).values(
                recipient=recipient,
                ticket_id=ticket,
                conversation_id=conversation,
                text=text,
                created_at=tx.now,
            )
        )
        tx.emit("notification", ticket=ticket, conversation=conversation, to=recipient, text=text)


def listed(sql: Connection, recipients: Sequence[str], before: int | None, limit: int) -> list[Notice]:
    """The notices to any of the recipients, newest first, from a position on."""
    query = select(schema.notifications).where(_row.recipient.in_(recipients))
    if before is not None:
        query = query.where(_row.seq < before)
    return [Notice(*line) for line in sql.execute(query.order_by(_row.seq.desc()).limit(limit))]


def read(tx: Tx, recipients: Sequence[str], up_to: int) -> int:
    """Mark what there is up to a number as read; returns how many that were."""
    query = update(schema.notifications).where(
        _row.recipient.in_(recipients), _row.seq <= up_to, _row.read_at.is_(None)
    )
    return tx.sql.execute(query.values(read_at=tx.now)).rowcount
