"""The domain as values: customers, conversations, tickets, and what the desk's admins have set up.

Times are timezone-aware UTC. Everything is frozen; a change is a new value (`msgspec.structs.replace`).
"""

from datetime import datetime
from typing import Any, Literal

import msgspec

from router.sla import Clock

TicketStatus = Literal["queued", "offered", "open", "waiting", "resolved", "closed", "merged"]
WaitingReason = Literal["customer", "internal", "snoozed"]
Priority = Literal["low", "normal", "high", "urgent"]
DraftKind = Literal["reply", "note"]
Author = Literal["customer", "bot", "agent", "system"]
With = Literal["bot", "person", "closed"]
Presence = Literal["online", "away", "busy", "offline"]
Role = Literal["admin", "supervisor", "agent"]

PRIORITIES: tuple[Priority, ...] = ("low", "normal", "high", "urgent")
ACTIVE: frozenset[str] = frozenset({"queued", "offered", "open", "waiting"})
GOES_ON: frozenset[str] = ACTIVE | {"resolved"}
"""What is said next still reaches the ticket."""
MOST_BOT_TURNS = 6
"""After so many turns of the bot in one conversation a person takes over, unless the desk says otherwise."""


class Value(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A frozen value; defaults are left out when it is stored."""


class Customer(Value, frozen=True, kw_only=True):
    """A person the desk serves. `owner` is the id of the agent whose account it is."""

    id: str
    name: str = ""
    email: str = ""
    phone: str = ""
    tier: str = ""
    language: str = ""
    timezone: str = ""
    country: str = ""
    company: str = ""
    owner: str | None = None
    attributes: dict[str, Any] = {}
    tags: tuple[str, ...] = ()


class ContactPoint(Value, frozen=True, kw_only=True):
    """A customer's address on a channel."""

    id: str
    channel_id: str
    address: str
    customer_id: str
    name: str = ""
    verified: bool = False
    unreachable: str = ""


class Conversation(Value, frozen=True, kw_only=True):
    """One thread on one channel.

    `with_` says who answers: the bot until it hands over, then a person; `closed` is final, and the next
    message starts another conversation. `answered` lists the articles the bot gave, so that none is given
    twice. `position` is that of the last message.
    """

    id: str
    channel_id: str
    contact_point_id: str
    customer_id: str
    thread: str = ""
    with_: With = "bot"
    outcome: Literal["", "self_served", "resolved"] = ""
    subject: str = ""
    language: str = ""
    ticket_id: str | None = None
    previous_ticket_id: str | None = None
    answered: tuple[str, ...] = ()
    offered: tuple[str, ...] = ()
    bot_turns: int = 0
    position: int = 0
    due_at: datetime | None = None


class Requirement(Value, frozen=True, kw_only=True):
    """A skill and the least level (1–5) a ticket needs."""

    skill: str
    level: int = 1


class Ticket(Value, frozen=True, kw_only=True):
    """A unit of work for a person. `version` grows with each change of an editable field (its ETag).

    `waiting_since` is its age in the queue, kept when it comes back. `clocks` holds one SLA clock per
    metric; `due_at` caches the next instant at which one has something to say. `alerted` counts those of its
    queue's steps that alert and were told of. One that is `pinned_to` an agent waits for them alone; until
    `wrap_up_until` it takes its agent's room although it is resolved.
    """

    id: str
    number: int
    conversation_id: str
    customer_id: str
    channel_id: str
    created_at: datetime
    updated_at: datetime
    waiting_since: datetime
    subject: str = ""
    status: TicketStatus = "queued"
    waiting_reason: WaitingReason | None = None
    priority: Priority = "normal"
    tier: str = ""
    type: str = ""
    queue: str = ""
    assignee: str | None = None
    fields: dict[str, Any] = {}
    tags: tuple[str, ...] = ()
    skills: tuple[Requirement, ...] = ()
    policy: str = ""
    previous_ticket_id: str | None = None
    merged_into: str | None = None
    snoozed_until: datetime | None = None
    first_replied_at: datetime | None = None
    resolved_at: datetime | None = None
    closed_at: datetime | None = None
    pinned_to: str | None = None
    wrap_up_until: datetime | None = None
    declined_by: tuple[str, ...] = ()
    alerted: int = 0
    clocks: dict[str, Clock] = {}
    due_at: datetime | None = None
    version: int = 1


class QueueStep(Value, frozen=True, kw_only=True):
    """Who may take a queue's ticket too, so many seconds after it began to wait.

    Who has these skills in the queue, or in another `queue`, or (`anybody`) in any. `alert`: supervisors are
    told when a ticket gets there.
    """

    after_seconds: float = 0
    skills: tuple[Requirement, ...] = ()
    queue: str = ""
    anybody: bool = False
    alert: bool = False


class Queue(Value, frozen=True, kw_only=True):
    """Where tickets wait. `offer_seconds` 0 assigns at once; else an offer lapses after that long.

    A ticket takes so many `units` of an agent's capacity, by the kind of its channel (1 where none are
    named), and nobody has more than `most_each` of the queue's at once (0: no limit). It is kept for
    `hold_seconds` for who had it, for the customer's owner, the owner's stand-in, who served them last. With
    `hurry` its next step opens when 90 % of a response's promise are used.
    Resolved, it takes its agent's room for `wrap_up_seconds` more, unless they end that.

    Within `assignment` minutes of entering the queue an agent should have the ticket, within `ownership` it
    should be resolved or elsewhere, both by the opening hours of `calendar`.
    """

    id: str
    name: str
    skills: tuple[Requirement, ...] = ()
    offer_seconds: int = 60
    steps: tuple[QueueStep, ...] = ()
    units: dict[str, int] = {}
    most_each: int = 0
    hold_seconds: float = 30
    hurry: bool = False
    wrap_up_seconds: float = 0
    calendar: str = ""
    assignment: float | None = None
    ownership: float | None = None


class Tier(Value, frozen=True, kw_only=True):
    """A customer's class of service; `order` 0 is the best."""

    id: str
    name: str
    order: int


class Policy(Value, frozen=True, kw_only=True):
    """SLA targets in minutes, for the tiers and priorities named (none named: all)."""

    id: str
    name: str
    calendar: str = ""
    tiers: tuple[str, ...] = ()
    priorities: tuple[Priority, ...] = ()
    first_response: float | None = None
    next_response: float | None = None
    resolution: float | None = None
    pause_on: tuple[str, ...] = ("customer",)


class Agent(Value, frozen=True, kw_only=True):
    """Someone who answers. `capacity` in units, all channels together; `channels` at once, by their kind.

    `stand_in` is the id of who answers for the customers they own while they are away,
    `shift` that of the calendar of when they work.
    """

    id: str
    name: str
    email: str = ""
    role: Role = "agent"
    presence: Presence = "offline"
    skills: dict[str, int] = {}
    queues: tuple[str, ...] = ()
    capacity: int = 5
    channels: dict[str, int] = {}
    stand_in: str = ""
    shift: str = ""
    active: bool = True


class ChannelRef(Value, frozen=True, kw_only=True):
    """What a decision sees of a channel."""

    id: str
    kind: str
    name: str = ""
