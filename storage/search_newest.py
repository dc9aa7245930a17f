"""The newest documents of the search index that hold what is asked for, by their numbers."""

from collections.abc import Sequence
from typing import Any, NamedTuple

from sqlalchemy import Connection, TextClause, text

from storage.search_words import Asked

# A question that more than so much answers gives the newest of it.
MOST_FOUND = 1_000
# Documents that are looked at one by one before PostgreSQL's index is asked for all that match.
_LOOK_BACK = 20_000
# Of these so many matches tell that looking further back finds the rest sooner than the index would.
_COMMON = 100


class Matches(NamedTuple):
    """The questions to one table of the index. They are written out: no dialect's full-text search is
    SQLAlchemy's."""

    sqlite: TextClause
    newest: TextClause
    since: TextClause
    anywhere: TextClause


def matches(table: str) -> Matches:
    """For a table of the index, by its name."""
    holds = f"FROM {table} WHERE words @@ CAST(:asked AS tsquery)"
    last = "ORDER BY number DESC LIMIT :most"
    # Names of our own.
    return Matches(
        text(f"SELECT rowid FROM {table} WHERE {table} MATCH :asked ORDER BY rowid DESC LIMIT :most"),  # noqa: S608
        text(f"SELECT coalesce(max(number), 0) FROM {table}"),  # noqa: S608
        text(f"SELECT number {holds} AND number > :since {last}"),
        # A limit lets the planner walk back through the whole table for a rare word; OFFSET keeps it out.
        text(f"SELECT number FROM (SELECT number {holds} OFFSET 0) AS found {last}"),  # noqa: S608
    )


def newest(sql: Connection, table: Matches, wanted: Asked) -> Sequence[int]:
    """Numbers of the documents that hold everything, newest first, at most `MOST_FOUND`."""
    if sql.dialect.name == "sqlite":
        return _numbers(sql, table.sqlite, asked=_fts5(wanted))
    return _on_postgresql(sql, table, _tsquery(wanted))


def _on_postgresql(sql: Connection, table: Matches, asked: str) -> Sequence[int]:
    """A common word's newest matches are near the end; all of a rare word's are few. Neither reads it all."""
    end = int(sql.execute(table.newest).scalar_one())
    near = _numbers(sql, table.since, asked=asked, since=end - _LOOK_BACK)
    if len(near) >= MOST_FOUND:
        return near
    if len(near) >= _COMMON:
        further = 2 * _LOOK_BACK * MOST_FOUND // len(near)
        return _numbers(sql, table.since, asked=asked, since=end - further)
    return _numbers(sql, table.anywhere, asked=asked)


def _numbers(sql: Connection, query: TextClause, **given: Any) -> Sequence[int]:
    return sql.execute(query, {**given, "most": MOST_FOUND}).scalars().all()


# Words are made of letters and digits alone, so that quotes are all they need.
def _fts5(wanted: Asked) -> str:
    return " AND ".join(
        [*(f'"{word}"' for word in wanted.words), *(f'"{word}"*' for word in wanted.beginnings)]
    )


def _tsquery(wanted: Asked) -> str:
    return " & ".join(
        [*(f"'{word}'" for word in wanted.words), *(f"'{word}':*" for word in wanted.beginnings)]
    )
