"""The channel protocol: what a platform's folder offers, and the words it uses for what went wrong.

A channel knows one platform's language and nothing of bus, store or router: it makes envelopes from what
the platform sent and sends what it is given. To add one, see docs/ADDING_A_CHANNEL.md.

    ReceiveError             nothing was taken
    ├── Unauthenticated      the sender did not prove who it is
    ├── Malformed            not what the platform's language allows; `faults` say where and why
    ├── TooLarge             more than is taken at once
    └── Unheard              it can't be listened to now; the text says why, in words, without secrets
    SendError                the message was not sent; the text says why, in words, without secrets
    ├── Retryable            try again, `after` seconds from now where the platform named them
    │   ├── Slowed           it is well, and asks for fewer at once
    │   └── Denied           the platform does not accept the channel's credentials
    ├── Doubtful             it may or may not have arrived, and would be shown twice if sent again
    ├── Rejected             this message will never be taken; a person may change something and retry
    ├── Unreachable          the address takes no messages any more
    └── Gone                 the platform takes nothing from this channel any more
"""

from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping
from contextlib import AbstractAsyncContextManager
from datetime import datetime
from typing import Any, ClassVar, NamedTuple, Protocol, Self

import aiohttp

from bus.envelope import Inbound, Outbound
from bus.live import Rate
from channels.settings import Fault, Settings


class ReceiveError(Exception):
    """What the platform sent was not taken."""


class Unauthenticated(ReceiveError):
    """The sender did not prove who it is."""


class Malformed(ReceiveError):
    """The body is not in the platform's language."""

    def __init__(self, *faults: Fault) -> None:
        super().__init__("; ".join(f"{fault.pointer}: {fault.detail}" for fault in faults))
        self.faults = faults


class TooLarge(ReceiveError):
    """The body is larger than the channel takes at once."""


class Unheard(ReceiveError):
    """The platform can't be listened to: `after` is its own wish in seconds for the next attempt, or None."""

    def __init__(self, why: str, after: float | None = None) -> None:
        super().__init__(why)
        self.after = after


class SendError(Exception):
    """The message was not sent. `sent` are the platform's ids of the parts that it took all the same, where a
    message goes as several: the next attempt finds them in `Outbound.sent`."""

    sent: tuple[str, ...] = ()


class Retryable(SendError):
    """It may work later: `after` is the platform's own wish in seconds, None where it named none."""

    def __init__(self, why: str, after: float | None = None) -> None:
        super().__init__(why)
        self.after = after


class Slowed(Retryable):
    """The platform is well and asks for fewer messages at once."""


class Denied(Retryable):
    """The platform does not accept the channel's credentials: no message goes until they are changed."""


class Doubtful(SendError):
    """It may or may not have arrived, and the platform would show it twice: a person decides."""


class Rejected(SendError):
    """The platform will not take this message as it is."""


class Unreachable(SendError):
    """The address takes no messages any more."""


class Gone(SendError):
    """The platform takes nothing from this channel any more; `settings` are what the channel's become."""

    def __init__(self, why: str, settings: Mapping[str, Any]) -> None:
        super().__init__(why)
        self.settings = dict(settings)


class AddressRefused(OSError):
    """The outbound guard: the address is not one that outbound calls may reach."""


class Capabilities(NamedTuple):
    """What a platform can do. `longest_text` is in the units it counts in; None takes any.

    `media` are files, `buttons` options to press, `receipts` reports of delivery, `typing` that somebody
    writes, `edits` texts that change later. `idempotent`: it recognises a message it was sent before, so that
    sending it again is harmless. `rate` is what it takes on the whole channel, `conversation_rate` in one
    conversation; None is no limit.
    """

    longest_text: int | None
    media: bool
    buttons: bool
    receipts: bool
    typing: bool
    edits: bool
    idempotent: bool
    rate: Rate | None = None
    conversation_rate: Rate | None = None


class HookRequest(NamedTuple):
    """What came in over HTTP. The headers are looked up without regard to case."""

    channel_id: str
    headers: Mapping[str, str]
    body: bytes
    now: datetime


class Received(NamedTuple):
    """What was heard, and the bytes of the files it refers to (by their SHA-256), not yet stored."""

    events: tuple[Inbound, ...]
    files: tuple[bytes, ...] = ()


class Heard(NamedTuple):
    """What listening brought, and where to go on once that is durable.

    One with nothing in it says that the platform can be heard.
    """

    received: Received
    cursor: str


class Sent(NamedTuple):
    """The platform took it. `external_id` is its own id for the message, "" where it gave none.

    `kept`: there is nowhere to send it to; who is at the other end reads it from the desk.
    """

    external_id: str = ""
    kept: bool = False


class Tools(NamedTuple):
    """What a channel may use of the world: calls through the guard, stored files by SHA-256, the clock."""

    http: aiohttp.ClientSession
    fetch: Callable[[str], Awaitable[bytes]]
    now: Callable[[], datetime]


class Channel(AbstractAsyncContextManager["Channel", None], Protocol):
    """A connection to a platform; open it with `async with` before it sends or listens.

    Inherit it: what a platform does not have is answered here. `longest_body` is the most bytes a hook reads;
    0 where the platform has no hook. `completes`: what was received is run through `complete`.
    """

    kind: ClassVar[str]
    capabilities: ClassVar[Capabilities]
    longest_body: ClassVar[int] = 0
    completes: ClassVar[bool] = False
    settings_type: ClassVar[type[Settings]]

    def __init__(self, channel_id: str, settings: Any, tools: Tools) -> None: ...

    @property
    def polls(self) -> bool:
        """Whether it has to be listened to, because the platform does not call."""
        return False

    def receive(self, request: HookRequest) -> Received:
        """Make envelopes of what came in; pure, whatever the bytes are.

        Raises `Unauthenticated`, `Malformed` or `TooLarge`.
        """
        raise Unauthenticated("this channel has no hook")

    async def complete(self, received: Received) -> Received:
        """Fetch what the platform only named (files, mostly), before it is made durable; raises `Unheard`."""
        return received

    def listen(self, cursor: str) -> AsyncGenerator[Heard, None]:
        """What comes in, from a cursor of its own on, "" at first; raises `Unheard`.

        It is asked for more once what it gave is durable and the cursor saved, so it may tell the platform
        then. It may be begun again from any cursor it gave, and may give again what it gave before.
        """
        raise Unheard("this channel is not listened to")

    async def send(self, outbound: Outbound) -> Sent:
        """Give a message to the platform; raises `SendError` alone."""
        ...

    async def connect(self, hook: str) -> None:
        """Ask the platform whether what is set up is right, and tell it to call `hook` where it calls.

        Run when settings are saved and by `frontdesk channel test`; sends no message. Raises `SendError`,
        `Denied` where the credentials are refused.
        """
        return None

    async def probe(self) -> None:
        """Find out whether messages would arrive, for `frontdesk channel test` alone; raises `SendError`."""
        return None

    async def type(self, thread: str, address: str) -> None:
        """Show that somebody is writing, where the platform can; raises `SendError`."""
        return None

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_exc: object) -> None:
        return None
