"""How often each rule has matched, when last, and how often it failed; counted beside the message path."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import Connection, insert, select, update

from storage import schema
from storage.store import Tx

_row = schema.rule_counts.c


class Count(NamedTuple):
    """A rule's hits and failures so far; `last_at` is its last hit."""

    hits: int = 0
    failed: int = 0
    last_at: datetime | None = None


def add(tx: Tx, counts: Mapping[str, Count]) -> None:
    """Add to what was counted before; only one process counts at a time."""
    for rule_id, count in sorted(counts.items()):
        row = update(schema.rule_counts).where(_row.rule_id == rule_id)
        more: dict[str, Any] = {"hits": _row.hits + count.hits, "failed": _row.failed + count.failed}
        if count.last_at is not None:
            more["last_at"] = count.last_at
        if not tx.sql.execute(row.values(more)).rowcount:
            tx.sql.execute(insert(schema.rule_counts).values(rule_id=rule_id, **count._asdict()))


def every(sql: Connection) -> dict[str, Count]:
    """What has been counted, by rule."""
    return {
        line.rule_id: Count(line.hits, line.failed, line.last_at)
        for line in sql.execute(select(schema.rule_counts))
    }
