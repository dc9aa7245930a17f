"""From an `Outbound` to calls of the Bot API: texts in pieces, then its files, each a message there."""

import json
from collections.abc import Awaitable, Callable, Iterator
from typing import Any, Final

from telegram import Bot, InlineKeyboardButton, InlineKeyboardMarkup, Message, MessageEntity

from bus.envelope import Attachment, Option, Outbound
from channels.pieces import worded
from channels.protocol import Rejected
from channels.telegram.markup import Piece, pieces, units
from channels.telegram.receive import GEOJSON, VCARD

Call = Callable[[Bot, "Target"], Awaitable[Message]]
"""One message to be sent."""
Fetch = Callable[[str], Awaitable[bytes]]

# https://core.telegram.org/bots/api#sending-files and #inlinekeyboardbutton
_LARGEST_PHOTO: Final = 10 * 1024 * 1024
_LARGEST_FILE: Final = 50 * 1024 * 1024
_LONGEST_DATA: Final = 64
_PHOTOS: Final = frozenset({"image/jpeg", "image/png", "image/webp"})


class Target:
    """Where a message goes: a chat, and in a group with topics one of them."""

    def __init__(self, thread: str, address: str) -> None:
        chat, _, topic = (thread or address).partition("/")
        if not _number(chat) or (topic and not _number(topic)):
            raise Rejected("this is no address of Telegram's")
        self.chat = int(chat)
        self.topic = int(topic) if topic else None

    @property
    def where(self) -> dict[str, Any]:
        """As the Bot API's calls take it."""
        return {"chat_id": self.chat, "message_thread_id": self.topic}


def calls(outbound: Outbound, fetch: Fetch) -> list[Call]:
    """The calls that an outbound message takes, in order."""
    saying = [_saying(piece, options) for piece, options in texts(outbound)]
    return [*saying, *(_giving(one, fetch) for one in outbound.attachments)]


def texts(outbound: Outbound) -> list[tuple[Piece, tuple[Option, ...]]]:
    """The text in pieces, the last of them with the options that are shown as buttons."""
    pressed = _pressable(outbound.options)
    plain = outbound.text if pressed else worded(outbound)
    found = pieces(plain, outbound.html if pressed or not outbound.options else None)
    if pressed and not found:
        found = [Piece("…", ())]
    return [(piece, pressed if piece is found[-1] else ()) for piece in found]


def _saying(piece: Piece, options: tuple[Option, ...]) -> Call:
    entities = [
        MessageEntity(mark.kind, *units(piece.text, mark), url=mark.url or None) for mark in piece.marks
    ]
    rows = [[InlineKeyboardButton(one.label, callback_data=one.value)] for one in options]
    markup = InlineKeyboardMarkup(rows) if rows else None

    async def call(bot: Bot, target: Target) -> Message:
        return await bot.send_message(
            text=piece.text, entities=entities or None, reply_markup=markup, **target.where
        )

    return call


def _giving(file: Attachment, fetch: Fetch) -> Call:
    async def call(bot: Bot, target: Target) -> Message:
        if file.size > _LARGEST_FILE:
            raise Rejected(f"{file.name} has more than the 50 MB that Telegram takes")
        content = await fetch(file.blob)
        if file.type == GEOJSON and (place := _place(content)):
            return await bot.send_location(latitude=place[0], longitude=place[1], **target.where)
        if file.type == VCARD and (card := _card(content)):
            return await bot.send_contact(
                phone_number=card["TEL"], first_name=card["FN"], vcard=content.decode(), **target.where
            )
        if file.type in _PHOTOS and file.size <= _LARGEST_PHOTO:
            return await bot.send_photo(photo=content, filename=file.name, **target.where)
        if file.type == "audio/ogg":
            return await bot.send_voice(voice=content, filename=file.name, **target.where)
        return await bot.send_document(document=content, filename=file.name, **target.where)

    return call


def _pressable(options: tuple[Option, ...]) -> tuple[Option, ...]:
    """The options as buttons; none where one of them is more than a button can carry."""
    fits = all(0 < len(one.value.encode()) <= _LONGEST_DATA and one.label for one in options)
    return options if fits else ()


def _place(content: bytes) -> tuple[float, float] | None:
    """Latitude and longitude of a GeoJSON point (RFC 7946)."""
    try:
        longitude, latitude = json.loads(content)["geometry"]["coordinates"][:2]
        return float(latitude), float(longitude)
    except (ValueError, TypeError, KeyError, UnicodeDecodeError, RecursionError):
        return None


def _card(content: bytes) -> dict[str, str]:
    """Name and number of a vCard; empty where it lacks one of them."""
    found = dict(_lines(content))
    return found if {"FN", "TEL"} <= found.keys() else {}


def _lines(content: bytes) -> Iterator[tuple[str, str]]:
    for line in content.decode("utf-8", "replace").splitlines()[:200]:
        name, _, value = line.partition(":")
        if value:
            yield name.partition(";")[0].upper(), value


def _number(text: str) -> bool:
    digits = text.removeprefix("-")
    return digits.isascii() and digits.isdigit() and len(digits) < 20
