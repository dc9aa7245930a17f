"""From a request to an endpoint and back: admit, read, validate, run, render."""

from collections.abc import Awaitable, Callable
from typing import Any

from aiohttp import web
from pydantic import BaseModel, ValidationError

from gateway.http import body as bodies
from gateway.http.auth import Doorkeeper
from gateway.http.call import Call, Rendered, Sealer
from gateway.http.endpoint import Api, Endpoint
from gateway.http.problems import Forbidden, Invalid, NotFound
from gateway.parts import Parts

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
# Our own ids are 30 characters; chosen ones at most 64; file names come last in a path.
_LONGEST_PLACE = 300
WHO = web.RequestKey("who", str)


def mount(app: web.Application, api: Api, parts: Parts, doorkeeper: Doorkeeper) -> None:
    """Serve every endpoint of `api`."""
    for endpoint in api:
        serve = handler(endpoint, parts, doorkeeper)
        if endpoint.method == "GET":
            app.router.add_get(endpoint.path, serve)
        else:
            app.router.add_route(endpoint.method, endpoint.path, serve)


def handler(endpoint: Endpoint, parts: Parts, doorkeeper: Doorkeeper) -> Handler:
    """The endpoint as aiohttp serves it."""

    sealer = Sealer(parts.secrets) if endpoint.confidential else None

    async def serve(request: web.Request) -> web.StreamResponse:
        who = None
        if endpoint.role is not None:
            who = await doorkeeper.admit(request)
            request[WHO] = who.id
            if not who.may(endpoint.role):
                raise Forbidden(f"This takes the role {endpoint.role}.")
        given = _places(request, endpoint)
        if endpoint.query is not None:
            given["query"] = _query(request, endpoint.query)
        fingerprint = ""
        if endpoint.body is not None:
            bodies.expect_json(request)
            raw = await bodies.read(request, endpoint.limit)
            given["body"] = bodies.parse_as(endpoint.body, raw)
            fingerprint = bodies.fingerprint(request, raw)
        elif endpoint.writes:
            fingerprint = bodies.fingerprint(request, b"")
        call = Call(
            parts=parts,
            request=request,
            render=endpoint.render,
            who=who,
            fingerprint=fingerprint,
            sealer=sealer,
        )
        return await _run(endpoint, call, given)

    return serve


async def _run(endpoint: Endpoint, call: Call, given: dict[str, Any]) -> web.StreamResponse:
    function, store = endpoint.handler, call.parts.store
    if endpoint.kind == "read":
        answer = await store.read(lambda sql: endpoint.render(function(sql, call, **given)))
        return Rendered(answer).response()
    if endpoint.kind == "write":
        rendered = await call.write(lambda tx: function(tx, call, **given))
        return rendered.response()
    result = await function(call, **given)
    if isinstance(result, web.StreamResponse):
        return result
    return (result if isinstance(result, Rendered) else Rendered(endpoint.render(result))).response()


def _places(request: web.Request, endpoint: Endpoint) -> dict[str, Any]:
    given = {name: request.match_info[name] for name in endpoint.places}
    if any("\0" in value or len(value) > _LONGEST_PLACE for value in given.values()):
        raise NotFound("There is nothing here.")
    return given


def _query(request: web.Request, model: type[BaseModel]) -> BaseModel:
    given: dict[str, Any] = {}
    names = {field.alias or name for name, field in model.model_fields.items()}
    for name in request.query.keys() & names:
        values = request.query.getall(name)
        if any("\0" in value for value in values):
            raise Invalid.at(f"/{name}", "nul", "A text can't hold the character U+0000.")
        given[name] = values[0] if len(values) == 1 else values
    try:
        return model.model_validate(given)
    except ValidationError as error:
        raise Invalid.of(error) from None
