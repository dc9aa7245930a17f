"""What grows with traffic, by month: on PostgreSQL messages, decisions and events are partitioned.

A month that is older than everything is kept is dropped whole. Months are made ahead; what none of them takes
(a desk that was off for long) goes into the table's default partition. SQLite has one table each.
"""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Final, NamedTuple

from sqlalchemy import Connection, text

# The tables, and the column that says when.
GROWING: Final = {"messages": "created_at", "decisions": "created_at", "events": "at"}
# Months that are there before they begin.
AHEAD: Final = 2

_THERE = text(
    "SELECT child.relname FROM pg_inherits JOIN pg_class child ON child.oid = inhrelid"
    " WHERE inhparent = CAST(CAST(:table AS text) AS regclass)"
)


class Month(NamedTuple):
    """A calendar month, in UTC."""

    year: int
    month: int

    @property
    def begins(self) -> datetime:
        """Its first instant."""
        return datetime(self.year, self.month, 1, tzinfo=UTC)

    @property
    def next(self) -> "Month":
        """The one after it."""
        return Month(self.year + self.month // 12, self.month % 12 + 1)

    def of(self, table: str) -> str:
        """The name of its partition."""
        return f"{table}_{self.year:04}_{self.month:02}"


def ensure(sql: Connection, now: datetime) -> None:
    """Make this month's partitions and the next ones', where they are not there."""
    if sql.dialect.name == "sqlite":
        return
    for table, column in GROWING.items():
        there = set(sql.execute(_THERE, {"table": table}).scalars())
        for month in _from(Month(now.year, now.month)):
            if month.of(table) not in there and not _in_default(sql, table, column, month):
                # Names and instants of this module's own, where no parameter can stand.
                first, last = month.begins.isoformat(), month.next.begins.isoformat()
                made = f"CREATE TABLE IF NOT EXISTS {month.of(table)} PARTITION OF {table}"
                sql.execute(text(f"{made} FOR VALUES FROM ('{first}') TO ('{last}')"))


def past(sql: Connection, table: str, before: datetime) -> list[str]:
    """A table's partitions of which everything is from before an instant, oldest first."""
    if sql.dialect.name == "sqlite":
        return []
    last = Month(before.year, before.month).of(table)
    there = sql.execute(_THERE, {"table": table}).scalars()
    return sorted(name for name in there if name < last and name != f"{table}_default")


def _from(month: Month) -> Iterator[Month]:
    for _ in range(AHEAD + 1):
        yield month
        month = month.next


def _in_default(sql: Connection, table: str, column: str, month: Month) -> bool:
    query = f"SELECT EXISTS (SELECT 1 FROM {table}_default WHERE {column} >= :begins AND {column} < :ends)"  # noqa: S608
    asked = {"begins": month.begins, "ends": month.next.begins}
    return bool(sql.execute(text(query), asked).scalar_one())
