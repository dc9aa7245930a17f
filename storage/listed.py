"""A list of texts as one parameter, so that a statement's text and plan are the same for any number of them.

    select(…).where(row.id.in_(listed("ids")))        run with {"ids": [...]}

`IN` with one parameter for each value makes another statement for each length, and SQLAlchemy spends more on
writing it than SQLite on running it.
"""

from typing import Any

from sqlalchemy import bindparam, select
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql import Select
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement

from storage.columns import Json


class _Texts(FunctionElement[Any]):
    """The elements of a JSON array of texts, as a table with the column `value`."""

    inherit_cache = True


@compiles(_Texts, "sqlite")
def _for_sqlite(element: _Texts, compiler: SQLCompiler, **options: Any) -> str:
    return f"json_each({compiler.process(element.clauses, **options)})"


@compiles(_Texts, "postgresql")
def _for_postgresql(element: _Texts, compiler: SQLCompiler, **options: Any) -> str:
    return f"jsonb_array_elements_text({compiler.process(element.clauses, **options)})"


def listed(name: str) -> "Select[Any]":
    """The values of the parameter `name`, a list of texts, for `column.in_(…)`."""
    return select(_Texts(bindparam(name, type_=Json)).table_valued("value").c.value)
