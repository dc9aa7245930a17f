"""An empty desk: how to tell one, and how to make one again."""

from sqlalchemy import delete, exists, select

from storage import schema, search
from storage.store import Tx

# What an installation keeps: who may do everything, what programs sign in with, how far numbers have come.
_KEPT = frozenset({"agents", "tokens", "sessions", "counters", "leases"})


def is_empty(tx: Tx) -> bool:
    """Whether nobody has written to the desk and nothing is set up but admins and tokens."""
    used = (schema.conversations, schema.customers, schema.channels, schema.catalogue, schema.articles)
    return not any(tx.sql.execute(select(exists(select(table)))).scalar_one() for table in used)


def empty(tx: Tx) -> None:
    """Delete everything but admins, their sessions, API tokens and counters."""
    for table in reversed(schema.metadata.sorted_tables):
        if table.name not in _KEPT:
            tx.sql.execute(delete(table))
    search.clear(tx)
    agent, session = schema.agents.c, schema.sessions.c
    tx.sql.execute(delete(schema.agents).where(agent.role != "admin"))
    tx.sql.execute(delete(schema.sessions).where(session.agent_id.not_in(select(agent.id))))
    tx.emit("catalogue.updated")
