"""A mail as the desk understands it: the values that reading makes."""

from typing import Any

import msgspec

from bus.envelope import Attachment


class Value(msgspec.Struct, frozen=True, kw_only=True):
    """A frozen value."""


class Person(Value, frozen=True, kw_only=True):
    """A mailbox of somebody."""

    name: str = ""
    email: str = ""


class File(Value, frozen=True, kw_only=True):
    """A file that came with the mail; `cid` is what its HTML calls it; `inline`: shown within the text."""

    name: str
    type: str
    size: int
    sha256: str
    inline: bool = False
    cid: str = ""

    def attachment(self) -> Attachment:
        """As an envelope names it."""
        return Attachment(name=self.name, type=self.type, size=self.size, blob=self.sha256)


class BounceReport(Value, frozen=True, kw_only=True):
    """See `channels.mail.bounce.Bounce`."""

    recipient: str
    permanent: bool
    reason: str
    message_id: str = ""


class Mail(Value, frozen=True, kw_only=True):
    """What is made of a mail. `sender` is its From.

    `text` is the whole body, `reply_text` what the sender wrote without quotes and signature, `html_safe` may
    be shown. `cut`: the texts are a beginning (`channels.mail.shorten`). Ids keep their angle brackets.
    `quarantined` says why it could not be read; then the rest is
    what its header alone tells.
    """

    sender: Person = Person()
    to: tuple[Person, ...] = ()
    cc: tuple[Person, ...] = ()
    reply_to: tuple[Person, ...] = ()
    subject: str = ""
    text: str = ""
    reply_text: str = ""
    signature: str = ""
    html_safe: str = ""
    attachments: tuple[File, ...] = ()
    message_id: str = ""
    in_reply_to: str = ""
    references: tuple[str, ...] = ()
    sent_at: str = ""
    automatic: bool = False
    bounce: BounceReport | None = None
    quarantined: str | None = None
    cut: bool = False

    def shown(self) -> dict[str, Any]:
        """In the form of `frontdesk mail parse`."""
        return {
            "from": _person(self.sender),
            "to": [_person(one) for one in self.to],
            "cc": [_person(one) for one in self.cc],
            "subject": self.subject,
            "text": self.text,
            "reply_text": self.reply_text,
            "html_safe": self.html_safe,
            "attachments": [
                {
                    "name": one.name,
                    "type": one.type,
                    "size": one.size,
                    "sha256": one.sha256,
                    "inline": one.inline,
                }
                for one in self.attachments
            ],
            "message_id": self.message_id,
            "in_reply_to": self.in_reply_to,
            "references": list(self.references),
            "automatic": self.automatic,
            "bounce": None
            if self.bounce is None
            else {
                "recipient": self.bounce.recipient,
                "permanent": self.bounce.permanent,
                "reason": self.bounce.reason,
            },
            "quarantined": self.quarantined,
        }


def _person(person: Person) -> dict[str, str]:
    return {"name": person.name, "email": person.email}


class Read(Value, frozen=True, kw_only=True):
    """A mail and the bytes of its files, in the order of `mail.attachments`."""

    mail: Mail
    files: tuple[bytes, ...] = ()
