"""Rows to domain values and back, by the value's own field names."""

import typing
from collections.abc import Sequence
from typing import Any, Generic, TypeVar

import msgspec
from sqlalchemy import Table
from sqlalchemy.sql import Select
from sqlalchemy.sql import select as sql_select

from storage.columns import Json

V = TypeVar("V", bound=msgspec.Struct)


class Mapper(Generic[V]):
    """Between a table and a value type; columns the value does not have are given when it is stored."""

    def __init__(self, table: Table, value_type: type[V]) -> None:
        self.table = table
        self._type = value_type
        hints = typing.get_type_hints(value_type)
        self._names = [name for name in value_type.__struct_fields__ if name in table.c]
        self._columns = [table.c[name] for name in self._names]
        self._nested = [
            (index, hints[name])
            for index, name in enumerate(self._names)
            if isinstance(table.c[name].type, Json) and not _plain(hints[name])
        ]

    def select(self) -> "Select[Any]":
        """A SELECT of the value's columns, to be read with `load`."""
        return sql_select(*self._columns)

    def load(self, row: "Sequence[Any]") -> V:
        """A value from a row of `select`."""
        given = list(row)
        for index, hint in self._nested:
            given[index] = msgspec.convert(given[index], hint)
        return self._type(**dict(zip(self._names, given, strict=False)))

    def dump(self, value: V) -> dict[str, Any]:
        """The value's columns; Json columns take its nested values as they are."""
        return {name: getattr(value, name) for name in self._names}


def _plain(hint: Any) -> bool:
    # dict[str, Any] comes out of JSON as it should be.
    return typing.get_origin(hint) is dict and typing.get_args(hint)[1] is Any
