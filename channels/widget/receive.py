"""From a visitor's frame to the envelope."""

from datetime import datetime
from typing import NamedTuple

from bus.envelope import Action, Event, Inbound, Message, Sender, Typing
from bus.ids import message_id
from channels.widget.frames import Chose, Said, Types, places

KIND = "widget"


class Visitor(NamedTuple):
    """Who holds a socket, as their token says; `verified`: the site vouched for them."""

    id: str
    name: str = ""
    email: str = ""
    verified: bool = False


def external_id(visitor: str, client_id: str) -> str:
    """The key of a message: a client's id means nothing beyond its visitor."""
    return f"{visitor}:{client_id}"


def client_id(visitor: str, external: str) -> str | None:
    """The client's id in a message's key; None where the message is not this visitor's."""
    return external.removeprefix(f"{visitor}:") if external.startswith(f"{visitor}:") else None


def envelope(
    channel_id: str, visitor: Visitor, frame: Said | Chose | Types, raw: bytes, now: datetime
) -> Inbound:
    """What was said as an `Inbound`."""
    key = external_id(visitor.id, "" if isinstance(frame, Types) else frame.client_id)
    return Inbound(
        id=message_id(channel_id, key),
        channel_id=channel_id,
        channel_kind=KIND,
        external_id=key,
        sender=Sender(address=visitor.id, name=visitor.name, email=visitor.email, verified=visitor.verified),
        event=_event(frame),
        received_at=now,
        context=places(frame.context) if isinstance(frame, Said) and frame.context else {},
        raw=raw,
    )


def _event(frame: Said | Chose | Types) -> Event:
    match frame:
        case Said():
            return Message(text=frame.text)
        case Chose():
            return Action(value=frame.value, text=frame.text)
        case Types():
            return Typing()
