"""The API's documentation as one readable page: no script, no other host, light and dark, narrow and wide."""

import re
from collections.abc import Iterable, Mapping
from html import escape
from typing import Any, Final

import orjson

STYLE: Final = """
:root{color-scheme:light dark;--line:light-dark(#e1e0dc,#30363b);--muted:light-dark(#565b60,#a3abb2);
--soft:light-dark(#f4f4f1,#1c2023);--page:light-dark(#fff,#14171a);--text:light-dark(#1d2022,#e7e9ea);
--accent:light-dark(#0b6e63,#3fbfa8)}
*{box-sizing:border-box}
html{scroll-padding-top:1rem}
body{margin:0;background:var(--page);color:var(--text);
font:15px/1.55 system-ui,"PingFang SC","Noto Sans CJK SC",sans-serif}
.layout{display:grid;grid-template-columns:15rem minmax(0,1fr);max-width:76rem;margin:0 auto}
.toc{position:sticky;top:0;height:100vh;overflow-y:auto;
padding:1.5rem 1rem;border-right:1px solid var(--line);font-size:.9rem}
.toc a{display:block;padding:.2rem .5rem;border-radius:6px;color:var(--text);text-decoration:none}
.toc a:hover{background:var(--soft)}
main{padding:1.5rem 2rem 6rem;min-width:0}
a{color:var(--accent)}
a:focus-visible,summary:focus-visible{outline:2px solid var(--accent);outline-offset:2px;border-radius:4px}
h1{margin:.2rem 0 .5rem;font-size:1.7rem}
h2{margin:3rem 0 .5rem;font-size:1.25rem}
h3{margin:1.2rem 0 .3rem;font-size:.95rem}
code,pre{font-family:ui-monospace,Menlo,Consolas,monospace;font-size:.86em}
pre{overflow:auto;background:var(--soft);border:1px solid var(--line);border-radius:8px;padding:.8rem}
details{border-top:1px solid var(--line)}
details>:not(summary){margin-left:1rem}
summary{display:grid;grid-template-columns:4.4rem minmax(0,1fr);
gap:.2rem .6rem;padding:.55rem .2rem;cursor:pointer}
summary:hover{background:var(--soft)}
summary::-webkit-details-marker{display:none}
summary>*{min-width:0;overflow-wrap:anywhere}
summary small{grid-column:2}
.method{font-weight:700;font-size:.8rem;line-height:1.6rem}
.get{color:light-dark(#23713a,#7fcf95)}.post{color:light-dark(#3f5696,#a3b6ea)}
.put,.patch{color:light-dark(#76560a,#e6c66e)}.delete{color:light-dark(#b3261e,#f2877f)}
.muted,small{color:var(--muted)}
table{width:100%;border-collapse:collapse;margin:.3rem 0 1rem}
td{padding:.35rem .8rem .35rem 0;border-top:1px solid var(--line);vertical-align:top;overflow-wrap:anywhere}
td:first-child{white-space:nowrap;width:1%}
@media(max-width:800px){.layout{display:block}.toc{position:static;height:auto;border:0;columns:2}
main{padding:0 1rem 4rem}td{display:block;border:0;padding:.1rem 0}
td:first-child{width:auto;white-space:normal;border-top:1px solid var(--line);padding-top:.4rem}}
"""
_LEAD: Final = (
    "Send <code>Authorization: Bearer TOKEN</code>; <code>frontdesk token create --name N --role admin"
    "</code> makes a token. Errors are <code>application/problem+json</code>, with <code>errors</code> that "
    "say where the input is at fault. Lists go on with <code>cursor</code>. Times are RFC 3339 in UTC. For "
    'programs: <a href="/openapi.json">openapi.json</a> (OpenAPI 3.1).'
)
_CODE = re.compile(r"`([^`]+)`")
_JSON: Final = "application/json"


def page(described: dict[str, Any]) -> str:
    """The OpenAPI document as HTML: every operation by heading, its fields, and a call to paste."""
    groups: dict[str, list[str]] = {}
    for path, operations in described["paths"].items():
        for method, operation in operations.items():
            made = _operation(method, path, operation, described["components"])
            groups.setdefault(operation["tags"][0] or "Other", []).append(made)
    contents = "".join(f'<a href="#{_anchor(tag)}">{escape(tag)}</a>' for tag in groups)
    listed = "".join(
        f'<section><h2 id="{_anchor(tag)}">{escape(tag)}</h2>{"".join(rows)}</section>'
        for tag, rows in groups.items()
    )
    schemas = "".join(
        f'<details id="{_anchor(name)}"><summary><span></span><code>{escape(name)}</code></summary>'
        f"{_said(schema)}{_fields(schema, given=True)}</details>"
        for name, schema in sorted(described["components"]["schemas"].items())
    )
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8"><title>Frontdesk API</title>'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<style>{STYLE}</style></head><body><div class=layout>"
        f'<nav class=toc aria-label="Contents">{contents}<a href="#schemas">Schemas</a></nav>'
        f"<main><h1>Frontdesk API</h1><p>{_LEAD}</p>{listed}"
        f'<section><h2 id="schemas">Schemas</h2>{schemas}</section></main></div></body></html>'
    )


def _operation(method: str, path: str, operation: dict[str, Any], components: dict[str, Any]) -> str:
    body = operation.get("requestBody", {}).get("content", {})
    parts = [f"<p>{_words(one)}</p>" for one in operation["description"].split("\n\n")]
    places: dict[str, list[dict[str, Any]]] = {}
    for parameter in operation.get("parameters", ()):
        places.setdefault(parameter["in"], []).append(parameter)
    for place, heading in (("path", "In the path"), ("query", "Query"), ("header", "Headers")):
        if place in places:
            parts.append(f"<h3>{heading}</h3>{_table(map(_parameter, places[place]))}")
    for kind, content in body.items():
        named = "" if kind == _JSON else f" <small>{escape(kind)}</small>"
        parts.append(f"<h3>Body{named}</h3>{_schema(content['schema'], components, given=True)}")
    for status, answer in operation["responses"].items():
        if status < "300":
            parts.append(f"<h3>Answer <small>{status}</small></h3>{_answer(answer, components)}")
    refused = ", ".join(status for status in operation["responses"] if status >= "300")
    parts.append(f"<p><small>Or a problem: {refused}.</small></p>")
    parts.append(f"<pre>{escape(_call(method, path, body, components))}</pre>")
    return (
        f'<details id="{escape(operation["operationId"])}"><summary>'
        f'<span class="method {method}">{method.upper()}</span><code>{escape(path)}</code>'
        f"<small>{escape(operation['summary'])}</small></summary>{''.join(parts)}</details>"
    )


def _answer(answer: dict[str, Any], components: dict[str, Any]) -> str:
    content = answer.get("content", {})
    if not content:
        return "<p>No body.</p>"
    return "".join(
        _schema(one["schema"], components, given=False) if kind == _JSON else f"<p>{escape(kind)}</p>"
        for kind, one in content.items()
    )


def _schema(schema: dict[str, Any], components: dict[str, Any], *, given: bool) -> str:
    found = _resolved(schema, components)
    link = f"<p>{_kind(schema)}</p>" if "$ref" in schema else ""
    return f"{link}{_said(found)}{_fields(found, given=given)}"


def _fields(schema: dict[str, Any], *, given: bool) -> str:
    # What is answered is always there; only of what is given some is needed.
    properties = schema.get("properties")
    if not properties:
        return f"<p>{_kind(schema)}</p>"
    needed = schema.get("required", ()) if given else ()
    return _table((name, _about(field, required=name in needed)) for name, field in properties.items())


def _parameter(parameter: dict[str, Any]) -> tuple[str, str]:
    told = parameter["schema"] | {"description": parameter.get("description", "")}
    return parameter["name"], _about(told, required=parameter["required"])


def _about(field: dict[str, Any], *, required: bool) -> str:
    parts = [_kind(field), "<b>needed</b>" if required else "", escape(", ".join(_limits(field)))]
    said = f"<br>{_words(field['description'])}" if field.get("description") else ""
    return ", ".join(part for part in parts if part) + said


def _kind(schema: dict[str, Any]) -> str:
    """A schema in a few words, with a link where it has a name."""
    if "$ref" in schema:
        name = schema["$ref"].rpartition("/")[2]
        return f'<a href="#{_anchor(name)}">{escape(name)}</a>'
    if "enum" in schema or "const" in schema:
        values = schema.get("enum", [schema.get("const")])
        return " | ".join(f"<code>{escape(orjson.dumps(one).decode())}</code>" for one in values)
    for several in ("anyOf", "oneOf", "allOf"):
        if several in schema:
            return " | ".join(dict.fromkeys(map(_kind, schema[several])))
    if schema.get("type") == "array":
        return f"list of {_kind(schema.get('items', {}))}"
    if (
        schema.get("type") == "object"
        and isinstance(more := schema.get("additionalProperties"), dict)
        and more
    ):
        return f"object of {_kind(more)}"
    return escape(str(schema.get("format") or schema.get("type") or "any JSON"))


def _limits(schema: dict[str, Any]) -> Iterable[str]:
    for name, word in (
        ("minLength", "at least {} characters"),
        ("maxLength", "at most {} characters"),
        ("minimum", "from {}"),
        ("maximum", "to {}"),
        ("maxItems", "at most {}"),
        ("pattern", "like {}"),
    ):
        if name in schema:
            yield word.format(schema[name])
    if schema.get("default") not in (None, "", [], {}):
        yield f"else {orjson.dumps(schema['default']).decode()}"


def _call(method: str, path: str, body: Mapping[str, Any], components: dict[str, Any]) -> str:
    lines = ['curl -H "Authorization: Bearer $TOKEN"']
    if method != "get":
        lines[0] += f" -X {method.upper()}"
    if _JSON in body:
        example = orjson.dumps(_example(body[_JSON]["schema"], components, 0)).decode()
        lines += ["  -H 'Content-Type: application/json'", f"  -d '{example}'"]
    elif body:
        lines.append("  -F file=@photo.png")
    return " \\\n".join((*lines, f"  http://127.0.0.1:8080{path}"))


def _example(schema: dict[str, Any], components: dict[str, Any], depth: int) -> Any:
    """A value that a reader sees the shape from: what is needed, or the first field."""
    found = _resolved(schema, components)
    if "enum" in found or "const" in found:
        return found.get("const", found.get("enum", [""])[0])
    for several in ("anyOf", "oneOf", "allOf"):
        if several in found:
            return _example(found[several][0], components, depth)
    if found.get("type") == "object":
        properties = found.get("properties", {})
        wanted = found.get("required") or list(properties)[:1]
        return (
            {} if depth > 2 else {name: _example(properties[name], components, depth + 1) for name in wanted}
        )
    if found.get("type") == "array":
        return []
    plain = {"integer": 1, "number": 1, "boolean": True, "string": "…"}
    return plain.get(str(found.get("type")), "…")


def _resolved(schema: dict[str, Any], components: dict[str, Any]) -> dict[str, Any]:
    if "$ref" not in schema:
        return schema
    found: dict[str, Any] = components["schemas"][schema["$ref"].rpartition("/")[2]]
    return found


def _said(schema: dict[str, Any]) -> str:
    return f"<p>{_words(schema['description'])}</p>" if schema.get("description") else ""


def _words(text: str) -> str:
    return _CODE.sub(r"<code>\1</code>", escape(text))


def _table(rows: Iterable[tuple[str, str]]) -> str:
    lines = (f"<tr><td><code>{escape(name)}</code></td><td>{about}</td></tr>" for name, about in rows)
    return f"<table>{''.join(lines)}</table>"


def _anchor(name: str) -> str:
    return "at-" + re.sub(r"[^A-Za-z0-9_-]", "-", name)
