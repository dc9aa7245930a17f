"""Messages: stored in bulk in the order of their conversation, and found by what the platform calls them."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, func, insert, select, update

from bus.envelope import Attachment, Mark, Option
from router.values import Author, Value
from storage import schema
from storage.listed import among
from storage.prepared import Prepared
from storage.rows import Mapper
from storage.store import Tx

_row = schema.messages.c


class Message(Value, frozen=True, kw_only=True):
    """One line of a conversation. `kind` `note` is for agents only.

    `details` holds what is shown but never searched: subject, context, sent_at, language, reason, article_id.
    """

    id: str
    conversation_id: str
    contact_point_id: str
    position: int
    author: Author
    created_at: datetime
    text: str = ""
    author_id: str | None = None
    kind: str = "public"
    html: str | None = None
    attachments: tuple[Attachment, ...] = ()
    options: tuple[Option, ...] = ()
    details: dict[str, Any] = {}
    external_id: str = ""
    raw: bytes | None = None
    raw_blob: str = ""


_messages = Mapper(schema.messages, Message)
_seen = schema.dedupe.c
_known = Prepared(
    select(_seen.message_id, _seen.minute, _seen.channel_id, _seen.source, _seen.number).where(
        among(_seen.message_id, "ids")
    )
)
_add = Prepared(insert(schema.messages))
_remember = Prepared(insert(schema.dedupe))
_REMEMBERED = ("message_id", "conversation_id", *Mark._fields)


def known(tx: Tx, ids: Iterable[str]) -> dict[str, Mark]:
    """Which of these message ids have been taken in before, and as which event."""
    return {line[0]: Mark(*line[1:]) for line in _known.rows(tx.sql, {"ids": sorted(ids)})}


def add(tx: Tx, messages: Sequence[Message]) -> None:
    """Store messages; their conversations already count them in `position`."""
    _add.many(tx.sql, [_messages.dump(message) for message in messages])


def remember(tx: Tx, taken: Sequence[tuple[str, str, Mark]]) -> None:
    """Note (message id, conversation id, place), so that they are never taken in again."""
    _remember.many(
        tx.sql, [dict(zip(_REMEMBERED, (*one[:2], *one[2]), strict=True)) for one in sorted(taken)]
    )


def of_conversation(
    sql: Connection, conversation_id: str, after: int = 0, limit: int = 100, before: int | None = None
) -> list[Message]:
    """The messages after a position, oldest first; with `before`, the last ones ahead of that position."""
    query = _messages.select().where(_row.conversation_id == conversation_id, _row.position > after)
    if before is None:
        query = query.order_by(_row.position).limit(limit)
        return [_messages.load(line) for line in sql.execute(query)]
    query = query.where(_row.position < before).order_by(_row.position.desc()).limit(limit)
    return [_messages.load(line) for line in sql.execute(query)][::-1]


def find(sql: Connection, message_id: str) -> Message | None:
    """One message."""
    line = sql.execute(_messages.select().where(_row.id == message_id)).one_or_none()
    return None if line is None else _messages.load(line)


def last_of(sql: Connection, conversation_ids: Iterable[str]) -> dict[str, Message]:
    """What was last said in each conversation, by its id: neither a note nor what the desk itself tells."""
    newest = (
        select(func.max(_row.seq))
        .where(
            _row.conversation_id.in_(sorted(conversation_ids)), _row.kind == "public", _row.author != "system"
        )
        .group_by(_row.conversation_id)
    )
    query = _messages.select().where(_row.seq.in_(newest))
    return {message.conversation_id: message for message in map(_messages.load, sql.execute(query))}


def last_of_customer(sql: Connection, conversation_id: str) -> Message | None:
    """The customer's last message in a conversation."""
    query = _messages.select().where(_row.conversation_id == conversation_id, _row.author == "customer")
    line = sql.execute(query.order_by(_row.position.desc()).limit(1)).one_or_none()
    return None if line is None else _messages.load(line)


def amend(tx: Tx, message_id: str, text: str, details: dict[str, Any]) -> None:
    """Change what a message says (an edit or a withdrawal by its author); details keep what it said."""
    query = update(schema.messages).where(_row.id == message_id).values(text=text, details=details)
    tx.sql.execute(query)


def extend(tx: Tx, message: Message) -> None:
    """Store the text and the files of a message that more has come for."""
    row = _messages.dump(message)
    query = update(schema.messages).where(_row.id == message.id)
    tx.sql.execute(query.values(text=row["text"], attachments=row["attachments"]))
