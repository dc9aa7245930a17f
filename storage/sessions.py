"""Sessions: an agent who has signed in, by the hash of the cookie's secret."""

from datetime import datetime, timedelta
from typing import NamedTuple

from sqlalchemy import Connection, delete, insert, select

from router.values import Role
from storage import schema
from storage.store import Tx

LIFETIME = timedelta(days=7)

_row = schema.sessions.c
_agent = schema.agents.c


class Session(NamedTuple):
    """A session and what it lets its agent do."""

    token_hash: str
    agent_id: str
    name: str
    role: Role
    csrf: str


def start(tx: Tx, token_hash: str, agent_id: str, csrf: str) -> None:
    """Store a session, and forget the agent's expired ones."""
    tx.sql.execute(delete(schema.sessions).where(_row.agent_id == agent_id, _row.expires_at <= tx.now))
    tx.sql.execute(
        insert(schema.sessions).values(
            token_hash=token_hash,
            agent_id=agent_id,
            csrf=csrf,
            created_at=tx.now,
            expires_at=tx.now + LIFETIME,
        )
    )


def by_hash(sql: Connection, token_hash: str, now: datetime) -> Session | None:
    """The session with this hash, if it has not expired and its agent is active."""
    query = (
        select(_row.token_hash, _row.agent_id, _agent.name, _agent.role, _row.csrf)
        .join(schema.agents, _agent.id == _row.agent_id)
        .where(_row.token_hash == token_hash, _row.expires_at > now, _agent.active)
    )
    line = sql.execute(query).one_or_none()
    return None if line is None else Session(*line)


def end(tx: Tx, token_hash: str) -> None:
    """Sign out."""
    tx.sql.execute(delete(schema.sessions).where(_row.token_hash == token_hash))


def end_all(tx: Tx, agent_id: str) -> None:
    """Sign an agent out everywhere."""
    tx.sql.execute(delete(schema.sessions).where(_row.agent_id == agent_id))


def prune(tx: Tx) -> None:
    """Forget those that have expired."""
    tx.sql.execute(delete(schema.sessions).where(_row.expires_at <= tx.now))
