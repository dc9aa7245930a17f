"""An AMQP 0-9-1 client with nothing but what straw man S3 needs: the limit that Python and a broker set.

No reconnecting, no heartbeats, no errors told well. Publishing is confirmed; what is published in one tick of
the loop leaves in one write; acks are for all up to a tag.
"""

import asyncio
import struct
from collections import deque
from typing import NamedTuple, cast
from urllib.parse import unquote, urlsplit

_FRAME = struct.Struct(">BHI")
_END = b"\xce"
_METHOD, _HEADER, _BODY = 1, 2, 3
_DELIVER, _ACK = (60, 60), (60, 80)
# Class 60, no weight, the body's size, the one property that is set, and its value: kept on disk.
_CONTENT = struct.Struct(">HHQHB")


class Delivered(NamedTuple):
    """A message and the tag to ack it by."""

    tag: int
    body: bytes


def _short(text: str) -> bytes:
    return bytes([len(text)]) + text.encode()


def _long(content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + content


def _method(channel: int, class_: int, method: int, arguments: bytes) -> bytes:
    content = struct.pack(">HH", class_, method) + arguments
    return _FRAME.pack(_METHOD, channel, len(content)) + content + _END


class Client(asyncio.Protocol):
    """One connection with one channel."""

    def __init__(self) -> None:
        self._buffer = bytearray()
        self._replies: asyncio.Queue[tuple[int, int]] = asyncio.Queue()
        self._out: list[bytes] = []
        self._scheduled = False
        self._published = 0
        self._unconfirmed: deque[tuple[int, asyncio.Future[None]]] = deque()
        self._tag = 0
        self._parts: list[bytes] = []
        self._missing = 0
        self.delivered: deque[Delivered] = deque()
        self.news = asyncio.Event()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """See `Protocol`."""
        self._transport = cast("asyncio.Transport", transport)

    def data_received(self, data: bytes) -> None:
        """See `Protocol`."""
        self._buffer += data
        at, end = 0, len(self._buffer)
        view = bytes(self._buffer)
        while end - at >= 8:
            kind, _, size = _FRAME.unpack_from(view, at)
            if end - at < size + 8:
                break
            self._frame(kind, view[at + 7 : at + 7 + size])
            at += size + 8
        del self._buffer[:at]

    def _frame(self, kind: int, content: bytes) -> None:
        if kind == _METHOD:
            name = struct.unpack_from(">HH", content)
            if name == _DELIVER:
                self._tag = struct.unpack_from(">Q", content, 5 + content[4])[0]
            elif name == _ACK:
                self._confirm(*struct.unpack_from(">QB", content, 4))
            else:
                self._replies.put_nowait((name[0], name[1]))
        elif kind == _HEADER:
            self._missing = struct.unpack_from(">Q", content, 4)[0]
            self._parts = []
        elif kind == _BODY:
            self._parts.append(content)
            self._missing -= len(content)
            if not self._missing:
                self.delivered.append(Delivered(self._tag, b"".join(self._parts)))
                self.news.set()

    def _confirm(self, tag: int, multiple: int) -> None:
        if multiple:
            while self._unconfirmed and self._unconfirmed[0][0] <= tag:
                self._unconfirmed.popleft()[1].set_result(None)
            return
        for number, (one, done) in enumerate(self._unconfirmed):
            if one == tag:
                done.set_result(None)
                del self._unconfirmed[number]
                return

    async def _call(self, channel: int, class_: int, method: int, arguments: bytes, reply: int) -> None:
        self._transport.write(_method(channel, class_, method, arguments))
        while await self._replies.get() != (class_, reply):
            pass

    async def open(self, user: str, password: str, vhost: str) -> None:
        """Shake hands, open the channel and let publishing be confirmed."""
        self._transport.write(b"AMQP\0\0\x09\x01")
        while await self._replies.get() != (10, 10):
            pass
        answer = _long(b"\0" + user.encode() + b"\0" + password.encode())
        self._transport.write(_method(0, 10, 11, _long(b"") + _short("PLAIN") + answer + _short("en_US")))
        while await self._replies.get() != (10, 30):
            pass
        self._transport.write(_method(0, 10, 31, struct.pack(">HIH", 2047, 131072, 0)))
        await self._call(0, 10, 40, _short(vhost) + _short("") + b"\0", 41)
        await self._call(1, 20, 10, _short(""), 11)
        await self._call(1, 85, 10, b"\0", 11)

    async def declare(self, queue: str) -> None:
        """Make a quorum queue."""
        arguments = _short("x-queue-type") + b"S" + _long(b"quorum")
        await self._call(1, 50, 10, b"\0\0" + _short(queue) + b"\x02" + _long(arguments), 11)

    async def consume(self, queue: str, prefetch: int) -> None:
        """Let its messages come into `delivered`."""
        await self._call(1, 60, 10, struct.pack(">IHB", 0, prefetch, 0), 11)
        await self._call(1, 60, 20, b"\0\0" + _short(queue) + _short("s3") + b"\0" + _long(b""), 21)

    def publish(self, queue: str, body: bytes) -> "asyncio.Future[None]":
        """Done once the broker has it."""
        self._published += 1
        done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._unconfirmed.append((self._published, done))
        content = _CONTENT.pack(60, 0, len(body), 0x1000, 2)
        self._send(
            _method(1, 60, 40, b"\0\0" + _short("") + _short(queue) + b"\x01")
            + (_FRAME.pack(_HEADER, 1, len(content)) + content + _END)
            + (_FRAME.pack(_BODY, 1, len(body)) + body + _END)
        )
        return done

    def ack(self, tag: int) -> None:
        """Everything up to this one."""
        self._send(_method(1, 60, 80, struct.pack(">QB", tag, 1)))

    def _send(self, content: bytes) -> None:
        self._out.append(content)
        if not self._scheduled:
            self._scheduled = True
            asyncio.get_running_loop().call_soon(self._flush)

    def _flush(self) -> None:
        self._scheduled = False
        out, self._out = self._out, []
        self._transport.write(b"".join(out))


async def connect(url: str) -> Client:
    """An open client; `url` as other clients take it."""
    parts = urlsplit(url)
    loop = asyncio.get_running_loop()
    _, client = await loop.create_connection(Client, parts.hostname or "127.0.0.1", parts.port or 5672)
    await client.open(parts.username or "guest", parts.password or "guest", unquote(parts.path[1:]) or "/")
    return client
