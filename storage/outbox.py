"""The outbox: what a transaction wants published, kept until it has been."""

from collections.abc import Collection, Sequence
from typing import NamedTuple

from sqlalchemy import Connection, bindparam, delete, insert, select

from storage import schema
from storage.prepared import Prepared
from storage.store import Tx

_row = schema.outbox.c
_put = Prepared(insert(schema.outbox))
_take = Prepared(select(_row.seq, _row.lane, _row.body).order_by(_row.seq).limit(bindparam("limit")))
_remove = Prepared(delete(schema.outbox).where(_row.seq == bindparam("number")))


class Unpublished(NamedTuple):
    """A row that nobody has published yet, as far as the store knows."""

    seq: int
    lane: str
    body: bytes


def put(tx: Tx, lane: str, bodies: Sequence[bytes]) -> None:
    """Keep bodies for a lane until the relay has published them."""
    _put.many(tx.sql, [{"lane": lane, "body": body, "created_at": tx.now} for body in bodies])


def take(sql: Connection, limit: int) -> list[Unpublished]:
    """What is there, oldest first."""
    return [Unpublished(*line) for line in _take.rows(sql, {"limit": limit})]


def remove(tx: Tx, seqs: Collection[int]) -> None:
    """Forget what has been published."""
    _remove.many(tx.sql, [{"number": seq} for seq in sorted(seqs)])
