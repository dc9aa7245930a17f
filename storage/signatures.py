"""What agents' mails end with: one signature an agent, as templates in plain text and HTML."""

from typing import NamedTuple

from sqlalchemy import Connection, delete, insert, select

from storage import schema
from storage.store import Tx

_row = schema.signatures.c


class Signature(NamedTuple):
    """Either may be ""; then it is made from the other."""

    text: str = ""
    html: str = ""


def of_agent(sql: Connection, agent_id: str) -> Signature:
    """An agent's own; empty where they have none."""
    line = sql.execute(select(_row.text, _row.html).where(_row.agent_id == agent_id)).one_or_none()
    return Signature() if line is None else Signature(*line)


def keep(tx: Tx, agent_id: str, signature: Signature) -> None:
    """Put it in place of what was there."""
    forget(tx, agent_id)
    if any(signature):
        row = {"agent_id": agent_id, **signature._asdict(), "updated_at": tx.now}
        tx.sql.execute(insert(schema.signatures).values(row))


def forget(tx: Tx, agent_id: str) -> None:
    """The agent has none any more."""
    tx.sql.execute(delete(schema.signatures).where(_row.agent_id == agent_id))
