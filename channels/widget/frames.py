"""What a visitor's browser says over its socket, as it is documented, and how it is checked."""

from typing import Annotated, Any

import msgspec

from channels.protocol import Malformed, TooLarge
from channels.settings import Fault

LONGEST_FRAME = 64 * 1024
LONGEST_TEXT = 16_000
_LONGEST_CLIENT_ID = 64
_LONGEST_VALUE = 256
_LONGEST_PLACE = 2_000
_LONGEST_FIGURE = 500

MOST_FILES = 10
UploadId = Annotated[str, msgspec.Meta(min_length=1, max_length=64)]
ClientId = Annotated[str, msgspec.Meta(min_length=1, max_length=_LONGEST_CLIENT_ID)]


Label = Annotated[str, msgspec.Meta(min_length=1, max_length=100)]
Figure = Annotated[str, msgspec.Meta(max_length=_LONGEST_FIGURE)] | int | float | bool | None


class Frame(msgspec.Struct, frozen=True, kw_only=True, tag_field="type"):
    """Something a visitor's browser said; fields nobody knows are ignored."""


class Context(msgspec.Struct, frozen=True, kw_only=True):
    """The page that the visitor looks at."""

    page: str = ""
    referrer: str = ""
    title: str = ""
    language: str = ""


class Hello(Frame, frozen=True, kw_only=True, tag="hello"):
    """The first frame: who, and the last message that was shown."""

    token: str
    after: str | None = None


class Said(Frame, frozen=True, kw_only=True, tag="message"):
    """A message. The same `client_id` again is the same message.

    `attachments` are uploads of this visitor; `name` and `email` are what somebody new was asked for.
    """

    client_id: ClientId
    text: str = ""
    attachments: Annotated[tuple[UploadId, ...], msgspec.Meta(max_length=MOST_FILES)] = ()
    context: Context | None = None
    name: Annotated[str, msgspec.Meta(max_length=256)] = ""
    email: Annotated[str, msgspec.Meta(max_length=320)] = ""


class Chose(Frame, frozen=True, kw_only=True, tag="action"):
    """An option that was chosen: its value, and the text that was on it."""

    client_id: ClientId
    value: Annotated[str, msgspec.Meta(min_length=1, max_length=_LONGEST_VALUE)]
    text: str = ""


class Types(Frame, frozen=True, kw_only=True, tag="typing"):
    """The visitor is typing."""


class Read(Frame, frozen=True, kw_only=True, tag="read"):
    """The visitor has seen everything up to this message's cursor."""

    cursor: Annotated[str, msgspec.Meta(pattern="^[0-9]{1,18}$")]


class Looked(Frame, frozen=True, kw_only=True, tag="page"):
    """The visitor came to a page of the site; said with their consent only."""

    page: Annotated[str, msgspec.Meta(min_length=1, max_length=_LONGEST_PLACE)]
    title: Annotated[str, msgspec.Meta(max_length=_LONGEST_PLACE)] = ""


class Tracked(Frame, frozen=True, kw_only=True, tag="event"):
    """Something the site says the visitor did; said with their consent only."""

    name: Annotated[str, msgspec.Meta(min_length=1, max_length=100)]
    data: Annotated[dict[Label, Figure], msgspec.Meta(max_length=20)] = {}


AnyFrame = Hello | Said | Chose | Types | Read | Looked | Tracked
_frames: "msgspec.json.Decoder[AnyFrame]" = msgspec.json.Decoder(AnyFrame)


class _Named(msgspec.Struct, frozen=True):
    client_id: ClientId


_named = msgspec.json.Decoder(_Named)


def parse(raw: bytes) -> AnyFrame:
    """Read a frame; raises `Malformed` or `TooLarge`."""
    if len(raw) > LONGEST_FRAME:
        raise TooLarge(f"a frame has at most {LONGEST_FRAME} bytes")
    try:
        frame = _frames.decode(raw)
    # ValueError: msgspec's errors, and bytes that are not UTF-8.
    except (ValueError, RecursionError) as error:
        raise Malformed(Fault("", "malformed", str(error))) from None
    if isinstance(frame, Said | Chose):
        _check(frame)
    # Only a frame that spells the character can hold it.
    if b"\\u0000" in raw and _holds_nul(frame):
        raise Malformed(Fault("", "nul", "a text can't hold the character U+0000"))
    return frame


def client_id(raw: bytes) -> str | None:
    """The `client_id` of a frame that was refused, if it can be told."""
    try:
        return _named.decode(raw).client_id
    except (ValueError, RecursionError):
        return None


def _check(frame: Said | Chose) -> None:
    if len(frame.text) > LONGEST_TEXT:
        raise TooLarge(f"a text has at most {LONGEST_TEXT} characters")
    if isinstance(frame, Said) and not frame.text.strip() and not frame.attachments:
        raise Malformed(Fault("/text", "missing", "a message has a text or an attachment"))


def _holds_nul(frame: AnyFrame) -> bool:
    # What a page says of itself is cleaned instead, see `places`.
    pending: list[Any] = [msgspec.structs.replace(frame, context=None) if isinstance(frame, Said) else frame]
    while pending:
        value = pending.pop()
        if isinstance(value, str) and "\0" in value:
            return True
        if isinstance(value, msgspec.Struct):
            pending += msgspec.structs.astuple(value)
        elif isinstance(value, tuple):
            pending += value
        elif isinstance(value, dict):
            pending += (*value, *value.values())
    return False


def places(context: Context) -> dict[str, str]:
    """What is known of where the visitor stands, cut to a sensible length."""
    given = msgspec.structs.asdict(context)
    return {name: text.replace("\0", "")[:_LONGEST_PLACE] for name, text in given.items() if text}
