"""Rule-set versions: drafts, the published one, and those it superseded. A stored version never changes."""

from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import Connection, func, insert, select, update

from storage import schema
from storage.store import Missing, Tx

_row = schema.rule_versions.c


class Version(NamedTuple):
    """`state` is draft, published or superseded; `rules` is the document as it was given."""

    version: int
    state: str
    note: str
    author: str
    rules: list[dict[str, Any]]
    created_at: datetime
    published_at: datetime | None


def published(sql: Connection) -> Version | None:
    """The version that decides now; None on a desk that has never published one."""
    line = sql.execute(_all().where(_row.state == "published")).one_or_none()
    return None if line is None else Version(*line)


def get(sql: Connection, version: int) -> Version:
    """One version; raises `Missing`."""
    line = sql.execute(_all().where(_row.version == version)).one_or_none()
    if line is None:
        raise Missing(f"there is no rule-set version {version}")
    return Version(*line)


def listed(sql: Connection, before: int | None, limit: int) -> list[Version]:
    """Versions, newest first, from a position on."""
    query = _all() if before is None else _all().where(_row.version < before)
    return [Version(*line) for line in sql.execute(query.order_by(_row.version.desc()).limit(limit))]


def add(tx: Tx, rules: list[dict[str, Any]], note: str, author: str, *, publish: bool) -> int:
    """Store a new version, and make it the one that decides if asked to; returns its number."""
    newest = tx.sql.execute(select(func.max(_row.version))).scalar_one()
    number = (newest or 0) + 1
    if publish:
        superseded = update(schema.rule_versions).where(_row.state == "published")
        tx.sql.execute(superseded.values(state="superseded"))
    tx.sql.execute(
        insert(schema.rule_versions),
        [
            {
                "version": number,
                "state": "published" if publish else "draft",
                "note": note,
                "author": author,
                "rules": rules,
                "created_at": tx.now,
                "published_at": tx.now if publish else None,
            }
        ],
    )
    if publish:
        tx.emit("rules.published", version=number)
    return number


def _all() -> Any:
    return select(
        _row.version, _row.state, _row.note, _row.author, _row.rules, _row.created_at, _row.published_at
    )
