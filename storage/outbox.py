"""The outbox: what a transaction wants published, kept until it has been."""

from collections.abc import Collection, Sequence
from datetime import timedelta
from typing import NamedTuple

from sqlalchemy import Connection, bindparam, delete, insert, or_, select, update

from storage import schema
from storage.leases import instant
from storage.prepared import Prepared
from storage.store import Tx

_row = schema.outbox.c
_put = Prepared(insert(schema.outbox))
_take = Prepared(select(_row.seq, _row.lane, _row.body).order_by(_row.seq).limit(bindparam("limit")))
_put_back = Prepared(update(schema.outbox).where(_row.seq == bindparam("number")).values(claimed_until=None))
# What is locked is being claimed by another at this moment.
_free = (
    select(_row.seq)
    .where(or_(_row.claimed_until.is_(None), _row.claimed_until < bindparam("now")))
    .order_by(_row.seq)
    .limit(bindparam("limit"))
    .with_for_update(skip_locked=True)
)
_claim = Prepared(
    update(schema.outbox)
    .where(_row.seq.in_(_free.scalar_subquery()))
    .values(claimed_until=bindparam("until"))
    .returning(_row.seq, _row.lane, _row.body)
)
# A relay publishes what it has claimed long before; what it has not by then was left by a dead one.
CLAIMED_FOR = timedelta(seconds=15)
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


def claim(tx: Tx, limit: int) -> list[Unpublished]:
    """What no other relay has claimed, oldest first; ours for `CLAIMED_FOR`."""
    now = instant(tx)
    asked = {"limit": limit, "now": now, "until": now + CLAIMED_FOR}
    return sorted(Unpublished(*line) for line in _claim.rows(tx.sql, asked))


def put_back(tx: Tx, seqs: Collection[int]) -> None:
    """Let others have what could not be published."""
    _put_back.many(tx.sql, [{"number": seq} for seq in sorted(seqs)])


def remove(tx: Tx, seqs: Collection[int]) -> None:
    """Forget what has been published."""
    _remove.many(tx.sql, [{"number": seq} for seq in sorted(seqs)])
