"""Calls that rules ask for: each a row that is tried until it succeeds or is given up."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import Connection, insert, select, update

from bus.ids import new_id
from storage import schema
from storage.store import Tx

_row = schema.rule_calls.c


class Call(NamedTuple):
    """A call; `state` is queued, done or failed, `attempts` how often it was tried."""

    id: str
    url: str
    body: dict[str, Any]
    state: str
    attempts: int
    due_at: datetime
    error: str
    ticket_id: str | None
    created_at: datetime
    ended_at: datetime | None


def put(tx: Tx, url: str, body: dict[str, Any], ticket_id: str | None) -> str:
    """Queue a call; returns its id."""
    call_id = new_id("call", tx.now)
    made = {"url": url, "body": body, "state": "queued", "attempts": 0, "due_at": tx.now, "error": ""}
    tx.sql.execute(
        insert(schema.rule_calls).values(id=call_id, ticket_id=ticket_id, created_at=tx.now, **made)
    )
    return call_id


def due(sql: Connection, now: datetime, limit: int) -> list[Call]:
    """What is to be called now, the longest due first."""
    query = select(schema.rule_calls).where(_row.state == "queued", _row.due_at <= now)
    return [Call(*line) for line in sql.execute(query.order_by(_row.due_at).limit(limit))]


def claim(tx: Tx, ids: Sequence[str], until: datetime) -> list[Call]:
    """Take calls that are still due for oneself until an instant, each counted as tried; the rows taken."""
    taken = []
    for call_id in ids:
        row = update(schema.rule_calls).where(
            _row.id == call_id, _row.state == "queued", _row.due_at <= tx.now
        )
        if tx.sql.execute(row.values(due_at=until, attempts=_row.attempts + 1)).rowcount:
            taken.append(Call(*tx.sql.execute(select(schema.rule_calls).where(_row.id == call_id)).one()))
    return taken


def ended(tx: Tx, call_id: str) -> None:
    """It was answered."""
    row = update(schema.rule_calls).where(_row.id == call_id)
    tx.sql.execute(row.values(state="done", error="", ended_at=tx.now))


def failed(tx: Tx, call_id: str, error: str, again_at: datetime | None) -> None:
    """It failed; without `again_at` for good."""
    row = update(schema.rule_calls).where(_row.id == call_id)
    if again_at is None:
        tx.sql.execute(row.values(state="failed", error=error, ended_at=tx.now))
    else:
        tx.sql.execute(row.values(due_at=again_at, error=error))


def listed(sql: Connection, limit: int) -> list[Call]:
    """The newest calls."""
    query = select(schema.rule_calls).order_by(_row.id.desc()).limit(limit)
    return [Call(*line) for line in sql.execute(query)]
