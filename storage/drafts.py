"""What agents have begun to write and not sent: one draft an agent and ticket.

Who calls for a change has locked the draft's ticket.
"""

from collections.abc import Collection
from typing import NamedTuple

from sqlalchemy import ColumnElement, Connection, delete, insert, select, update

from router.values import DraftKind
from storage import schema
from storage.store import Tx

_row = schema.drafts.c


class Draft(NamedTuple):
    """`version` rises with each text that is kept."""

    ticket_id: str
    agent_id: str
    kind: DraftKind
    text: str
    version: int = 0


_columns = [_row[name] for name in Draft._fields]


def find(sql: Connection, ticket_id: str, agent_id: str) -> Draft | None:
    """The agent's own on a ticket."""
    return next(iter(_some(sql, _row.ticket_id == ticket_id, _row.agent_id == agent_id)), None)


def writers(sql: Connection, ticket_id: str) -> list[str]:
    """The agents who have a draft on a ticket."""
    query = select(_row.agent_id).where(_row.ticket_id == ticket_id).order_by(_row.agent_id)
    return list(sql.execute(query).scalars())


def tickets_of(sql: Connection, agent_id: str) -> list[str]:
    """The tickets on which an agent has one."""
    query = select(_row.ticket_id).where(_row.agent_id == agent_id).order_by(_row.ticket_id)
    return list(sql.execute(query).scalars())


def keep(tx: Tx, draft: Draft) -> Draft:
    """Put it in place of what the agent had there, as the next version."""
    before = find(tx.sql, draft.ticket_id, draft.agent_id)
    kept = draft._replace(version=before.version + 1 if before else 1)
    row = kept._asdict() | {"updated_at": tx.now}
    if before is None:
        tx.sql.execute(insert(schema.drafts).values(row))
    else:
        there = _row.ticket_id == draft.ticket_id, _row.agent_id == draft.agent_id
        tx.sql.execute(update(schema.drafts).where(*there).values(row))
    return kept


def forget(tx: Tx, ticket_id: str, agent_id: str, kind: DraftKind | None = None) -> None:
    """The agent has none there any more; of a `kind`, only if it was one."""
    gone = delete(schema.drafts).where(_row.ticket_id == ticket_id, _row.agent_id == agent_id)
    tx.sql.execute(gone if kind is None else gone.where(_row.kind == kind))


def forget_ticket(tx: Tx, ticket_id: str) -> None:
    """Nothing can be sent on the ticket any more."""
    tx.sql.execute(delete(schema.drafts).where(_row.ticket_id == ticket_id))


def forget_agent(tx: Tx, agent_id: str) -> None:
    """The agent is no more."""
    tx.sql.execute(delete(schema.drafts).where(_row.agent_id == agent_id))


def hand_over(tx: Tx, agent_id: str, to_id: str, ticket_ids: Collection[str]) -> int:
    """An agent's drafts on these tickets are another agent's; returns how many."""
    theirs = _some(tx.sql, _row.agent_id == agent_id, _row.ticket_id.in_(sorted(ticket_ids)))
    for draft in theirs:
        _move(tx, draft, draft._replace(agent_id=to_id))
    return len(theirs)


def follow_merger(tx: Tx, ticket_id: str, into_id: str) -> None:
    """Drafts on a ticket that was merged are on the one that goes on."""
    for draft in _some(tx.sql, _row.ticket_id == ticket_id):
        _move(tx, draft, draft._replace(ticket_id=into_id))


def _some(sql: Connection, *conditions: "ColumnElement[bool]") -> list[Draft]:
    query = select(*_columns).where(*conditions).order_by(_row.ticket_id, _row.agent_id)
    return [Draft(*line) for line in sql.execute(query)]


def _move(tx: Tx, before: Draft, after: Draft) -> None:
    """Below what is there already. If one of the two is a note, both are: the customer may see neither."""
    there = find(tx.sql, after.ticket_id, after.agent_id)
    if there is not None:
        kind: DraftKind = "note" if "note" in (there.kind, after.kind) else "reply"
        after = after._replace(kind=kind, text=f"{there.text}\n\n{after.text}")
    forget(tx, before.ticket_id, before.agent_id)
    keep(tx, after)
