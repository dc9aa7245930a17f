"""From a mail's bytes to an envelope, by its header alone: the rest is read once it is durable."""

import base64
import binascii
import hashlib
import hmac
import re
from collections.abc import Iterator, Mapping
from datetime import datetime

from bus.envelope import Inbound, Message, Sender
from bus.ids import message_id
from channels.mail import mime
from channels.mail.envelope import envelope as header_of
from channels.mail.envelope import set_aside
from channels.mail.limits import LONGEST_MAIL, Quarantined
from channels.protocol import Malformed, Unauthenticated
from channels.settings import Fault

KIND = "email"
LONGEST_BODY = LONGEST_MAIL
_END_OF_HEADER = re.compile(rb"\n\r?\n")
# Whose mail it is when its header can't tell.
NOBODY = "unknown"


def authenticate(headers: Mapping[str, str], secret: str) -> None:
    """Raise `Unauthenticated` unless the caller knows the secret: as Bearer token or as Basic password."""
    scheme, _, given = (headers.get("Authorization") or "").partition(" ")
    if scheme.lower() == "basic":
        try:
            given = base64.b64decode(given, validate=True).decode("utf-8", "replace").partition(":")[2]
        except (binascii.Error, ValueError):
            given = ""
    elif scheme.lower() != "bearer":
        given = ""
    if not hmac.compare_digest(given.strip().encode("utf-8", "surrogateescape"), secret.encode()):
        raise Unauthenticated("the header Authorization must carry this channel's hook_secret")


def inbound(channel_id: str, raw: bytes, now: datetime) -> Inbound:
    """The mail as it is accepted; its text is empty until it is read. Raises `Malformed` for no mail."""
    if not raw.strip():
        raise Malformed(Fault("", "empty", "The body is a mail as raw MIME."))
    try:
        mail = header_of(mime.header(raw))
    except Quarantined as why:
        mail = set_aside(raw, str(why))
    address = mail.sender.email.lower() or NOBODY
    external = key_of(raw, mail.message_id)
    return Inbound(
        id=message_id(channel_id, external),
        channel_id=channel_id,
        channel_kind=KIND,
        external_id=external,
        sender=Sender(address=address, name=mail.sender.name, email=mail.sender.email),
        event=Message(text="", subject=mail.subject),
        received_at=now,
        raw=raw,
    )


def key_of(raw: bytes, message: str) -> str:
    """What makes it this mail: its Message-ID, and what it says.

    The bytes count, so that nobody keeps a mail away by sending another with its Message-ID first. What the
    way adds to the header does not, so that a mail fetched again after its mailbox was rebuilt is known.
    """
    end = _END_OF_HEADER.search(raw)
    head, body = (raw[: end.start()].removesuffix(b"\r"), raw[end.end() :]) if end else (raw, b"")
    lines = [line for line in _lines(head) if line.lower().startswith((b"from:", b"date:", b"subject:"))]
    digest = hashlib.sha256(b"\n".join([*lines, b"", b""]))
    for piece in _pieces(body.rstrip()):
        digest.update(piece)
    told = digest.hexdigest()[:32]
    return f"{message}#{told}" if message else f"#{told}"


def _lines(text: bytes) -> list[bytes]:
    return text.replace(b"\r\n", b"\n").split(b"\n")


def _pieces(body: bytes, size: int = 1 << 17) -> Iterator[bytes]:
    """The body with plain line ends, a little at a time: nobody else runs while bytes are replaced."""
    start = 0
    while start < len(body):
        end = start + size
        # A line's end stays whole.
        end += body[end - 1 : end] == b"\r"
        yield body[start:end].replace(b"\r\n", b"\n")
        start = end
