"""A customer's program that receives what the desk posts: it may fail, hang, or ask to wait."""

import asyncio
from collections import defaultdict, deque
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from typing import Any, NamedTuple

import orjson
from aiohttp import web

HANG = 0
"""Instead of a status: do not answer until `let_go`."""


class Post(NamedTuple):
    """One POST that came in."""

    path: str
    headers: Mapping[str, str]
    body: bytes

    @property
    def text(self) -> str:
        """The message's text."""
        said: str = orjson.loads(self.body)["data"]["text"]
        return said

    @property
    def id(self) -> str:
        """Its `webhook-id`."""
        return self.headers["webhook-id"]


class Receiver:
    """Answers each path with what is lined up for it, then with 204."""

    def __init__(self) -> None:
        self.url = ""
        self.posts: list[Post] = []
        self.lined_up: defaultdict[str, deque[tuple[int, dict[str, str]]]] = defaultdict(deque)
        self.waiting = 0
        self._arrived = asyncio.Condition()
        self._go = asyncio.Event()

    def answer(self, path: str, *statuses: int, **headers: str) -> None:
        """Line up answers; header names are written with underscores."""
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        self.lined_up[path] += [(status, named) for status in statuses]

    def let_go(self) -> None:
        """Answer what hangs, and hang no more."""
        self._go.set()

    def at(self, path: str) -> list[Post]:
        """What came in at a path."""
        return [post for post in self.posts if post.path == path]

    async def until(self, met: Callable[[], bool], seconds: float = 60) -> None:
        """Wait until a condition on what came in is met."""
        async with asyncio.timeout(seconds), self._arrived:
            await self._arrived.wait_for(met)

    async def _take(self, request: web.Request) -> web.Response:
        self.posts.append(Post(request.path, request.headers.copy(), await request.read()))
        lined_up = self.lined_up[request.path]
        status, headers = lined_up.popleft() if lined_up else (204, {})
        await self._change(1 if status == HANG else 0)
        if status == HANG:
            await self._go.wait()
            await self._change(-1)
        return web.Response(status=status or 204, headers=headers)

    async def _change(self, waiting: int) -> None:
        self.waiting += waiting
        async with self._arrived:
            self._arrived.notify_all()


@asynccontextmanager
async def receiving() -> AsyncIterator[Receiver]:
    """A receiver on loopback."""
    receiver = Receiver()
    app = web.Application()
    app.router.add_post("/{path:.*}", receiver._take)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    address: Any = runner.addresses[0]
    receiver.url = f"http://127.0.0.1:{address[1]}"
    yield receiver
    receiver.let_go()
    await runner.cleanup()
