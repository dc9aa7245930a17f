"""A visitor's socket: what they say goes in once it is durable, what is stored for them comes out.

Nothing is pushed from memory: a nudge from the live layer makes the socket read what the store has beyond the
last message it sent, so that a cut, a slow client or a lost nudge neither loses nor doubles a message.
"""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Final

import msgspec
import structlog
from aiohttp import WSMsgType, web

from bus.envelope import Attachment
from bus.live import Live, Rate
from bus.port import BusUnavailable
from channels.protocol import Malformed, TooLarge
from channels.widget import frames, receive
from channels.widget.receive import Visitor
from gateway.acceptance import Acceptance
from gateway.tally import Tally
from gateway.waiting import Waiting, Waits
from storage import uploads, visitors, visits
from storage.store import Clock, Store, StoreUnavailable
from storage.visitors import Shown

log = structlog.get_logger()
HISTORY = 100
RATE: Final = Rate(per_second=10, burst=50)
# What a site tells of a visitor; beyond it, it is dropped.
VISITS: Final = Rate(per_second=2, burst=20)
# Close codes (RFC 6455, section 7.4, and our own from 4000).
POLICY, TRY_AGAIN, TOKEN_REFUSED = 1008, 1013, 4401
_HELLO_S = 10.0
_AGAIN_AFTER_S = 2.0
TELL_WAIT_EVERY_S = 30.0

LinkTo = Callable[[str, int], str]
"""The address of a message's attachment, for whoever may see the message: message id, index."""


class _Nudge(msgspec.Struct, frozen=True):
    typing: str = ""


_nudges = msgspec.json.Decoder(_Nudge)


def topic(contact_point_id: str) -> str:
    """Where a nudge says that a contact has something new to see, or `{"typing": "NAME"}` who is typing."""
    return f"contact:{contact_point_id}"


def typing_topic(contact_point_id: str) -> str:
    """Where it is said that a contact is typing."""
    return f"typing:{contact_point_id}"


def uploader(channel_id: str, visitor: Visitor) -> str:
    """Whose a visitor's uploads are."""
    return f"{channel_id}:{visitor.id}"


@dataclass(frozen=True, kw_only=True)
class SocketParts:
    """What a socket is served from."""

    store: Store
    live: Live
    clock: Clock
    acceptance: Acceptance
    tally: Tally
    waits: Waits = field(default_factory=Waits)


class Session:
    """One socket after its hello; `run` ends when the socket does."""

    def __init__(
        self, socket: web.WebSocketResponse, parts: SocketParts, channel_id: str, link_to: LinkTo
    ) -> None:
        self._socket, self._parts = socket, parts
        self._channel_id, self._link_to = channel_id, link_to
        self._visitor = Visitor("")
        self._cursor: int | None = None
        self._contact: str | None = None
        # Who helps, as the visitor was last told; "" while they have not been told anything.
        self._helper: str | None = ""
        self._waiting: Waiting | None = None
        self._telling: asyncio.Task[None] | None = None

    async def run(self, visitor: Visitor, cursor: str | None, device: str) -> None:
        """Show what there is after the cursor (None: the last messages), then talk until it is closed."""
        self._visitor = visitor
        self._cursor = _number(cursor)
        showing = asyncio.create_task(self._show())
        try:
            async for raw in _texts(self._socket):
                await self._hear(raw, device)
        finally:
            for task in (showing, self._telling):
                if task is not None:
                    task.cancel()
                    with suppress(asyncio.CancelledError):
                        await task

    # --- out ------------------------------------------------------------------------------------------

    async def _show(self) -> None:
        try:
            contact = self._contact = await self._known()
            async with self._parts.live.subscribe(topic(contact)) as nudges:
                # Only after listening began, so that nothing falls between.
                await self._catch_up(contact)
                async for nudge in nudges:
                    await self._nudged(contact, nudge)
        except (StoreUnavailable, ConnectionError) as error:
            log.warning("a widget's socket can't be kept up to date", reason=str(error))
        except Exception:
            log.exception("a widget's socket failed")
        # The client comes back with its cursor and misses nothing.
        await self._socket.close(code=TRY_AGAIN)

    async def _known(self) -> str:
        find = partial(visitors.contact_point, channel_id=self._channel_id, address=self._visitor.id)
        # Somebody new: nothing to show until what they have said, here or on another socket, is stored.
        async with self._parts.live.subscribe(topic(f"{self._channel_id}:{self._visitor.id}")) as nudges:
            while (contact := await self._parts.store.read(find)) is None:
                await anext(aiter(nudges))
        return contact

    async def _nudged(self, contact: str, nudge: bytes) -> None:
        told = _nudges.decode(nudge) if nudge else _Nudge()
        if told.typing:
            await self._say({"type": "typing", "author_name": told.typing})
        else:
            await self._catch_up(contact)

    async def _catch_up(self, contact: str) -> None:
        await self._catch_up_messages(contact)
        helper = await self._parts.store.read(partial(visitors.helper, contact_point_id=contact))
        if helper != self._helper:
            self._helper = helper
            await self._say({"type": "agent", "name": helper})
        if helper is None:
            await self._tell_wait(contact)
        elif self._waiting is not None:
            await self._wait_is(None)

    async def _tell_wait(self, contact: str) -> None:
        """How long it likely takes, to who waits; told again while they do, as it changes."""
        await self._wait_is(await self._wait(contact))
        if self._waiting is not None and self._telling is None:
            self._telling = asyncio.create_task(self._keep_telling(contact))

    async def _keep_telling(self, contact: str) -> None:
        while self._waiting is not None:
            await asyncio.sleep(TELL_WAIT_EVERY_S)
            with suppress(StoreUnavailable):
                await self._wait_is(await self._wait(contact))
        self._telling = None

    async def _wait(self, contact: str) -> Waiting | None:
        of_contact, now = self._parts.waits.of_contact, self._parts.clock()
        return await self._parts.store.read(lambda sql: of_contact(sql, contact, now))

    async def _wait_is(self, waiting: Waiting | None) -> None:
        if waiting != self._waiting:
            self._waiting = waiting
            seconds = None if waiting is None else waiting.seconds
            await self._say({"type": "wait", "waiting": waiting is not None, "seconds": seconds})

    async def _catch_up_messages(self, contact: str) -> None:
        read = self._parts.store.read
        if self._cursor is None:
            found = await read(partial(visitors.last, contact_point_id=contact, limit=HISTORY))
            self._cursor = 0
            await self._send_all(found)
            return
        while True:
            query = partial(visitors.after, contact_point_id=contact, seq=self._cursor, limit=HISTORY)
            found = await read(query)
            await self._send_all(found)
            if len(found) < HISTORY:
                return

    async def _send_all(self, found: list[Shown]) -> None:
        for shown in found:
            await self._say({"type": "message", "cursor": str(shown.seq), "message": self._message(shown)})
            self._cursor = shown.seq

    def _message(self, shown: Shown) -> dict[str, Any]:
        files = enumerate(shown.attachments)
        return {
            "id": shown.id,
            "author": shown.author,
            "author_name": shown.author_name,
            "text": shown.text,
            "html": shown.html,
            "attachments": [
                {"name": one.name, "type": one.type, "size": one.size, "url": self._link_to(shown.id, index)}
                for index, one in files
            ],
            "options": [{"value": one.value, "label": one.label} for one in shown.options],
            "created_at": shown.created_at,
            "client_id": receive.client_id(self._visitor.id, shown.external_id),
        }

    # --- in -------------------------------------------------------------------------------------------

    async def _hear(self, raw: bytes, device: str) -> None:
        try:
            frame = frames.parse(raw)
        except Malformed as error:
            await self._refuse("malformed", error.faults[0].detail, frames.client_id(raw))
            return
        except TooLarge as error:
            await self._refuse("too_large", str(error), frames.client_id(raw))
            return
        match frame:
            case frames.Types():
                await self._types()
            case frames.Said() | frames.Chose():
                await self._take(frame, raw, device)
            case frames.Read():
                await self._reads(int(frame.cursor))
            case frames.Looked() | frames.Tracked():
                await self._visits(frame)
            case frames.Hello():
                await self._refuse("malformed", "hello is said once", None)

    async def _types(self) -> None:
        # A limit that is reached drops this one: the next says the same.
        key = f"typing:{self._channel_id}:{self._visitor.id}"
        if self._contact is not None and not await self._parts.live.limit(key, RATE):
            await self._parts.live.publish(typing_topic(self._contact), b"{}")

    async def _reads(self, cursor: int) -> None:
        # Neither a mark nor a visit is worth refusing anybody: the next mark says the same and more.
        key = f"read:{self._channel_id}:{self._visitor.id}"
        if self._contact is not None and not await self._parts.live.limit(key, RATE):
            step = partial(visitors.mark_read, contact_point_id=self._contact, seq=cursor)
            with suppress(StoreUnavailable):
                await self._parts.store.write(step)

    async def _visits(self, frame: frames.Looked | frames.Tracked) -> None:
        if await self._parts.live.limit(f"visits:{self._channel_id}:{self._visitor.id}", VISITS):
            return
        step = partial(
            visits.note,
            channel_id=self._channel_id,
            address=self._visitor.id,
            told=receive.visit(frame),
        )
        with suppress(StoreUnavailable):
            await self._parts.store.write(step)

    async def _files(self, frame: frames.Said | frames.Chose) -> tuple[Attachment, ...]:
        if not isinstance(frame, frames.Said) or not frame.attachments:
            return ()
        owner = uploader(self._channel_id, self._visitor)
        query = partial(uploads.attachments, upload_ids=frame.attachments, principal=owner)
        return await self._parts.store.read(query)

    async def _take(self, frame: frames.Said | frames.Chose, raw: bytes, device: str) -> None:
        key = f"visitor:{self._channel_id}:{self._visitor.id}"
        if wait := await self._parts.live.limit(key, RATE):
            await self._refuse("rate_limited", "too many messages; wait a little", frame.client_id, wait)
            return
        try:
            files = await self._files(frame)
            inbound = receive.envelope(
                self._channel_id, self._visitor, frame, raw, self._parts.clock(), files=files
            )
            if device:
                inbound = msgspec.structs.replace(inbound, context={**inbound.context, "device": device})
            accepted = await self._parts.acceptance.take(inbound)
        except uploads.NotUploaded as error:
            await self._refuse("malformed", str(error), frame.client_id)
            return
        except (BusUnavailable, StoreUnavailable):
            detail = "the desk can't keep this right now"
            await self._refuse("unavailable", detail, frame.client_id, _AGAIN_AFTER_S)
            return
        await self._say({"type": "accepted", "client_id": frame.client_id, "id": accepted.id})

    async def _refuse(
        self, code: str, detail: str, client_id: str | None, retry_after: float | None = None
    ) -> None:
        if code != "unavailable":
            self._parts.tally.refused(self._channel_id, self._parts.clock())
        wait = None if retry_after is None else round(retry_after, 3)
        refusal = {"type": "error", "code": code, "detail": detail}
        await self._say({**refusal, "client_id": client_id, "retry_after": wait})

    async def _say(self, frame: dict[str, Any]) -> None:
        await say(self._socket, frame)


async def hello(socket: web.WebSocketResponse) -> frames.Hello | None:
    """The first frame; None when it is something else or does not come."""
    try:
        async with asyncio.timeout(_HELLO_S):
            async for raw in _texts(socket):
                frame = frames.parse(raw)
                return frame if isinstance(frame, frames.Hello) else None
    except (TimeoutError, Malformed, TooLarge):
        pass
    return None


async def say(socket: web.WebSocketResponse, frame: dict[str, Any]) -> None:
    """Send one frame; a socket that is closing takes none, which its reader will notice."""
    with suppress(ConnectionError):
        await socket.send_str(msgspec.json.encode(frame).decode())


async def _texts(socket: web.WebSocketResponse) -> AsyncIterator[bytes]:
    while True:
        message = await socket.receive()
        if message.type not in (WSMsgType.TEXT, WSMsgType.BINARY):
            return
        yield message.data


def _number(cursor: str | None) -> int | None:
    """A cursor that we gave; None for anything else, which shows the last messages again."""
    if cursor is None or not (cursor.isascii() and cursor.isdigit() and len(cursor) <= 18):
        return None
    return int(cursor)
