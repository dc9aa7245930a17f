"""The load: signed posts over kept-alive connections, as fast as they are answered or at a fixed rate.

Requests are bytes made beforehand and answers are hardly looked at, so that the load takes little from the
machine it shares with what it measures.
"""

import asyncio
import base64
import hashlib
import hmac
import time
from collections import deque
from collections.abc import Sequence
from typing import NamedTuple, cast

# Connections that carry one request at a time each: what is in flight at most.
LINES = 128
_TICK = 0.001


class LoadError(Exception):
    """What is measured did not answer as it should."""


class Answered(NamedTuple):
    """When each request was due and when it was answered, in seconds of `time.perf_counter`."""

    due: list[float]
    at: list[float]


class Address(NamedTuple):
    """Where to post to, and the key to sign with."""

    port: int
    path: str
    key: bytes


def request(address: Address, id_: str, body: bytes, now: int) -> bytes:
    """A post with a Standard Webhooks signature."""
    port, path, key = address
    digest = hmac.new(key, b"%b.%d.%b" % (id_.encode(), now, body), hashlib.sha256).digest()
    head = (
        f"POST {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nContent-Type: application/json\r\n"
        f"Content-Length: {len(body)}\r\nwebhook-id: {id_}\r\nwebhook-timestamp: {now}\r\n"
        f"webhook-signature: v1,{base64.b64encode(digest).decode()}\r\n\r\n"
    )
    return head.encode() + body


async def saturate(port: int, requests: Sequence[bytes], lines: int = LINES) -> Answered:
    """Post them all, each connection as soon as its last one was answered."""
    run = _Run(requests)
    opened = await _open(port, run, lines)
    try:
        for line in opened:
            run.post_next(line)
        await run.done
    finally:
        _close(opened)
    return Answered(run.due, run.at)


async def pace(port: int, requests: Sequence[bytes], rate: float, lines: int = LINES) -> Answered:
    """Post `rate` a second whatever the answers do; a late post counts from when it was due."""
    run = _Run(requests)
    opened = await _open(port, run, lines)
    start = time.perf_counter()
    run.due = [start + at / rate for at in range(len(requests))]
    run.idle.extend(opened)
    run.released = 0
    try:
        while run.released < len(requests):
            run.released = min(len(requests), int((time.perf_counter() - start) * rate) + 1)
            while run.idle and run.posted < run.released:
                run.post_next(run.idle.popleft())
            await asyncio.sleep(_TICK)
        await run.done
    finally:
        _close(opened)
    return Answered(run.due, run.at)


class _Run:
    def __init__(self, requests: Sequence[bytes]) -> None:
        self.requests = requests
        self.due = [0.0] * len(requests)
        self.at = [0.0] * len(requests)
        self.posted = 0
        self.answered = 0
        self.released = len(requests)
        self.idle: deque[_Line] = deque()
        self.done: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def post_next(self, line: "_Line") -> None:
        if self.posted >= self.released:
            self.idle.append(line)
            return
        number = self.posted
        self.posted += 1
        if not self.due[number]:
            self.due[number] = time.perf_counter()
        line.number = number
        line.transport.write(self.requests[number])

    def answer(self, line: "_Line", status: bytes, body: bytes) -> None:
        if status != b"202":
            self.fail(f"it answered {status.decode()}: {body[:300].decode(errors='replace')}")
            return
        self.at[line.number] = time.perf_counter()
        self.answered += 1
        if self.answered == len(self.requests) and not self.done.done():
            self.done.set_result(None)
        else:
            self.post_next(line)

    def fail(self, why: str) -> None:
        if not self.done.done():
            self.done.set_exception(LoadError(why))


class _Line(asyncio.Protocol):
    transport: asyncio.Transport

    def __init__(self, run: _Run) -> None:
        self._run = run
        self._buffer = b""
        self.number = -1

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        # uvloop's transports are none of asyncio's classes.
        self.transport = cast("asyncio.Transport", transport)

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        head = self._buffer.find(b"\r\n\r\n")
        if head < 0:
            return
        at = self._buffer.find(b"ontent-Length: ")
        size = int(self._buffer[at + 15 : self._buffer.index(b"\r", at)])
        if len(self._buffer) >= head + 4 + size:
            answer, self._buffer = self._buffer, b""
            self._run.answer(self, answer[9:12], answer[head + 4 :])

    def connection_lost(self, exc: Exception | None) -> None:
        self._run.fail("it closed the connection")


async def _open(port: int, run: _Run, lines: int) -> list[_Line]:
    loop = asyncio.get_running_loop()
    made = []
    for _ in range(lines):
        _, line = await loop.create_connection(lambda: _Line(run), "127.0.0.1", port)
        made.append(line)
    return made


def _close(lines: list[_Line]) -> None:
    for line in lines:
        line.transport.abort()
