"""Phrasings that customers have used and an article could learn, until somebody approves or refuses them."""

from datetime import datetime
from typing import Literal

from sqlalchemy import Connection, insert, select, update

from bus.ids import new_id
from router.values import Value
from storage import schema
from storage.paging import Position, Slice, cut, newest_first
from storage.rows import Mapper
from storage.store import Missing, Tx

State = Literal["waiting", "approved", "refused"]
_row = schema.phrasing_proposals.c


class Proposal(Value, frozen=True, kw_only=True):
    """`reason` says why it was refused; `decided_by` is "" where the desk did it by itself."""

    id: str
    article_id: str
    text: str
    how: str
    state: State = "waiting"
    reason: str = ""
    decided_by: str = ""
    updated_at: datetime


_proposals = Mapper(schema.phrasing_proposals, Proposal)


def propose(tx: Tx, article_id: str, text: str, how: str, objection: str | None) -> None:
    """Note a phrasing, refused at once where there is an objection; one that was there stays as it is."""
    there = select(_row.id).where(_row.article_id == article_id, _row.text == text)
    if tx.sql.execute(there).first() is not None:
        return
    proposal = Proposal(
        id=new_id("php", tx.now),
        article_id=article_id,
        text=text,
        how=how,
        state="refused" if objection else "waiting",
        reason=objection or "",
        updated_at=tx.now,
    )
    tx.sql.execute(insert(schema.phrasing_proposals).values(_proposals.dump(proposal)))
    if proposal.state == "waiting":
        tx.emit("phrasing.proposed", id=proposal.id, article=article_id)


def get(sql: Connection, proposal_id: str) -> Proposal:
    """One of them; raises `Missing`."""
    line = sql.execute(_proposals.select().where(_row.id == proposal_id)).one_or_none()
    if line is None:
        raise Missing(f"there is no proposal {proposal_id}")
    return _proposals.load(line)


def listed(
    sql: Connection, state: State | None, article_id: str | None, after: Position | None, limit: int
) -> Slice[Proposal]:
    """Proposals, newest change first."""
    query = _proposals.select()
    if state is not None:
        query = query.where(_row.state == state)
    if article_id is not None:
        query = query.where(_row.article_id == article_id)
    lines = sql.execute(newest_first(query, schema.phrasing_proposals, after, limit))
    return cut([_proposals.load(line) for line in lines], limit, lambda one: (one.updated_at, one.id))


def decide(tx: Tx, proposal_id: str, state: State, by: str, reason: str = "") -> Proposal:
    """Approve or refuse it."""
    values = {"state": state, "reason": reason, "decided_by": by, "updated_at": tx.now}
    tx.sql.execute(update(schema.phrasing_proposals).where(_row.id == proposal_id).values(values))
    return get(tx.sql, proposal_id)
