"""What customers asked: how sure the match was of the last days' questions, and which got no answer."""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

import msgspec
from sqlalchemy import Connection, func, select

from bus.ids import new_id
from knowledgebase.gaps import Asked
from knowledgebase.precision import Exposure
from router.decision import Context, Decision, OpenTicket
from router.phrases import NO_ANSWER, NOTHING_LEFT
from storage import schema
from storage.decisions import about_messages

_decision_row, _ticket, _message = schema.decisions.c, schema.tickets.c, schema.messages.c
_context = msgspec.msgpack.Decoder(Context)
_decision = msgspec.msgpack.Decoder(Decision)
_UNANSWERED = frozenset({NO_ANSWER, NOTHING_LEFT})
_AT_ONCE = 500
_LONGEST_REPLY = 5_000


def exposures(sql: Connection, since: datetime, limit: int = 5_000) -> list[Exposure]:
    """The matches of the last questions that the bot had to answer, newest first."""
    query = select(_decision_row.context, _decision_row.created_at).where(about_messages)
    query = query.order_by(_decision_row.seq.desc())
    found: list[Exposure] = []
    for context, at in sql.execute(query.limit(limit)):
        if at < since:
            break
        match = _context.decode(context).match
        if match is not None:
            best = match.candidates[0].confidence if match.candidates else 0.0
            found.append(Exposure(confidence=best, outcome=match.outcome))
    return found


class _Opened(NamedTuple):
    ticket_id: str
    conversation_id: str
    message_id: str
    at: datetime


def unanswered(sql: Connection, since: datetime, limit: int = 2_000) -> list[Asked]:
    """Questions for which a ticket opened because no article answered them, newest first."""
    # Ids sort by their age.
    least = new_id("tkt", since - timedelta(milliseconds=1), bytes)
    query = select(_ticket.id, _ticket.conversation_id).where(_ticket.id >= least)
    tickets = sql.execute(query.order_by(_ticket.id.desc()).limit(limit)).all()
    found: list[Asked] = []
    for at in range(0, len(tickets), _AT_ONCE):
        found.extend(_asked(sql, [tuple(line) for line in tickets[at : at + _AT_ONCE]]))
    return found


def _asked(sql: Connection, tickets: Sequence[tuple[str, str]]) -> list[Asked]:
    opened = _openings(sql, tickets)
    texts = _texts(sql, {one.message_id for one in opened})
    replies = _replies(sql, {one.conversation_id for one in opened})
    return [
        Asked(
            text=texts[one.message_id],
            at=one.at,
            ticket_id=one.ticket_id,
            reply=replies.get(one.conversation_id, ""),
        )
        for one in opened
        if texts.get(one.message_id, "").strip()
    ]


def _openings(sql: Connection, tickets: Sequence[tuple[str, str]]) -> list[_Opened]:
    """The decisions that opened these tickets, where it was for want of an answer."""
    first = (
        select(func.min(_decision_row.seq))
        .where(
            about_messages,
            _decision_row.conversation_id.in_([conversation for _, conversation in tickets]),
            _decision_row.ticket_id.in_([ticket for ticket, _ in tickets]),
        )
        .group_by(_decision_row.ticket_id)
    )
    query = select(schema.decisions).where(_decision_row.seq.in_(first)).order_by(_decision_row.seq.desc())
    found = []
    for line in sql.execute(query):
        effects = _decision.decode(line.decision).effects
        if any(isinstance(one, OpenTicket) and one.why in _UNANSWERED for one in effects):
            found.append(_Opened(line.ticket_id, line.conversation_id, line.message_id, line.created_at))
    return found


def _texts(sql: Connection, ids: Iterable[str]) -> dict[str, str]:
    lines = sql.execute(select(_message.id, _message.text).where(_message.id.in_(sorted(ids))))
    return {line.id: line.text for line in lines}


def _replies(sql: Connection, conversations: Iterable[str]) -> dict[str, str]:
    """The longest public reply of an agent in each conversation."""
    query = select(_message.conversation_id, _message.text).where(
        _message.conversation_id.in_(sorted(conversations)),
        _message.author == "agent",
        _message.kind == "public",
    )
    longest: dict[str, str] = {}
    for conversation_id, text in sql.execute(query):
        longest[conversation_id] = max(longest.get(conversation_id, ""), text[:_LONGEST_REPLY], key=len)
    return longest
