"""Decisions: what was decided about a message, and from what, so that it can be explained and replayed."""

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
_add = Prepared(insert(schema.decisions))
_encoder = msgspec.msgpack.Encoder()
_context = msgspec.msgpack.Decoder(Context)
_decision = msgspec.msgpack.Decoder(Decision)


class Made(NamedTuple):
    """A decision with its context and the message it was about."""

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
                "rules_version": one.decision.rules_version,
                "context": _encoder.encode(one.context),
                "decision": _encoder.encode(one.decision),
                "created_at": tx.now,
            }
            for one in made
        ],
    )


def of_conversation(sql: Connection, conversation_id: str, limit: int = 100) -> list[Stored]:
    """The decisions about a conversation's messages, newest first."""
    query = (
        select(schema.decisions)
        .where(_row.conversation_id == conversation_id)
        .order_by(_row.seq.desc())
        .limit(limit)
    )
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
