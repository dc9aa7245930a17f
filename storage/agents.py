"""Agents: who answers, what they can do, how they sign in."""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from msgspec.structs import replace
from sqlalchemy import Connection, bindparam, delete, insert, literal_column, select, update

from router.values import ACTIVE, Agent, Presence
from storage import drafts, notification_choices, schema, sessions, signatures
from storage.paging import Position, Slice, cut, newest_first
from storage.prepared import Prepared
from storage.refusals import InUse, Refused, unless_taken
from storage.rows import Mapper
from storage.store import Missing, Tx

_agents = Mapper(schema.agents, Agent)
_row = schema.agents.c


class Kept(NamedTuple):
    """An agent with what the store adds."""

    agent: Agent
    version: int
    created_at: datetime
    updated_at: datetime


_KEPT = _agents.select().add_columns(_row.version, _row.created_at, _row.updated_at)


_lock = Prepared(_KEPT.where(_row.id == bindparam("key")).with_for_update())
_seen = Prepared(
    update(schema.agents)
    .where(_row.id == bindparam("key"), _row.presence != literal_column("'offline'"))
    .values(seen_at=bindparam("at"))
)
_claimed = Prepared(
    update(schema.agents)
    .where(_row.id == bindparam("key"))
    .values(load_version=_row.load_version + 1, idle_since=bindparam("at"))
)


def add(tx: Tx, agent: Agent, password_hash: str = "") -> Kept:
    """Store a new agent, who can't sign in without a password; raises `Taken`."""
    made = {
        "password_hash": password_hash,
        "idle_since": tx.now,
        "load_version": 0,
        "version": 1,
        "created_at": tx.now,
        "updated_at": tx.now,
    }
    statement = insert(schema.agents).values(_agents.dump(agent) | made)
    unless_taken(tx, statement, f"There is an agent with the address {agent.email} already.")
    tx.emit("agent.updated", id=agent.id)
    return get(tx.sql, agent.id)


def save(tx: Tx, agent: Agent, password_hash: str | None = None) -> Kept:
    """Store an agent who was there, as the next version; None keeps the password.

    Raises `Taken`, and `Refused` when no admin who can sign in would be left. Whoever may no longer sign in,
    or has a new password, is signed out.
    """
    before = get(tx.sql, agent.id).agent
    changed = _agents.dump(agent) | {"version": _row.version + 1, "updated_at": tx.now}
    if password_hash is not None:
        changed["password_hash"] = password_hash
    if agent.presence == "online" and before.presence != "online":
        changed["idle_since"] = tx.now
    statement = update(schema.agents).where(_row.id == agent.id).values(changed)
    unless_taken(tx, statement, f"There is an agent with the address {agent.email} already.")
    if before.role == "admin" and before.active and not (agent.role == "admin" and agent.active):
        _keep_an_admin(tx)
    if password_hash is not None or not agent.active:
        sessions.end_all(tx, agent.id)
    tx.emit("agent.updated", id=agent.id, presence=agent.presence)
    return get(tx.sql, agent.id)


def remove(tx: Tx, agent_id: str) -> None:
    """Delete an agent for whom no ticket waits or is in hand; raises `Missing`, `InUse`, `Refused`."""
    agent = get(tx.sql, agent_id).agent
    ticket, customer = schema.tickets.c, schema.customers.c
    theirs = (ticket.assignee == agent_id) | (ticket.pinned_to == agent_id)
    held = select(ticket.number).where(theirs, ticket.status.in_(sorted(ACTIVE)))
    if (number := tx.sql.execute(held.limit(1)).scalar()) is not None:
        raise InUse(f"Ticket {number} is theirs; give it to somebody else first.")
    tx.sql.execute(delete(schema.agents).where(_row.id == agent_id))
    if agent.role == "admin" and agent.active:
        _keep_an_admin(tx)
    sessions.end_all(tx, agent_id)
    notification_choices.forget(tx, agent_id)
    signatures.forget(tx, agent_id)
    drafts.forget_agent(tx, agent_id)
    # What the customer reopens goes back to its queue.
    over = update(schema.tickets).where(ticket.status == "resolved")
    tx.sql.execute(over.where(ticket.assignee == agent_id).values(assignee=None))
    tx.sql.execute(over.where(ticket.pinned_to == agent_id).values(pinned_to=None))
    tx.sql.execute(update(schema.customers).where(customer.owner == agent_id).values(owner=None))
    tx.emit("agent.updated", id=agent_id)


def set_presence(tx: Tx, agent_id: str, presence: Presence) -> Kept:
    """What the agent chose; not an edit, so the version stays. Raises `Missing`."""
    changed: dict[str, object] = {"presence": presence, "updated_at": tx.now, "seen_at": None}
    if presence == "online" and get(tx.sql, agent_id).agent.presence != "online":
        changed["idle_since"] = tx.now
    tx.sql.execute(update(schema.agents).where(_row.id == agent_id).values(changed))
    tx.emit("agent.updated", id=agent_id, presence=presence)
    return get(tx.sql, agent_id)


def seen(tx: Tx, agent_id: str) -> None:
    """The agent's desk is open; who was lost and is back is online again."""
    _seen.many(tx.sql, [{"key": agent_id, "at": tx.now}])
    back = update(schema.agents).where(
        _row.id == agent_id, _row.presence == "offline", _row.seen_at.is_not(None)
    )
    if tx.sql.execute(back.values(presence="online", seen_at=tx.now, idle_since=tx.now)).rowcount:
        tx.emit("agent.updated", id=agent_id, presence="online")


def not_seen_since(sql: Connection, at: datetime) -> list[str]:
    """Who is there, was seen by their desk, and not since an instant; who came without one is not asked."""
    there = _row.presence != "offline", _row.seen_at < at
    return list(sql.execute(select(_row.id).where(*there).order_by(_row.id)).scalars())


def lose(tx: Tx, agent_id: str) -> None:
    """The agent's connection is lost: offline, until they are seen again."""
    tx.sql.execute(update(schema.agents).where(_row.id == agent_id).values(presence="offline"))
    tx.emit("agent.updated", id=agent_id, presence="offline")


def tickets_of(sql: Connection, agent_id: str) -> list[str]:
    """Everything an agent has that is not over, and what is offered to them."""
    ticket, offer = schema.tickets.c, schema.offers.c
    mine = select(ticket.id).where(
        ticket.assignee == agent_id, ticket.status.in_((*sorted(ACTIVE), "resolved"))
    )
    offered = select(offer.ticket_id).where(offer.agent_id == agent_id, offer.state == "pending")
    return [*sql.execute(mine).scalars(), *sql.execute(offered).scalars()]


def pinned_to(sql: Connection, agent_id: str) -> list[str]:
    """Tickets that are not over and wait for this agent alone."""
    ticket = schema.tickets.c
    query = select(ticket.id).where(ticket.pinned_to == agent_id, ticket.status.not_in(("closed", "merged")))
    return list(sql.execute(query).scalars())


def leave(tx: Tx, agent: Agent, heir: str) -> None:
    """Make an agent inactive; who named them as their stand-in has another now. Raises `Refused`."""
    save(tx, replace(agent, active=False, presence="offline"))
    stands = update(schema.agents).where(_row.stand_in == agent.id, _row.id != heir)
    tx.sql.execute(stands.values(stand_in=heir))


def set_password(tx: Tx, agent_id: str, password_hash: str) -> None:
    """A new password signs the agent out everywhere."""
    tx.sql.execute(update(schema.agents).where(_row.id == agent_id).values(password_hash=password_hash))
    sessions.end_all(tx, agent_id)


def find(sql: Connection, agent_id: str) -> Agent | None:
    """One agent."""
    line = sql.execute(_agents.select().where(_row.id == agent_id)).one_or_none()
    return None if line is None else _agents.load(line)


def get(sql: Connection, agent_id: str) -> Kept:
    """One agent; raises `Missing`."""
    line = sql.execute(_KEPT.where(_row.id == agent_id)).one_or_none()
    if line is None:
        raise Missing(f"there is no agent {agent_id}")
    return _kept(line)


def lock(tx: Tx, agent_id: str) -> Kept:
    """One agent, held until the transaction ends; raises `Missing`."""
    lines = _lock.rows(tx.sql, {"key": agent_id})
    if not lines:
        raise Missing(f"there is no agent {agent_id}")
    return _kept(lines[0])


def listed(sql: Connection, after: Position | None, limit: int) -> Slice[Kept]:
    """Agents, newest change first."""
    lines = sql.execute(newest_first(_KEPT, schema.agents, after, limit))
    return cut([_kept(line) for line in lines], limit, lambda kept: (kept.updated_at, kept.agent.id))


def credentials(sql: Connection, email: str) -> tuple[str, str] | None:
    """(id, password hash) of the active agent with this address."""
    query = select(_row.id, _row.password_hash).where(_row.email == email, _row.active)
    line = sql.execute(query).one_or_none()
    return None if line is None else (line[0], line[1])


def active(sql: Connection) -> list[Agent]:
    """Everybody who may work here, in id order."""
    query = _agents.select().where(_row.active)
    return [_agents.load(line) for line in sql.execute(query.order_by(_row.id))]


def on_shift(sql: Connection) -> list[Agent]:
    """Those online who work by a shift."""
    there = _row.active, _row.presence == "online", _row.shift != literal_column("''")
    return [_agents.load(line) for line in sql.execute(_agents.select().where(*there).order_by(_row.id))]


def some(sql: Connection, ids: Collection[str]) -> list[Agent]:
    """Those of these agents who are there."""
    return [_agents.load(line) for line in sql.execute(_agents.select().where(_row.id.in_(sorted(ids))))]


def claimed(tx: Tx, agent_id: str) -> None:
    """Note that the agent was given work now."""
    _claimed.many(tx.sql, [{"key": agent_id, "at": tx.now}])


def _kept(line: Sequence[Any]) -> Kept:
    return Kept(_agents.load(line[:-3]), *line[-3:])


def _keep_an_admin(tx: Tx) -> None:
    # Locked, so that the last two can't both stop being one at the same time.
    query = select(_row.id).where(_row.role == "admin", _row.active, _row.password_hash != "")
    if not tx.sql.execute(query.order_by(_row.id).with_for_update()).all():
        raise Refused("The last admin who can sign in must stay one.")
