"""OpenAPI 3.1, generated from the endpoints."""

import inspect
from collections.abc import Iterable
from http import HTTPStatus
from typing import Any, get_origin

from pydantic import BaseModel, TypeAdapter
from pydantic.json_schema import GenerateJsonSchema, JsonSchemaMode, JsonSchemaValue
from pydantic_core import core_schema

from gateway.http.auth import COOKIE, CSRF_HEADER
from gateway.http.body import Patch, takes_more
from gateway.http.endpoint import Endpoint, body_model
from gateway.http.problems import MEDIA_TYPE

_REFERENCE = "#/components/schemas/{model}"
_PROBLEMS: dict[int, str] = {
    400: "The request can't be read to its end.",
    401: "No token and no session, or one that is not known.",
    403: "The role is too low, or the CSRF header is missing.",
    404: "There is no such thing.",
    409: "Not possible as things are now.",
    412: "Changed since the version named in If-Match.",
    413: "The body is too large.",
    415: "The body is not JSON.",
    422: "Input at fault; `errors` says where.",
    426: "This is for WebSockets.",
    429: "Too many requests; Retry-After says when to try again.",
    503: "The store is away; nothing was half-done.",
}
_PROBLEM_SCHEMA: dict[str, Any] = {
    "type": "object",
    "description": "RFC 9457",
    "required": ["type", "title", "status", "detail"],
    "properties": {
        "type": {"type": "string"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string"},
        "errors": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["pointer", "code", "detail"],
                "properties": {
                    "pointer": {"type": "string", "description": "A JSON Pointer (RFC 6901)."},
                    "code": {"type": "string"},
                    "detail": {"type": "string"},
                },
            },
        },
    },
}
_KEY_PARAMETER = {
    "name": "Idempotency-Key",
    "in": "header",
    "required": False,
    "description": "The same key within 24 hours gets the same answer, and one effect.",
    "schema": {"type": "string", "minLength": 1, "maxLength": 255, "pattern": "^[!-~]+$"},
}
_MATCH_PARAMETER = {
    "name": "If-Match",
    "in": "header",
    "required": False,
    "description": "The ETag that was read; 412 if it is no longer the current one.",
    "schema": {"type": "string"},
}
_ETAG = {"ETag": {"description": 'The version, such as `"v3"`.', "schema": {"type": "string"}}}


def document(endpoints: Iterable[Endpoint], version: str) -> dict[str, Any]:
    """The OpenAPI document of these endpoints."""
    listed = list(endpoints)
    schemas, definitions = _schemas(listed)
    paths: dict[str, Any] = {}
    for endpoint in listed:
        paths.setdefault(endpoint.path, {})[endpoint.method.lower()] = _operation(endpoint, schemas)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Frontdesk",
            "version": version,
            "description": "Errors are problem+json. Lists go on with `cursor`. Times are RFC 3339 in UTC.",
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "paths": paths,
        "components": {
            "schemas": definitions | {"Problem": _PROBLEM_SCHEMA},
            "responses": {str(status): _problem(status, text) for status, text in _PROBLEMS.items()},
            "securitySchemes": {
                "token": {"type": "http", "scheme": "bearer"},
                "session": {
                    "type": "apiKey",
                    "in": "cookie",
                    "name": COOKIE,
                    "description": f"Unsafe methods also need the header {CSRF_HEADER}.",
                },
            },
        },
    }


Schemas = dict[tuple[str, str], Any]


class _Strict(GenerateJsonSchema):
    """Bodies have no members besides those that they are documented with (`gateway.http.body.parse`)."""

    def model_schema(self, schema: core_schema.ModelSchema) -> JsonSchemaValue:
        """A model's schema."""
        written = super().model_schema(schema)
        if self.mode == "validation" and "properties" in written and not takes_more(schema["cls"]):
            written.setdefault("additionalProperties", False)
        return written


def _schemas(endpoints: list[Endpoint]) -> tuple[Schemas, dict[str, Any]]:
    inputs: list[tuple[str, JsonSchemaMode, TypeAdapter[Any]]] = []
    for endpoint in endpoints:
        if endpoint.body is not None:
            inputs.append((f"{endpoint.name} body", "validation", TypeAdapter(body_model(endpoint.body))))
        if endpoint.adapter is not None:
            inputs.append((f"{endpoint.name} result", "serialization", endpoint.adapter))
    by_key, outer = TypeAdapter.json_schemas(inputs, ref_template=_REFERENCE, schema_generator=_Strict)
    return {(key, mode): schema for (key, mode), schema in by_key.items()}, outer.get("$defs", {})


def _problem(status: int, text: str) -> dict[str, Any]:
    answer: dict[str, Any] = {
        "description": text,
        "content": {MEDIA_TYPE: {"schema": {"$ref": _REFERENCE.format(model="Problem")}}},
    }
    if status in (429, 503):
        answer["headers"] = {"Retry-After": {"description": "Seconds.", "schema": {"type": "integer"}}}
    return answer


def _operation(endpoint: Endpoint, schemas: Schemas) -> dict[str, Any]:
    operation: dict[str, Any] = {
        "operationId": endpoint.name,
        "summary": endpoint.summary,
        "tags": [endpoint.tag],
        "parameters": list(_parameters(endpoint)),
        "responses": _responses(endpoint, schemas),
        "security": [] if endpoint.role is None else [{"token": []}, {"session": []}],
    }
    said = [inspect.getdoc(endpoint.handler) or ""]
    if endpoint.role is not None:
        said.append(f"Takes the role {endpoint.role}.")
    operation["description"] = "\n\n".join(filter(None, said))
    if endpoint.body is not None:
        operation["requestBody"] = {"required": True, "content": _accepted(endpoint, schemas)}
    elif endpoint.accepts:
        operation["requestBody"] = {"required": True, "content": _content(endpoint.accepts)}
    return operation


def _accepted(endpoint: Endpoint, schemas: Schemas) -> dict[str, Any]:
    schema = schemas[(f"{endpoint.name} body", "validation")]
    if get_origin(endpoint.body) is Patch:
        return {"application/json": {"schema": _patch_schema(body_model(endpoint.body))}}
    return {"application/json": {"schema": schema}}


def _patch_schema(model: type[BaseModel]) -> dict[str, Any]:
    properties = {
        field.alias or name: {"description": field.description or f"As in {model.__name__}; null resets it."}
        for name, field in model.model_fields.items()
    }
    return {
        "type": "object",
        "description": f"A JSON Merge Patch (RFC 7396) to {model.__name__}.",
        "properties": properties,
        "additionalProperties": False,
    }


def _parameters(endpoint: Endpoint) -> Iterable[dict[str, Any]]:
    for name in endpoint.places:
        yield {"name": name, "in": "path", "required": True, "schema": {"type": "string", "minLength": 1}}
    if endpoint.query is not None:
        schema = endpoint.query.model_json_schema()
        for name, property_ in schema["properties"].items():
            yield _query_parameter(name, property_, schema.get("required", ()))
    if endpoint.writes:
        yield _KEY_PARAMETER
        if endpoint.versioned and endpoint.method != "POST":
            yield _MATCH_PARAMETER


def _query_parameter(name: str, schema: dict[str, Any], required: Iterable[str]) -> dict[str, Any]:
    shown = {key: value for key, value in schema.items() if key not in ("title", "description")}
    parameter: dict[str, Any] = {"name": name, "in": "query", "required": name in required, "schema": shown}
    if "description" in schema:
        parameter["description"] = schema["description"]
    if shown.get("type") == "array":
        parameter |= {"style": "form", "explode": False}
    return parameter


def _responses(endpoint: Endpoint, schemas: Schemas) -> dict[str, Any]:
    status = endpoint.status if endpoint.adapter or endpoint.produces or endpoint.status != 200 else 204
    answer: dict[str, Any] = {"description": HTTPStatus(status).phrase}
    if endpoint.adapter is not None:
        schema = schemas[(f"{endpoint.name} result", "serialization")]
        answer["content"] = {"application/json": {"schema": schema}}
    elif endpoint.produces:
        answer["content"] = _content(endpoint.produces)
    if endpoint.versioned:
        answer["headers"] = _ETAG
    problems = {problem: {"$ref": f"#/components/responses/{problem}"} for problem in _problems(endpoint)}
    return {str(status): answer} | {str(key): value for key, value in problems.items()}


def _content(by_type: dict[str, Any]) -> dict[str, Any]:
    return {media_type: {"schema": schema} for media_type, schema in by_type.items()}


def _problems(endpoint: Endpoint) -> list[int]:
    given = {401, 429, 503}
    if endpoint.role is not None:
        given.add(403)
    if endpoint.places:
        given.add(404)
    if endpoint.method != "GET":
        given |= {400, 409, 413, 415, 422}
    if endpoint.query is not None:
        given.add(422)
    if endpoint.versioned and endpoint.method != "GET":
        given.add(412)
    if endpoint.status == 101:
        given.add(426)
    return sorted(given)
