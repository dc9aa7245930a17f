"""How often each rule has matched, when last, and how often it failed; counted beside the message path."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import Connection, func, select
from sqlalchemy.dialects import postgresql, sqlite

from router.decision import Hit
from storage import schema
from storage.store import Tx

_row = schema.rule_counts.c


class Count(NamedTuple):
    """A rule's hits and failures so far; `last_at` is its last hit."""

    hits: int = 0
    failed: int = 0
    last_at: datetime | None = None


def count(counts: dict[str, Count], hits: Iterable[Hit], at: datetime) -> None:
    """Count hits at an instant in with those that are counted."""
    for hit in hits:
        before, wrong = counts.get(hit.rule_id, Count()), bool(hit.error)
        last = before.last_at if wrong else at
        counts[hit.rule_id] = Count(before.hits + (not wrong), before.failed + wrong, last)


def add(tx: Tx, counts: Mapping[str, Count]) -> None:
    """Add to what was counted before; call it once a transaction, so that two never wait for each other."""
    insert = postgresql.insert if tx.sql.dialect.name == "postgresql" else sqlite.insert
    for rule_id, more in sorted(counts.items()):
        row = insert(schema.rule_counts).values(rule_id=rule_id, **more._asdict())
        sums = {
            "hits": _row.hits + row.excluded.hits,
            "failed": _row.failed + row.excluded.failed,
            "last_at": func.coalesce(row.excluded.last_at, _row.last_at),
        }
        tx.sql.execute(row.on_conflict_do_update(index_elements=["rule_id"], set_=sums))


def every(sql: Connection) -> dict[str, Count]:
    """What has been counted, by rule."""
    return {
        line.rule_id: Count(line.hits, line.failed, line.last_at)
        for line in sql.execute(select(schema.rule_counts))
    }
