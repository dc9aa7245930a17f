"""The envelope: what a channel heard, in one versioned form that every process understands.

On the wire an envelope is one version byte followed by MessagePack. A reader refuses a version it does
not know (`UnknownVersion`) and bytes that are not an envelope (`Malformed`); fields it does not know are
ignored, so an older process can read what a newer one added.

    EnvelopeError
    ├── UnknownVersion   written by a newer release: upgrade this process, the bytes are kept
    └── Malformed        not an envelope at all
"""

from datetime import UTC, datetime, timedelta
from typing import Annotated, Any, NamedTuple, TypeVar

import msgspec

VERSION = 1
T = TypeVar("T")


class EnvelopeError(Exception):
    """An envelope could not be read."""


class UnknownVersion(EnvelopeError):
    """The envelope was written by a release this one does not know."""


class Malformed(EnvelopeError):
    """The bytes are not an envelope."""


class Value(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A frozen value; defaults are left out on the wire."""


class Attachment(Value, frozen=True, kw_only=True):
    """A file that travels by reference: `blob` is its SHA-256 in hex, `size` in bytes."""

    name: str
    type: str
    size: int
    blob: str


class Sender(Value, frozen=True, kw_only=True):
    """Who wrote: `address` is the platform's own id for them, unique on the channel.

    `identity`, which the channel has proven, says who they are on every channel that can prove it.
    """

    address: str
    name: str = ""
    email: str = ""
    attributes: dict[str, Any] = {}
    verified: bool = False
    identity: str = ""


class Apart(Value, frozen=True, kw_only=True):
    """Where a message belongs that can't go where it was meant to: a conversation of its writer's own."""

    channel_id: str
    channel_kind: str
    sender: Sender
    thread: str


class Message(Value, tag="message", frozen=True, kw_only=True):
    """A customer's message. `automatic` marks auto-replies and bounces: stored, never answered.

    What a platform sends as several events with one `album` is one message, whichever of them comes first.
    `apart` is there where it answers what agents passed on to somebody: it is a note in the conversation that
    this came from, and once that is over it goes where `apart` says.
    """

    text: str
    html: str | None = None
    subject: str = ""
    attachments: tuple[Attachment, ...] = ()
    automatic: bool = False
    language: str = ""
    album: str = ""
    apart: Apart | None = None


class Edit(Value, tag="edit", frozen=True, kw_only=True):
    """The text of an earlier message (by its external id) changed."""

    target: str
    text: str


class Delete(Value, tag="delete", frozen=True, kw_only=True):
    """An earlier message (by its external id) was withdrawn."""

    target: str


class Action(Value, tag="action", frozen=True, kw_only=True):
    """The customer chose an option: `value` is the option's value, `text` what they saw."""

    value: str
    text: str = ""


class Typing(Value, tag="typing", frozen=True, kw_only=True):
    """The customer is typing; never stored."""


class Receipt(Value, tag="receipt", frozen=True, kw_only=True):
    """The platform reports `state` (`delivered`, `read`, `failed`) for one of our messages."""

    target: str
    state: str


class Move(Value, tag="move", frozen=True, kw_only=True):
    """A platform's conversation goes on under another id."""

    thread: str


Event = Message | Edit | Delete | Action | Typing | Receipt | Move


class Mark(NamedTuple):
    """An accepted event's place in the ledger, never used twice.

    `number` counts from 1 what `source` (one process's way to one lane) accepted on the channel in that
    minute; 0: it was never numbered.
    """

    minute: datetime
    channel_id: str
    source: str
    number: int


class _MinuteOf:
    """Remembers the last minute: nearly every event lies in it, and to make it anew takes 2 µs."""

    def __init__(self) -> None:
        self._last = (datetime.max.replace(tzinfo=UTC), datetime.min.replace(tzinfo=UTC))

    def __call__(self, instant: datetime) -> datetime:
        """The minute that an instant lies in."""
        begin, end = self._last
        if not begin <= instant < end:
            begin = instant.replace(second=0, microsecond=0)
            self._last = begin, begin + _MINUTE
        return begin


_MINUTE = timedelta(minutes=1)
minute_of = _MinuteOf()


class Inbound(Value, frozen=True, kw_only=True):
    """One event from a platform.

    `id` is derived from `channel_id` and `external_id` (`bus.ids.message_id`). `thread` is the platform's
    conversation, "" where it has none. `context` is where the customer stood (page, referrer, campaign,
    device). `raw` is the platform's own bytes; past 64 KB they are in the blob store and `raw_blob` names
    them. `source` and `number` say how many the process that accepted it had accepted before (see `Mark`).
    `through` is the channel that it was accepted on, where it belongs into a conversation of another one.
    """

    id: str
    channel_id: str
    channel_kind: str
    external_id: str
    sender: Sender
    event: Event
    received_at: datetime
    thread: str = ""
    context: dict[str, Any] = {}
    sent_at: datetime | None = None
    raw: bytes = b""
    raw_blob: str = ""
    source: str = ""
    number: int = 0
    through: str = ""

    @property
    def mark(self) -> Mark:
        """Its place in the ledger."""
        accepted_on = self.through or self.channel_id
        return Mark(minute_of(self.received_at), accepted_on, self.source, self.number)


class Option(Value, frozen=True, kw_only=True):
    """A choice offered to the customer: a button where the channel has them, else a numbered line."""

    value: str
    label: str


class Outbound(Value, frozen=True, kw_only=True):
    """One message to a customer, as a channel sends it. `id` is the same on every attempt.

    `asks` is what the options answer, where the text is no question itself. `sent` are the platform's ids of
    the parts of it that earlier attempts have sent. `context` is what only
    some platforms need, such as the mails that a mail answers.
    """

    id: str
    conversation_id: str
    thread: str
    address: str
    author: str
    text: str
    created_at: datetime
    html: str | None = None
    subject: str = ""
    attachments: tuple[Attachment, ...] = ()
    options: tuple[Option, ...] = ()
    asks: str = ""
    context: dict[str, Any] = {}
    sent: tuple[str, ...] = ()


class _Marked(Value, frozen=True, kw_only=True):
    """What of an envelope says its place, whatever else a later release has made of it."""

    channel_id: str
    received_at: Annotated[datetime, msgspec.Meta(tz=True)]
    source: str
    number: int


class Wake(Value, frozen=True, kw_only=True):
    """The outbound lane's message: this conversation of this channel has something to send.

    `bulk`: the customer has not written in it, so it may wait for replies.
    """

    channel_id: str
    conversation_id: str
    bulk: bool = False


_encoder = msgspec.msgpack.Encoder()
_inbound = msgspec.msgpack.Decoder(Inbound)
_wake = msgspec.msgpack.Decoder(Wake)
_marked = msgspec.msgpack.Decoder(_Marked)
_PREFIX = bytes([VERSION])


def encode(value: Inbound | Wake) -> bytes:
    """The wire form: version byte, then MessagePack."""
    return _PREFIX + _encoder.encode(value)


def decode(body: bytes) -> Inbound:
    """Read an `Inbound`; raises `UnknownVersion` or `Malformed`."""
    return _read(body, _inbound)


def mark(body: bytes) -> Mark | None:
    """The place in the ledger of an envelope that may not be readable otherwise; None where it has none."""
    try:
        found = _marked.decode(memoryview(body)[1:])
        return Mark(minute_of(found.received_at), found.channel_id, found.source, found.number)
    except (msgspec.DecodeError, msgspec.ValidationError, OverflowError):
        return None


def decode_wake(body: bytes) -> Wake:
    """Read a `Wake`; raises `UnknownVersion` or `Malformed`."""
    return _read(body, _wake)


def _read(body: bytes, decoder: "msgspec.msgpack.Decoder[T]") -> T:
    if not body:
        raise Malformed("an envelope can't be empty")
    if body[0] != VERSION:
        raise UnknownVersion(f"envelope version {body[0]}; this release reads version {VERSION}")
    try:
        return decoder.decode(memoryview(body)[1:])
    except (msgspec.DecodeError, msgspec.ValidationError) as error:
        raise Malformed(str(error)) from error
