"""The pages: documents with paths of their own, and the files under `/static/`."""

from pathlib import Path
from typing import Final

import orjson
from aiohttp import web

from gateway.http.dispatch import Handler
from gateway.http.problems import NotFound
from gateway.parts import Parts
from gateway.web.files import DEMO_PAGE, INBOX_PAGE, STATIC
from storage import channels

POLICY: Final = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; "
    "connect-src 'self'; font-src 'self'; frame-src 'self'; base-uri 'none'; form-action 'self'; "
    "frame-ancestors 'none'"
)
# The files' names carry no version: asked for again each time, answered 304 while they are the same.
_FRESH: Final = "no-cache"
_LONGEST_NAME = 300


def mount(app: web.Application, parts: Parts) -> None:
    """Serve them all."""

    async def config(_request: web.Request) -> web.Response:
        every = await parts.store.read(channels.every)
        widget = next((channel for channel in every if channel.kind == "widget" and channel.enabled), None)
        if widget is None:
            raise NotFound("There is no widget channel; make one of kind widget.")
        return web.Response(body=orjson.dumps({"channel_id": widget.id}), content_type="application/json")

    for path in ("/", "/tickets/{ticket_id}", "/notifications", "/admin", "/admin/{section}"):
        app.router.add_get(path, _document(INBOX_PAGE))
    app.router.add_get("/demo", _document(DEMO_PAGE))
    app.router.add_get("/demo/config.json", config)
    app.router.add_get("/static/{name:.+}", _static)


def _document(path: Path) -> Handler:
    async def document(_request: web.Request) -> web.FileResponse:
        return _file(path)

    return document


async def _static(request: web.Request) -> web.FileResponse:
    name = request.match_info["name"]
    if "\0" in name or len(name) > _LONGEST_NAME:
        raise NotFound("There is no such file.")
    path = (STATIC / name).resolve()
    if not path.is_relative_to(STATIC) or not path.is_file():
        raise NotFound("There is no such file.")
    return _file(path)


def _file(path: Path) -> web.FileResponse:
    if not path.is_file():
        raise NotFound("There is no such page.")
    return web.FileResponse(path, headers={"Cache-Control": _FRESH, "Content-Security-Policy": POLICY})
