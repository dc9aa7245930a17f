"""Fetching mail by IMAP: one mailbox, on a thread of its own, told of new mail by IDLE.

The position is the last UID that was kept, with the mailbox's UIDVALIDITY and the day listening began:
`validity:uid:day`. No flag is read or set. When the validity changes, all UIDs mean something else: what came
since that day is read again, and what was taken before is known by what it says.
"""

import asyncio
import imaplib
import socket
import time
from collections.abc import AsyncGenerator, Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import date, datetime, timedelta
from typing import Any, Final, NamedTuple, TypeVar

from imap_tools import (
    AND,
    BaseMailBox,
    ImapToolsError,
    MailBox,
    MailboxLoginError,
    MailBoxStartTls,
    MailBoxUnencrypted,
)
from msgspec.structs import replace

from bus.envelope import Inbound
from channels.mail import receive
from channels.mail.limits import LONGEST_MAIL, MEGABYTE
from channels.mail.oauth import Login
from channels.mail.settings import Imap, MailSettings
from channels.protocol import Denied, Heard, Malformed, Received, Retryable, Unheard

T = TypeVar("T")
# No answer within this is no connection; with the wait it is noticed within a minute.
ANSWER_S: Final = 20.0
IDLE_S: Final = 20.0
# Where the server knows no IDLE.
_LOOK_S: Final = 5.0
_TROUBLE: Final = (ImapToolsError, imaplib.IMAP4.error, OSError, ValueError)
# A mailbox that is new to the desk is read from so long ago on: years of old mail are no tickets.
_FIRST: Final = timedelta(days=1)
_LONGEST_AGAIN: Final = timedelta(days=30)


class Place(NamedTuple):
    """Where to go on; `uid` 0 is before the first."""

    validity: int
    uid: int
    since: date

    def __str__(self) -> str:
        return f"{self.validity}:{self.uid}:{self.since.isoformat()}"


def place_of(cursor: str) -> Place | None:
    """The place that a cursor names; None for one that is none of ours."""
    try:
        validity, uid, since = cursor.split(":", 2)
        return Place(int(validity), int(uid), date.fromisoformat(since))
    except ValueError:
        return None


async def listen(
    channel_id: str,
    settings: MailSettings,
    login: Login,
    now: Callable[[], datetime],
    cursor: str,
) -> AsyncGenerator[Heard, None]:
    """See `channels.protocol.Channel.listen`."""
    if settings.imap is None:
        raise Unheard("the channel has no imap server")
    box = _Box(settings.imap)
    thread = ThreadPoolExecutor(1, thread_name_prefix=f"imap-{channel_id}")

    async def call(what: Callable[..., T], *given: Any) -> T:
        return await asyncio.get_running_loop().run_in_executor(thread, what, *given)

    try:
        validity = await call(box.open, await login.secret(), login.oauth)
        place = place_of(cursor) or Place(validity, 0, (now() - _FIRST).date())
        if place.validity != validity:
            since = max(place.since, (now() - _LONGEST_AGAIN).date())
            place = Place(validity, 0, since)
        while True:
            found = await call(box.after, place)
            for uid in found:
                raw, size = await call(box.fetch, uid)
                place = place._replace(uid=uid)
                # On the thread, too: to hash 25 MB takes longer than the loop may stand still.
                yield Heard(await call(_received, channel_id, raw, size, now()), str(place))
            if not found:
                await call(box.wait)
    except Retryable as error:
        raise Unheard(str(error)) from None
    except _TROUBLE as error:
        if _refused(error):
            login.refused()
        raise Unheard(_words(error, settings.imap.host)) from None
    finally:
        # Whatever the thread waits for ends with its socket.
        box.cut()
        thread.shutdown(wait=False, cancel_futures=True)


async def prove(server: Imap, login: Login) -> None:
    """Sign in and open the folder; raises `Denied`, and `Retryable` where the server can't be asked now."""
    box = _Box(server)
    try:
        await asyncio.to_thread(box.open, await login.secret(), login.oauth)
    except _TROUBLE as error:
        told = _words(error, server.host)
        if not _refused(error):
            raise Retryable(told) from None
        login.refused()
        raise Denied(told) from None
    finally:
        box.cut()


def _received(channel_id: str, raw: bytes, size: int, now: datetime) -> Received:
    try:
        inbound = receive.inbound(channel_id, raw, now)
    except Malformed:
        # It was deleted meanwhile, or holds nothing.
        return Received(())
    return Received((_sized(inbound, size),))


def _sized(inbound: Inbound, size: int) -> Inbound:
    """One that is too large is there with its header alone; the mailbox keeps the rest."""
    if size <= LONGEST_MAIL:
        return inbound
    return replace(inbound, context={"left": f"it has {size // MEGABYTE} MB and is left in the mailbox"})


class _Box:
    """The connection; its methods block and are called on one thread, `cut` from any."""

    def __init__(self, server: Imap) -> None:
        self._server = server
        self._box: BaseMailBox | None = None

    def open(self, secret: str, oauth: bool) -> int:
        """Connect, sign in, open the folder; its UIDVALIDITY."""
        server = self._server
        if server.tls == "starttls":
            self._box = MailBoxStartTls(
                server.host, port=server.port, timeout=ANSWER_S, ssl_context=server.context()
            )
        elif server.tls:
            self._box = MailBox(server.host, port=server.port, timeout=ANSWER_S, ssl_context=server.context())
        else:
            self._box = MailBoxUnencrypted(server.host, port=server.port, timeout=ANSWER_S)
        sign_in = self._box.xoauth2 if oauth else self._box.login
        sign_in(server.user, secret, initial_folder=None)
        self._box.folder.set(server.folder, readonly=True)
        told = self._box.folder.status(server.folder, ["UIDVALIDITY"])
        return int(told["UIDVALIDITY"])

    def after(self, place: Place) -> list[int]:
        """The UIDs of what came after a place, in their order."""
        box = self._opened()
        # "n:*" names the last mail also where it is before n.
        wanted = f"UID {place.uid + 1}:*" if place.uid else AND(date_gte=place.since)
        found = box.uids(wanted)
        return sorted(uid for uid in map(int, found) if uid > place.uid)

    def fetch(self, uid: int) -> tuple[bytes, int]:
        """A mail's bytes, b"" for one that is gone; its header alone if it is too large. And its size."""
        size = self._size(uid)
        what = "BODY.PEEK[]" if size <= LONGEST_MAIL else "BODY.PEEK[HEADER]"
        _, found = self._opened().client.uid("fetch", str(uid), f"({what})")
        return next((bytes(part[1]) for part in found if isinstance(part, tuple)), b""), size

    def _size(self, uid: int) -> int:
        _, found = self._opened().client.uid("fetch", str(uid), "(RFC822.SIZE)")
        told = b" ".join(part for part in found if isinstance(part, bytes))
        number = told.upper().partition(b"RFC822.SIZE ")[2].partition(b")")[0].split(b" ")[0]
        return int(number) if number.isdigit() else 0

    def wait(self) -> None:
        """Until there may be something new: told by the server, or after a while."""
        box = self._opened()
        if "IDLE" in box.client.capabilities:
            box.idle.wait(timeout=IDLE_S)
        else:
            time.sleep(_LOOK_S)
            box.client.noop()

    def cut(self) -> None:
        """End the connection from outside, without a word."""
        if self._box is not None:
            with suppress(OSError, AttributeError):
                self._box.client.sock.shutdown(socket.SHUT_RDWR)
            with suppress(OSError, AttributeError):
                self._box.client.shutdown()

    def _opened(self) -> BaseMailBox:
        if self._box is None:
            raise OSError("the mailbox is not open")
        return self._box


def _refused(error: Exception) -> bool:
    return "AUTHENTICATIONFAILED" in str(error).upper() or isinstance(error, MailboxLoginError)


def _words(error: Exception, host: str) -> str:
    """What went wrong, without what was said: a server repeats passwords in its answers."""
    if _refused(error):
        return f"the mail server {host} refuses the user or the password"
    if isinstance(error, TimeoutError):
        return f"the mail server {host} did not answer in time"
    if isinstance(error, imaplib.IMAP4.abort):
        return f"the mail server {host} ended the connection"
    if isinstance(error, OSError):
        return f"the mail server {host} can't be reached"
    return f"the mail server {host} answers in a way that is not understood ({type(error).__name__})"
