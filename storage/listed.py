"""A list of texts as one parameter, so that a statement's text and plan are the same for any number of them.

    select(…).where(among(row.id, "ids"))        run with {"ids": [...]}

`IN` with one parameter for each value makes another statement for each length, and SQLAlchemy spends more on
writing it than SQLite on running it.
"""

from typing import Any

from sqlalchemy import BindParameter, ColumnElement, bindparam
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement

from storage.columns import Json


class _Among(FunctionElement[bool]):
    """Whether a column's value is an element of a JSON array of texts."""

    # Without a type: SQLAlchemy would ask SQLite, which has no booleans, whether one equals 1.
    inherit_cache = True


@compiles(_Among, "sqlite")
def _for_sqlite(element: _Among, compiler: SQLCompiler, **options: Any) -> str:
    column, values = (compiler.process(clause, **options) for clause in element.clauses)
    return f"{column} IN (SELECT value FROM json_each({values}))"  # noqa: S608 - made of a column and a bind


@compiles(_Among, "postgresql")
def _for_postgresql(element: _Among, compiler: SQLCompiler, **options: Any) -> str:
    # An array is looked up in the index. A subquery would be joined, and a table that the planner has not
    # counted yet be read whole for it.
    column, values = (compiler.process(clause, **options) for clause in element.clauses)
    return f"{column} = ANY (ARRAY(SELECT jsonb_array_elements_text({values})))"


def among(column: ColumnElement[str], given: str | BindParameter[Any]) -> ColumnElement[bool]:
    """Whether a column's value is in a parameter, a list of texts: one of that name, or the one given."""
    return _Among(column, bindparam(given, type_=Json) if isinstance(given, str) else given)
