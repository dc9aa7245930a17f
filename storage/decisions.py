"""Decisions: what was decided about a message or ticket, and from what, to be explained and replayed.

`event` says which of them it was, as the context does (`router.decision.Event`).
"""

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

import msgspec
from sqlalchemy import Connection, insert, select

from router.decision import Context, Decision
from storage import schema
from storage.prepared import Prepared
from storage.store import Tx

_row = schema.decisions.c
about_messages = _row.event == "message"
_add = Prepared(insert(schema.decisions))
_encoder = msgspec.msgpack.Encoder()
_context = msgspec.msgpack.Decoder(Context)
_decision = msgspec.msgpack.Decoder(Decision)


class Made(NamedTuple):
    """A decision with its context and the message it was about.

    Of one about a ticket it is the customer's last message, "" where there is none.
    """

    message_id: str
    conversation_id: str
    ticket_id: str | None
    context: Context
    decision: Decision


class Stored(NamedTuple):
    """A decision as it was stored."""

    seq: int
    made: Made
    created_at: datetime


def add(tx: Tx, made: Sequence[Made]) -> None:
    """Store decisions."""
    _add.many(
        tx.sql,
        [
            {
                "message_id": one.message_id,
                "conversation_id": one.conversation_id,
                "ticket_id": one.ticket_id,
                "event": one.context.event,
                "rules_version": one.decision.rules_version,
                "context": _encoder.encode(one.context),
                "decision": _encoder.encode(one.decision),
                "created_at": tx.now,
            }
            for one in made
        ],
    )


def of_conversation(
    sql: Connection, conversation_id: str, limit: int = 100, *, messages: bool = False
) -> list[Stored]:
    """The decisions about a conversation's messages and tickets, newest first; or only about `messages`."""
    query = select(schema.decisions).where(_row.conversation_id == conversation_id)
    if messages:
        query = query.where(about_messages)
    query = query.order_by(_row.seq.desc()).limit(limit)
    return [
        Stored(
            line.seq,
            Made(
                line.message_id,
                line.conversation_id,
                line.ticket_id,
                _context.decode(line.context),
                _decision.decode(line.decision),
            ),
            line.created_at,
        )
        for line in sql.execute(query)
    ]
