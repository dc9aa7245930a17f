"""Tickets, conversations and messages as the API shows them."""

from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import AwareDatetime, BaseModel, Field, StringConstraints

from knowledgebase.match import Match
from router import sla
from router.desk import Desk
from router.values import Priority, Ticket, TicketStatus, WaitingReason
from storage.inbox_views import Line, Listed, Names

Text = Annotated[str, StringConstraints(min_length=1, max_length=100_000)]
Name = Annotated[str, StringConstraints(min_length=1, max_length=200)]
LONGEST_LIST = 50


class TicketChange(BaseModel):
    """What to change; what is left out stays. In `fields`, null removes one."""

    status: Literal["queued", "open", "waiting", "resolved", "closed"] | None = None
    waiting_reason: WaitingReason | None = None
    snoozed_until: AwareDatetime | None = None
    priority: Priority | None = None
    assignee: Name | None = Field(None, description="An agent's id, `me`, or null for nobody.")
    pinned_to: Name | None = Field(
        None, description="An agent who alone may be offered it, or null for all. Supervisors set it."
    )
    queue: Name | None = None
    type: Annotated[str, StringConstraints(max_length=200)] | None = None
    tier: Annotated[str, StringConstraints(max_length=200)] | None = None
    subject: Annotated[str, StringConstraints(max_length=500)] | None = None
    fields: dict[str, Any] | None = None
    tags: list[Name] | None = Field(None, max_length=LONGEST_LIST)


class CustomerBrief(BaseModel):
    """Who it is about."""

    id: str
    name: str
    tier: str


class LastMessage(BaseModel):
    """The last public message of a conversation."""

    author: str
    text: str
    created_at: datetime


class ClockOut(BaseModel):
    """One SLA clock, read now. `remaining_seconds` is negative once overdue, null while it does not run."""

    metric: str
    state: str
    deadline: datetime | None
    remaining_seconds: float | None
    breached: bool


class TicketOut(BaseModel):
    """A ticket. `version` is its ETag."""

    id: str
    number: int
    status: TicketStatus
    waiting_reason: WaitingReason | None
    priority: Priority
    tier: str
    type: str
    fields: dict[str, Any]
    queue: str
    queue_name: str
    assignee: str | None
    assignee_name: str | None
    channel: str
    channel_name: str
    channel_kind: str
    conversation_id: str
    customer_id: str
    customer: CustomerBrief
    subject: str
    tags: list[str]
    skills: dict[str, int]
    policy: str
    previous_ticket_id: str | None
    merged_into: str | None
    pinned_to: str | None
    snoozed_until: datetime | None
    wrap_up_until: datetime | None
    created_at: datetime
    updated_at: datetime
    waiting_since: datetime
    first_replied_at: datetime | None
    resolved_at: datetime | None
    closed_at: datetime | None
    due_at: datetime | None
    clocks: list[ClockOut]
    last_message: LastMessage | None
    version: int


class DeliveryOut(BaseModel):
    """How far a message to the customer has come; `error` is the last one, in words.

    `kept`: the channel has no address to send to; its program reads the messages here.
    """

    state: Literal["queued", "sending", "sent", "read", "kept", "failed", "in_doubt"] | None
    error: str | None
    attempts: int


class AttachmentOut(BaseModel):
    """A file of a message; `url` takes the same credentials as this API."""

    name: str
    type: str
    size: int
    url: str


class OptionOut(BaseModel):
    """A choice that was offered to the customer."""

    value: str
    label: str


class MessageOut(BaseModel):
    """A line of a conversation. `author_id` is the agent's, or of the token that wrote in their place."""

    id: str
    author: Literal["customer", "bot", "agent", "system"]
    author_id: str | None
    author_name: str
    kind: Literal["public", "note"]
    text: str
    html: str | None
    attachments: list[AttachmentOut]
    options: list[OptionOut]
    context: dict[str, Any]
    details: dict[str, Any]
    created_at: datetime
    delivery: DeliveryOut | None


class ConversationOut(BaseModel):
    """A conversation; `with` says who answers in it."""

    id: str
    channel_id: str
    channel_name: str
    customer: CustomerBrief
    with_: Literal["bot", "person", "closed"] = Field(serialization_alias="with")
    outcome: str
    ticket_id: str | None
    previous_ticket_id: str | None
    last_message: LastMessage | None
    updated_at: datetime


class CandidateOut(BaseModel):
    """An article the match named."""

    article_id: str
    title: str
    confidence: float


class MatchOut(BaseModel):
    """What the knowledge base made of the message."""

    outcome: Literal["answer", "suggest", "none"]
    candidates: list[CandidateOut]
    encoder: str


def match_out(match: Match) -> MatchOut:
    """A match as the API shows it."""
    candidates = [
        CandidateOut(article_id=one.article_id, title=one.title, confidence=round(one.confidence, 4))
        for one in match.candidates
    ]
    return MatchOut(outcome=match.outcome, candidates=candidates, encoder=match.encoder)


def show_ticket(ticket: Ticket, names: Names, desk: Desk, now: datetime) -> TicketOut:
    """A ticket with its names and its clocks as they stand now."""
    channel_name, channel_kind = names.channels.get(ticket.channel_id, ("", ""))
    queue = desk.queues.get(ticket.queue)
    clocks = [_clock(clock, desk, now) for clock in ticket.clocks.values()]
    promises = [clock.deadline for clock in clocks if clock.deadline is not None]
    return TicketOut(
        id=ticket.id,
        number=ticket.number,
        status=ticket.status,
        waiting_reason=ticket.waiting_reason,
        priority=ticket.priority,
        tier=ticket.tier,
        type=ticket.type,
        fields=ticket.fields,
        queue=ticket.queue,
        queue_name=queue.name if queue else ticket.queue,
        assignee=ticket.assignee,
        assignee_name=names.agents.get(ticket.assignee) if ticket.assignee else None,
        channel=ticket.channel_id,
        channel_name=channel_name,
        channel_kind=channel_kind,
        conversation_id=ticket.conversation_id,
        customer_id=ticket.customer_id,
        customer=_customer(ticket.customer_id, names),
        subject=ticket.subject,
        tags=list(ticket.tags),
        skills={need.skill: need.level for need in ticket.skills},
        policy=ticket.policy,
        previous_ticket_id=ticket.previous_ticket_id,
        merged_into=ticket.merged_into,
        pinned_to=ticket.pinned_to,
        snoozed_until=ticket.snoozed_until,
        wrap_up_until=ticket.wrap_up_until,
        created_at=ticket.created_at,
        updated_at=ticket.updated_at,
        waiting_since=ticket.waiting_since,
        first_replied_at=ticket.first_replied_at,
        resolved_at=ticket.resolved_at,
        closed_at=ticket.closed_at,
        due_at=min(promises, default=None),
        clocks=clocks,
        last_message=_last(ticket.conversation_id, names),
        version=ticket.version,
    )


def show_conversation(listed: Listed, names: Names) -> ConversationOut:
    """A conversation with its names."""
    conversation = listed.conversation
    return ConversationOut(
        id=conversation.id,
        channel_id=conversation.channel_id,
        channel_name=names.channels.get(conversation.channel_id, ("", ""))[0],
        customer=_customer(conversation.customer_id, names),
        with_=conversation.with_,
        outcome=conversation.outcome,
        ticket_id=conversation.ticket_id,
        previous_ticket_id=conversation.previous_ticket_id,
        last_message=_last(conversation.id, names),
        updated_at=listed.updated_at,
    )


def show_message(line: Line, *, live: bool, seen: int = 0) -> MessageOut:
    """A message; `live` channels deliver at commit, so that what is stored has been sent.

    `seen` is the position up to which their visitor has read.
    """
    message, delivery, author_name = line
    ours = message.author != "customer" and message.kind == "public"
    shown = None
    if delivery is not None:
        shown = DeliveryOut(state=delivery.state, error=delivery.error or None, attempts=delivery.attempts)
    elif ours and live:
        state = "read" if message.position <= seen else "sent"
        shown = DeliveryOut(state=state, error=None, attempts=1)
    details = dict(message.details)
    context = details.pop("context", {})
    return MessageOut(
        id=message.id,
        author=message.author,
        author_id=message.author_id,
        author_name=author_name,
        kind="note" if message.kind == "note" else "public",
        text=message.text,
        html=message.html,
        attachments=[
            AttachmentOut(
                name=one.name,
                type=one.type,
                size=one.size,
                url=f"/api/v1/messages/{message.id}/attachments/{number}",
            )
            for number, one in enumerate(message.attachments)
        ],
        options=[OptionOut(value=option.value, label=option.label) for option in message.options],
        context=context,
        details=details,
        created_at=message.created_at,
        delivery=shown,
    )


def _clock(clock: sla.Clock, desk: Desk, now: datetime) -> ClockOut:
    report = sla.report(clock, desk.calendars, now)
    left = report.remaining
    return ClockOut(
        metric=clock.metric,
        state=report.state,
        deadline=report.deadline,
        remaining_seconds=None if left is None or report.state != "running" else left.total_seconds(),
        breached=report.breached,
    )


def _customer(customer_id: str, names: Names) -> CustomerBrief:
    person = names.customers.get(customer_id)
    return CustomerBrief(
        id=customer_id, name=person.name if person else "", tier=person.tier if person else ""
    )


def _last(conversation_id: str, names: Names) -> LastMessage | None:
    message = names.last.get(conversation_id)
    if message is None:
        return None
    return LastMessage(author=message.author, text=message.text[:200], created_at=message.created_at)
