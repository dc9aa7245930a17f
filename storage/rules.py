"""Rule-set versions: drafts, the published one, and those it superseded.

A stored version never changes but for its state, who approved it, and why it was published in spite of a
failing test.
"""

from datetime import UTC, datetime
from typing import Any, NamedTuple

from sqlalchemy import Connection, func, insert, select, update

from storage import schema
from storage.store import Missing, Tx

_row = schema.rule_versions.c


Lists = dict[str, dict[str, int]]


class Version(NamedTuple):
    """`state` is draft, published or superseded. `overruled`: why failing tests did not stop it."""

    version: int
    state: str
    note: str
    author: str
    rules: list[dict[str, Any]]
    created_at: datetime
    published_at: datetime | None
    lists: Lists = {}
    cases: list[dict[str, Any]] = []
    overruled: str = ""
    approved_by: str = ""


NONE = Version(0, "published", "", "", [], datetime.min.replace(tzinfo=UTC), None)
"""The empty set of a desk that has never published one."""


def published(sql: Connection) -> Version | None:
    """The version that decides now; None on a desk that has never published one."""
    line = sql.execute(_all().where(_row.state == "published")).one_or_none()
    return None if line is None else Version(*line)


def published_version(sql: Connection) -> int:
    """The number of the version that decides now; 0 on a desk that has never published one."""
    return sql.execute(select(_row.version).where(_row.state == "published")).scalar() or 0


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


def newest(sql: Connection) -> int:
    """The number of the newest version; 0 before there is one."""
    return sql.execute(select(func.max(_row.version))).scalar_one() or 0


def add(
    tx: Tx,
    rules: list[dict[str, Any]],
    note: str,
    author: str,
    *,
    publish: bool,
    lists: Lists | None = None,
    cases: list[dict[str, Any]] | None = None,
) -> int:
    """Store a new version, and make it the one that decides if asked to; returns its number."""
    number = newest(tx.sql) + 1
    tx.sql.execute(
        insert(schema.rule_versions).values(
            version=number,
            state="draft",
            note=note,
            author=author,
            rules=rules,
            lists=lists or {},
            cases=cases or [],
            created_at=tx.now,
            published_at=None,
        )
    )
    if publish:
        make_current(tx, number)
    return number


def make_current(tx: Tx, version: int, *, overruled: str = "") -> None:
    """Make a version the one that decides; the one before is superseded. Raises `Missing`."""
    superseded = update(schema.rule_versions).where(_row.state == "published")
    tx.sql.execute(superseded.values(state="superseded"))
    row = update(schema.rule_versions).where(_row.version == version)
    changed = {"state": "published", "published_at": tx.now, "overruled": overruled}
    if not tx.sql.execute(row.values(changed)).rowcount:
        raise Missing(f"there is no rule-set version {version}")
    tx.emit("rules.published", version=version)


def approve(tx: Tx, version: int, who: str) -> None:
    """Keep who else has looked at a version and would publish it."""
    tx.sql.execute(update(schema.rule_versions).where(_row.version == version).values(approved_by=who))


def _all() -> Any:
    return select(
        _row.version,
        _row.state,
        _row.note,
        _row.author,
        _row.rules,
        _row.created_at,
        _row.published_at,
        _row.lists,
        _row.cases,
        _row.overruled,
        _row.approved_by,
    )
