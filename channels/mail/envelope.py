"""What a mail's header tells, without reading its body: cheap enough to do while it is being accepted."""

from typing import Final

from msgspec.structs import replace

from channels.mail import headers, mime
from channels.mail.limits import Quarantined
from channels.mail.message import Mail, Person

_LONGEST_SUBJECT: Final = 2_000
Fields = tuple[tuple[str, str], ...]


def envelope(fields: Fields) -> Mail:
    """What the header tells."""
    senders = headers.addresses(*_every(fields, "from")[:1]) or headers.addresses(_first(fields, "sender"))
    sender = next((one for one in senders if one.email), senders[0] if senders else headers.Address("", ""))
    sent = headers.date(_first(fields, "date"))
    return Mail(
        sender=Person(name=sender.name, email=sender.email),
        to=_people(fields, "to"),
        cc=_people(fields, "cc"),
        reply_to=_people(fields, "reply-to"),
        subject=headers.text(_first(fields, "subject"))[:_LONGEST_SUBJECT],
        message_id=headers.message_id(_first(fields, "message-id")),
        in_reply_to=next(iter(headers.message_ids(_first(fields, "in-reply-to"))), ""),
        references=headers.message_ids(*_every(fields, "references")),
        sent_at=sent.isoformat() if sent else "",
    )


def _people(fields: Fields, name: str) -> tuple[Person, ...]:
    return tuple(Person(name=one.name, email=one.email) for one in headers.addresses(*_every(fields, name)))


def _first(fields: Fields, name: str) -> str:
    return next((value for key, value in fields if key == name), "")


def _every(fields: Fields, name: str) -> list[str]:
    return [value for key, value in fields if key == name]


def set_aside(raw: bytes, why: str) -> Mail:
    """A mail that was not read, with what its header tells and why."""
    try:
        fields = mime.header(raw)
    except Quarantined:
        fields = _short(raw)
    return replace(envelope(fields), quarantined=why)


def _short(raw: bytes) -> Fields:
    """The first fields that are of a usual length, to show whose mail was set aside."""
    found: list[tuple[str, str]] = []
    for line in raw[:20_000].split(b"\n"):
        name, colon, value = line.partition(b":")
        if not line.strip():
            break
        if colon and len(line) < 1_000 and name.strip().replace(b"-", b"").isalnum():
            found.append((name.strip().decode("latin-1").lower(), value.decode("latin-1").strip()))
    return tuple(found)
