"""Types that bodies are made of: bounded texts, slugs, tags, small documents."""

from collections.abc import Iterator
from typing import Annotated, Any

from pydantic import AfterValidator, AwareDatetime, Field, JsonValue, PlainSerializer, StringConstraints

from gateway.http.problems import Fault, pointer

Slug = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9_-]{0,63}$")]
"""An id that may be chosen."""

Id = Annotated[str, StringConstraints(min_length=1, max_length=64)]
"""The id of something that is there already."""

Name = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200)]
Word = Annotated[str, StringConstraints(max_length=200)]
Key = Annotated[str, StringConstraints(min_length=1, max_length=100)]
Tags = Annotated[tuple[Key, ...], Field(max_length=100)]
Level = Annotated[int, Field(ge=1, le=5)]

Time = Annotated[AwareDatetime, PlainSerializer(lambda value: value.isoformat().replace("+00:00", "Z"), str)]
"""RFC 3339 in UTC."""

# What every JSON reader keeps exactly, and every column too (RFC 8259 section 6).
_LARGEST = 2**53
_MOST_VALUES = 2000


def _small(document: dict[str, Any]) -> dict[str, Any]:
    for count, value in enumerate(_values(document)):
        if count >= _MOST_VALUES:
            raise ValueError(f"at most {_MOST_VALUES} values")
        if isinstance(value, int) and abs(value) > _LARGEST:
            raise ValueError("a whole number lies between -2^53 and 2^53")
    return document


def _values(document: Any) -> Iterator[Any]:
    pending = [document]
    while pending:
        value = pending.pop()
        yield value
        if isinstance(value, dict):
            pending.extend(value.values())
        elif isinstance(value, list):
            pending.extend(value)


Document = Annotated[dict[Key, JsonValue], Field(max_length=200), AfterValidator(_small)]
"""Free JSON, such as a customer's attributes."""


def unknown(what: str, id_: str, *place: object) -> Fault:
    """The fault of naming something that is not there."""
    return Fault(pointer(*place), "unknown", f"There is no {what} {id_}.")
