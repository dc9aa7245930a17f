"""A real mail server for sending: aiosmtpd in a process of its own, over TLS, that keeps what it takes.

Run as `python -m tests.services.smtp PORT CERTIFICATE KEY FOLDER [INTROSPECTION_URL]`; with the address that
says which access tokens are good (RFC 7662) it lets in by XOAUTH2 alone. What a recipient is called says what
becomes of mail to them: `later@` is put off (451), `never@` refused (550). `stalls@` is not answered, and
mail to `lost@` is kept and its sender not told, until `release` was called.
"""

import asyncio
import base64
import json
import os
import ssl
import sys
import time
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from pathlib import Path
from typing import Any, NamedTuple

import aiohttp
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session

from tests.desk import free_port
from tests.services.certificates import Certificates
from tests.services.process import Process

USER, PASSWORD = "support", "a long password"


class Taken(NamedTuple):
    """A mail that the server took: whom it is to be given to, the mail, and on which connection it came."""

    recipients: list[str]
    mail: EmailMessage
    connection: str


class SmtpServer:
    """The server as tests start it."""

    def __init__(self, folder: Path, certificates: Certificates, introspection_url: str = "") -> None:
        self.port = free_port()
        self._folder = folder / "taken"
        self._folder.mkdir()
        root = Path(__file__).parents[2]
        command = [sys.executable, "-m", "tests.services.smtp", str(self.port)]
        self._process = Process(
            [*command, certificates.certificate, certificates.key, self._folder, introspection_url],
            folder / "smtp.out",
            env={"PATH": os.environ["PATH"], "PYTHONPATH": str(root)},
        )
        self.settings: dict[str, Any] = {
            "host": "127.0.0.1",
            "port": self.port,
            "user": USER,
            "password": PASSWORD,
            "tls": True,
            "ca": certificates.authority,
        }

    def start(self) -> None:
        """Start it and wait until it listens."""
        self._process.start((self._folder / "ready").exists)

    def stop(self) -> None:
        """End it."""
        self._process.kill()

    def release(self) -> None:
        """Let go of whoever waits."""
        (self._folder / "release").touch()

    def waits(self) -> bool:
        """Whether somebody waits to be released."""
        return (self._folder / "waits").exists()

    def taken(self) -> list[Taken]:
        """What it has taken, oldest first."""
        found: list[Taken] = []
        for file in sorted(self._folder.glob("*.json")):
            told = json.loads(file.read_text())
            mail = message_from_bytes(file.with_suffix(".eml").read_bytes(), policy=default)
            assert isinstance(mail, EmailMessage)
            found.append(Taken(told["recipients"], mail, told["connection"]))
        return found


class _Keeper:
    """aiosmtpd's handler."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    async def handle_RCPT(
        self, _server: SMTP, _session: Session, envelope: Envelope, address: str, _options: list[str]
    ) -> str:
        if address.startswith("later@"):
            return "451 4.2.1 come back later"
        if address.startswith("never@"):
            return "550 5.1.1 nobody of that name"
        if address.startswith("stalls@"):
            await self._released()
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, _server: SMTP, session: Session, envelope: Envelope) -> str:
        name = f"{time.time_ns()}"
        content = envelope.content
        assert isinstance(content, bytes)
        (self._folder / f"{name}.eml").write_bytes(content)
        told = {"recipients": envelope.rcpt_tos, "connection": str(session.peer)}
        part = self._folder / f"{name}.part"
        part.write_text(json.dumps(told))
        # Whole or not at all, for whoever reads meanwhile.
        part.rename(self._folder / f"{name}.json")
        if any(address.startswith("lost@") for address in envelope.rcpt_tos):
            await self._released()
        return "250 OK"

    async def _released(self) -> None:
        (self._folder / "waits").touch()
        # Whoever releases is another process.
        while not (self._folder / "release").exists():  # noqa: ASYNC110
            await asyncio.sleep(0.05)


class _ByToken(_Keeper):
    """Lets in whoever has a token that is good."""

    def __init__(self, folder: Path, introspection_url: str) -> None:
        super().__init__(folder)
        self._introspection_url = introspection_url

    async def auth_XOAUTH2(self, _server: SMTP, args: list[str]) -> AuthResult:
        said = base64.b64decode(args[1]).decode().split("\1")
        user, token = said[0].removeprefix("user="), said[1].removeprefix("auth=Bearer ")
        async with (
            aiohttp.ClientSession() as client,
            client.post(self._introspection_url, data={"token": token}) as answer,
        ):
            told = await answer.json()
        return AuthResult(success=told == {"active": True, "username": user}, handled=False)


def _allowed(_server: SMTP, _session: Session, _envelope: Envelope, _mechanism: str, data: Any) -> AuthResult:
    known = isinstance(data, LoginPassword) and (data.login, data.password) == (
        USER.encode(),
        PASSWORD.encode(),
    )
    return AuthResult(success=known, handled=False)


async def main(port: int, certificate: str, key: str, folder: Path, introspection_url: str) -> None:
    """Serve until ended."""
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(certificate, key)
    loop = asyncio.get_running_loop()

    def served() -> SMTP:
        by_token = bool(introspection_url)
        return SMTP(
            _ByToken(folder, introspection_url) if by_token else _Keeper(folder),
            authenticator=_allowed,
            auth_required=True,
            auth_require_tls=False,
            auth_exclude_mechanism=["LOGIN", "PLAIN"] if by_token else [],
            enable_SMTPUTF8=True,
            loop=loop,
        )

    server = await loop.create_server(served, "127.0.0.1", port, ssl=context)
    (folder / "ready").touch()
    async with server:
        await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1]), sys.argv[2], sys.argv[3], Path(sys.argv[4]), sys.argv[5]))
