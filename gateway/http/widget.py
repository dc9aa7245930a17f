"""The widget's routes: its loader, its page, its visitors' tokens, their sockets and their files."""

import asyncio
import hashlib
import hmac
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final
from urllib.parse import quote, urlsplit

import orjson
from aiohttp import WSCloseCode, web
from pydantic import BaseModel, Field

from bus.envelope import Attachment
from bus.live import Rate
from channels.widget import Widget
from channels.widget.receive import Visitor
from gateway import visitors
from gateway.http import body as bodies
from gateway.http import problems
from gateway.http.peer import client_address
from gateway.http.resources.uploads import file_name, media_type
from gateway.http.visitor_socket import POLICY, TOKEN_REFUSED, Session, SocketParts, hello, say, uploader
from gateway.settings import Settings
from gateway.visitors import VisitorRefused
from gateway.web.files import LOADER, WIDGET_PAGE
from router import calendar
from storage import catalogue, messages, uploads
from storage import visitors as visitors_store
from storage.blobs import Blobs, MissingBlob
from storage.paging import Sql
from storage.store import StoreUnavailable
from workers.connections import Connected, Connections

ORIGIN_REFUSED = 4403
# New visitors from one address; a browser asks once.
_NEW_VISITORS: Final = Rate(per_second=20, burst=200)
_UPLOADS: Final = Rate(per_second=0.5, burst=20)
_LONGEST_BODY = 8192
UPLOAD_LIMIT = 10_000_000
"""Bytes of a visitor's file."""
_LONGEST_DEVICE = 300
# Beyond this a frame ends the socket; up to it, its sender is told which message was too large.
_LARGEST_FRAME = 256 * 1024
_PING_S = 30.0
_CLOSE_WITHIN_S = 2.0
SHOWN_IN_PLACE = frozenset({"image/png", "image/jpeg", "image/gif", "image/webp"})
_PAGE_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
    "font-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors "
)

Frame = dict[str, Any]
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


class Sockets:
    """The sockets that are open."""

    def __init__(self) -> None:
        self._open: set[web.WebSocketResponse] = set()

    def add(self, socket: web.WebSocketResponse) -> None:
        """One more."""
        self._open.add(socket)

    def discard(self, socket: web.WebSocketResponse) -> None:
        """One less."""
        self._open.discard(socket)

    async def close(self, _app: web.Application | None = None) -> None:
        """Send them all away to come back later (1012); for the application's `on_shutdown`."""
        code = WSCloseCode.SERVICE_RESTART
        await asyncio.gather(*(socket.close(code=code, message=b"restarting") for socket in self._open))


@dataclass(frozen=True, kw_only=True)
class WidgetParts(SocketParts):
    """What the widget is served from."""

    settings: Settings
    connections: Connections
    blobs: Blobs
    sockets: Sockets = field(default_factory=Sockets)


class SiteUser(BaseModel):
    """A signed-in user of the site."""

    id: str = Field(min_length=1, max_length=200)
    name: str = Field("", max_length=256)
    email: str = Field("", max_length=320)


class NewVisitor(BaseModel):
    """Nobody the site knows, or its `user` with the `hmac` that its server made (see `gateway.visitors`)."""

    user: SiteUser | None = None
    hmac: str = Field("", max_length=200)


def routes(parts: WidgetParts) -> list[web.RouteDef]:
    """Every route of the widget; handlers raise `gateway.http.problems`."""
    handlers: tuple[
        tuple[str, str, Callable[[WidgetParts, web.Request], Awaitable[web.StreamResponse]]], ...
    ] = (
        ("GET", "/widget.js", _loader),
        ("GET", "/widget/{channel_id}", _page),
        ("POST", "/widget/{channel_id}/visitor", _visitor),
        ("GET", "/widget/{channel_id}/socket", _socket),
        ("POST", "/widget/{channel_id}/files", _upload),
        ("GET", "/widget/{channel_id}/files/{message_id}/{index:[0-9]{1,3}}", _file),
    )
    return [web.route(method, path, _with(parts, handler)) for method, path, handler in handlers]


def _with(
    parts: WidgetParts, handler: Callable[[WidgetParts, web.Request], Awaitable[web.StreamResponse]]
) -> Handler:
    async def handle(request: web.Request) -> web.StreamResponse:
        return await handler(parts, request)

    return handle


async def _loader(_parts: WidgetParts, _request: web.Request) -> web.StreamResponse:
    headers = {"Cache-Control": "public, max-age=300", "Cross-Origin-Resource-Policy": "cross-origin"}
    return web.FileResponse(LOADER, headers=headers)


async def _page(parts: WidgetParts, request: web.Request) -> web.StreamResponse:
    _, widget = await _widget(parts, request)
    ancestors = " ".join(("'self'", *widget.settings.origins)) if widget.settings.origins else "*"
    headers = {
        "Cache-Control": "no-cache",
        "Content-Security-Policy": _PAGE_POLICY + ancestors,
        "Cross-Origin-Resource-Policy": "cross-origin",
    }
    return web.FileResponse(WIDGET_PAGE, headers=headers)


async def _visitor(parts: WidgetParts, request: web.Request) -> web.StreamResponse:
    connected, widget = await _widget(parts, request)
    if not _from_known_origin(request, widget, parts.settings):
        raise problems.Forbidden("This site is not among the channel's origins.")
    if wait := await parts.live.limit(f"visitors:{client_address(request, parts.settings)}", _NEW_VISITORS):
        raise problems.TooManyRequests(wait)
    raw = await bodies.read(request, _LONGEST_BODY)
    asked = bodies.parse_as(NewVisitor, raw or b"{}")
    now = parts.clock()
    try:
        visitor = _named(widget, asked.user, asked.hmac) if asked.user else visitors.stranger(now)
    except VisitorRefused as error:
        raise problems.Invalid.at("/hmac", "refused", f"{error}.") from None
    token = visitors.issue(_key(widget), connected.id, visitor, now)
    answer = orjson.dumps({"token": token, "visitor": visitor.id})
    return web.Response(body=answer, content_type="application/json", headers={"Cache-Control": "no-store"})


def _named(widget: Widget, user: SiteUser, signature: str) -> Visitor:
    secret = widget.settings.identity_secret.get_secret_value()
    return visitors.vouched(secret, visitors.User(user.id, user.name, user.email), signature)


async def _upload(parts: WidgetParts, request: web.Request) -> web.StreamResponse:
    connected, widget = await _widget(parts, request)
    if not _from_known_origin(request, widget, parts.settings):
        raise problems.Forbidden("This site is not among the channel's origins.")
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    try:
        visitor = visitors.read(_key(widget), connected.id, token.strip(), parts.clock())
    except VisitorRefused as error:
        raise problems.Unauthorized(f"{error}.".capitalize()) from None
    owner = uploader(connected.id, visitor)
    if scheme.lower() != "bearer":
        raise problems.Unauthorized("Send the visitor's token as Authorization: Bearer TOKEN.")
    if wait := await parts.live.limit(f"uploads:{owner}", _UPLOADS):
        raise problems.TooManyRequests(wait)
    content = await bodies.read(request, UPLOAD_LIMIT)
    if not content:
        raise problems.Invalid.at("", "missing", "The body is the file, and it is empty.")
    kind = media_type(request.headers.get("Content-Type"))
    attachment = Attachment(
        name=file_name(request.query.get("name")),
        type=kind,
        size=len(content),
        blob=await parts.blobs.put(content),
    )
    upload_id = await parts.store.write(lambda tx: uploads.add(tx, attachment, owner))
    told = {"upload_id": upload_id, "name": attachment.name, "type": kind, "size": attachment.size}
    return web.Response(status=201, body=orjson.dumps(told), content_type="application/json")


async def _socket(parts: WidgetParts, request: web.Request) -> web.StreamResponse:
    connected, widget = await _widget(parts, request)
    # Uncompressed: a compressor's memory would be most of what an idle socket costs.
    socket = web.WebSocketResponse(
        timeout=_CLOSE_WITHIN_S,
        heartbeat=_PING_S,
        compress=False,
        max_msg_size=_LARGEST_FRAME,
        decode_text=False,
    )
    await socket.prepare(request)
    parts.sockets.add(socket)
    try:
        if _from_known_origin(request, widget, parts.settings):
            await _talk(parts, request, socket, connected, widget)
        else:
            await socket.close(code=ORIGIN_REFUSED, message=b"origin refused")
    finally:
        parts.sockets.discard(socket)
    return socket


async def _talk(
    parts: WidgetParts,
    request: web.Request,
    socket: web.WebSocketResponse,
    connected: Connected,
    widget: Widget,
) -> None:
    first = await hello(socket)
    if first is None:
        await socket.close(code=POLICY, message=b"a socket begins with hello")
        return
    try:
        visitor = visitors.read(_key(widget), connected.id, first.token, parts.clock())
    except VisitorRefused as error:
        detail = {"detail": str(error), "client_id": None, "retry_after": None}
        await say(socket, {"type": "error", "code": "unauthorized", **detail})
        await socket.close(code=TOKEN_REFUSED, message=b"token refused")
        return
    ready = {"type": "ready", "visitor": visitor.id, "channel": {"name": connected.name}}
    await say(socket, ready | await _greeting(parts, connected, widget, visitor))

    def link_to(message_id: str, index: int) -> str:
        signature = _signature(widget, message_id, index)
        return f"/widget/{connected.id}/files/{message_id}/{index}?signature={signature}"

    session = Session(socket, parts, connected.id, link_to)
    device = request.headers.get("User-Agent", "").encode("utf-8", "replace").decode()[:_LONGEST_DEVICE]
    await session.run(visitor, first.after, device)


async def _greeting(parts: WidgetParts, connected: Connected, widget: Widget, visitor: Visitor) -> Frame:
    """What `ready` says beside who is there: what to ask somebody new, and whether the desk is open now."""
    settings, now = widget.settings, parts.clock()

    def look(sql: Sql) -> Frame:
        known = visitor.verified or visitors_store.contact_point(sql, connected.id, visitor.id) is not None
        hours = catalogue.find(sql, "calendar", settings.calendar) if settings.calendar else None
        return {
            "ask": () if known else settings.ask,
            "hours": _hours(calendar.parse(hours.body), now) if hours else None,
        }

    try:
        return await parts.store.read(look)
    except StoreUnavailable:
        return {"ask": (), "hours": None}


def _hours(opened: calendar.Calendar, now: datetime) -> Frame:
    opens = calendar.opening(opened, now)
    return {"open": opens == now, "opens_at": opens if opens != now else None}


async def _file(parts: WidgetParts, request: web.Request) -> web.StreamResponse:
    _, widget = await _widget(parts, request)
    message_id, index = request.match_info["message_id"], int(request.match_info["index"])
    given = request.query.get("signature", "").encode("utf-8", "surrogateescape")
    if not hmac.compare_digest(given, _signature(widget, message_id, index).encode()):
        raise problems.NotFound("There is no such file.")
    message = await parts.store.read(lambda sql: messages.find(sql, message_id))
    if message is None or message.kind != "public" or index >= len(message.attachments):
        raise problems.NotFound("There is no such file.")
    attachment = message.attachments[index]
    try:
        content = await parts.blobs.get(attachment.blob)
    except MissingBlob:
        raise problems.NotFound("This file is not kept any more.") from None
    name = quote(attachment.name.encode("utf-8", "replace"), safe="")
    in_place = attachment.type in SHOWN_IN_PLACE
    headers = {
        "Cache-Control": "private, max-age=86400, immutable",
        "Content-Security-Policy": "default-src 'none'; sandbox",
        "Content-Disposition": f"{'inline' if in_place else 'attachment'}; filename*=UTF-8''{name}",
    }
    kind = attachment.type if in_place else "application/octet-stream"
    return web.Response(body=content, content_type=kind, headers=headers)


async def _widget(parts: WidgetParts, request: web.Request) -> tuple[Connected, Widget]:
    channel_id = request.match_info["channel_id"]
    connected = parts.connections.get(channel_id) or await parts.connections.find(channel_id)
    if connected is None or not connected.enabled or not isinstance(connected.channel, Widget):
        raise problems.NotFound("There is no such widget.")
    return connected, connected.channel


def _from_known_origin(request: web.Request, widget: Widget, settings: Settings) -> bool:
    """Whether the page that calls is ours, or of a site that may embed us; programs send no origin."""
    origin = request.headers.get("Origin")
    if origin is None or not widget.settings.origins or origin in widget.settings.origins:
        return True
    # The scheme is not compared: a proxy may speak TLS for us.
    return urlsplit(origin).netloc in {request.host, urlsplit(settings.public_url).netloc} - {""}


def _key(widget: Widget) -> str:
    return widget.settings.visitor_key.get_secret_value()


def _signature(widget: Widget, message_id: str, index: int) -> str:
    """Whoever was shown a message may have its files; nobody else can make their addresses."""
    named = f"file:{message_id}:{index}".encode()
    return hmac.digest(_key(widget).encode(), named, hashlib.sha256).hex()
