"""The ledger against the tables it speaks of: everything is counted again, row by row.

What it finds is told by channel and minute. A row that is gone is found three ways: the books say how many
messages a minute has stored and how many it has sent, a delivery names its message, and a conversation counts
the messages that it holds.
"""

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping
from datetime import datetime, timedelta
from typing import NamedTuple

import msgspec
from sqlalchemy import Connection, func, select

from bus.envelope import Mark, minute_of
from bus.ids import message_id
from storage import schema
from storage.ledger_lines import Line, lines, quarantined
from storage.listed import among

_known = schema.dedupe.c
_message = schema.messages.c
_note = schema.ledger_notes.c
_delivery = schema.deliveries.c
_conversation = schema.conversations.c
_event = schema.events.c
Place = tuple[datetime, str]
# Clocks of other processes may be ahead.
_AHEAD = timedelta(days=1)


class Difference(NamedTuple):
    """One place where the books and the tables say different things."""

    channel_id: str
    minute: datetime
    what: str


def check(sql: Connection, since: datetime, now: datetime) -> list[Difference]:
    """Every difference of the minutes from `since` on, by minute and channel."""
    found = lines(sql, since, now + _AHEAD)
    differences = {
        *_unbalanced(found, now),
        *_recounted(sql, found, since),
        *_undelivered(sql, since),
        *_gaps(sql, since),
    }
    return sorted(differences, key=lambda one: (one.minute, one.channel_id, one.what))


def not_taken(sql: Connection, channel_id: str, external_ids: Collection[str]) -> list[str]:
    """Those of a platform's own ids that are neither stored nor parked."""
    ids = {message_id(channel_id, one): one for one in external_ids}
    wanted = {"ids": sorted(ids)}
    stored = select(_known.message_id).where(among(_known.message_id, "ids"))
    letter = schema.dead_letters.c.envelope_id
    parked = select(letter).where(among(letter, "ids"))
    found = {line[0] for query in (stored, parked) for line in sql.execute(query, wanted)}
    return [external for id_, external in ids.items() if id_ not in found]


def _unbalanced(found: Iterable[Line], now: datetime) -> Iterator[Difference]:
    for line in found:
        if not line.difference(now):
            continue
        if line.open > 0:
            yield Difference(line.channel_id, line.minute, f"{line.open} accepted and not accounted for")
        if line.open < 0:
            yield Difference(line.channel_id, line.minute, f"{-line.open} accounted for and never accepted")
        if line.unsent:
            counted = line.sent - line.unsent
            yield _differ(line.channel_id, line.minute, "to be sent", line.sent, counted)


def _recounted(sql: Connection, found: Iterable[Line], since: datetime) -> Iterator[Difference]:
    everything, said = _taken(sql, since)
    parked = Counter({(m, c): n for (m, c), n in _places(quarantined(sql)).items() if m >= since})
    duplicates, given_up = _notes(sql, since, "duplicate"), _notes(sql, since, "given_up")
    books = {(line.minute, line.channel_id): line for line in found}
    for place in sorted({*books, *everything, *parked, *duplicates, *given_up}):
        minute, channel = place
        line = books.get(place, Line(channel, minute))
        for what, told, counted in (
            ("stored", line.stored, said[place]),
            ("taken in", line.stored + line.applied, everything[place]),
            ("quarantined", line.quarantined, parked[place]),
            ("duplicates", line.duplicates, duplicates[place]),
            ("given up", line.given_up, given_up[place]),
        ):
            if told != counted:
                yield _differ(channel, minute, what, told, counted)


def _differ(channel_id: str, minute: datetime, what: str, told: int, counted: int) -> Difference:
    return Difference(channel_id, minute, f"{what}: {told} by the books, {counted} in the tables")


def _taken(sql: Connection, since: datetime) -> "tuple[Counter[Place], Counter[Place]]":
    """How much was taken in, and how many of those are there as messages."""
    query = (
        select(_known.minute, _known.channel_id, func.count(), func.count(_message.id))
        .outerjoin_from(schema.dedupe, schema.messages, _message.id == _known.message_id)
        .where(_known.minute >= since, _known.number > 0)
        .group_by(_known.minute, _known.channel_id)
    )
    everything, said = Counter[Place](), Counter[Place]()
    for minute, channel, taken, there in sql.execute(query):
        everything[minute, channel], said[minute, channel] = taken, there
    return everything, said


def _notes(sql: Connection, since: datetime, what: str) -> "Counter[Place]":
    query = (
        select(_note.minute, _note.channel_id, func.count())
        .where(_note.what == what, _note.minute >= since)
        .group_by(_note.minute, _note.channel_id)
    )
    return Counter({(minute, channel): count for minute, channel, count in sql.execute(query)})


def _places(marks: Mapping[Mark, int]) -> "Counter[Place]":
    found = Counter[Place]()
    for (minute, channel, _source, number), count in marks.items():
        if number:
            found[minute, channel] += count
    return found


def _undelivered(sql: Connection, since: datetime) -> Iterator[Difference]:
    """Deliveries whose message is gone."""
    query = (
        select(_delivery.channel_id, _delivery.minute, func.count())
        .outerjoin_from(schema.deliveries, schema.messages, _message.id == _delivery.message_id)
        .where(_message.id.is_(None), _delivery.minute >= since)
        .group_by(_delivery.channel_id, _delivery.minute)
    )
    for channel, minute, count in sql.execute(query):
        yield Difference(channel, minute, f"{count} to be delivered and not there")


def _gaps(sql: Connection, since: datetime) -> Iterator[Difference]:
    """Conversations that count more messages than there are."""
    query = (
        select(_conversation.id, _conversation.channel_id, _conversation.position, _conversation.created_at)
        .outerjoin_from(schema.conversations, schema.messages, _message.conversation_id == _conversation.id)
        .where(_conversation.updated_at >= since)
        .group_by(*(_conversation[name] for name in ("id", "channel_id", "position", "created_at")))
        .having(func.count(_message.id) != _conversation.position)
    )
    for line in sql.execute(query).all():
        query = select(_message.position).where(_message.conversation_id == line.id)
        missing = set(range(1, line.position + 1)).difference(sql.execute(query).scalars())
        when = _said_at(sql, line.id)
        for position in sorted(missing):
            minute = minute_of(when.get(position, line.created_at))
            yield Difference(line.channel_id, minute, f"message {position} of conversation {line.id} is gone")


def _said_at(sql: Connection, conversation_id: str) -> dict[int, datetime]:
    """When each message of a conversation was stored, as the event log has it."""
    query = select(_event.data, _event.at).where(
        _event.conversation_id == conversation_id, _event.type == "message.created"
    )
    return {
        msgspec.convert(line.data["position"], int): line.at
        for line in sql.execute(query)
        if "position" in line.data
    }
