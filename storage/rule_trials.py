"""Trials of drafts: backtests on what is stored, shadows and canaries on what comes in."""

from datetime import datetime
from typing import Any, Literal, NamedTuple

from sqlalchemy import Connection, insert, select, update

from bus.ids import new_id
from storage import schema
from storage.store import Missing, Tx

Kind = Literal["backtest", "shadow", "canary", "counts", "events"]
# Rows of these only say how far the counter and the rules about tickets have read.
_PLACES = ("counts", "events")
_row = schema.rule_trials.c


class Trial(NamedTuple):
    """`cursor` is the last decision looked at; `state` is running, done, stopped, failed or rolled_back."""

    id: str
    kind: str
    version: int
    against: int
    state: str
    settings: dict[str, Any]
    cursor: int
    total: int
    done: int
    report: dict[str, Any]
    author: str
    created_at: datetime
    updated_at: datetime
    ended_at: datetime | None


def add(
    tx: Tx,
    kind: Kind,
    *,
    version: int,
    against: int,
    settings: dict[str, Any],
    cursor: int,
    total: int,
    author: str,
) -> str:
    """Begin a trial; returns its id."""
    trial_id = new_id("trial", tx.now)
    tx.sql.execute(
        insert(schema.rule_trials).values(
            id=trial_id,
            kind=kind,
            version=version,
            against=against,
            state="running",
            settings=settings,
            cursor=cursor,
            total=total,
            done=0,
            report={},
            author=author,
            created_at=tx.now,
            updated_at=tx.now,
        )
    )
    return trial_id


def get(sql: Connection, trial_id: str) -> Trial:
    """One trial; raises `Missing`."""
    line = sql.execute(select(schema.rule_trials).where(_row.id == trial_id)).one_or_none()
    if line is None:
        raise Missing(f"there is no trial {trial_id}")
    return Trial(*line)


def running(sql: Connection) -> list[Trial]:
    """The trials that go on, oldest first."""
    query = select(schema.rule_trials).where(_row.state == "running").order_by(_row.id)
    return [Trial(*line) for line in sql.execute(query)]


def listed(sql: Connection, limit: int) -> list[Trial]:
    """The newest trials."""
    query = select(schema.rule_trials).where(_row.kind.not_in(_PLACES)).order_by(_row.id.desc()).limit(limit)
    return [Trial(*line) for line in sql.execute(query)]


def advance(tx: Tx, trial_id: str, *, cursor: int, done: int, report: dict[str, Any]) -> bool:
    """Keep how far a trial is; False where it was ended meanwhile."""
    row = update(schema.rule_trials).where(_row.id == trial_id, _row.state == "running")
    kept = row.values(cursor=cursor, done=done, report=report, updated_at=tx.now)
    return bool(tx.sql.execute(kept).rowcount)


def end(tx: Tx, trial_id: str, state: str, **report: Any) -> bool:
    """End a trial that goes on; False where it had ended. A canary's end changes who decides."""
    trial = get(tx.sql, trial_id)
    row = update(schema.rule_trials).where(_row.id == trial_id, _row.state == "running")
    ended = row.values(state=state, ended_at=tx.now, updated_at=tx.now, report={**trial.report, **report})
    if not tx.sql.execute(ended).rowcount:
        return False
    if trial.kind == "canary":
        tx.emit("rules.published", version=trial.against)
    return True
