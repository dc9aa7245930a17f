"""A desk to talk to: the whole application on a loopback port, with a real store in a folder of its own."""

import time
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from aiohttp import web

from bus.memory import MemoryLive
from gateway.http.app import build_app
from gateway.parts import Parts
from gateway.settings import Settings
from router.values import Role
from storage import tokens
from storage.migrate import upgrade
from storage.sqlite import SqliteStore, engine


@dataclass(frozen=True, kw_only=True)
class Answer:
    """A response, read to its end."""

    status: int
    headers: Mapping[str, str]
    body: Any


@dataclass(kw_only=True)
class Desk:
    """The running application and a client for it."""

    parts: Parts
    url: str
    client: aiohttp.ClientSession
    tokens: dict[Role, str] = field(default_factory=dict)

    async def ask(
        self, method: str, path: str, json: Any = None, *, role: Role | None = "admin", **rest: Any
    ) -> Answer:
        """One request with a token of this role."""
        headers = dict(rest.pop("headers", {}))
        if role is not None:
            headers["Authorization"] = f"Bearer {await self.token(role)}"
        if json is not None:
            rest["json"] = json
        async with self.client.request(method, self.url + path, headers=headers, **rest) as response:
            raw = await response.read()
            kind = response.content_type
            body = await response.json(content_type=None) if raw and kind.endswith("json") else raw
            return Answer(status=response.status, headers=response.headers, body=body)

    async def token(self, role: Role) -> str:
        """A token of this role; the same one each time."""
        if role not in self.tokens:
            _, secret = await self.parts.store.write(lambda tx: tokens.issue(tx, f"test {role}", role))
            self.tokens[role] = secret
        return self.tokens[role]


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """Settings of a desk in a folder of its own."""
    return Settings(data=tmp_path)


@pytest.fixture
async def parts(settings: Settings) -> AsyncIterator[Parts]:
    """The embedded parts, opened."""
    made = engine(settings.database_file)
    upgrade(made)
    made.dispose()
    async with SqliteStore(settings.database_file, lambda: datetime.now(UTC)) as store:
        yield Parts(
            settings=settings,
            store=store,
            live=MemoryLive(time.monotonic),
            clock=lambda: datetime.now(UTC),
        )


@pytest.fixture
async def desk(parts: Parts) -> AsyncIterator[Desk]:
    """The application, listening on loopback."""
    runner = web.AppRunner(build_app(parts), access_log=None, shutdown_timeout=1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    host, port = runner.addresses[0][:2]
    async with aiohttp.ClientSession(cookie_jar=aiohttp.CookieJar(unsafe=True)) as client:
        yield Desk(parts=parts, url=f"http://{host}:{port}", client=client)
    await runner.cleanup()
