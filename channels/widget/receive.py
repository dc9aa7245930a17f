"""From a visitor's frame to the envelope."""

from datetime import datetime
from typing import Any, NamedTuple

from bus.envelope import Action, Attachment, Event, Inbound, Message, Sender
from bus.ids import message_id
from channels.widget.frames import Chose, Looked, Said, Tracked, places

KIND = "widget"


class Visitor(NamedTuple):
    """Who holds a socket, as their token says; the site vouched for them (`verified`), and their address."""

    id: str
    name: str = ""
    email: str = ""
    verified: bool = False
    email_verified: bool = False


def external_id(visitor: str, client_id: str) -> str:
    """The key of a message: a client's id means nothing beyond its visitor."""
    return f"{visitor}:{client_id}"


def client_id(visitor: str, external: str) -> str | None:
    """The client's id in a message's key; None where the message is not this visitor's."""
    return external.removeprefix(f"{visitor}:") if external.startswith(f"{visitor}:") else None


def envelope(
    channel_id: str,
    visitor: Visitor,
    frame: Said | Chose,
    raw: bytes,
    now: datetime,
    *,
    files: tuple[Attachment, ...] = (),
) -> Inbound:
    """What was said as an `Inbound`; `files` are what the uploads that it names hold."""
    key = external_id(visitor.id, frame.client_id)
    told = frame if isinstance(frame, Said) else None
    email = visitor.email or (told.email if told else "")
    return Inbound(
        id=message_id(channel_id, key),
        channel_id=channel_id,
        channel_kind=KIND,
        external_id=key,
        sender=Sender(
            address=visitor.id,
            name=visitor.name or (told.name if told else ""),
            email=email,
            # An address that only the page names proves nothing, and rules may go by it.
            verified=visitor.verified and (visitor.email_verified or not email),
        ),
        event=_event(frame, files),
        received_at=now,
        context=places(told.context) if told and told.context else {},
        raw=raw,
    )


def visit(frame: Looked | Tracked) -> tuple[str, str, dict[str, Any]]:
    """What a site tells of its visitor: `page` or `event`, its address or name, and what belongs to it."""
    if isinstance(frame, Looked):
        return "page", frame.page, {"title": frame.title} if frame.title else {}
    return "event", frame.name, frame.data


def _event(frame: Said | Chose, files: tuple[Attachment, ...]) -> Event:
    if isinstance(frame, Said):
        return Message(text=frame.text, attachments=files)
    return Action(value=frame.value, text=frame.text)
