"""A mail of the desk's own, to somebody who works there. No program answers it (RFC 3834)."""

from datetime import datetime
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime
from typing import NamedTuple

from channels.mail import tokens
from channels.mail.compose import mailbox, one_line
from channels.mail.settings import MailSettings
from channels.protocol import Rejected


class Letter(NamedTuple):
    """What is told to whom; `id` makes its Message-ID, which is the same on each attempt."""

    id: str
    to: str
    subject: str
    text: str
    at: datetime


def composed(letter: Letter, settings: MailSettings) -> bytes:
    """The mail as bytes; raises `Rejected` for an address that is none."""
    to = mailbox(letter.to)
    if not to.isascii():
        raise Rejected(f"'{one_line(to)[:100]}' is not an address that the desk's own mail can be sent to")
    message = EmailMessage(policy=SMTP)
    message["From"] = Address(one_line(settings.name) or "Frontdesk", addr_spec=settings.address)
    message["To"] = Address(addr_spec=to)
    message["Subject"] = one_line(letter.subject)[:250]
    message["Date"] = format_datetime(letter.at)
    key = settings.thread_key.get_secret_value()
    message["Message-ID"] = tokens.message_id(key, letter.id, settings.address)
    message["Auto-Submitted"] = "auto-generated"
    message["X-Auto-Response-Suppress"] = "All"
    message.set_content(letter.text.replace("\0", "\ufffd"))
    return message.as_bytes()
