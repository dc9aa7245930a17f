"""Telegram's updates, as far as they matter here; see https://core.telegram.org/bots/api#update for the rest.

What is not named is ignored; the raw update keeps it.
"""

from typing import Annotated

import msgspec

from channels.protocol import Malformed
from channels.settings import Fault

# Telegram's ids are documented to have at most 52 significant bits.
Number = Annotated[int, msgspec.Meta(ge=-(2**53), le=2**53)]
ALLOWED = ("message", "edited_message", "callback_query")
"""The kinds of update that are asked for."""


class Part(msgspec.Struct, frozen=True, kw_only=True):
    """A part of an update."""


class Chat(Part, frozen=True, kw_only=True):
    """Where it was said."""

    id: Number
    type: str = "private"


class User(Part, frozen=True, kw_only=True):
    """Who said it."""

    id: Number
    first_name: str = ""
    last_name: str = ""
    username: str = ""
    language_code: str = ""
    is_bot: bool = False


class File(Part, frozen=True, kw_only=True):
    """A file that can be fetched by its id; sizes in bytes, 0 where they are not told."""

    file_id: str
    file_name: str = ""
    mime_type: str = ""
    file_size: Number = 0
    width: Number = 0
    height: Number = 0


class Location(Part, frozen=True, kw_only=True):
    """A place on Earth, in degrees."""

    latitude: float
    longitude: float


class Venue(Part, frozen=True, kw_only=True):
    """A place that has a name."""

    location: Location
    title: str = ""
    address: str = ""


class Contact(Part, frozen=True, kw_only=True):
    """Somebody's telephone number."""

    phone_number: str
    first_name: str = ""
    last_name: str = ""


class Button(Part, frozen=True, kw_only=True):
    """A button that a message of ours has."""

    text: str = ""
    callback_data: str = ""


class Keyboard(Part, frozen=True, kw_only=True):
    """The buttons of a message of ours."""

    inline_keyboard: tuple[tuple[Button, ...], ...] = ()


class Said(Part, frozen=True, kw_only=True):
    """A message."""

    message_id: Number
    chat: Chat
    from_: User | None = msgspec.field(name="from", default=None)
    date: Number = 0
    edit_date: Number = 0
    text: str = ""
    caption: str = ""
    message_thread_id: Number = 0
    is_topic_message: bool = False
    media_group_id: str = ""
    photo: tuple[File, ...] = ()
    document: File | None = None
    voice: File | None = None
    audio: File | None = None
    video: File | None = None
    video_note: File | None = None
    animation: File | None = None
    sticker: File | None = None
    location: Location | None = None
    venue: Venue | None = None
    contact: Contact | None = None
    migrate_to_chat_id: Number = 0
    migrate_from_chat_id: Number = 0
    reply_markup: Keyboard | None = None


class Pressed(Part, frozen=True, kw_only=True):
    """A button was pressed."""

    id: str
    from_: User = msgspec.field(name="from")
    message: Said | None = None
    data: str = ""


class Update(Part, frozen=True, kw_only=True):
    """One of these."""

    update_id: Number
    message: Said | None = None
    edited_message: Said | None = None
    callback_query: Pressed | None = None


_decoder = msgspec.json.Decoder(Update)


def parse(raw: bytes) -> Update:
    """Read an update; raises `Malformed`."""
    try:
        return _decoder.decode(raw)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise Malformed(Fault("", "update", f"This is not an update of the Bot API: {error}.")) from None
