"""Endpoints: plain functions whose annotations say what is validated and what OpenAPI documents.

    api = Api("Queues")

    @api.write("POST", "/api/v1/queues", role="admin", status=201, summary="Create a queue")
    def create_queue(tx: Tx, call: Call, body: NewQueue) -> QueueOut: ...

    @api.read("/api/v1/queues/{queue_id}", summary="A queue")
    def get_queue(sql: Sql, call: Call, queue_id: str) -> QueueOut: ...

Parameters besides the first ones are taken by name: `query` (a model of the query string), `body` (a model or
`Patch[Model]`), and whatever stands in braces in the path. What is returned is None (204), a model, a `Reply`
with headers, or for asynchronous endpoints what `Call.write` returned or a response of their own.
"""

import inspect
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Literal, TypeVar, get_args, get_origin, get_type_hints

from aiohttp import web
from pydantic import BaseModel, TypeAdapter

from gateway.http.body import Patch
from gateway.http.call import Call, Rendered, Reply, etag
from router.values import Role
from storage.idempotency import Answer

F = TypeVar("F", bound=Callable[..., Any])
Kind = Literal["read", "write", "asynchronous"]
Method = Literal["GET", "POST", "PUT", "PATCH", "DELETE"]

BODY_LIMIT = 1_000_000
"""Bytes of a JSON body, unless the endpoint says otherwise."""

_PLACE = re.compile(r"\{(\w+)\}")


@dataclass(frozen=True, kw_only=True)
class Endpoint:
    """One operation. `role` None is open to all; `body` and `query` are annotations, None for none.

    What a `confidential` one answers is encrypted where it is kept under an Idempotency-Key.
    `accepts` and `produces` are schemas of bodies that are not JSON, by media type.
    """

    kind: Kind
    method: Method
    path: str
    handler: Callable[..., Any]
    summary: str
    tag: str
    role: Role | None = "agent"
    status: int = 200
    limit: int = BODY_LIMIT
    confidential: bool = False
    body: Any = None
    query: type[BaseModel] | None = None
    result: Any = None
    accepts: dict[str, Any] = field(default_factory=dict)
    produces: dict[str, Any] = field(default_factory=dict)

    @cached_property
    def places(self) -> tuple[str, ...]:
        """The names in braces in its path."""
        return tuple(_PLACE.findall(self.path))

    @cached_property
    def adapter(self) -> "TypeAdapter[Any] | None":
        """What writes its result; None when it has none."""
        return None if self.result in (None, type(None)) else TypeAdapter(self.result)

    @property
    def name(self) -> str:
        """The operation's id."""
        return self.handler.__name__

    @property
    def versioned(self) -> bool:
        """Whether its result carries an ETag."""
        return isinstance(self.result, type) and "version" in getattr(self.result, "model_fields", {})

    @property
    def writes(self) -> bool:
        """Whether an Idempotency-Key means something to it."""
        return self.method != "GET" and self.role is not None

    def render(self, result: object) -> Answer:
        """A result as status, headers and body."""
        reply = result if isinstance(result, Reply) else Reply(value=result)
        headers = dict(reply.headers)
        if reply.value is None or self.adapter is None:
            return Answer(reply.status or 204, headers, b"")
        version = getattr(reply.value, "version", None)
        if isinstance(version, int):
            headers["ETag"] = etag(version)
        headers["Content-Type"] = "application/json"
        return Answer(
            reply.status or self.status, headers, self.adapter.dump_json(reply.value, by_alias=True)
        )


class Api:
    """Endpoints that belong together; `tag` is their heading in the documentation."""

    def __init__(self, tag: str = "") -> None:
        self._tag = tag
        self._endpoints: list[Endpoint] = []

    def __iter__(self) -> Iterator[Endpoint]:
        return iter(self._endpoints)

    def read(self, path: str, *, summary: str, **rest: Any) -> Callable[[F], F]:
        """`def endpoint(sql, call, …)` on a snapshot of what is committed; always GET."""
        return self._register("read", "GET", path, summary, rest)

    def write(self, method: Method, path: str, *, summary: str, **rest: Any) -> Callable[[F], F]:
        """`def endpoint(tx, call, …)` in one transaction; it may be run again, so it touches only `tx`."""
        return self._register("write", method, path, summary, rest)

    def asynchronous(self, method: Method, path: str, *, summary: str, **rest: Any) -> Callable[[F], F]:
        """`async def endpoint(call, …)`, for what has to wait for more than one transaction."""
        return self._register("asynchronous", method, path, summary, rest)

    def add(self, endpoint: Endpoint) -> None:
        """An endpoint whose types are not annotations. Raises TypeError for a route that is taken."""
        # Of two the first would answer, and the other never.
        if any((one.method, one.path) == (endpoint.method, endpoint.path) for one in self):
            raise TypeError(f"{endpoint.method} {endpoint.path} is there already")
        self._endpoints.append(endpoint)

    def include(self, *others: "Api") -> "Api":
        """This one with the others' endpoints too."""
        for endpoint in (endpoint for other in others for endpoint in other):
            self.add(endpoint)
        return self

    def _register(
        self, kind: Kind, method: Method, path: str, summary: str, rest: dict[str, Any]
    ) -> Callable[[F], F]:
        def take(handler: F) -> F:
            declared = _declared(handler, path)
            self.add(
                Endpoint(
                    kind=kind,
                    method=method,
                    path=path,
                    handler=handler,
                    summary=summary,
                    tag=self._tag,
                    **declared,
                    **rest,
                )
            )
            return handler

        return take


def _declared(handler: Callable[..., Any], path: str) -> dict[str, Any]:
    hints = get_type_hints(handler, include_extras=True)
    known = {"sql", "tx", "call", "query", "body", *_PLACE.findall(path)}
    if strange := [name for name in inspect.signature(handler).parameters if name not in known]:
        raise TypeError(f"{handler.__name__}: {strange[0]} is neither query, body nor in the path {path}")
    return {"body": hints.get("body"), "query": hints.get("query"), "result": _result(hints.get("return"))}


def _result(annotation: Any) -> Any:
    if get_origin(annotation) in (Reply, Rendered):
        return get_args(annotation)[0]
    if isinstance(annotation, type) and issubclass(annotation, web.StreamResponse):
        return None
    return annotation


def body_model(annotation: Any) -> type[BaseModel]:
    """The model behind a body's annotation."""
    model: type[BaseModel] = get_args(annotation)[0] if get_origin(annotation) is Patch else annotation
    return model


__all__ = ["Api", "Call", "Endpoint", "Patch", "Rendered", "Reply"]
