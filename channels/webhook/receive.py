"""From a verified body to the envelope."""

import base64
import binascii
import hashlib
from collections.abc import Sequence

from bus.envelope import Attachment, Inbound, Message, Sender
from bus.ids import message_id
from channels.protocol import HookRequest, Malformed, Received, TooLarge
from channels.settings import Fault, pointer
from channels.webhook.body import Body, File, sent_at

KIND = "webhook"
MEGABYTE = 1_000_000
LONGEST_WITHOUT_FILES = MEGABYTE
LONGEST_FILES = 25 * MEGABYTE
LONGEST_BODY = LONGEST_WITHOUT_FILES + LONGEST_FILES
"""In bytes of JSON; the files count as the base64 they are."""


def envelope(request: HookRequest, body: Body) -> Received:
    """The message as an `Inbound`; raises `Malformed` for what is not base64 and `TooLarge`."""
    files = body.attachments or []
    _check_size(len(request.body), files)
    data = tuple(_decoded(index, file) for index, file in enumerate(files))
    inbound = Inbound(
        id=message_id(request.channel_id, body.id),
        channel_id=request.channel_id,
        channel_kind=KIND,
        external_id=body.id,
        sender=Sender(
            address=body.from_.id,
            name=body.from_.name or "",
            email=body.from_.email or "",
            attributes=body.from_.attributes or {},
            # Whoever signs with the channel's secret speaks for the platform that knows its users.
            verified=True,
        ),
        event=Message(text=body.text, attachments=tuple(map(_attachment, files, data))),
        received_at=request.now,
        thread=body.conversation or "",
        context=body.context or {},
        sent_at=sent_at(body),
        raw=request.body,
    )
    return Received((inbound,), data)


def _check_size(size: int, files: Sequence[File]) -> None:
    encoded = sum(len(file.data) for file in files)
    if encoded > LONGEST_FILES:
        raise TooLarge(f"the attachments have at most {LONGEST_FILES} characters of base64")
    if size - encoded > LONGEST_WITHOUT_FILES:
        raise TooLarge(f"a body has at most {LONGEST_WITHOUT_FILES} bytes beside its attachments")


def _decoded(index: int, file: File) -> bytes:
    try:
        return base64.b64decode(file.data, validate=True)
    except (binascii.Error, ValueError):
        where = pointer("attachments", index, "data")
        raise Malformed(Fault(where, "base64", "The data of an attachment is base64.")) from None


def _attachment(file: File, data: bytes) -> Attachment:
    digest = hashlib.sha256(data).hexdigest()
    return Attachment(name=file.name, type=file.type, size=len(data), blob=digest)
