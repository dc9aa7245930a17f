"""Giving mail to a server: connections that are kept, and what its answers mean."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Final

import aiosmtplib

from channels.mail.compose import Composed
from channels.mail.oauth import Login
from channels.mail.settings import Smtp
from channels.protocol import Denied, Doubtful, Rejected, Retryable

_SECONDS: Final = 12.0
# A connection that rested longer is asked whether it is still there; servers close idle ones.
_RESTED: Final = 10.0
_IDLE: Final = 60.0
_MOST_KEPT: Final = 4
_LONGEST_WORDS: Final = 300


class Sender:
    """One mailbox's way out."""

    def __init__(self, server: Smtp, login: Login) -> None:
        self._server, self._login = server, login
        self._kept: list[tuple[float, aiosmtplib.SMTP]] = []

    async def send(self, sender: str, mail: Composed) -> None:
        """Give it to the server; raises `Retryable` and `Rejected`, with the server's words."""
        try:
            client = await self._connected()
            await self._give(client, sender, mail)
        except (aiosmtplib.SMTPException, OSError, TimeoutError) as error:
            raise self._told(error) from None

    async def prove(self) -> None:
        """Sign in; raises `Denied`, and `Retryable` where the server can't be asked now."""
        try:
            await self._keep(await self._connected())
        except (aiosmtplib.SMTPException, OSError, TimeoutError) as error:
            raise self._told(error) from None

    async def hand(
        self, sender: str, to: str, content: bytes, about_to: Callable[[], Awaitable[None]]
    ) -> None:
        """Give a mail to the server once: `about_to` is awaited last before the server may take it.

        Raises as `send` does, what `about_to` raises, and `Doubtful` where the server did not say whether it
        took the mail.
        """
        client: aiosmtplib.SMTP | None = None
        doubtful = False
        try:
            client = await self._connected()
            await client.mail(sender)
            await client.rcpt(to)
            await about_to()
            doubtful = True
            await client.data(content)
            await self._keep(client)
        except aiosmtplib.SMTPResponseException as error:
            _parted(client)
            raise self._told(error) from None
        except (aiosmtplib.SMTPException, OSError, TimeoutError) as error:
            _parted(client)
            told = self._told(error)
            raise (Doubtful(str(told)) if doubtful else told) from None
        except BaseException:
            _parted(client)
            raise

    async def close(self) -> None:
        """Part from the server."""
        kept, self._kept = self._kept, []
        for _, client in kept:
            await _quit(client)

    async def _give(self, client: aiosmtplib.SMTP, sender: str, mail: Composed) -> None:
        try:
            await client.send_message(mail.message, sender=sender, recipients=list(mail.recipients))
        except aiosmtplib.SMTPResponseException:
            await self._keep(client)
            raise
        except aiosmtplib.SMTPRecipientsRefused:
            await self._keep(client)
            raise
        except BaseException:
            client.close()
            raise
        await self._keep(client)

    async def _keep(self, client: aiosmtplib.SMTP) -> None:
        if client.is_connected and len(self._kept) < _MOST_KEPT:
            self._kept.append((time.monotonic(), client))
        else:
            await _quit(client)

    def _told(self, error: Exception) -> Retryable | Rejected:
        """What an error means to whoever sends."""
        match error:
            case aiosmtplib.SMTPAuthenticationError():
                return Denied(f"the mail server {self._server.host} refuses the user or the password")
            case aiosmtplib.SMTPRecipientsRefused():
                return _refused(error)
            case aiosmtplib.SMTPResponseException():
                return _meaning(error.code, error.message)
        return Retryable(f"the mail server {self._server.host} {_trouble(error)}")

    async def _connected(self) -> aiosmtplib.SMTP:
        """A connection that works: one that was kept, else a new one."""
        while self._kept:
            since, client = self._kept.pop()
            rested = time.monotonic() - since
            if rested < _IDLE and client.is_connected and (rested < _RESTED or await _answers(client)):
                return client
            client.close()
        server = self._server
        starttls = server.tls == "starttls" or (server.tls is True and server.port == 587)
        client = aiosmtplib.SMTP(
            hostname=server.host,
            port=server.port,
            use_tls=bool(server.tls) and not starttls,
            start_tls=starttls,
            tls_context=server.context() if server.tls else None,
            timeout=_SECONDS,
        )
        await client.connect()
        try:
            await self._sign_in(client)
        except aiosmtplib.SMTPAuthenticationError:
            self._login.refused()
            client.close()
            raise
        except BaseException:
            client.close()
            raise
        return client

    async def _sign_in(self, client: aiosmtplib.SMTP) -> None:
        if not self._server.user:
            return
        secret = await self._login.secret()
        if self._login.oauth:
            await client.auth_xoauth2(self._server.user, secret)
        else:
            await client.login(self._server.user, secret)


def _parted(client: aiosmtplib.SMTP | None) -> None:
    if client is not None:
        client.close()


async def _answers(client: aiosmtplib.SMTP) -> bool:
    try:
        await client.noop()
    except (aiosmtplib.SMTPException, OSError, TimeoutError):
        return False
    return True


async def _quit(client: aiosmtplib.SMTP) -> None:
    with suppress(aiosmtplib.SMTPException, OSError, TimeoutError):
        async with asyncio.timeout(2):
            await client.quit()
    client.close()


def _refused(error: aiosmtplib.SMTPRecipientsRefused) -> Retryable | Rejected:
    """Nobody was accepted: what was said of the first counts."""
    first = error.recipients[0]
    return _meaning(first.code, first.message)


def _meaning(code: int, words: str) -> Retryable | Rejected:
    """RFC 5321, 4.2.1: 4xx may work later, 5xx will not."""
    told = f"the mail server says {code} {' '.join(words.split())[:_LONGEST_WORDS]}"
    return Rejected(told) if 500 <= code < 600 else Retryable(told)


def _trouble(error: BaseException) -> str:
    if isinstance(error, TimeoutError | aiosmtplib.SMTPTimeoutError):
        return "did not answer in time"
    if isinstance(error, aiosmtplib.SMTPConnectError | OSError):
        return "can't be reached"
    return "closed the connection"
