"""A customer's system on the other side of a webhook channel: it signs, posts, and receives callbacks."""

import asyncio
import json
import time
from datetime import UTC, datetime
from typing import Any

import aiohttp
from aiohttp import web
from standardwebhooks import Webhook


class CustomerSystem:
    """Open with `async with`. `received` are the callbacks that verified, oldest first."""

    def __init__(self) -> None:
        self.received: list[dict[str, Any]] = []
        self.webhook_ids: list[str] = []
        self.hook = ""
        self._secret = ""
        self._news = asyncio.Event()
        self._runner: web.AppRunner | None = None
        self.callback_url = ""

    async def __aenter__(self) -> "CustomerSystem":
        app = web.Application()
        app.router.add_post("/callback", self._callback)
        self._runner = web.AppRunner(app)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", 0)
        await site.start()
        port = self._runner.addresses[0][1]
        self.callback_url = f"http://127.0.0.1:{port}/callback"
        self.http = aiohttp.ClientSession()
        return self

    async def __aexit__(self, *_exc: object) -> None:
        await self.http.close()
        assert self._runner is not None
        await self._runner.cleanup()

    def connect(self, base: str, channel_id: str, secret: str) -> None:
        """Use a channel of the desk."""
        self.hook = f"{base}/hooks/{channel_id}"
        self._secret = secret

    async def post(self, body: dict[str, Any]) -> tuple[int, dict[str, Any]]:
        """Post a signed message; returns status and answer."""
        raw = json.dumps(body, ensure_ascii=False)
        async with self.http.post(self.hook, data=raw.encode(), headers=self.sign(body["id"], raw)) as answer:
            return answer.status, await answer.json()

    def sign(self, key: str, raw: str) -> dict[str, str]:
        """The headers of Standard Webhooks, by its own library."""
        now = datetime.now(UTC)
        return {
            "webhook-id": key,
            "webhook-timestamp": str(int(now.timestamp())),
            "webhook-signature": Webhook(self._secret).sign(key, now, raw),
            "content-type": "application/json",
        }

    async def said(self, count: int, seconds: float = 60) -> list[dict[str, Any]]:
        """Wait until so many callbacks have come; returns their data."""
        until = time.monotonic() + seconds
        while len(self.received) < count:
            self._news.clear()
            await asyncio.wait_for(self._news.wait(), until - time.monotonic())
        return [one["data"] for one in self.received]

    async def _callback(self, request: web.Request) -> web.Response:
        raw = await request.text()
        Webhook(self._secret).verify(raw, dict(request.headers))
        self.received.append(json.loads(raw))
        self.webhook_ids.append(request.headers["webhook-id"])
        self._news.set()
        return web.Response()
