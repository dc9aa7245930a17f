"""JSON bodies: read within a size and a time, refused with a pointer to the fault, never with a 500."""

import asyncio
import hashlib
from collections.abc import Iterator, Mapping
from typing import Any, Generic, Literal, TypeVar, get_args, get_origin

import orjson
from aiohttp import web
from pydantic import BaseModel, ValidationError

from gateway.http.problems import (
    Fault,
    Invalid,
    Malformed,
    TooLarge,
    UnsupportedMediaType,
    pointer,
    require,
    unknown_member,
)

M = TypeVar("M", bound=BaseModel)
MAX_DEPTH = 64
# A client that sends its body slower than this holds a connection for nothing.
READ_SECONDS = 30
# Each level of nesting needs one of these; fewer than MAX_DEPTH of them need no walk.
_OPENING = (b"[", b"{")


class Patch(Generic[M]):
    """A JSON Merge Patch (RFC 7396) to something whose editable form is the model `M`."""

    def __init__(self, model: type[M], changes: dict[str, Any]) -> None:
        self._model = model
        self.changes = changes

    def onto(self, current: Mapping[str, Any]) -> M:
        """The patched form, validated whole; raises `Invalid`. `current` is the form as JSON values."""
        return parse(self._model, orjson.dumps(merged(current, self.changes)))


def merged(current: Any, changes: Any) -> Any:
    """RFC 7396: objects merge, null removes, everything else replaces."""
    if not isinstance(changes, Mapping):
        return changes
    result = dict(current) if isinstance(current, Mapping) else {}
    for name, value in changes.items():
        if value is None:
            result.pop(name, None)
        else:
            result[name] = merged(result.get(name), value)
    return result


async def read(request: web.Request, limit: int) -> bytes:
    """The body, at most `limit` bytes; raises `TooLarge`, `Malformed`."""
    if (request.content_length or 0) > limit:
        raise TooLarge(f"A body here has at most {limit} bytes.")
    body = bytearray()
    try:
        async with asyncio.timeout(READ_SECONDS):
            async for chunk in request.content.iter_any():
                body += chunk
                if len(body) > limit:
                    raise TooLarge(f"A body here has at most {limit} bytes.")
    except TimeoutError:
        raise Malformed(f"The body did not arrive within {READ_SECONDS} seconds.") from None
    return bytes(body)


def expect_json(request: web.Request) -> None:
    """Raise `UnsupportedMediaType` for a body that says it is something else."""
    kind = request.content_type
    announced = "Content-Type" in request.headers
    if announced and kind != "application/json" and not kind.endswith("+json"):
        raise UnsupportedMediaType("Send JSON: Content-Type: application/json.")


def fingerprint(request: web.Request, body: bytes) -> str:
    """What makes two requests equal: method, path with query, body."""
    digest = hashlib.sha256(f"{request.method} {request.raw_path}\n".encode("utf-8", "surrogateescape"))
    digest.update(body)
    return digest.hexdigest()


def parse_as(annotation: Any, raw: bytes) -> Any:
    """A body as an endpoint annotates it: a model, or `Patch[Model]`; raises `Invalid`."""
    if get_origin(annotation) is Patch:
        changes, model = load(raw), get_args(annotation)[0]
        if not isinstance(changes, dict):
            raise Invalid.at("", "dict_type", "Input should be an object.")
        known = {field.alias or name for name, field in model.model_fields.items()}
        require([unknown_member(name) for name in changes if name not in known])
        return Patch(model, changes)
    load(raw)
    return parse(annotation, raw)


def parse(model: type[M], raw: bytes) -> M:
    """JSON as a model, strictly: no text for a number, no number for a text, no members it does not have.

    Raises `Invalid`. A member that is spelt wrong would else be without effect, and nobody told.
    """
    extra: Literal["ignore", "forbid"] = "ignore" if takes_more(model) else "forbid"
    try:
        return model.model_validate_json(raw, strict=True, extra=extra)
    except ValidationError as error:
        raise Invalid.of(error) from None


def takes_more(model: type[BaseModel]) -> bool:
    """Whether a body may have members that its model does not: it says so itself."""
    return model.model_config.get("extra") == "ignore"


def load(raw: bytes) -> Any:
    """JSON as values: no NUL in any text, no lone surrogates, at most 64 deep; raises `Invalid`."""
    try:
        value = orjson.loads(raw)
    except orjson.JSONDecodeError as error:
        raise Invalid.at("", "json_invalid", f"This is not JSON: {error}.") from None
    if b"\\u0000" in raw or sum(map(raw.count, _OPENING)) > MAX_DEPTH:
        for fault in _faults(value):
            raise Invalid(fault)
    return value


def _faults(value: Any) -> Iterator[Fault]:
    pending: list[tuple[tuple[object, ...], Any]] = [((), value)]
    while pending:
        path, current = pending.pop()
        if isinstance(current, str):
            if "\0" in current:
                yield Fault(pointer(*path), "nul", "A text can't hold the character U+0000.")
        elif isinstance(current, dict | list):
            if len(path) == MAX_DEPTH:
                yield Fault(pointer(*path), "too_deep", f"At most {MAX_DEPTH} levels.")
                return
            members = current.items() if isinstance(current, dict) else enumerate(current)
            for name, inner in members:
                if isinstance(name, str) and "\0" in name:
                    yield Fault(pointer(*path), "nul", "A name can't hold the character U+0000.")
                pending.append(((*path, name), inner))
