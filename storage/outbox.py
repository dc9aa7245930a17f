"""The outbox: what a transaction wants published, kept until it has been."""

from collections.abc import Collection, Sequence
from typing import NamedTuple

from sqlalchemy import Connection, delete, insert, select

from storage import schema
from storage.store import Tx

_row = schema.outbox.c
_PUT = insert(schema.outbox).returning(_row.seq, sort_by_parameter_order=True)


class Unpublished(NamedTuple):
    """A row that nobody has published yet, as far as the store knows."""

    seq: int
    lane: str
    body: bytes


def put(tx: Tx, lane: str, bodies: Sequence[bytes]) -> list[int]:
    """Keep bodies for a lane; returns their numbers, to be removed once they are published."""
    if not bodies:
        return []
    rows = [{"lane": lane, "body": body, "created_at": tx.now} for body in bodies]
    return list(tx.sql.execute(_PUT, rows).scalars())


def take(sql: Connection, limit: int) -> list[Unpublished]:
    """What is there, oldest first."""
    query = select(_row.seq, _row.lane, _row.body).order_by(_row.seq).limit(limit)
    return [Unpublished(line.seq, line.lane, line.body) for line in sql.execute(query)]


def remove(tx: Tx, seqs: Collection[int]) -> None:
    """Forget what has been published."""
    if seqs:
        tx.sql.execute(delete(schema.outbox).where(_row.seq.in_(sorted(seqs))))
