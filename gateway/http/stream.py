"""The live stream: a WebSocket of events, each with its number, resumed without a gap."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress
from typing import ClassVar

import msgspec
import orjson
from aiohttp import WSCloseCode, web
from pydantic import BaseModel, Field

from gateway.http.auth import Doorkeeper
from gateway.http.call import Call, Principal
from gateway.http.endpoint import Api
from gateway.http.feed import Feed
from gateway.http.problems import Problem
from gateway.http.visitor_socket import typing_topic
from gateway.http.widget import Sockets
from gateway.parts import Parts
from storage import agents, conversations
from storage.store import StoreError

# Nobody needs to tell us more than that they are there.
_LARGEST_FRAME = 1024
_PING_S = 25.0
_CLOSE_WITHIN_S = 2.0
# A client that takes no frame for this long is sent away; it resumes from where it was.
SLOW_S = 15.0
# How often an open socket's session or token is looked at again, in seconds.
RECHECK_S = 15.0
NOT_KNOWN_ANY_MORE = 4401

api = Api("Live")
FEED = web.AppKey("feed", Feed)
SOCKETS = web.AppKey("stream sockets", Sockets)
DOORKEEPER = web.AppKey("doorkeeper", Doorkeeper)


class StreamQuery(BaseModel):
    """Where to start; left out, at now."""

    after: int | None = Field(None, ge=0, le=2**53, description="The last `seq` seen.")


class _Watch(msgspec.Struct, frozen=True):
    watch: str


class NoSocket(Problem):
    """426: the request does not ask for a WebSocket."""

    status: ClassVar[int] = 426

    def __init__(self) -> None:
        super().__init__("This is for WebSockets.", {"Upgrade": "websocket", "Connection": "Upgrade"})


@api.asynchronous("GET", "/api/v1/stream", status=101, summary="Events as they happen (WebSocket)")
async def stream(call: Call, query: StreamQuery) -> web.WebSocketResponse:
    """`{"type": "reset", "seq": N}` means that events were missed: load everything again and go on from N.

    Who sends `{"watch": "cv_…"}` is told `{"type": "typing", "conversation_id": "cv_…"}` while its customer
    types.
    """
    socket = web.WebSocketResponse(
        heartbeat=_PING_S, timeout=_CLOSE_WITHIN_S, max_msg_size=_LARGEST_FRAME, compress=False
    )
    if not socket.can_prepare(call.request).ok:
        raise NoSocket()
    await socket.prepare(call.request)
    sockets = call.request.app[SOCKETS]
    sockets.add(socket)
    with call.request.app[FEED].listening():
        writer = asyncio.create_task(_tell(socket, call, query.after))
        typing = _Typing(socket, call.parts)
        try:
            async for message in socket:
                typing.watch(message.data)
        finally:
            typing.stop()
            writer.cancel()
            sockets.discard(socket)
            await asyncio.gather(writer, return_exceptions=True)
    return socket


def mount(app: web.Application, parts: Parts, doorkeeper: Doorkeeper) -> None:
    """Keep the feed going, and send everybody away at the end (1012: come back soon)."""
    feed, sockets = Feed(parts.store), Sockets()
    app[FEED], app[SOCKETS], app[DOORKEEPER] = feed, sockets, doorkeeper

    async def following(_app: web.Application) -> AsyncIterator[None]:
        await feed.start()
        task = asyncio.create_task(feed.run(), name="event feed")
        yield
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)

    app.cleanup_ctx.append(following)
    app.on_shutdown.append(sockets.close)


class _Typing:
    """Tells an agent that the customer of the conversation they look at is typing."""

    def __init__(self, socket: web.WebSocketResponse, parts: Parts) -> None:
        self._socket, self._parts = socket, parts
        self._task: asyncio.Task[None] | None = None

    def watch(self, frame: object) -> None:
        """Look at the conversation that a frame names, no longer at the one before; others name none."""
        self.stop()
        with suppress(msgspec.MsgspecError, TypeError):
            watched = msgspec.json.decode(frame, type=_Watch).watch  # type: ignore[call-overload]
            self._task = asyncio.create_task(self._relay(watched))

    def stop(self) -> None:
        """Look at none."""
        if self._task is not None:
            self._task.cancel()
            self._task = None

    async def _relay(self, conversation_id: str) -> None:
        told = orjson.dumps({"type": "typing", "conversation_id": conversation_id}).decode()
        with suppress(StoreError, ConnectionError, TimeoutError):
            seen = await self._parts.store.read(lambda sql: conversations.get(sql, conversation_id))
            async with self._parts.live.subscribe(typing_topic(seen.contact_point_id)) as types:
                async for _ in types:
                    await _send(self._socket, told)


async def _tell(socket: web.WebSocketResponse, call: Call, after: int | None) -> None:
    feed, tick = call.request.app[FEED], call.parts.tick
    position = feed.last if after is None else after
    who, checked = call.principal, tick()
    await _seen(call)
    try:
        while True:
            if tick() - checked >= RECHECK_S:
                who, checked = await _still(call), tick()
                await _seen(call)
            lines = await feed.after(position)
            if lines is None:
                position = feed.last
                await _send(socket, orjson.dumps({"type": "reset", "seq": position}).decode())
                continue
            for line in lines:
                if (text := line.to(who.role)) is not None:
                    await _send(socket, text)
            position = lines[-1].seq if lines else position
            await feed.wait(position, RECHECK_S)
    except TimeoutError:
        await socket.close(code=WSCloseCode.TRY_AGAIN_LATER, message=b"too slow", drain=False)
    except Problem:
        await socket.close(code=NOT_KNOWN_ANY_MORE, message=b"signed out")
    except ConnectionError:
        pass


async def _send(socket: web.WebSocketResponse, text: str) -> None:
    async with asyncio.timeout(SLOW_S):
        await socket.send_str(text)


async def _seen(call: Call) -> None:
    """Whose desk is open is there: told here rather than by the page, which a browser may put to sleep."""
    agent_id = call.principal.agent_id
    if agent_id is not None:
        with suppress(StoreError):
            await call.parts.store.write(lambda tx: agents.seen(tx, agent_id))


async def _still(call: Call) -> Principal:
    """Who listens, asked again: they may have been signed out or have another role."""
    who = await call.request.app[DOORKEEPER].recognise(call.request)
    return who if who is not None else call.principal
