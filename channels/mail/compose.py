"""From an `Outbound` to a mail. Nothing that a customer or an agent wrote can add a field to it."""

import html
import re
from collections.abc import Mapping, Sequence
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime
from typing import Any, Final, NamedTuple

from bus.envelope import Outbound
from channels.mail import tokens
from channels.mail.settings import MailSettings
from channels.pieces import worded
from channels.protocol import Rejected

_MAILBOX: Final = re.compile(r"[^\s<>@,;:\"()\[\]\\]{1,64}@[A-Za-z0-9.\u0080-\uffff-]{1,253}")
_CONTROL: Final = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]+")
# The ids of a year's thread help nobody; the first and the last ones thread it (RFC 5322, 3.6.4).
_MOST_REFERENCES: Final = 20


class Composed(NamedTuple):
    """A mail, and whom the server is to give it to."""

    message: EmailMessage
    recipients: tuple[str, ...]


def compose(outbound: Outbound, files: Sequence[bytes], settings: MailSettings) -> Composed:
    """The mail; raises `Rejected` for an address that is none.

    `outbound.context` holds `references` (the thread's Message-IDs, oldest first), `answers` (the one of them
    that is answered), `to` (whom it goes to instead of the conversation's contact), `cc` and `bcc` (lists),
    `signature` (as `text` and `html`, to stand below it), `forwarded` (it leaves the thread, and answers come
    back as answers to it) and `automatic`.
    """
    told: Mapping[str, Any] = outbound.context
    key = settings.thread_key.get_secret_value()
    to = [mailbox(one) for one in told.get("to") or (outbound.address,)]
    cc = [one for one in map(mailbox, told.get("cc", ())) if one not in to]
    bcc = [mailbox(one) for one in told.get("bcc", ())]
    message = EmailMessage(policy=SMTP)
    message["From"] = Address(one_line(settings.name), addr_spec=settings.address)
    message["To"] = [Address(addr_spec=one) for one in to]
    if cc:
        message["Cc"] = [Address(addr_spec=one) for one in cc]
    if settings.reply_token:
        answered = outbound.id if told.get("forwarded") else outbound.conversation_id
        message["Reply-To"] = tokens.reply_address(key, settings.address, answered)
    message["Subject"] = _subject(outbound)
    message["Date"] = format_datetime(outbound.created_at)
    message["Message-ID"] = tokens.message_id(key, outbound.id, settings.address)
    _thread(message, list(told.get("references", ())), told.get("answers", ""))
    if told.get("automatic"):
        # So that no other desk and no absent person's program answers it (RFC 3834).
        message["Auto-Submitted"] = "auto-replied"
        message["X-Auto-Response-Suppress"] = "All"
    _body(message, outbound)
    for attachment, content in zip(outbound.attachments, files, strict=True):
        main, _, sub = attachment.type.partition("/")
        plain = main.isalnum() and sub.replace("-", "").replace(".", "").replace("+", "").isalnum()
        kind = (
            (main, sub) if plain and main not in ("multipart", "message") else ("application", "octet-stream")
        )
        name = one_line(attachment.name) or "attachment"
        message.add_attachment(content, maintype=kind[0], subtype=kind[1], filename=name)
    return Composed(message, tuple(dict.fromkeys((*to, *cc, *bcc))))


def mailbox(address: str) -> str:
    """The address, if it is one; raises `Rejected`."""
    if _MAILBOX.fullmatch(address) is None or len(address) > 320:
        raise Rejected(f"'{one_line(address)[:100]}' is not an address that mail can be sent to")
    return address


def one_line(text: str) -> str:
    """A text without anything that could end a line of the header."""
    return " ".join(_CONTROL.sub(" ", text).split())


def _subject(outbound: Outbound) -> str:
    subject = one_line(outbound.subject)[:250]
    if not outbound.context.get("references") or subject.lower().startswith(("re:", "aw:", "回复")):
        return subject or "(no subject)"
    return f"Re: {subject}"


def _thread(message: EmailMessage, references: list[str], answers: str) -> None:
    ids = [
        one for one in references if one.startswith("<") and one.endswith(">") and not _CONTROL.search(one)
    ]
    ids = [one for one in ids if " " not in one and one.isascii() and len(one) < 500]
    if ids:
        message["In-Reply-To"] = answers if answers in ids else ids[-1]
        kept = ids if len(ids) <= _MOST_REFERENCES else [ids[0], *ids[1 - _MOST_REFERENCES :]]
        message["References"] = " ".join(kept)


def _body(message: EmailMessage, outbound: Outbound) -> None:
    text = worded(outbound)
    rich = outbound.html or f"<p>{html.escape(text).replace(chr(10), '<br>')}</p>"
    if below := outbound.context.get("signature"):
        text = f"{text}\n\n-- \n{below['text']}"
        rich += f'<div class="signature">-- <br>{below["html"]}</div>'
    message.set_content(text.replace("\0", "\ufffd"), cte=_encoding(text))
    message.add_alternative(rich.replace("\0", "\ufffd"), subtype="html", cte=_encoding(rich))


def _encoding(text: str) -> str:
    """Quoted-printable keeps what is mostly ASCII readable, and no line too long for a server."""
    beyond = sum(not char.isascii() for char in text)
    return "base64" if beyond * 4 > len(text) else "quoted-printable"
