"""Lists over HTTP: `limit`, an opaque `cursor`, and pages that carry the next one."""

import binascii
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Callable
from datetime import datetime
from typing import Any, Generic, TypeVar

import msgspec
from pydantic import BaseModel, Field

from gateway.http.problems import Invalid
from storage.paging import Position, Slice

T = TypeVar("T")
V = TypeVar("V")
MAX_LIMIT = 100
_LARGEST = 2**63 - 1


class Page(BaseModel, Generic[T]):
    """Some of a list. `next_cursor` is null at its end."""

    data: list[T]
    next_cursor: str | None

    @classmethod
    def of(cls, found: "Slice[V]", show: Callable[[V], T]) -> "Page[T]":
        """A page of what the store found, each item shown."""
        rest = None if found.rest is None else encode(found.rest)
        return cls(data=[show(item) for item in found.items], next_cursor=rest)


class ListQuery(BaseModel):
    """The query of a list; more filters by inheriting."""

    limit: int = Field(50, ge=1, le=MAX_LIMIT, description="How many at most.")
    cursor: str | None = Field(None, max_length=500, description="`next_cursor` of the page before.")

    def after(self) -> Position | None:
        """The (updated_at, id) position that the cursor stands for; raises `Invalid`."""
        position: Position | None = None if self.cursor is None else decode(self.cursor, Position)
        return position


def encode(position: object) -> str:
    """An opaque cursor for a position: any JSON value."""
    return urlsafe_b64encode(msgspec.json.encode(position)).decode().rstrip("=")


def decode(cursor: str, position_type: Any) -> Any:
    """The position of that type that `encode` was given; raises `Invalid` for anything else."""
    try:
        raw = urlsafe_b64decode(cursor.encode("ascii") + b"=" * (-len(cursor) % 4))
        position = msgspec.json.decode(raw, type=position_type)
        if not _storable(position):
            raise ValueError
        return position
    except (ValueError, binascii.Error, msgspec.MsgspecError):
        raise Invalid.at("/cursor", "bad_cursor", "This is not a cursor that a list here returned.") from None


def _storable(position: object) -> bool:
    return all(_fits(part) for part in (position if isinstance(position, tuple) else (position,)))


def _fits(part: object) -> bool:
    match part:
        case datetime():
            return part.tzinfo is not None
        case int():
            return abs(part) <= _LARGEST
    return "\0" not in str(part)
