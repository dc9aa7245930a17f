"""`/openapi.json`, and `/docs`: the same as one page that needs no script and no other host."""

import base64
import hashlib
from html import escape
from typing import Any

import orjson
from aiohttp import web

from gateway.http.endpoint import Api
from gateway.http.openapi import document

_STYLE = """
:root{color-scheme:light dark;--line:#8884}
body{font:16px/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem}
h2{margin-top:2.5rem}
details{border-top:1px solid var(--line);padding:.4rem 0}
summary{cursor:pointer}
code,b{font-family:ui-monospace,monospace}
b{display:inline-block;min-width:4.5rem}
pre{overflow:auto;border:1px solid var(--line);border-radius:6px;padding:.8rem;font-size:.85rem}
"""
_STYLE_HASH = base64.b64encode(hashlib.sha256(_STYLE.encode()).digest()).decode()
_POLICY = f"default-src 'none'; style-src 'sha256-{_STYLE_HASH}'; base-uri 'none'; frame-ancestors 'none'"


def mount(app: web.Application, api: Api, version: str) -> None:
    """Serve both; they are written once."""
    described = document(api, version)
    as_json = orjson.dumps(described)
    as_page = page(described)

    async def openapi(_request: web.Request) -> web.Response:
        return web.Response(body=as_json, content_type="application/json")

    async def docs(_request: web.Request) -> web.Response:
        headers = {"Content-Security-Policy": _POLICY}
        return web.Response(text=as_page, content_type="text/html", headers=headers)

    app.router.add_get("/openapi.json", openapi)
    app.router.add_get("/docs", docs)


def page(described: dict[str, Any]) -> str:
    """The document as HTML: every operation by heading, its parameters and bodies inside."""
    groups: dict[str, list[str]] = {}
    for path, operations in described["paths"].items():
        for method, operation in operations.items():
            groups.setdefault(operation["tags"][0], []).append(_operation(method, path, operation))
    listed = "".join(f"<h2>{escape(tag)}</h2>{''.join(rows)}" for tag, rows in groups.items())
    schemas = "".join(
        f'<details id="{escape(name)}"><summary><code>{escape(name)}</code></summary>{_pre(schema)}</details>'
        for name, schema in sorted(described["components"]["schemas"].items())
    )
    return (
        '<!doctype html><html lang="en"><meta charset="utf-8"><title>Frontdesk API</title>'
        '<meta name="viewport" content="width=device-width">'
        f"<style>{_STYLE}</style><h1>Frontdesk API</h1>"
        "<p>Send <code>Authorization: Bearer TOKEN</code>. "
        'For programs: <a href="/openapi.json">openapi.json</a>.</p>'
        f"{listed}<h2>Schemas</h2>{schemas}</html>"
    )


def _operation(method: str, path: str, operation: dict[str, Any]) -> str:
    told = {
        name: operation[name] for name in ("description", "parameters", "requestBody") if operation.get(name)
    }
    answers = {
        status: answer.get("content", {})
        for status, answer in operation["responses"].items()
        if status < "300"
    }
    return (
        f"<details><summary><b>{method.upper()}</b><code>{escape(path)}</code> "
        f"{escape(operation['summary'])}</summary>{_pre(told | {'answers': answers})}</details>"
    )


def _pre(value: object) -> str:
    return f"<pre>{escape(orjson.dumps(value, option=orjson.OPT_INDENT_2).decode())}</pre>"
