"""`python -m tests.bench.widget`: what an idle socket costs, and how long a visitor waits for the bot."""

import asyncio
import resource
import sys
import tempfile
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any, NamedTuple

import aiohttp

from tests.bench import command
from tests.bench.load import LoadError
from tests.bench.subjects import resident_megabytes
from tests.bench.table import Figure, formatted
from tests.desk import Desk

RATE = 200.0
# One in so many messages asks the bot.
BOT_TURN = 20
MOST_KIB = 25.0
MOST_MS = 50.0
_TALKERS = 100
_AT_ONCE = 50
# Files that a process has open beside its sockets, at most.
_OTHER_FILES = 500
_QUESTION = "When will I get my refund?"


class Crowd(NamedTuple):
    """How many sockets are idle, and how many seconds of talk are measured."""

    sockets: int
    seconds: float


FULL = Crowd(10_000, 6)
QUICK = Crowd(500, 3)


class Tab:
    """A visitor's socket after its hello, read all the time. `answered` is set when the bot has spoken."""

    def __init__(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        self._socket = socket
        self.answered = asyncio.Event()
        self.handed_over = asyncio.Event()
        self._sent = 0

    async def say(self, text: str) -> None:
        """Send a message."""
        self._sent += 1
        await self._socket.send_json({"type": "message", "client_id": f"c{self._sent}", "text": text})

    async def listen(self) -> None:
        """Take frames until the socket is closed."""
        async for frame in self._socket:
            author = frame.json().get("message", {}).get("author")
            if author == "bot":
                self.answered.set()
            elif author == "system":
                self.handed_over.set()


async def figures(folder: Path, crowd: Crowd) -> list[Figure]:
    """Both figures, on a demo desk of their own; raises `LoadError` where so many sockets can't be."""
    _allow(crowd.sockets)
    await asyncio.to_thread(folder.mkdir)
    # Each visitor comes from an address of their own, as behind a proxy: one address makes few of them.
    desk = Desk(folder / "data", demo=True, trusted_proxies="127.0.0.0/8")
    desk.start()
    try:
        channel = desk.channel("widget")
        async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)) as client:
            kib = await _idle(client, desk, channel, crowd.sockets)
            waits = await _talk(client, desk, channel, crowd.seconds)
    finally:
        desk.kill9()
    waits.sort()
    p50, p99 = (waits[min(len(waits) - 1, int(len(waits) * share))] * 1000 for share in (0.5, 0.99))
    return [
        Figure(
            name=f"{crowd.sockets} idle widget sockets, each",
            value=kib,
            unit="KiB",
            target=f"<= {MOST_KIB:g}",
            met=kib <= MOST_KIB,
        ),
        Figure(name=f"widget to the bot's answer at {RATE:g}/s, p50", value=p50, unit="ms"),
        Figure(name="  p99", value=p99, unit="ms", target=f"<= {MOST_MS:g}", met=p99 <= MOST_MS),
    ]


def _allow(sockets: int) -> None:
    """Let this process and those it starts have so many sockets each."""
    wanted = sockets + _AT_ONCE + _OTHER_FILES
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard != resource.RLIM_INFINITY and hard < wanted:
        raise LoadError(f"{sockets} sockets need `ulimit -n {wanted}`; here {hard} is the most")
    if soft != resource.RLIM_INFINITY and soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))


async def _idle(client: aiohttp.ClientSession, desk: Desk, channel: str, count: int) -> float:
    async with AsyncExitStack() as stack:
        for number in range(_AT_ONCE):
            await stack.enter_async_context(_tab(client, desk, channel, number))
        before = resident_megabytes(desk.pid)
        for begin in range(_AT_ONCE, _AT_ONCE + count, _AT_ONCE):
            batch = (_tab(client, desk, channel, number) for number in range(begin, begin + _AT_ONCE))
            await asyncio.gather(*map(stack.enter_async_context, batch))
        await asyncio.sleep(1)
        return (resident_megabytes(desk.pid) - before) * 1024 / count


async def _talk(client: aiohttp.ClientSession, desk: Desk, channel: str, seconds: float) -> list[float]:
    async with AsyncExitStack() as stack:

        async def visitor(number: int) -> Tab:
            return await stack.enter_async_context(_tab(client, desk, channel, 1_000_000 + number))

        talkers = [await visitor(number) for number in range(_TALKERS)]
        for tab in talkers:
            await tab.say("talk to a person")
        for tab in talkers:
            await asyncio.wait_for(tab.handed_over.wait(), 60)
        count = int(RATE * seconds)
        askers = [await visitor(_TALKERS + number) for number in range(count // BOT_TURN)]
        asked: list[asyncio.Task[float]] = []
        begun = time.perf_counter()
        for number in range(count):
            await asyncio.sleep(begun + number / RATE - time.perf_counter())
            if number % BOT_TURN:
                await talkers[number % _TALKERS].say(f"And one more thing, number {number}.")
            else:
                asked.append(asyncio.create_task(_ask(askers[number // BOT_TURN])))
        return list(await asyncio.gather(*asked))


async def _ask(tab: Tab) -> float:
    began = time.perf_counter()
    await tab.say(_QUESTION)
    await asyncio.wait_for(tab.answered.wait(), 60)
    return time.perf_counter() - began


@asynccontextmanager
async def _tab(client: aiohttp.ClientSession, desk: Desk, channel: str, number: int) -> AsyncIterator[Tab]:
    base = f"{desk.url}/widget/{channel}"
    headers = {"X-Forwarded-For": f"10.{number >> 16 & 255}.{number >> 8 & 255}.{number & 255}"}
    # A browser opens a connection of its own for a socket.
    async with client.post(f"{base}/visitor", json={}, headers={**headers, "Connection": "close"}) as answer:
        visitor: dict[str, Any] = await answer.json()
    async with client.ws_connect(f"{base}/socket", headers=headers, compress=0) as socket:
        await socket.send_json({"type": "hello", "token": visitor["token"], "after": None})
        assert (await socket.receive_json())["type"] == "ready"
        tab = Tab(socket)
        listening = asyncio.create_task(tab.listen())
        try:
            yield tab
        finally:
            listening.cancel()


async def _measured(crowd: Crowd) -> list[Figure]:
    with tempfile.TemporaryDirectory(prefix="frontdesk-widget-") as folder:
        return await figures(Path(folder) / "widget", crowd)


def main() -> int:
    """Measure and print; 1 when it could not measure."""
    return command.run(
        "python -m tests.bench.widget",
        "Measure what the widget costs.",
        lambda quick: _measured(QUICK if quick else FULL),
        formatted,
    )


if __name__ == "__main__":
    sys.exit(main())
