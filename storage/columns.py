"""Column types that mean the same on SQLite and PostgreSQL.

They hand SQLAlchemy the function that converts a value, instead of a method that it wraps twice: these
conversions run for every column of every row.
"""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Any

import msgspec
from sqlalchemy import BigInteger, DateTime, Dialect, LargeBinary
from sqlalchemy import Text as SqlText
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.types import TypeDecorator, TypeEngine

Convert = Callable[[Any], Any]
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder().decode


class UtcTime(TypeDecorator[datetime]):
    """An aware UTC instant: microseconds since 1970 in SQLite (which has no time type), timestamptz else.

    A naive time is refused: its instant would be a guess.
    """

    impl = BigInteger
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        """Choose the dialect's own type."""
        return dialect.type_descriptor(BigInteger() if dialect.name == "sqlite" else DateTime(timezone=True))

    def bind_processor(self, dialect: Dialect) -> Convert:
        """To what the dialect stores."""
        return _microseconds if dialect.name == "sqlite" else _aware

    def result_processor(self, dialect: Dialect, coltype: object) -> Convert:
        """Back to an aware UTC time."""
        return _instant if dialect.name == "sqlite" else _in_utc


class Json(TypeDecorator[Any]):
    """A JSON document: text in SQLite, jsonb else.

    Documents are bound as text; the PostgreSQL end sets its jsonb codec to pass text through.
    """

    impl = SqlText
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        """Choose the dialect's own type."""
        return dialect.type_descriptor(SqlText() if dialect.name == "sqlite" else JSONB())

    def bind_processor(self, dialect: Dialect) -> Convert:
        """To text."""
        return _to_text

    def result_processor(self, dialect: Dialect, coltype: object) -> Convert:
        """Back to Python values."""
        return _from_text


Bytes = LargeBinary
# Ordered by code points on both ends, whatever the database's language; that is the fastest order, too.
Text = SqlText().with_variant(SqlText(collation="C"), "postgresql")


def _aware(value: datetime | None) -> datetime | None:
    if value is not None and value.tzinfo is None:
        raise ValueError("a stored time needs its time zone")
    return value


# A batch stores one instant in every row.
@lru_cache(maxsize=64)
def _microseconds(value: datetime | None) -> int | None:
    if value is None:
        return None
    if value.tzinfo is None:
        raise ValueError("a stored time needs its time zone")
    return (value - _EPOCH) // _MICROSECOND


def _instant(value: int | None) -> datetime | None:
    return None if value is None else _EPOCH + timedelta(microseconds=value)


def _in_utc(value: datetime | None) -> datetime | None:
    return None if value is None else value.astimezone(UTC)


def _to_text(value: Any) -> str | None:
    return None if value is None else _encode(value).decode()


def _from_text(value: str | None) -> Any:
    return None if value is None else _decode(value)
