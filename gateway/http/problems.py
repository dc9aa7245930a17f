"""What goes wrong over HTTP, told as RFC 9457 problems.

    Problem
    ├── Malformed (400)            the request can't be read to its end
    ├── Unauthorized (401)         nobody we know: sign in, or send a token
    ├── Forbidden (403)            somebody we know, who may not do this
    ├── NotFound (404)
    ├── Conflict (409)             true to the schema, but not possible as things are now
    ├── PreconditionFailed (412)   changed by someone else since it was read
    ├── TooLarge (413)
    ├── UnsupportedMediaType (415)
    ├── Invalid (422)              input at fault; `errors` says where
    ├── TooManyRequests (429)      carries Retry-After
    └── Unavailable (503)          the store or the bus is away: nothing was half-done

What the store refuses (`Missing`, `MissingBlob`, `Refused`, `NotUploaded`, `KeyReused`, `StillRunning`,
`StoreUnavailable`) and `BusUnavailable` become one of these. Everything else that an endpoint raises is a 500
that says nothing but that.
"""

import math
from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any, ClassVar, NamedTuple

import orjson
from aiohttp import web
from pydantic import ValidationError

from bus.port import BusUnavailable
from storage.blobs import BlobError, MissingBlob
from storage.idempotency import KeyReused, StillRunning
from storage.refusals import Refused
from storage.store import Missing, StoreError, StoreUnavailable
from storage.uploads import NotUploaded

MEDIA_TYPE = "application/problem+json"
# What a reader can take in; a body with thousands of faults needs no more than the first ones.
MAX_FAULTS = 50


class Fault(NamedTuple):
    """One fault of the input: where (a JSON Pointer, RFC 6901; a query parameter's is `/name`) and why."""

    pointer: str
    code: str
    detail: str


class Problem(Exception):
    """An answer that is not a success. `members` are extra members of the problem document."""

    status: ClassVar[int] = 500

    def __init__(self, detail: str, headers: Mapping[str, str] | None = None, **members: Any) -> None:
        super().__init__(detail)
        self.detail = detail
        self.headers = dict(headers or {})
        self.members = members


class Malformed(Problem):
    """400."""

    status = 400


class Unauthorized(Problem):
    """401."""

    status = 401

    def __init__(self, detail: str = "Sign in, or send a token: Authorization: Bearer TOKEN.") -> None:
        super().__init__(detail, {"WWW-Authenticate": 'Bearer realm="frontdesk"'})


class Forbidden(Problem):
    """403."""

    status = 403


class NotFound(Problem):
    """404."""

    status = 404


class Conflict(Problem):
    """409."""

    status = 409


class PreconditionFailed(Problem):
    """412."""

    status = 412


class TooLarge(Problem):
    """413."""

    status = 413


class UnsupportedMediaType(Problem):
    """415."""

    status = 415


class Invalid(Problem):
    """422, with one fault or more."""

    status = 422

    def __init__(self, *faults: Fault, detail: str = "The input is at fault; see errors.") -> None:
        super().__init__(detail, errors=[fault._asdict() for fault in faults[:MAX_FAULTS]])
        self.faults = faults

    @classmethod
    def at(cls, pointer: str, code: str, detail: str) -> "Invalid":
        """One fault."""
        return cls(Fault(pointer, code, detail))

    @classmethod
    def of(cls, error: ValidationError) -> "Invalid":
        """What pydantic found."""
        found = error.errors(include_url=False, include_context=False, include_input=False)
        return cls(*(_fault(each["loc"], each["type"], each["msg"]) for each in found[:MAX_FAULTS]))


def unknown_member(*place: object) -> Fault:
    """The fault of a member that the body may not have."""
    return Fault(pointer(*place), "unknown_member", f"There is no member {place[-1]} here.")


def _fault(place: Sequence[object], kind: str, says: str) -> Fault:
    return unknown_member(*place) if kind == "extra_forbidden" else Fault(pointer(*place), kind, says)


class TooManyRequests(Problem):
    """429; `seconds` until one more is granted."""

    status = 429

    def __init__(self, seconds: float, detail: str = "Too many requests; wait and try again.") -> None:
        super().__init__(detail, {"Retry-After": str(max(1, math.ceil(seconds)))})


class Unavailable(Problem):
    """503."""

    status = 503

    def __init__(self, detail: str = "The desk can't keep this right now; try again.") -> None:
        super().__init__(detail, {"Retry-After": "2"})


class _FromAiohttp(Problem):
    def __init__(self, status: int, detail: str, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(detail, headers)
        self.status = status  # type: ignore[misc]


def pointer(*parts: object) -> str:
    """A JSON Pointer: `pointer("tags", 0)` is `/tags/0`."""
    return "".join("/" + str(part).replace("~", "~0").replace("/", "~1") for part in parts)


def problem_of(error: BaseException) -> Problem | None:
    """The problem that an error means to a client; None for one that is ours alone."""
    match error:
        case Problem():
            return error
        case web.HTTPException():
            return _of_aiohttp(error)
        case web.RequestPayloadError():
            return Malformed("The body ended early or is not encoded as announced.")
        case StoreError() | BlobError() | BusUnavailable():
            return _of_store(error)
    return None


def _of_store(error: Exception) -> Problem | None:
    match error:
        case StoreUnavailable() | BusUnavailable():
            return Unavailable()
        case Missing():
            return NotFound(f"{str(error)[:1].upper()}{str(error)[1:]}.")
        case MissingBlob():
            return NotFound("This file is not kept any more.")
        case Refused() | StillRunning():
            return Conflict(str(error))
        case NotUploaded():
            return Invalid.at(pointer("attachments", error.position), "unknown", str(error))
        case KeyReused():
            return Invalid.at("", "idempotency_key_reused", str(error))
    return None


def _of_aiohttp(error: web.HTTPException) -> Problem | None:
    match error:
        case web.HTTPNotFound():
            return NotFound("There is nothing here.")
        case web.HTTPMethodNotAllowed():
            allowed = ", ".join(sorted(error.allowed_methods))
            return _FromAiohttp(405, f"Use {allowed} here.", {"Allow": allowed})
        case _ if error.status >= 400:
            return _FromAiohttp(error.status, HTTPStatus(error.status).description or error.reason)
    return None


def respond(problem: Problem) -> web.Response:
    """The problem as a response."""
    return web.Response(
        status=problem.status,
        headers=problem.headers,
        body=orjson.dumps(document(problem)),
        content_type=MEDIA_TYPE,
    )


def document(problem: Problem) -> dict[str, Any]:
    """The problem's JSON document. Its type is always `about:blank`: the status says it all."""
    return {
        "type": "about:blank",
        "title": HTTPStatus(problem.status).phrase,
        "status": problem.status,
        "detail": problem.detail,
    } | problem.members


def failure() -> web.Response:
    """What a client sees of an error of ours: nothing but that there was one."""
    return respond(Problem("Something went wrong here; the log has it under this request's X-Request-Id."))


def require(faults: Sequence[Fault]) -> None:
    """Raise `Invalid` if there are faults."""
    if faults:
        raise Invalid(*faults)
