"""Lists by keyset: some rows from a position on, and the position where the rest starts."""

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any, Generic, NamedTuple, TypeVar

from sqlalchemy import Connection, Table, tuple_
from sqlalchemy.sql import Select

T = TypeVar("T")
Position = tuple[datetime, str]
"""(updated_at, id) of the last row seen, in a list that has the newest change first."""

Sql = Connection
"""A read connection, by the name that rooms above storage annotate it with."""


class Slice(NamedTuple, Generic[T]):
    """Some of a list; `rest` is the position after its last item, None at the list's end."""

    items: Sequence[T]
    rest: object


def cut(found: Sequence[T], limit: int, position: Callable[[T], object]) -> Slice[T]:
    """A slice of what a query for `limit + 1` rows found."""
    if len(found) <= limit:
        return Slice(found, None)
    return Slice(found[:limit], position(found[limit - 1]))


def newest_first(query: "Select[Any]", table: Table, after: Position | None, limit: int) -> "Select[Any]":
    """The query's rows by (updated_at, id), descending, after a position; one more than `limit`."""
    row = table.c
    if after is not None:
        query = query.where(tuple_(row.updated_at, row.id) < after)
    return query.order_by(row.updated_at.desc(), row.id.desc()).limit(limit + 1)
