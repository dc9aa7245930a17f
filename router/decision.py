"""A decision as values: what it was made from (`Context`), what it does (effects), what it came from (hits).

`decide(message, context, rules)` is a function of these alone, so a stored context and rule-set version
give the same decision again, and its full trace with it.
"""

from datetime import datetime
from typing import Any, Literal

from bus.envelope import Attachment, Option, Sender
from knowledgebase.article import Variant
from knowledgebase.match import Match
from router.values import (
    MOST_BOT_TURNS,
    ChannelRef,
    Conversation,
    Customer,
    Priority,
    Requirement,
    Ticket,
    Value,
)


class Known(Value, frozen=True, kw_only=True):
    """An article the match named, as the customer would be told it; `variants` are those that fit them."""

    id: str
    title: str
    answer: str
    language: str = ""
    variants: tuple[Variant, ...] = ()
    files: tuple[Attachment, ...] = ()


class About(Value, frozen=True, kw_only=True):
    """What of a message its stored row does not hold, so that the decision can be made again from both."""

    sender: Sender
    language: str = ""
    action: str | None = None


class History(Value, frozen=True, kw_only=True):
    """A customer's tickets that are being worked on, and when they last wrote before this."""

    open_tickets: int = 0
    last_contact: datetime | None = None


class Hours(Value, frozen=True, kw_only=True):
    """What a calendar says of the instant: whether it is open, and the local time there (HH:MM)."""

    open: bool
    time: str
    weekday: str


Actor = Literal["customer", "agent", "bot", "api", "rule", "clock"]
Event = Literal["message", "ticket_created", "ticket_changed", "time"]


class Context(Value, frozen=True, kw_only=True):
    """Everything a decision needs beside the message: frozen before the transaction or read inside it.

    `articles` holds the match's candidates by id. `waiting` is how many tickets wait in each queue, at
    most a second old; `waits` the seconds that customers have lately waited for a first reply, of queues
    where that is known, and under "" what each waiting ticket adds in the others.
    `conversation.previous_ticket_id` links a ticket to the closed one before it.
    `followed` says that the customer has written again and the bot speaks to that, `follows` that this is
    such a message: what came before it in one go is part of it.
    `oldest` is for how many seconds the oldest ticket of a queue has waited. `history` and `hours` (by
    calendar) are there where a rule looks at them. `before` is the ticket as it was, where the `event` is a
    change of it; `spent` are the rules that had had their effect on it. `made_by` marks the code that
    decided: what it would decide today need not be the same.
    """

    now: datetime
    channel: ChannelRef
    conversation: Conversation
    customer: Customer
    ticket: Ticket | None = None
    match: Match | None = None
    articles: dict[str, Known] = {}
    waiting: dict[str, int] = {}
    default_queue: str = ""
    waits: dict[str, int] = {}
    bot_turns: int = MOST_BOT_TURNS
    followed: bool = False
    follows: bool = False
    oldest: dict[str, float] = {}
    about: About | None = None
    history: History | None = None
    hours: dict[str, Hours] = {}
    event: Event = "message"
    actor: Actor = "customer"
    before: Ticket | None = None
    spent: tuple[str, ...] = ()
    made_by: str = ""


class Hit(Value, frozen=True, kw_only=True):
    """A rule that applied, and what it did, in words; with an `error`, one that failed and was skipped."""

    rule_id: str
    stage: str
    did: tuple[str, ...]
    error: str = ""


class Reply(Value, tag_field="effect", tag="reply", frozen=True, kw_only=True):
    """Something to say to the customer. `reason` says which part of the decision speaks.

    `asks` is what the options answer, where the text itself is no question: buttons do without it.
    """

    text: str
    author: Literal["bot", "system"] = "bot"
    reason: Literal["answer", "suggest", "rule", "handover", "thanks"] = "rule"
    article_id: str | None = None
    options: tuple[Option, ...] = ()
    asks: str = ""
    attachments: tuple[Attachment, ...] = ()


class Note(Value, tag_field="effect", tag="note", frozen=True, kw_only=True):
    """Something to say to agents alone."""

    text: str


class Learned(Value, tag_field="effect", tag="learned", frozen=True, kw_only=True):
    """The customer has shown whether an article was right for what they had asked before."""

    article_id: str
    right: bool
    how: Literal["helped", "not_helped", "chosen", "none_of_these", "handover"]


class OpenTicket(Value, tag_field="effect", tag="open_ticket", frozen=True, kw_only=True):
    """A person is needed. The ticket's id and number are given when it is stored."""

    queue: str
    subject: str
    why: str
    priority: Priority = "normal"
    tier: str = ""
    type: str = ""
    language: str = ""
    tags: tuple[str, ...] = ()
    fields: dict[str, Any] = {}
    skills: tuple[Requirement, ...] = ()
    policy: str = ""


class ChangeTicket(Value, tag_field="effect", tag="change_ticket", frozen=True, kw_only=True):
    """The customer's message reaches a ticket that is there: it reopens or runs on, with these changes.

    A priority only ever rises; a type is set where there is none. `aside`: it was somebody else's message,
    about what was passed on to them, and the customer waits for nothing new.
    """

    priority: Priority | None = None
    type: str | None = None
    tags: tuple[str, ...] = ()
    fields: dict[str, Any] = {}
    aside: bool = False


class EditTicket(Value, tag_field="effect", tag="edit_ticket", frozen=True, kw_only=True):
    """Rules about tickets change it: what is given is set to this, and tags and fields are added."""

    queue: str | None = None
    priority: Priority | None = None
    type: str | None = None
    tier: str | None = None
    policy: str | None = None
    tags: tuple[str, ...] = ()
    fields: dict[str, Any] = {}


class ChangeConversation(Value, tag_field="effect", tag="change_conversation", frozen=True, kw_only=True):
    """The conversation as it is after the decision."""

    conversation: Conversation


class Discard(Value, tag_field="effect", tag="discard", frozen=True, kw_only=True):
    """The message is kept and nothing comes of it."""

    reason: str


class Notify(Value, tag_field="effect", tag="notify", frozen=True, kw_only=True):
    """Tell agents: `to` is what the rule named."""

    to: Any


class CallWebhook(Value, tag_field="effect", tag="webhook", frozen=True, kw_only=True):
    """Call an address of the admin's with the message."""

    to: Any


class Snooze(Value, tag_field="effect", tag="snooze", frozen=True, kw_only=True):
    """Let the ticket wait for so many minutes."""

    minutes: float


class CloseTicket(Value, tag_field="effect", tag="close_ticket", frozen=True, kw_only=True):
    """Close the ticket for good."""

    reason: str


Effect = (
    Reply
    | Note
    | Learned
    | OpenTicket
    | ChangeTicket
    | EditTicket
    | ChangeConversation
    | Discard
    | Notify
    | CallWebhook
    | Snooze
    | CloseTicket
)


class Decision(Value, frozen=True, kw_only=True):
    """What is to happen, in order, and why. `language` is the customer's, as decided."""

    effects: tuple[Effect, ...]
    hits: tuple[Hit, ...] = ()
    why: str = ""
    language: str = ""
    rules_version: int = 0
