"""What an inbox shows of tickets, conversations and messages: with the names that belong to their ids."""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from sqlalchemy import ColumnElement, Connection, bindparam, func, literal_column, or_, select

from router.values import Conversation, Customer, Ticket
from storage import dead_letters, deliveries, messages, schema, search
from storage import tickets as ticket_store
from storage.columns import Json
from storage.deliveries import Delivery
from storage.listed import among
from storage.messages import Message
from storage.paging import Position, Slice, newest_first
from storage.rows import Mapper

_tickets = Mapper(schema.tickets, Ticket)
_customers = Mapper(schema.customers, Customer)
_conversations = Mapper(schema.conversations, Conversation)
_ticket = schema.tickets.c
_conversation = schema.conversations.c
_customer = schema.customers.c
_OVER = frozenset({"resolved", "closed", "merged"})
_WITH_BOT = _conversation.with_ == literal_column("'bot'")


class Filters(NamedTuple):
    """What a list of tickets is narrowed to; None or empty is no condition. `assignee` "" is nobody."""

    status: tuple[str, ...] = ()
    queue: str | None = None
    assignee: str | None = None
    channel: str | None = None
    customer: str | None = None
    type: str | None = None
    q: str | None = None
    updated_since: object = None
    offered_to: str | None = None
    wrapping_up: bool | None = None


class Names(NamedTuple):
    """Names by id, for what a page of tickets or conversations refers to."""

    customers: dict[str, Customer]
    agents: dict[str, str]
    channels: dict[str, tuple[str, str]]
    last: dict[str, Message]


def tickets(sql: Connection, filters: Filters, after: Position | None, limit: int) -> "Slice[Ticket]":
    """Tickets that meet the filters, newest change first."""
    query = _tickets.select().where(*_conditions(filters))
    if filters.q:
        query = query.where(_search(sql, filters.q))
    found = [_tickets.load(line) for line in sql.execute(newest_first(query, schema.tickets, after, limit))]
    return _slice_tickets(found, limit)


def _slice_tickets(found: list[Ticket], limit: int) -> "Slice[Ticket]":
    items = found[:limit]
    rest = (items[-1].updated_at, items[-1].id) if len(found) > limit else None
    return Slice(items, rest)


def _conditions(filters: Filters) -> "list[ColumnElement[bool]]":
    wanted: list[ColumnElement[bool]] = []
    if filters.status:
        # What is over is most of the table: those are found by their last change, not by their status.
        over = _OVER.intersection(filters.status)
        column = func.coalesce(_ticket.status, "") if over else _ticket.status
        wanted.append(column.in_(sorted(filters.status)))
    for column, value in (
        (_ticket.queue, filters.queue),
        (_ticket.channel_id, filters.channel),
        (_ticket.customer_id, filters.customer),
        (_ticket.type, filters.type),
    ):
        if value is not None:
            wanted.append(column == value)
    if filters.assignee is not None:
        none = _ticket.assignee.is_(None)
        wanted.append(_ticket.assignee == filters.assignee if filters.assignee else none)
    if filters.offered_to is not None:
        offer = schema.offers.c
        pending = offer.state == literal_column("'pending'")
        wanted.append(
            _ticket.id.in_(select(offer.ticket_id).where(offer.agent_id == filters.offered_to, pending))
        )
    if filters.wrapping_up is not None:
        until = _ticket.wrap_up_until
        wanted.append(until.is_not(None) if filters.wrapping_up else until.is_(None))
    if filters.updated_since is not None:
        wanted.append(_ticket.updated_at >= filters.updated_since)
    return wanted


def _search(sql: Connection, question: str) -> "ColumnElement[bool]":
    number = ticket_store.number_in(question)
    if number is not None and question.strip().startswith("#"):
        return _ticket.number == number
    found = search.find(sql, question)
    numbers = [*found.tickets, *([number] if number is not None else [])]
    conversations = bindparam("found", list(found.conversations), type_=Json)
    return or_(_ticket.number.in_(numbers), among(_ticket.conversation_id, conversations))


def names(sql: Connection, customer_ids: set[str], conversation_ids: set[str]) -> Names:
    """What belongs to a page's ids."""
    people = sql.execute(_customers.select().where(_customer.id.in_(sorted(customer_ids))))
    agents = sql.execute(select(schema.agents.c.id, schema.agents.c.name))
    channels = sql.execute(select(schema.channels.c.id, schema.channels.c.name, schema.channels.c.kind))
    return Names(
        customers={person.id: person for person in map(_customers.load, people)},
        agents={line.id: line.name for line in agents},
        channels={line.id: (line.name, line.kind) for line in channels},
        last=messages.last_of(sql, conversation_ids),
    )


def counts(sql: Connection, agent_id: str | None) -> dict[str, int]:
    """How many tickets and conversations each of the inbox's views holds."""

    def count(*where: "ColumnElement[bool]") -> int:
        return int(sql.execute(select(func.count()).select_from(schema.tickets).where(*where)).scalar_one())

    active = _ticket.status.in_(("queued", "offered", "open", "waiting"))
    with_bot = select(func.count()).select_from(schema.conversations).where(_WITH_BOT)
    return {
        "mine": count(_ticket.assignee == agent_id, active) if agent_id else 0,
        "unassigned": count(_ticket.assignee.is_(None), _ticket.status.in_(("queued", "offered", "open"))),
        "waiting": count(_ticket.status == "waiting"),
        "all": count(active),
        "bot": int(sql.execute(with_bot).scalar_one()),
        "quarantined": dead_letters.quarantined(sql),
    }


class Listed(NamedTuple):
    """A conversation and when it last changed."""

    conversation: Conversation
    updated_at: object


class Chosen(NamedTuple):
    """What a list of conversations is narrowed to; None is no condition.

    `q`: what was said in it. `contact` is an address on `channel`, `thread` the platform's own name for the
    conversation. `ticket`: it leads there, also because its own ticket was merged into that one.
    """

    with_: str | None = None
    customer: str | None = None
    q: str | None = None
    channel: str | None = None
    contact: str | None = None
    thread: str | None = None
    ticket: str | None = None


def conversations(sql: Connection, chosen: Chosen, after: Position | None, limit: int) -> "Slice[Listed]":
    """Conversations, newest change first."""
    query = _conversations.select().add_columns(_conversation.updated_at)
    query = query.where(*_chosen(sql, chosen))
    lines = sql.execute(newest_first(query, schema.conversations, after, limit)).all()
    items = [Listed(_conversations.load(line[:-1]), line[-1]) for line in lines[:limit]]
    rest = (lines[limit - 1][-1], items[-1].conversation.id) if len(lines) > limit else None
    return Slice(items, rest)


def _chosen(sql: Connection, chosen: Chosen) -> "Iterator[ColumnElement[bool]]":
    for column, value in (
        (_conversation.customer_id, chosen.customer),
        (_conversation.channel_id, chosen.channel),
        (_conversation.thread, chosen.thread),
    ):
        if value is not None:
            yield column == value
    if chosen.with_ is not None:
        yield _WITH_BOT if chosen.with_ == "bot" else _conversation.with_ == chosen.with_
    if chosen.q:
        found = bindparam("found", list(search.find(sql, chosen.q).conversations), type_=Json)
        yield among(_conversation.id, found)
    if chosen.contact is not None:
        point = schema.contact_points.c
        there = select(point.id).where(point.address == chosen.contact, point.channel_id == chosen.channel)
        yield _conversation.contact_point_id.in_(there)
    if chosen.ticket is not None:
        # By their customer, for whom there is an index.
        owner = select(_ticket.customer_id).where(_ticket.id == chosen.ticket).scalar_subquery()
        yield _conversation.customer_id == owner
        yield _conversation.ticket_id == chosen.ticket


class Line(NamedTuple):
    """A message with how far its delivery has come, and its author's name."""

    message: Message
    delivery: Delivery | None
    author_name: str


def lines(sql: Connection, conversation: Conversation, found: Sequence[Message]) -> list[Line]:
    """Messages of one conversation as they are shown."""
    sent = deliveries.of_messages(sql, [message.id for message in found if message.author != "customer"])
    ids = sorted({message.author_id for message in found if message.author_id})
    people: dict[str, str] = {}
    for writers in (schema.agents, schema.tokens):
        named = select(writers.c.id, writers.c.name).where(writers.c.id.in_(ids))
        people.update((line.id, line.name) for line in sql.execute(named))
    customer = sql.execute(select(_customer.name).where(_customer.id == conversation.customer_id))
    people[conversation.customer_id] = customer.scalar_one_or_none() or ""
    return [Line(message, sent.get(message.id), people.get(message.author_id or "", "")) for message in found]
