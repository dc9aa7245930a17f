"""`/openapi.json`, and `/docs`: the same as one page that needs no script and no other host."""

import base64
import hashlib

import orjson
from aiohttp import web

from gateway.http.docs_page import STYLE, page
from gateway.http.endpoint import Api
from gateway.http.openapi import document

_STYLE_HASH = base64.b64encode(hashlib.sha256(STYLE.encode()).digest()).decode()
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
