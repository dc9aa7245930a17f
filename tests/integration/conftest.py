"""A desk to talk to: the whole product on a loopback port, in a folder of its own."""

import tempfile
from collections.abc import AsyncIterator, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from gateway.compose import composed
from gateway.folder import prepare
from gateway.listening import base_url, listen
from gateway.parts import Parts
from gateway.settings import Settings
from router.values import Role
from storage import tokens
from tests.services.certificates import Certificates, certificates
from tests.services.dovecot import Dovecot
from tests.services.smtp import SmtpServer


@dataclass(frozen=True, kw_only=True)
class Answer:
    """A response, read to its end."""

    status: int
    headers: Mapping[str, str]
    body: Any


@dataclass(kw_only=True)
class Desk:
    """The running product and a client for it."""

    parts: Parts
    url: str
    client: aiohttp.ClientSession
    tokens: dict[Role, str] = field(default_factory=dict)

    async def ask(
        self, method: str, path: str, json: Any = None, *, role: Role | None = "admin", **rest: Any
    ) -> Answer:
        """One request with a token of this role; None sends none."""
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
    return Settings(data=tmp_path / "desk")


@pytest.fixture
async def desk(settings: Settings) -> AsyncIterator[Desk]:
    """The product, serving on loopback."""
    prepare(settings)
    with listen("127.0.0.1", 0) as listening:
        url = base_url(listening, "")
        async with (
            composed(settings, listening) as parts,
            aiohttp.ClientSession(cookie_jar=aiohttp.CookieJar(unsafe=True)) as client,
        ):
            yield Desk(parts=parts, url=url, client=client)


@pytest.fixture(scope="session")
def trusted(tmp_path_factory: pytest.TempPathFactory) -> Certificates:
    """Certificates for mail servers."""
    return certificates(tmp_path_factory.mktemp("certificates"))


@pytest.fixture
def smtp(tmp_path: Path, trusted: Certificates) -> Iterator[SmtpServer]:
    """A server that takes mail."""
    server = SmtpServer(tmp_path, trusted)
    try:
        server.start()
        yield server
    finally:
        server.stop()


@pytest.fixture
def imap(trusted: Certificates) -> Iterator[Dovecot]:
    """A server that keeps mail, in a folder that another user may enter: pytest's own are shut."""
    with tempfile.TemporaryDirectory(prefix="dovecot-") as folder:
        server = Dovecot(Path(folder), trusted)
        try:
            server.start()
            yield server
        finally:
            server.stop()
