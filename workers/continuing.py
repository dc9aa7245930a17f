"""A chat goes on by e-mail: what a visitor who went away has not seen is mailed to them, once.

An agent's reply in a chat sets the conversation's `due_at`; when it comes, the clock worker asks for what was
missed.
The mail is a note of the conversation, so that agents see what was sent and visitors do not see it twice; the
answer to it comes back into the conversation by the mail's token (`workers.mail`).
"""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any, Final, NamedTuple

from msgspec.structs import replace

from bus.envelope import Attachment
from router.phrases import words
from router.values import Conversation
from storage import agents, contacts, messages, tickets, visitors
from storage.messages import Message
from storage.store import Tx
from workers import recipients
from workers.mail import CONTINUED

AWAY: Final = timedelta(minutes=10)
"""How long a reply waits to be seen before it is mailed."""
_MOST: Final = 200
"""Messages of a conversation that are looked at; what is older than these is missed by nobody."""


def due(tx: Tx, conversation: Conversation) -> Conversation:
    """The conversation after an agent's reply: it is looked at again once the visitor is away too long.

    Who last wrote by mail is answered by mail at once.
    """
    said = _latest(tx, conversation)
    theirs = next((one for one in reversed(said) if one.author == "customer"), None)
    mailed = theirs is not None and "mail" in theirs.details.get("context", {})
    wanted = tx.now if mailed else tx.now + AWAY
    return replace(conversation, due_at=min(conversation.due_at or wanted, wanted))


class Missed(NamedTuple):
    """What is to be mailed, and from which channel."""

    mailbox: str
    text: str
    attachments: tuple[Attachment, ...]
    details: dict[str, Any]


def missed_by(tx: Tx, conversation: Conversation) -> Missed | None:
    """What the visitor missed; None where that is nothing, or no mail can reach them."""
    customer = contacts.customers(tx, [conversation.customer_id])[conversation.customer_id]
    mailbox = recipients.mailbox(tx.sql)
    missed = _missed(_latest(tx, conversation), visitors.read_up_to(tx.sql, conversation.id))
    if not missed or mailbox is None or "@" not in customer.email:
        return None
    subject = tickets.get(tx.sql, conversation.ticket_id).subject if conversation.ticket_id else ""
    details = {
        "to": [customer.email],
        CONTINUED: missed[-1].position,
        "subject": subject or conversation.subject,
    }
    files = tuple(file for one in missed for file in one.attachments)
    return Missed(mailbox, _text(tx, missed, conversation.language), files, details)


def _latest(tx: Tx, conversation: Conversation) -> list[Message]:
    return messages.of_conversation(tx.sql, conversation.id, limit=_MOST, before=conversation.position + 1)


def _missed(said: Sequence[Message], seen: int) -> list[Message]:
    """What was said since they last looked, wrote or were mailed to; empty without an agent's words."""
    for one in said:
        seen = max(seen, one.position if one.author == "customer" else one.details.get(CONTINUED, 0))
    missed = [
        one for one in said if one.position > seen and one.kind == "public" and one.author != "customer"
    ]
    return missed if any(one.author == "agent" for one in missed) else []


def _text(tx: Tx, missed: Sequence[Message], language: str) -> str:
    say = words(language)
    names = {
        one.id: one.name for one in agents.some(tx.sql, {one.author_id for one in missed if one.author_id})
    }
    parts = [
        f"{names[one.author_id]}:\n{one.text}" if one.author_id in names else one.text
        for one in missed
        if one.text
    ]
    return "\n\n".join((say["away"], *parts, say["away_answer"]))
