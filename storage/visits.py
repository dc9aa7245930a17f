"""What visitors did on a site before and beside writing: pages and events, told with their consent."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from sqlalchemy import Connection, delete, insert, select

from storage import schema
from storage.store import Tx

# How long it is kept.
KEPT = timedelta(days=90)
_row = schema.visits.c


class Visit(NamedTuple):
    """One thing that happened: a page (`kind` "page": `name` is its address) or an event of the site's.

    `seq` grows with time.
    """

    seq: int
    at: datetime
    kind: str
    name: str
    data: dict[str, Any]


def note(tx: Tx, channel_id: str, address: str, told: tuple[str, str, Mapping[str, Any]]) -> None:
    """Keep what somebody did (kind, name, data), whether they have written yet or not."""
    kind, name, data = told
    tx.sql.execute(
        insert(schema.visits).values(
            channel_id=channel_id, address=address, kind=kind, name=name, data=dict(data), at=tx.now
        )
    )


def of_customer(sql: Connection, customer_id: str, before: int | None, limit: int) -> list[Visit]:
    """A customer's, on whichever channel, newest first; with `before`, what is older than that `seq`."""
    contact = schema.contact_points.c
    query = (
        select(_row.seq, _row.at, _row.kind, _row.name, _row.data)
        .join_from(
            schema.contact_points,
            schema.visits,
            (_row.channel_id == contact.channel_id) & (_row.address == contact.address),
        )
        .where(contact.customer_id == customer_id)
        .order_by(_row.seq.desc())
        .limit(limit)
    )
    if before is not None:
        query = query.where(_row.seq < before)
    return [Visit(*line) for line in sql.execute(query)]


def prune(tx: Tx) -> None:
    """Forget what is older than it is kept."""
    tx.sql.execute(delete(schema.visits).where(_row.at < tx.now - KEPT))
