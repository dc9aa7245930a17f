"""A platform that has to be asked for what is new, and the channel that asks it.

The platform gives at most one event for each request, and waits a moment for one to come.
"""

import asyncio
from collections.abc import AsyncGenerator, Mapping
from pathlib import Path
from typing import ClassVar

import aiohttp
from aiohttp import web

from bus.envelope import Inbound, Message, Outbound, Sender
from bus.ids import message_id
from channels.protocol import Capabilities, Channel, Heard, Received, Sent, Tools, Unheard
from channels.settings import Settings


class FeedSettings(Settings):
    """Where the platform is."""

    url: str


class Feed(Channel):
    """Asks with the number of the last event it had."""

    kind: ClassVar[str] = "feed"
    capabilities: ClassVar[Capabilities] = Capabilities(
        longest_text=1000,
        media=False,
        buttons=False,
        receipts=False,
        typing=False,
        edits=False,
        idempotent=True,
    )
    settings_type: ClassVar[type[Settings]] = FeedSettings

    def __init__(self, channel_id: str, settings: FeedSettings, tools: Tools) -> None:
        self._id, self._url, self._tools = channel_id, settings.url, tools

    @property
    def polls(self) -> bool:
        """See `Channel`."""
        return True

    async def listen(self, cursor: str) -> AsyncGenerator[Heard, None]:
        """See `Channel`."""
        while True:
            try:
                async with self._tools.http.get(self._url, params={"after": cursor or "0"}) as answer:
                    if answer.status != 200:
                        raise Unheard(f"the platform answered {answer.status}")
                    found = await answer.json()
            except aiohttp.ClientError as error:
                raise Unheard("the platform can't be reached") from error
            if found is not None:
                yield Heard(Received((self._envelope(found),)), cursor := found["number"])

    async def send(self, outbound: Outbound) -> Sent:
        """See `Channel`."""
        return Sent()

    def _envelope(self, found: Mapping[str, str]) -> Inbound:
        return Inbound(
            id=message_id(self._id, found["number"]),
            channel_id=self._id,
            channel_kind=self.kind,
            external_id=found["number"],
            sender=Sender(address=found["from"]),
            event=Message(text=found["text"]),
            received_at=self._tools.now(),
        )


class FeedPlatform:
    """Open with `async with`. `asked` are the numbers that it was asked after; `broken` answers 500."""

    def __init__(self) -> None:
        self.asked: list[int] = []
        self.broken = False
        self._said: list[str] = []
        self._news = asyncio.Condition()
        self._runner: web.AppRunner | None = None
        self.url = ""

    async def __aenter__(self) -> "FeedPlatform":
        app = web.Application()
        app.router.add_get("/events", self._events)
        self._runner = web.AppRunner(app, shutdown_timeout=0.1)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", 0).start()
        self.url = f"http://127.0.0.1:{self._runner.addresses[0][1]}/events"
        return self

    async def __aexit__(self, *_exc: object) -> None:
        assert self._runner is not None
        await self._runner.cleanup()

    async def say(self, *texts: str) -> list[str]:
        """Let its users write; returns what they wrote."""
        async with self._news:
            self._said += texts
            self._news.notify_all()
        return list(texts)

    async def _events(self, request: web.Request) -> web.Response:
        after = int(request.query["after"])
        self.asked.append(after)
        if self.broken:
            return web.Response(status=500)
        async with self._news:
            try:
                await asyncio.wait_for(self._news.wait_for(lambda: len(self._said) > after), 1)
            except TimeoutError:
                return web.json_response(None)
        event = {"number": str(after + 1), "from": f"u-{after % 4}", "text": self._said[after]}
        return web.json_response(event)


def install(folder: Path, *points: str) -> None:
    """Make a folder that, on the module path, is an installed distribution with these entry points."""
    metadata = folder / "another-1.0.dist-info"
    metadata.mkdir(parents=True)
    (metadata / "METADATA").write_text(
        "Metadata-Version: 2.1\nName: another\nVersion: 1.0\n", encoding="utf-8"
    )
    listed = "\n".join(("[frontdesk.channels]", *points))
    (metadata / "entry_points.txt").write_text(listed + "\n", encoding="utf-8")
