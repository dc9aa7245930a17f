"""Decisions with the messages they were about, as they were, so that they can be made again.

What reads them in their order reads those about messages: those about tickets are made again one by one.
"""

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any, NamedTuple

import msgspec
from sqlalchemy import Connection, Row, func, select

from bus.envelope import Action, Attachment, Inbound, Message, Sender
from router.decide_ticket import about_ticket
from router.decision import Context, Decision
from storage import schema
from storage.decisions import about_messages
from storage.store import Missing

# Of a message that was edited more often, the first texts are gone.
_KEPT_EDITS = 20
_decision = schema.decisions.c
_message = schema.messages.c
_contexts = msgspec.msgpack.Decoder(Context)
_decisions = msgspec.msgpack.Decoder(Decision)


class Restored(NamedTuple):
    """A decision with what it was made from. `lost` names inputs that are not there any more.

    `encoded` is the decision as it was stored, byte for byte.
    """

    seq: int
    conversation_id: str
    inbound: Inbound
    context: Context
    decision: Decision
    encoded: bytes
    created_at: datetime
    lost: tuple[str, ...]


def encode(decision: Decision) -> bytes:
    """A decision as it is stored."""
    return msgspec.msgpack.encode(decision)


def get(sql: Connection, seq: int) -> Restored:
    """One decision; raises `Missing`."""
    line = sql.execute(_query().where(_decision.seq == seq)).one_or_none()
    if line is None:
        raise Missing(f"there is no decision dec_{seq}")
    return _restored(line)


def after(sql: Connection, seq: int, limit: int, since: datetime | None = None) -> list[Restored]:
    """The decisions about messages after one, in their order."""
    query = _query().where(_decision.seq > seq, about_messages)
    if since is not None:
        query = query.where(_decision.created_at >= since)
    return [_restored(line) for line in sql.execute(query.order_by(_decision.seq).limit(limit))]


def hits_after(sql: Connection, seq: int, limit: int) -> Sequence[tuple[int, Decision, datetime]]:
    """The decisions about messages after one without what they were made from."""
    query = select(_decision.seq, _decision.decision, _decision.created_at)
    query = query.where(_decision.seq > seq, about_messages)
    lines = sql.execute(query.order_by(_decision.seq).limit(limit))
    return [(line.seq, _decisions.decode(line.decision), line.created_at) for line in lines]


def last(sql: Connection) -> int:
    """The number of the newest decision; 0 before the first."""
    return sql.execute(select(func.max(_decision.seq))).scalar_one() or 0


def before(sql: Connection, since: datetime) -> int:
    """The number of the newest decision made before an instant; 0 where there is none."""
    query = select(func.max(_decision.seq)).where(_decision.created_at < since)
    return sql.execute(query).scalar_one() or 0


def count(sql: Connection, seq: int) -> int:
    """How many decisions about messages there are after one."""
    query = select(func.count()).select_from(schema.decisions).where(_decision.seq > seq, about_messages)
    return int(sql.execute(query).scalar_one())


def _query() -> Any:
    joined = schema.decisions.outerjoin(schema.messages, _message.id == _decision.message_id)
    return select(
        _decision.seq,
        _decision.message_id,
        _decision.conversation_id,
        _decision.context,
        _decision.decision,
        _decision.created_at.label("decided_at"),
        _message.text,
        _message.attachments,
        _message.details,
        _message.external_id,
        _message.id.label("found"),
    ).select_from(joined)


def _restored(line: Row[Any]) -> Restored:
    context = _contexts.decode(line.context)
    inbound, lost = _inbound(line, context)
    return Restored(
        seq=line.seq,
        conversation_id=line.conversation_id,
        inbound=inbound,
        context=context,
        decision=_decisions.decode(line.decision),
        encoded=bytes(line.decision),
        created_at=line.decided_at,
        lost=tuple(lost),
    )


def _inbound(line: Row[Any], context: Context) -> tuple[Inbound, list[str]]:
    details = line.details or {}
    if context.event != "message" and context.ticket is not None:
        text = _text_at(line, details, context.now)
        gone = ["the message"] if line.found is None and line.message_id else []
        return about_ticket(context, context.ticket, line.message_id, text), gone
    about = context.about
    lost = list(_lost(line, context, details))
    event: Message | Action
    if about is not None and about.action is not None:
        event = Action(value=about.action, text=line.text or "")
    else:
        event = Message(
            text=_first_text(line, details),
            subject=details.get("subject", ""),
            attachments=msgspec.convert(line.attachments or [], tuple[Attachment, ...]),
            automatic=bool(details.get("automatic")),
            language=about.language if about is not None else "",
        )
    inbound = Inbound(
        id=line.message_id,
        channel_id=context.channel.id,
        channel_kind=context.channel.kind,
        external_id=line.external_id or "",
        sender=about.sender if about is not None else Sender(address="", name=context.customer.name),
        event=event,
        thread=context.conversation.thread,
        context=details.get("context", {}),
        received_at=context.now,
    )
    return inbound, lost


def _lost(line: Row[Any], context: Context, details: dict[str, Any]) -> Iterator[str]:
    if line.found is None:
        yield "the message"
    if context.about is None:
        yield "the sender"
    if len(details.get("earlier", [])) >= _KEPT_EDITS:
        yield "the text before it was changed"


def _first_text(line: Row[Any], details: dict[str, Any]) -> str:
    earlier = details.get("earlier")
    return str(earlier[0]["text"] if earlier else line.text or "")


def _text_at(line: Row[Any], details: dict[str, Any], at: datetime) -> str:
    """What the message said at an instant: it may have been changed before, and since."""
    earlier = details.get("earlier", [])
    said = (one["text"] for one in earlier if datetime.fromisoformat(one["at"]) > at)
    return str(next(said, line.text or ""))
