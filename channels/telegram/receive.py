"""From an update to envelopes; files are only named by it, and fetched later."""

import hashlib
import json
from datetime import UTC, datetime
from typing import NamedTuple

from msgspec.structs import replace

from bus.envelope import Action, Attachment, Edit, Event, Inbound, Message, Move, Sender
from bus.ids import album_key, message_id
from channels.protocol import Received
from channels.telegram.update import Contact, File, Location, Said, Update, User

KIND = "telegram"
GEOJSON, VCARD = "application/geo+json", "text/vcard"


class Named(NamedTuple):
    """A file that a message names: what it will be called, and its id on the platform."""

    id: str
    name: str
    type: str
    size: int


class _Came(NamedTuple):
    """How an update came."""

    channel_id: str
    raw: bytes
    now: datetime


class _Made(NamedTuple):
    """A file whose content stands in the message."""

    name: str
    type: str
    content: bytes
    text: str


def received(channel_id: str, update: Update, raw: bytes, now: datetime) -> Received:
    """What an update says, without the files that have to be fetched."""
    came = _Came(channel_id, raw, now)
    if (said := update.message) is not None:
        return _message(came, said)
    if (edited := update.edited_message) is not None and edited.from_ is not None:
        target = f"{edited.chat.id}:{edited.message_id}"
        album = _album(edited)
        edit = Edit(target=album_key(album) if album else target, text=_clean(edited.text or edited.caption))
        key = f"edit:{target}:{edited.edit_date}:{update.update_id}"
        return Received((_inbound(came, key, edited, edited.from_, edit),))
    if (pressed := update.callback_query) is not None and pressed.message is not None:
        action = Action(value=_clean(pressed.data), text=_clean(_label(pressed.message, pressed.data)))
        key = f"button:{pressed.id}"
        return Received((_inbound(came, key, pressed.message, pressed.from_, action),))
    return Received(())


def named(said: Said) -> list[Named]:
    """The files that a message names; of a photo's sizes the largest."""
    found: list[Named] = []
    if said.photo:
        largest = max(said.photo, key=lambda size: (size.width * size.height, size.file_size))
        found.append(_named(largest, "photo.jpg", "image/jpeg"))
    if said.document is not None and said.animation is None:
        found.append(_named(said.document, "file", "application/octet-stream"))
    for file, name, type_ in (
        (said.voice, "voice.ogg", "audio/ogg"),
        (said.audio, "audio.mp3", "audio/mpeg"),
        (said.video, "video.mp4", "video/mp4"),
        (said.video_note, "video.mp4", "video/mp4"),
        (said.animation, "animation.mp4", "video/mp4"),
        (said.sticker, "sticker.webp", "image/webp"),
    ):
        if file is not None:
            found.append(_named(file, name, type_))
    return found


def thread_of(said: Said) -> str:
    """The platform's conversation: "" between a user and the bot, else the group's id and the topic's."""
    if said.chat.type == "private":
        return ""
    return f"{said.chat.id}/{said.message_thread_id}" if said.is_topic_message else str(said.chat.id)


def attachment(name: str, type_: str, content: bytes) -> Attachment:
    """A file by reference."""
    return Attachment(name=name, type=type_, size=len(content), blob=hashlib.sha256(content).hexdigest())


def _message(came: _Came, said: Said) -> Received:
    if said.migrate_to_chat_id or said.migrate_from_chat_id:
        return _moved(came, said)
    if said.from_ is None or said.from_.is_bot:
        return Received(())
    made = _made(said)
    lines = [said.text or said.caption, *(one.text for one in made)]
    text = _clean("\n".join(line for line in lines if line))
    if not (text or named(said) or made):
        # Somebody joined, a title changed: nothing was said.
        return Received(())
    event = Message(
        text=text,
        attachments=tuple(attachment(one.name, one.type, one.content) for one in made),
        album=_album(said),
    )
    key = f"{said.chat.id}:{said.message_id}"
    inbound = _inbound(came, key, said, said.from_, event)
    return Received((inbound,), tuple(one.content for one in made))


def _album(said: Said) -> str:
    return f"{said.chat.id}:{said.media_group_id}" if said.media_group_id else ""


def _moved(came: _Came, said: Said) -> Received:
    """A group became a supergroup: both are told, each with the other's id."""
    before = said.migrate_from_chat_id or said.chat.id
    after = said.migrate_to_chat_id or said.chat.id
    group = User(id=before)
    inbound = _inbound(came, f"moved:{before}:{after}", said, group, Move(thread=str(after)))
    return Received((replace(inbound, thread=str(before)),))


def _inbound(came: _Came, external_id: str, said: Said, user: User, event: Event) -> Inbound:
    return Inbound(
        id=message_id(came.channel_id, external_id),
        channel_id=came.channel_id,
        channel_kind=KIND,
        external_id=external_id,
        sender=_sender(user),
        event=event,
        received_at=came.now,
        thread=thread_of(said),
        sent_at=_instant(said.edit_date or said.date),
        raw=came.raw,
    )


def _sender(user: User) -> Sender:
    told = {"telegram_username": user.username, "telegram_language": user.language_code}
    return Sender(
        address=str(user.id),
        name=_clean(f"{user.first_name} {user.last_name}".strip())[:256],
        attributes={name: _clean(value) for name, value in told.items() if value},
        # Telegram itself says who wrote.
        verified=True,
        # A user has one id, whichever bot they write to.
        identity=f"telegram:{user.id}",
    )


def _instant(seconds: int) -> datetime | None:
    # The year 9999 is beyond what dates can hold in other zones.
    return datetime.fromtimestamp(seconds, UTC) if 0 < seconds < 250_000_000_000 else None


def _label(said: Said, data: str) -> str:
    """What the pressed button says."""
    rows = said.reply_markup.inline_keyboard if said.reply_markup else ()
    return next((one.text for row in rows for one in row if one.callback_data == data), data)


def _named(file: File, name: str, type_: str) -> Named:
    return Named(
        file.file_id, _clean(file.file_name)[:255] or name, _clean(file.mime_type) or type_, file.file_size
    )


def _made(said: Said) -> list[_Made]:
    made: list[_Made] = []
    place = said.venue.location if said.venue is not None else said.location
    if place is not None:
        title = f"{said.venue.title}, {said.venue.address}" if said.venue is not None else ""
        made.append(_place(place, title.strip(", ")))
    if said.contact is not None:
        made.append(_card(said.contact))
    return made


def _place(place: Location, title: str) -> _Made:
    at = f"{place.latitude:.6f}, {place.longitude:.6f}"
    feature = {
        "type": "Feature",
        "geometry": {"type": "Point", "coordinates": [place.longitude, place.latitude]},
        "properties": {"name": title},
    }
    content = json.dumps(feature, ensure_ascii=False).encode("utf-8", "replace")
    return _Made("location.geojson", GEOJSON, content, f"📍 {title} ({at})" if title else f"📍 {at}")


def _card(contact: Contact) -> _Made:
    name = f"{contact.first_name} {contact.last_name}".strip()
    lines = (
        "BEGIN:VCARD",
        "VERSION:3.0",
        f"FN:{_line(name)}",
        f"TEL:{_line(contact.phone_number)}",
        "END:VCARD",
    )
    content = "\r\n".join((*lines, "")).encode("utf-8", "replace")
    return _Made("contact.vcf", VCARD, content, f"👤 {name}: {contact.phone_number}")


def _line(text: str) -> str:
    return " ".join(text.split())


def _clean(text: str) -> str:
    """What both databases can hold."""
    return text.replace("\0", "").encode("utf-8", "replace").decode()
