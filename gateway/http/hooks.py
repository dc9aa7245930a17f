"""`POST /hooks/{channel_id}`: whatever a platform calls us with; answered once it is durable."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Final

from aiohttp import web
from multidict import CIMultiDict

from bus.live import Live, Rate
from channels.protocol import HookRequest, Malformed, Received, TooLarge, Unauthenticated, Unheard
from gateway.acceptance import Acceptance
from gateway.http import body as bodies
from gateway.http import problems
from gateway.http.dress import answer
from gateway.http.peer import client_address
from gateway.settings import Settings
from gateway.tally import Tally
from storage.store import Clock
from workers.connections import Connected, Connections

# A larger body is checked and decoded on a thread: the loop has other messages to take.
OFF_LOOP = 64 * 1024
_BURST_SECONDS = 5
PATTERN: Final = "/hooks/{channel_id}"


@dataclass(frozen=True, kw_only=True)
class HookParts:
    """What hooks are served from."""

    settings: Settings
    live: Live
    clock: Clock
    connections: Connections
    acceptance: Acceptance
    tally: Tally


class Refused(problems.Problem):
    """401 of a hook: signatures are not a scheme that WWW-Authenticate has a word for."""

    status = 401


Hook = Callable[[web.Request, str], Awaitable[web.StreamResponse]]
"""Answers a request to the hook of this channel."""


def hook_of(parts: HookParts) -> Hook:
    """What answers hooks; it raises `gateway.http.problems`."""
    rate = Rate(parts.settings.hook_rate, max(1, int(parts.settings.hook_rate * _BURST_SECONDS)))

    async def hook(request: web.Request, channel_id: str) -> web.StreamResponse:
        connected = parts.connections.get(channel_id) or await parts.connections.find(channel_id)
        if connected is None or not connected.enabled or not connected.channel.longest_body:
            raise problems.NotFound("There is no such hook.")
        # By caller as well, so that a stranger who knows the address can't use up the platform's allowance.
        caller = client_address(request, parts.settings)
        if wait := await parts.live.limit(f"hook:{channel_id}:{caller}", rate):
            parts.tally.refused(channel_id, parts.clock())
            raise problems.TooManyRequests(wait)
        body = _arrived(request)
        try:
            if body:
                received = _heard(connected, request.headers, body, parts.clock)
            else:
                received = await _received(request, connected, parts.clock)
        except problems.Problem:
            parts.tally.refused(channel_id, parts.clock())
            raise
        if connected.channel.completes:
            received = await _completed(connected, received)
        accepted = await parts.acceptance.take_all(received)
        # A platform also tells of things that are no event here.
        said = _said(accepted[0].id, accepted[0].duplicate) if accepted else b"{}"
        return answer(request, HTTPStatus.ACCEPTED, said)

    return hook


def route(hook: Hook) -> web.RouteDef:
    """The hook's route."""

    async def routed(request: web.Request) -> web.StreamResponse:
        return await hook(request, request.match_info["channel_id"])

    return web.post(PATTERN, routed)


def _heard(connected: Connected, headers: Mapping[str, str], body: bytes, clock: Clock) -> Received:
    try:
        return connected.channel.receive(HookRequest(connected.id, headers, body, clock()))
    except Unauthenticated as error:
        raise Refused(_sentence(error)) from None
    except TooLarge as error:
        raise problems.TooLarge(_sentence(error)) from None
    except Malformed as error:
        raise problems.Invalid(*(problems.Fault(*fault) for fault in error.faults)) from None


async def _received(request: web.Request, connected: Connected, clock: Clock) -> Received:
    """What a body says that is large or comes in pieces."""
    body = await bodies.read(request, connected.channel.longest_body)
    if len(body) > OFF_LOOP:
        # The headers are a view of the connection; the thread gets its own.
        return await asyncio.to_thread(_heard, connected, CIMultiDict(request.headers), body, clock)
    return _heard(connected, request.headers, body, clock)


async def _completed(connected: Connected, received: Received) -> Received:
    try:
        return await connected.channel.complete(received)
    except Unheard as error:
        raise problems.Unavailable(_sentence(error)) from None


def _arrived(request: web.Request) -> bytes:
    """A small body that came in one packet with its headers, as nearly all do; else nothing."""
    content = request.content
    return content.read_nowait() if content.is_eof() and content.total_bytes <= OFF_LOOP else b""


def _said(message_id: str, duplicate: bool) -> bytes:
    # Ids hold letters, digits and an underscore: nothing in them needs escaping.
    return b'{"id":"%b","duplicate":%b}' % (message_id.encode(), b"true" if duplicate else b"false")


def _sentence(error: Exception) -> str:
    text = str(error)
    return f"{text[:1].upper()}{text[1:]}."
