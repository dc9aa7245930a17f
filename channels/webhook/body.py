"""The body of an inbound POST, as it is documented, and how it is checked.

What is not named here is ignored; the raw body keeps it.
"""

import math
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Annotated, Any

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, ValidationError

from channels.protocol import Malformed
from channels.settings import Fault, faults_of, pointer

LONGEST_TEXT = 100_000
_DEEPEST = 16
_MOST_VALUES = 1000
# What MessagePack and both databases can hold.
_SMALLEST, _LARGEST = -(2**63), 2**63 - 1

Id = Annotated[str, Field(min_length=1, max_length=256)]


class From(BaseModel):
    """Who wrote; `id` is the platform's own."""

    model_config = ConfigDict(strict=True)

    id: Id
    name: Annotated[str, Field(max_length=256)] | None = None
    email: Annotated[str, Field(max_length=320)] | None = None
    attributes: dict[str, Any] | None = None


class File(BaseModel):
    """An attachment; `data` is base64."""

    model_config = ConfigDict(strict=True)

    name: Annotated[str, Field(max_length=255)] = ""
    type: Annotated[str, Field(max_length=127)] = "application/octet-stream"
    data: str


class Body(BaseModel):
    """One message. `id` is the key: the same id again is the same message."""

    model_config = ConfigDict(strict=True)

    id: Id
    conversation: Annotated[str, Field(max_length=256)] | None = None
    from_: Annotated[From, Field(alias="from")]
    text: Annotated[str, Field(max_length=LONGEST_TEXT)] = ""
    attachments: Annotated[list[File], Field(max_length=20)] | None = None
    context: dict[str, Any] | None = None
    sent_at: AwareDatetime | None = None


def parse(raw: bytes) -> Body:
    """Read a body; raises `Malformed` with a pointer to each fault."""
    try:
        body = Body.model_validate_json(raw)
    except ValidationError as error:
        raise Malformed(*faults_of(error)) from None
    faults: list[Fault] = []
    if not body.text and not body.attachments:
        faults.append(Fault("/text", "missing", "A message has a text or an attachment."))
    if body.sent_at is not None and not 1970 <= body.sent_at.year < 9999:
        faults.append(Fault("/sent_at", "datetime_range", "A message is sent between 1970 and 9998."))
    if body.context:
        faults += _odd(body.context, "context")
    if body.from_.attributes:
        faults += _odd(body.from_.attributes, "from", "attributes")
    # Only a body that spells the character can hold it, and hardly any does.
    if b"\\u0000" in raw:
        faults += _nul(body)
    if faults:
        raise Malformed(*faults)
    return body


def sent_at(body: Body) -> datetime | None:
    """When the platform says it was sent, in UTC."""
    return body.sent_at.astimezone(UTC) if body.sent_at is not None else None


def _nul(body: Body) -> Iterator[Fault]:
    texts: list[tuple[tuple[str | int, ...], str | None]] = [
        (("id",), body.id),
        (("conversation",), body.conversation),
        (("from", "id"), body.from_.id),
        (("from", "name"), body.from_.name),
        (("from", "email"), body.from_.email),
        (("text",), body.text),
    ]
    for index, file in enumerate(body.attachments or ()):
        texts += [(("attachments", index, "name"), file.name), (("attachments", index, "type"), file.type)]
    for where, text in texts:
        if text and "\0" in text:
            yield _no_nul(*where)


def _no_nul(*where: str | int) -> Fault:
    return Fault(pointer(*where), "nul", "A text can't hold the character U+0000.")


def _odd(values: dict[str, Any], *where: str | int) -> Iterator[Fault]:
    """What could not be kept of free-form values: their depth, count, numbers and texts are bounded."""
    pending: list[tuple[tuple[str | int, ...], Any]] = [(where, values)]
    seen = 0
    while pending:
        path, value = pending.pop()
        seen += 1
        if seen > _MOST_VALUES:
            yield Fault(pointer(*where), "too_many", f"At most {_MOST_VALUES} values.")
            return
        if isinstance(value, dict | list):
            if len(path) - len(where) >= _DEEPEST:
                yield Fault(pointer(*where), "too_deep", f"At most {_DEEPEST} levels.")
                return
            members = value.items() if isinstance(value, dict) else enumerate(value)
            pending += [((*path, key), inner) for key, inner in members]
            if isinstance(value, dict) and any("\0" in key for key in value):
                yield _no_nul(*path)
        elif isinstance(value, str):
            if "\0" in value:
                yield _no_nul(*path)
        elif isinstance(value, float):
            if not math.isfinite(value):
                yield Fault(pointer(*path), "finite_number", "A number is finite.")
        elif isinstance(value, int) and not _SMALLEST <= value <= _LARGEST:
            yield Fault(pointer(*path), "int_range", "A whole number has at most 64 bits.")
