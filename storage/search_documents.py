"""What the search index is to hold of the messages and tickets that events tell of."""

from collections.abc import Iterable
from typing import NamedTuple

from sqlalchemy import Connection, select

from storage import schema
from storage.events import LoggedEvent, events_after
from storage.listed import among
from storage.prepared import Prepared
from storage.search import position

_message, _ticket = schema.messages.c, schema.tickets.c
_person, _point, _conversation = schema.customers.c, schema.contact_points.c, schema.conversations.c
_messages = Prepared(
    select(_message.seq, _message.text, _message.attachments).where(among(_message.id, "ids"))
)
_tickets_of = Prepared(select(_ticket.id).where(among(_ticket.customer_id, "customers")))
_tickets = Prepared(
    select(
        _ticket.number,
        _ticket.subject,
        _ticket.tags,
        _person.name,
        _person.email,
        _person.phone,
        _person.company,
        _point.address,
    )
    .join_from(schema.tickets, schema.customers, _person.id == _ticket.customer_id)
    .join(schema.conversations, _conversation.id == _ticket.conversation_id)
    .join(schema.contact_points, _point.id == _conversation.contact_point_id)
    .where(among(_ticket.id, "ids"))
)
# What of a ticket is searched; an event names what it changed.
_SEARCHED = frozenset({"subject", "tags"})


class News(NamedTuple):
    """The events after `seen` up to `upto` as texts to search, each under its number."""

    seen: int
    upto: int
    messages: list[tuple[int, str]]
    tickets: list[tuple[int, str]]


def news(sql: Connection, limit: int) -> News:
    """What the next events, at most `limit`, told the index; `upto == seen` when there was none."""
    seen = position(sql)
    events = events_after(sql, seen, limit)
    said = {event.data["message_id"] for event in events if _says(event)}
    about = {event.ticket_id for event in events if event.ticket_id and _is_about(event)}
    people = [event.data["id"] for event in events if event.type == "customer.updated"]
    if people:
        about.update(line[0] for line in _tickets_of.rows(sql, {"customers": people}))
    return News(
        seen=seen,
        upto=events[-1].seq if events else seen,
        messages=_texts_of_messages(sql, said),
        tickets=_texts_of_tickets(sql, about),
    )


def everything(sql: Connection) -> News:
    """What the whole desk would have told: for one whose events nobody was told."""
    here = position(sql)
    said = sql.execute(select(_message.id)).scalars()
    about = sql.execute(select(_ticket.id)).scalars()
    return News(here, here, _texts_of_messages(sql, said), _texts_of_tickets(sql, about))


def _says(event: LoggedEvent) -> bool:
    # A delivery's state is told as the same kind of event, and changes no word.
    return event.type in ("message.created", "message.updated") and "delivery" not in event.data


def _is_about(event: LoggedEvent) -> bool:
    return event.type == "ticket.created" or (
        event.type == "ticket.updated" and not _SEARCHED.isdisjoint(event.data)
    )


def _texts_of_messages(sql: Connection, ids: Iterable[str]) -> list[tuple[int, str]]:
    lines = _messages.rows(sql, {"ids": sorted(ids)})
    return [(seq, " ".join((text, *(file["name"] for file in files)))) for seq, text, files in lines]


def _texts_of_tickets(sql: Connection, ids: Iterable[str]) -> list[tuple[int, str]]:
    lines = _tickets.rows(sql, {"ids": sorted(ids)})
    return [(number, " ".join((subject, *tags, *rest))) for number, subject, tags, *rest in lines]
