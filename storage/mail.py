"""What mail leaves behind beside messages: which mails belong together, who takes part, what passed.

A thread is a contact point's address and the thread's name, as conversations are found by them.
"""

import hashlib
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Final, NamedTuple

from sqlalchemy import ColumnElement, Connection, delete, insert, select, update

from storage import schema
from storage.deliveries import Delivery, tell
from storage.store import Tx

_id = schema.mail_ids.c
_person = schema.mail_people.c
_passed = schema.mail_traffic.c
_block = schema.mail_blocks.c
_message = schema.messages.c
_conversation = schema.conversations.c
_contact = schema.contact_points.c
_ticket = schema.tickets.c
_delivery = schema.deliveries.c
_MOST_PEOPLE: Final = 100
REMEMBERED: Final = timedelta(hours=24)
"""What passed longer ago counts for no budget."""


class Place(NamedTuple):
    """Where a mail belongs. `channel` and its `kind` are given where the mail came to another."""

    address: str
    thread: str
    channel: str = ""
    kind: str = ""


def digest(message_id: str) -> str:
    """What a Message-ID is remembered by."""
    return hashlib.sha256(message_id.encode("utf-8", "surrogatepass")).hexdigest()[:32]


# --- threads -----------------------------------------------------------------------------------------


def of_conversation(sql: Connection, channel_id: str, conversation_id: str) -> Place | None:
    """The thread of a conversation on this channel."""
    query = (
        select(_contact.address, _conversation.thread)
        .join_from(schema.conversations, schema.contact_points, _contact.id == _conversation.contact_point_id)
        .where(_conversation.id == conversation_id, _conversation.channel_id == channel_id)
    )
    line = sql.execute(query).one_or_none()
    return None if line is None else Place(*line)


def of_message(sql: Connection, channel_id: str, message_id: str) -> Place | None:
    """The thread that one of our messages was sent in."""
    query = select(_message.conversation_id).where(_message.id == message_id)
    found = sql.execute(query).scalar_one_or_none()
    return None if found is None else of_conversation(sql, channel_id, found)


def elsewhere(sql: Connection, id_: str) -> Place | None:
    """The place of a conversation on whatever channel, by its id or by that of a message of it.

    Only for ids that a mail names in a way that nobody can make up: then we have mailed something of it.
    """
    found = select(_message.conversation_id).where(_message.id == id_).scalar_subquery()
    channel = schema.channels.c
    query = (
        select(_contact.address, _conversation.thread, channel.id, channel.kind)
        .join_from(schema.conversations, schema.contact_points, _contact.id == _conversation.contact_point_id)
        .join(schema.channels, channel.id == _conversation.channel_id)
        .where((_conversation.id == id_) | (_conversation.id == found))
    )
    line = sql.execute(query).first()
    return None if line is None else Place(*line)


def of_ids(sql: Connection, channel_id: str, message_ids: Sequence[str]) -> Place | None:
    """The thread of the first of these Message-IDs that was seen on this channel."""
    if not message_ids:
        return None
    order = {digest(one): at for at, one in reversed(list(enumerate(message_ids)))}
    query = select(_id.digest, _id.address, _id.thread).where(
        _id.channel_id == channel_id, _id.digest.in_(sorted(order))
    )
    found = sorted(sql.execute(query).all(), key=lambda line: order[line.digest])
    return Place(found[0].address, found[0].thread) if found else None


def of_ticket(sql: Connection, channel_id: str, number: int, sender: str) -> Place | None:
    """The thread of a ticket by its number, if the sender takes part in it."""
    query = (
        select(_ticket.conversation_id)
        .where(_ticket.number == number, _ticket.channel_id == channel_id)
        .order_by(_ticket.id)
    )
    found = sql.execute(query).scalar()
    place = None if found is None else of_conversation(sql, channel_id, found)
    if place is None or sender not in {place.address, *people(sql, channel_id, place)}:
        return None
    return place


def remember(tx: Tx, channel_id: str, message_id: str, place: Place) -> None:
    """Replies to this mail belong to its thread; who came first keeps it."""
    if not message_id:
        return
    key = digest(message_id)
    known = select(_id.digest).where(_id.channel_id == channel_id, _id.digest == key)
    if tx.sql.execute(known.with_for_update()).first() is None:
        row = {"channel_id": channel_id, "digest": key, "address": place.address, "thread": place.thread}
        tx.sql.execute(insert(schema.mail_ids).values(**row, created_at=tx.now))


# --- who takes part ----------------------------------------------------------------------------------


def people(sql: Connection, channel_id: str, place: Place) -> dict[str, str]:
    """Who takes part in a thread beside its contact: names by address."""
    query = (
        select(_person.email, _person.name)
        .where(
            _person.channel_id == channel_id, _person.address == place.address, _person.thread == place.thread
        )
        .order_by(_person.email)
        .limit(_MOST_PEOPLE)
    )
    return {line.email: line.name for line in sql.execute(query)}


def join(tx: Tx, channel_id: str, place: Place, found: Mapping[str, str]) -> None:
    """Let these (names by address) take part."""
    known = people(tx.sql, channel_id, place)
    room = _MOST_PEOPLE - len(known)
    fresh = [(email, name) for email, name in sorted(found.items()) if email not in known][: max(0, room)]
    if fresh:
        same = {"channel_id": channel_id, "address": place.address, "thread": place.thread}
        rows = [same | {"email": email, "name": name} for email, name in fresh]
        tx.sql.execute(insert(schema.mail_people), rows)


def keep_people(tx: Tx, channel_id: str, place: Place, found: Mapping[str, str]) -> None:
    """Let exactly these (names by address) take part."""
    here = (
        _person.channel_id == channel_id,
        _person.address == place.address,
        _person.thread == place.thread,
    )
    tx.sql.execute(delete(schema.mail_people).where(*here))
    join(tx, channel_id, place, found)


# --- what is sent by itself --------------------------------------------------------------------------


class Past(NamedTuple):
    """A mail that came or was sent by itself: when, and by what its words are told."""

    at: datetime
    words: str


def ours(sql: Connection, channel_id: str, address: str, conversation_id: str, now: datetime) -> list[Past]:
    """What was sent by itself to this address, or in this conversation, newest first."""
    whose = (_passed.address == address) | (_passed.conversation_id == conversation_id)
    return _past(sql, channel_id, now, whose, _passed.ours)


def said_by_itself(sql: Connection, channel_id: str, address: str, since: datetime) -> list[str]:
    """The texts of what was sent by itself to this address since then."""
    query = (
        select(_message.text)
        .join_from(schema.mail_traffic, schema.messages, _message.id == _passed.message_id)
        .where(_passed.channel_id == channel_id, _passed.address == address, _passed.at > since, _passed.ours)
        .order_by(_passed.at.desc())
        .limit(20)
    )
    return list(sql.execute(query).scalars())


def theirs(sql: Connection, channel_id: str, address: str, now: datetime) -> list[Past]:
    """What this address has sent, newest first."""
    return _past(sql, channel_id, now, _passed.address == address, ~_passed.ours)


def _past(sql: Connection, channel_id: str, now: datetime, *which: ColumnElement[bool]) -> list[Past]:
    query = (
        select(_passed.at, _passed.words)
        .where(_passed.channel_id == channel_id, _passed.at > now - REMEMBERED, *which)
        .order_by(_passed.at.desc())
        .limit(200)
    )
    return [Past(*line) for line in sql.execute(query)]


def passed(
    tx: Tx, message_id: str, channel_id: str, address: str, words: str, *, conversation_id: str, ours: bool
) -> None:
    """Count a mail, once however often it is tried; forget what counts no more."""
    tx.sql.execute(delete(schema.mail_traffic).where(_passed.at < tx.now - REMEMBERED))
    if not counted(tx.sql, message_id):
        row = {"message_id": message_id, "channel_id": channel_id, "address": address, "at": tx.now}
        row |= {"conversation_id": conversation_id, "words": words, "ours": ours}
        tx.sql.execute(insert(schema.mail_traffic).values(row))


def counted(sql: Connection, message_id: str) -> bool:
    """Whether a mail was counted before: this is another attempt."""
    return sql.execute(select(_passed.message_id).where(_passed.message_id == message_id)).first() is not None


def blocked(sql: Connection, channel_id: str, address: str, now: datetime) -> str:
    """Why nothing is sent by itself to an address now; "" if it may be."""
    query = select(_block.reason).where(
        _block.channel_id == channel_id, _block.address == address, _block.until > now
    )
    return sql.execute(query).scalar_one_or_none() or ""


def block(tx: Tx, channel_id: str, address: str, until: datetime, reason: str) -> None:
    """Send nothing by itself to an address until then."""
    where = (_block.channel_id == channel_id, _block.address == address)
    changed = {"until": until, "reason": reason}
    if not tx.sql.execute(update(schema.mail_blocks).where(*where).values(changed)).rowcount:
        tx.sql.execute(insert(schema.mail_blocks).values(channel_id=channel_id, address=address, **changed))


# --- what came back ----------------------------------------------------------------------------------


def bounced(tx: Tx, channel_id: str, message_id: str, reason: str) -> bool:
    """Our message came back: its delivery failed. False if it is none of this channel."""
    query = (
        update(schema.deliveries)
        .where(_delivery.message_id == message_id, _delivery.channel_id == channel_id)
        .where(_delivery.state.in_(("sent", "in_doubt", "failed")))
        .values(state="failed", error=reason, updated_at=tx.now)
        .returning(_delivery.conversation_id, _delivery.attempts)
    )
    line = tx.sql.execute(query).one_or_none()
    if line is not None:
        tell(tx, message_id, line.conversation_id, None, Delivery("failed", reason, line.attempts))
    return line is not None


def recent(sql: Connection, conversation_id: str, before: int, limit: int) -> list[tuple[str, str, Any]]:
    """The last public messages ahead of a position, oldest first: (id, author, details)."""
    query = (
        select(_message.id, _message.author, _message.details)
        .where(
            _message.conversation_id == conversation_id, _message.position < before, _message.kind == "public"
        )
        .order_by(_message.position.desc())
        .limit(limit)
    )
    return [(line.id, line.author, line.details) for line in sql.execute(query)][::-1]
