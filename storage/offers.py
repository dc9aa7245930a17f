"""Offers: a ticket held out to one agent, pending until accepted, declined, expired or withdrawn.

What is accepted is worked on, then wrapped up, then done: pending → accepted → wrap_up → done.
"""

from datetime import datetime, timedelta
from typing import NamedTuple

from sqlalchemy import Connection, insert, select, update

from bus.ids import new_id
from storage import schema
from storage.prepared import Prepared
from storage.store import Tx

TAKEN = ("accepted", "wrap_up", "done")
"""States of what an agent has or had."""

_row = schema.offers.c
_add = Prepared(insert(schema.offers))


class Offer(NamedTuple):
    """`why` says in words why this agent. `ended_at` is when it was no longer pending."""

    id: str
    ticket_id: str
    agent_id: str
    state: str
    why: str
    created_at: datetime
    expires_at: datetime | None
    ended_at: datetime | None


def make(tx: Tx, ticket_id: str, agent_id: str, why: str, seconds: int) -> Offer:
    """Hold the ticket out to the agent; `seconds` 0 is an assignment, accepted at once."""
    offer = Offer(
        id=new_id("of", tx.now),
        ticket_id=ticket_id,
        agent_id=agent_id,
        state="pending" if seconds else "accepted",
        why=why,
        created_at=tx.now,
        expires_at=tx.now + timedelta(seconds=seconds) if seconds else None,
        ended_at=None if seconds else tx.now,
    )
    _add.many(tx.sql, [offer._asdict()])
    tx.emit("offer.created" if seconds else "offer.accepted", ticket=ticket_id, agent=agent_id, why=why)
    return offer


def end(tx: Tx, offer: Offer, state: str) -> bool:
    """Accepted, declined, expired or withdrawn; False when it has ended already."""
    query = update(schema.offers).where(_row.id == offer.id, _row.state == "pending")
    ended = tx.sql.execute(query.values(state=state, ended_at=tx.now)).rowcount > 0
    if ended:
        tx.emit(f"offer.{state}", ticket=offer.ticket_id, agent=offer.agent_id)
    return ended


def pending(sql: Connection, ticket_id: str) -> Offer | None:
    """The ticket's pending offer."""
    query = select(schema.offers).where(_row.ticket_id == ticket_id, _row.state == "pending")
    line = sql.execute(query).one_or_none()
    return None if line is None else Offer(*line)


def withdraw(tx: Tx, ticket_id: str) -> None:
    """The ticket is no longer to be had."""
    if (offer := pending(tx.sql, ticket_id)) is not None:
        end(tx, offer, "withdrawn")


def follow(tx: Tx, ticket_id: str, agent_id: str, state: str) -> None:
    """What the agent took goes on with the ticket: accepted, wrap_up or done."""
    mine = _row.ticket_id == ticket_id, _row.agent_id == agent_id, _row.state.in_(TAKEN)
    last = select(_row.id).where(*mine).order_by(_row.created_at.desc(), _row.id.desc()).limit(1)
    tx.sql.execute(update(schema.offers).where(_row.id == last.scalar_subquery()).values(state=state))


def lapsed(sql: Connection, now: datetime, limit: int) -> list[Offer]:
    """Pending offers whose time is over."""
    query = select(schema.offers).where(_row.state == "pending", _row.expires_at <= now).limit(limit)
    return [Offer(*line) for line in sql.execute(query)]


def missed_in_a_row(sql: Connection, agent_id: str, most: int) -> int:
    """How many of the agent's latest offers lapsed one after the other, as far as `most`."""
    ended = _row.agent_id == agent_id, _row.ended_at.is_not(None), _row.state != "withdrawn"
    query = select(_row.state).where(*ended).order_by(_row.ended_at.desc(), _row.id.desc()).limit(most)
    states = list(sql.execute(query).scalars())
    return next((number for number, state in enumerate(states) if state != "expired"), len(states))


def of_ticket(sql: Connection, ticket_id: str) -> list[Offer]:
    """The ticket's offers, oldest first."""
    query = select(schema.offers).where(_row.ticket_id == ticket_id).order_by(_row.created_at, _row.id)
    return [Offer(*line) for line in sql.execute(query)]
