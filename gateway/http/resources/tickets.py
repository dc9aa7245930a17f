"""Tickets over HTTP: list, read, change, reply, note, open by hand."""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Literal, get_args

from pydantic import AwareDatetime, BaseModel, Field, StringConstraints

from gateway.http.call import Call
from gateway.http.clean_html import safe
from gateway.http.cursor import ListQuery, Page
from gateway.http.endpoint import Api
from gateway.http.problems import Conflict, Forbidden, Invalid
from gateway.http.resources.article_labels import label_shown
from gateway.http.resources.ticket_changes import changed
from gateway.http.resources.ticket_mail import Addresses, addressed
from gateway.http.resources.ticket_models import (
    MatchOut,
    MessageOut,
    Name,
    Text,
    TicketChange,
    TicketOut,
    match_out,
    show_message,
    show_ticket,
)
from router import lifecycle
from router.decision import Event, OpenTicket
from router.desk import Desk
from router.values import Ticket, TicketStatus
from storage import (
    channels,
    contacts,
    conversations,
    customers,
    decisions,
    inbox_views,
    offers,
    tickets,
    uploads,
)
from storage.inbox_views import Filters
from storage.messages import Message
from storage.paging import Sql
from storage.store import Tx
from workers import inbox, offering
from workers.inbox import Words
from workers.intake import LIVE_KINDS

api = Api("Tickets")

LONGEST_LIST = 50
_Q = (
    "Words that stand in one message, or in the subject, the tags and what is known of the customer; the "
    "last one may be unfinished. `#1042` is a ticket by its number, `1042` that and all texts that hold it."
)

_STATUS = f"({'|'.join(get_args(TicketStatus))})"
_STATUSES = f"^{_STATUS}(,{_STATUS})*$"


class TicketQuery(ListQuery):
    """What the list is narrowed to. `status` takes several, comma-separated."""

    status: Annotated[str, StringConstraints(pattern=_STATUSES)] | None = None
    queue: str | None = Field(None, max_length=200)
    assignee: str | None = Field(None, max_length=200, description="An agent's id, `me` or `none`.")
    channel: str | None = Field(None, max_length=200)
    customer: str | None = Field(None, max_length=200)
    type: str | None = Field(None, max_length=200)
    q: str | None = Field(None, max_length=200, description=_Q)
    updated_since: AwareDatetime | None = None
    offered_to: str | None = Field(None, max_length=200, description="An agent's id, or `me`.")
    wrapping_up: bool | None = Field(None, description="Resolved, and still taking its agent's room.")


class Counts(BaseModel):
    """How many each view of the inbox holds."""

    mine: int
    unassigned: int
    waiting: int
    bot: int
    all: int
    quarantined: int


class NewTicket(BaseModel):
    """A ticket opened by hand: `outbound` writes to the customer, `log` records a call or visit."""

    direction: Literal["outbound", "log"]
    customer_id: Name | None = None
    contact: Name | None = Field(None, description="The customer's address on the channel.")
    channel_id: Name | None = None
    subject: Annotated[str, StringConstraints(max_length=500)] = ""
    text: Text
    kind: Literal["call", "visit"] = "call"


class NewReply(BaseModel):
    """A public reply. With `last_seen_message_id`, 409 when the customer has written since.

    By e-mail it goes to everybody who takes part: left out, `to` is the customer and `cc` the others. A list
    goes to exactly those, who then take part.
    """

    text: Text
    html: Annotated[str, StringConstraints(max_length=200_000)] | None = None
    attachments: list[Name] = Field(default_factory=list, max_length=LONGEST_LIST)
    to: Addresses | None = None
    cc: Addresses | None = None
    bcc: Addresses | None = None
    last_seen_message_id: Name | None = None
    article_id: Name | None = Field(None, description="The article that the reply is made from.")


class NewNote(BaseModel):
    """A note for colleagues."""

    text: Text
    attachments: list[Name] = Field(default_factory=list, max_length=LONGEST_LIST)


class Merge(BaseModel):
    """The ticket that goes on, of the same customer."""

    into: Name = Field(description="Its id or its number.")


class HitOut(BaseModel):
    """A rule that applied; with an `error`, one that failed and was skipped."""

    rule_id: str
    stage: str
    did: list[str]
    error: str


class DecisionOut(BaseModel):
    """What was decided about one message or, by rules about tickets and time, about the ticket, and why.

    `event` says which: `message`, `ticket_created`, `ticket_changed` or `time`. `message_id` is then the
    customer's last message, "" where there is none. `match` is what was found for the message decided about.
    """

    id: str
    created_at: datetime
    event: Event
    message_id: str
    why: str
    hits: list[HitOut]
    match: MatchOut | None
    language: str
    rules_version: int


class DecisionList(BaseModel):
    """Decisions, newest first."""

    data: list[DecisionOut]
    next_cursor: str | None = None


@api.read("/api/v1/tickets", summary="Tickets, newest change first")
def list_tickets(sql: Sql, call: Call, query: TicketQuery) -> Page[TicketOut]:
    """A page of tickets."""
    assignee, offered_to = (
        call.principal.id if name == "me" else name for name in (query.assignee, query.offered_to)
    )
    filters = Filters(
        status=tuple(query.status.split(",")) if query.status else (),
        queue=query.queue,
        assignee="" if assignee == "none" else assignee,
        channel=query.channel,
        customer=query.customer,
        type=query.type,
        q=query.q,
        updated_since=query.updated_since,
        offered_to=offered_to,
        wrapping_up=query.wrapping_up,
    )
    found = inbox_views.tickets(sql, filters, query.after(), query.limit)
    names = _names(sql, found.items)
    desk = call.parts.desk(sql)
    now = call.parts.clock()
    return Page[TicketOut].of(found, lambda ticket: show_ticket(ticket, names, desk, now))


@api.read("/api/v1/tickets/counts", summary="How many tickets each view holds")
def count_tickets(sql: Sql, call: Call) -> Counts:
    """For the inbox's list of views."""
    return Counts(**inbox_views.counts(sql, call.principal.agent_id))


@api.read("/api/v1/tickets/{ticket_id}", summary="A ticket")
def get_ticket(sql: Sql, call: Call, ticket_id: str) -> TicketOut:
    """One ticket, with its ETag. Its number does instead of its id, here and in the paths below it."""
    return _shown(sql, call, tickets.get(sql, tickets.id_of(sql, ticket_id)))


@api.write("POST", "/api/v1/tickets", status=201, summary="Open a ticket by hand")
def create_ticket(tx: Tx, call: Call, body: NewTicket) -> TicketOut:
    """Write to a customer first, or record a call or visit."""
    desk = call.parts.desk(tx.sql)
    customer = customers.find(tx.sql, body.customer_id) if body.customer_id else None
    if body.customer_id and customer is None:
        raise Invalid.at("/customer_id", "unknown", f"There is no customer {body.customer_id}.")
    request = OpenTicket(
        queue=desk.default_queue,
        subject=body.subject or " ".join(body.text.split())[:120],
        why="opened by hand",
        tier=customer.tier if customer else "",
    )
    try:
        if body.direction == "log":
            ticket = _log(tx, call, body, request, desk)
        else:
            ticket = _outbound(tx, call, body, request, desk)
    except lifecycle.Refused as refused:
        raise Conflict(f"{refused}.") from None
    return _shown(tx.sql, call, ticket)


@api.write("PATCH", "/api/v1/tickets/{ticket_id}", summary="Change a ticket")
def change_ticket(tx: Tx, call: Call, ticket_id: str, body: TicketChange) -> TicketOut:
    """Set fields, assign, move to another status."""
    before = tickets.lock(tx, tickets.id_of(tx.sql, ticket_id))
    call.expect(before.version)
    desk = call.parts.desk(tx.sql)
    try:
        ticket = changed(tx, call, before, body, desk)
    except lifecycle.Refused as refused:
        raise Conflict(f"{refused}.") from None
    return _shown(tx.sql, call, inbox.save(tx, before, ticket, actor=call.principal.kind))


@api.write("POST", "/api/v1/tickets/{ticket_id}/replies", status=201, summary="Reply to the customer")
def reply(tx: Tx, call: Call, ticket_id: str, body: NewReply) -> MessageOut:
    """Stored and queued in one transaction; `delivery` tells how far it has come."""
    ticket_id = tickets.id_of(tx.sql, ticket_id)
    ticket = tickets.get(tx.sql, ticket_id)
    live = _is_live(tx, ticket.channel_id)
    words = Words(
        text=body.text,
        html=safe(body.html),
        attachments=uploads.attachments(tx.sql, body.attachments, call.principal.id),
        details=addressed(tx, ticket, body),
        live=live,
        by=call.principal.id,
    )
    try:
        message, _ = inbox.reply(
            tx,
            ticket_id,
            call.principal.agent_id,
            words,
            call.parts.desk(tx.sql),
            last_seen=body.last_seen_message_id,
        )
    except lifecycle.Refused as refused:
        raise Conflict(f"{refused}.") from None
    except inbox.Newer as newer:
        shown = [_line(tx.sql, one, live=live).model_dump(mode="json") for one in newer.messages]
        raise Conflict("The customer has written since; read it first.", newer=shown) from None
    label_shown(tx, message, body.article_id)
    return _line(tx.sql, message, live=live)


@api.write("POST", "/api/v1/tickets/{ticket_id}/notes", status=201, summary="Note for colleagues")
def note(tx: Tx, call: Call, ticket_id: str, body: NewNote) -> MessageOut:
    """The customer never sees it."""
    files = uploads.attachments(tx.sql, body.attachments, call.principal.id)
    words = Words(body.text, attachments=files, by=call.principal.id)
    message = inbox.note(tx, tickets.id_of(tx.sql, ticket_id), call.principal.agent_id, words)
    return _line(tx.sql, message, live=False)


@api.write("POST", "/api/v1/tickets/{ticket_id}/merge", summary="Merge a ticket into another")
def merge(tx: Tx, call: Call, ticket_id: str, body: Merge) -> TicketOut:
    """Final: this one ends, and what the customer writes next reaches the other."""
    try:
        one, other = (tickets.id_of(tx.sql, name) for name in (ticket_id, body.into))
        ticket = inbox.merge(tx, one, other, call.parts.desk(tx.sql))
    except lifecycle.Refused as refused:
        raise Conflict(f"{refused}.") from None
    return _shown(tx.sql, call, ticket)


@api.read("/api/v1/tickets/{ticket_id}/decisions", summary="What was decided about it and its messages")
def list_decisions(sql: Sql, call: Call, ticket_id: str) -> DecisionList:
    """About the messages of the ticket's conversation, and by rules about tickets and time."""
    ticket = tickets.get(sql, tickets.id_of(sql, ticket_id))
    found = decisions.of_conversation(sql, ticket.conversation_id)
    return DecisionList(data=[_decided(stored) for stored in found])


@api.write("POST", "/api/v1/tickets/{ticket_id}/offer/accept", summary="Accept what is offered to you")
def accept_offer(tx: Tx, call: Call, ticket_id: str) -> TicketOut:
    """The ticket is yours."""
    offer = _my_offer(tx, call, ticket_id)
    return _shown(tx.sql, call, offering.accept(tx, offer, call.parts.desk(tx.sql)))


@api.write("POST", "/api/v1/tickets/{ticket_id}/offer/decline", summary="Decline what is offered to you")
def decline_offer(tx: Tx, call: Call, ticket_id: str) -> TicketOut:
    """It waits for somebody else, at its age."""
    offer = _my_offer(tx, call, ticket_id)
    return _shown(tx.sql, call, offering.give_back(tx, offer, "declined", call.parts.desk(tx.sql)))


@api.write("POST", "/api/v1/tickets/{ticket_id}/wrap-up/end", summary="End the wrap-up of a ticket")
def end_wrap_up(tx: Tx, call: Call, ticket_id: str) -> TicketOut:
    """It takes its agent's room no more. Its agent may, and supervisors."""
    before = tickets.lock(tx, tickets.id_of(tx.sql, ticket_id))
    if before.assignee != call.principal.agent_id and not call.principal.may("supervisor"):
        raise Forbidden("Whose ticket it is ends its wrap-up, or a supervisor.")
    if before.wrap_up_until is None:
        raise Conflict(f"Ticket #{before.number} is not being wrapped up.")
    desk = call.parts.desk(tx.sql)
    after = lifecycle.end_wrap_up(before, tx.now, desk)
    return _shown(tx.sql, call, inbox.save(tx, before, after, actor=call.principal.kind))


def _log(tx: Tx, call: Call, body: NewTicket, request: OpenTicket, desk: Desk) -> Ticket:
    if body.customer_id is None:
        raise Invalid.at("/customer_id", "missing", "A call or visit is recorded for a customer.")
    words = Words(text=body.text, details={"logged": body.kind}, by=call.principal.id)
    return inbox.log_contact(tx, body.customer_id, request, words, desk, agent_id=call.principal.agent_id)


def _outbound(tx: Tx, call: Call, body: NewTicket, request: OpenTicket, desk: Desk) -> Ticket:
    agent = call.principal.agent_id
    if body.channel_id is None:
        raise Invalid.at("/channel_id", "missing", "Say which channel the message goes out on.")
    if channels.find(tx.sql, body.channel_id) is None:
        raise Invalid.at("/channel_id", "unknown", f"There is no channel {body.channel_id}.")
    contact = None
    if body.contact is not None:
        contact = inbox.contact_at(tx, body.channel_id, body.contact, body.customer_id)
    elif body.customer_id is not None:
        contact = contacts.of_customer(tx, body.channel_id, body.customer_id)
    if contact is None:
        raise Invalid.at("/contact", "missing", "The customer has no address on this channel; give one.")
    if body.customer_id not in (None, contact.customer_id):
        raise Invalid.at("/contact", "taken", "This address belongs to another customer.")
    conversation = inbox.start_conversation(tx, contact, body.subject)
    ticket = inbox.open_by_hand(tx, conversation, request, agent, desk)
    words = Words(text=body.text, live=_is_live(tx, body.channel_id), by=call.principal.id)
    _, ticket = inbox.reply(tx, ticket.id, agent, words, desk)
    return ticket


def _is_live(tx: Tx, channel_id: str) -> bool:
    channel = channels.find(tx.sql, channel_id)
    return channel is not None and channel.kind in LIVE_KINDS


def _decided(stored: decisions.Stored) -> DecisionOut:
    context, decision = stored.made.context, stored.made.decision
    # Rules about tickets are given the match that there was last: it was made for a message.
    match = context.match if context.event == "message" else None
    return DecisionOut(
        id=f"dec_{stored.seq}",
        created_at=stored.created_at,
        event=context.event,
        message_id=stored.made.message_id,
        why=decision.why,
        hits=[
            HitOut(rule_id=hit.rule_id, stage=hit.stage, did=list(hit.did), error=hit.error)
            for hit in decision.hits
        ],
        match=match_out(match) if match is not None else None,
        language=decision.language,
        rules_version=decision.rules_version,
    )


def _my_offer(tx: Tx, call: Call, ticket_id: str) -> offers.Offer:
    ticket = tickets.lock(tx, tickets.id_of(tx.sql, ticket_id))
    offer = offers.pending(tx.sql, ticket.id)
    if offer is None or offer.agent_id != call.principal.agent_id:
        raise Conflict("This ticket is not offered to you now.")
    return offer


def _names(sql: Sql, found: Sequence[Ticket]) -> inbox_views.Names:
    return inbox_views.names(sql, {one.customer_id for one in found}, {one.conversation_id for one in found})


def _shown(sql: Sql, call: Call, ticket: Ticket) -> TicketOut:
    return show_ticket(ticket, _names(sql, [ticket]), call.parts.desk(sql), call.parts.clock())


def _line(sql: Sql, message: Message, *, live: bool) -> MessageOut:
    conversation = conversations.get(sql, message.conversation_id)
    return show_message(inbox_views.lines(sql, conversation, [message])[0], live=live)
