"""Deliveries: what has to be sent to customers, and how far it has come.

    queued ──► sending ──► sent          the platform took it
                  ├──────► kept          nothing to send it to: the other end reads it from the desk
      ▲           ├──────► queued        it may work later (`due_at`)
      │           ├──────► failed        it won't; a person may put it back
      │           └──────► in_doubt      its sender died, and the platform would show it twice
      └── retry ── failed, in_doubt, kept

Within a conversation only the earliest that is queued or being sent may be claimed.
"""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any, Literal, NamedTuple

import msgspec
from sqlalchemy import ColumnElement, Connection, bindparam, insert, literal_column, select, update
from sqlalchemy.sql import FromClause, Select

from bus.envelope import Attachment, Option, Outbound, Wake, minute_of
from storage import ledger, schema
from storage.listed import among
from storage.prepared import Prepared
from storage.store import Missing, Tx

State = Literal["queued", "sending", "sent", "kept", "failed", "in_doubt"]

_row = schema.deliveries.c
_message = schema.messages.c
_conversation = schema.conversations.c
_contact = schema.contact_points.c
_queue = Prepared(insert(schema.deliveries))


class Claim(NamedTuple):
    """A delivery that is ours to send. `attempts` counts those before this one."""

    message_id: str
    channel_id: str
    conversation_id: str
    contact_point_id: str
    ticket_id: str | None
    attempts: int
    outbound: Outbound


class Outcome(NamedTuple):
    """How a claimed delivery ended. `due_at` counts where the state is queued.

    `external_id` is the platform's id; of a message that went, or goes, as several parts, theirs with spaces.
    """

    claim: Claim
    state: State
    due_at: datetime
    error: str = ""
    external_id: str = ""
    unreachable: bool = False


class Delivery(NamedTuple):
    """How far a message has come, as agents are shown it."""

    state: State
    error: str
    attempts: int


def _open(table: FromClause) -> ColumnElement[bool]:
    # Written out and not bound: SQLite uses a partial index only for the very words of its condition.
    return table.c.state.in_([literal_column("'queued'"), literal_column("'sending'")])


def _first() -> Sequence[ColumnElement[bool]]:
    """The conditions of a delivery that may be claimed at the parameter `now`."""
    earlier = schema.deliveries.alias("earlier")
    held_back: Select[Any] = select(literal_column("1")).where(
        earlier.c.conversation_id == _row.conversation_id, earlier.c.position < _row.position, _open(earlier)
    )
    return (
        _open(schema.deliveries),
        _row.state == "queued",
        _row.due_at <= bindparam("now"),
        ~held_back.exists(),
    )


_said = schema.messages.alias("said")
# Looked up among a conversation's first lines, where a customer who wrote at all nearly always stands.
_answered = (
    select(literal_column("1"))
    .where(
        _said.c.conversation_id == _row.conversation_id,
        _said.c.position <= _row.position,
        _said.c.author == "customer",
    )
    .exists()
)
_due = Prepared(
    select(_row.channel_id, _row.conversation_id, _answered)
    .where(*_first(), ~among(_row.channel_id, "skipped"))
    .order_by(_row.due_at)
    .limit(bindparam("limit"))
)
_wanted = Prepared(
    select(_row.message_id)
    .where(among(_row.conversation_id, "conversations"), *_first())
    .with_for_update(skip_locked=True)
)
_take = Prepared(
    update(schema.deliveries)
    .where(among(_row.message_id, "ids"), _row.state == "queued")
    .values(state="sending", claimed_by=bindparam("owner"), updated_at=bindparam("now"))
    .returning(_row.message_id)
)


def queue(tx: Tx, rows: Sequence[tuple[str, str, str, int]]) -> None:
    """Let these be sent, by the ledger as well: (message id, channel id, conversation id, position)."""
    put(tx, rows)
    entries = ledger.Entries()
    for row in rows:
        entries.send(tx.now, row[1], "")
    entries.write(tx)


def put(tx: Tx, rows: Sequence[tuple[str, str, str, int]]) -> None:
    """`queue` for whoever writes the ledger; the ids were made in this transaction."""
    if not rows:
        return
    rest = {
        "state": "queued",
        "attempts": 0,
        "due_at": tx.now,
        "claimed_by": None,
        "error": "",
        "external_id": "",
        "minute": minute_of(tx.now),
        "updated_at": tx.now,
    }
    names = ("message_id", "channel_id", "conversation_id", "position")
    _queue.many(tx.sql, [dict(zip(names, row, strict=True)) | rest for row in rows])


def due(sql: Connection, now: datetime, skipped: Collection[str], limit: int) -> list[Wake]:
    """Where something may be claimed now, longest due first, without `skipped` channels."""
    lines = _due.rows(sql, {"now": now, "skipped": sorted(skipped), "limit": limit})
    return [Wake(channel_id=line[0], conversation_id=line[1], bulk=not line[2]) for line in lines]


def claim(tx: Tx, owner: str, conversation_ids: Collection[str]) -> list[Claim]:
    """Claim the first delivery of each of these conversations, where it is due and nobody else has it."""
    if not conversation_ids:
        return []
    wanted = _wanted.rows(tx.sql, {"conversations": sorted(conversation_ids), "now": tx.now})
    if not wanted:
        return []
    asked = {"ids": sorted(line[0] for line in wanted), "owner": owner, "now": tx.now}
    taken = sorted(line[0] for line in _take.rows(tx.sql, asked))
    return [_claim(_Claimed(*line)) for line in _claimed.rows(tx.sql, {"ids": taken})]


class _Claimed(NamedTuple):
    """A row of `_claimed`."""

    message_id: str
    channel_id: str
    conversation_id: str
    attempts: int
    author: str
    text: str
    html: str | None
    attachments: Any
    options: Any
    details: dict[str, Any]
    created_at: datetime
    thread: str
    subject: str
    ticket_id: str | None
    contact_point_id: str
    address: str
    external_id: str


_claimed = Prepared(
    select(
        _row.message_id,
        _row.channel_id,
        _row.conversation_id,
        _row.attempts,
        _message.author,
        _message.text,
        _message.html,
        _message.attachments,
        _message.options,
        _message.details,
        _message.created_at,
        _conversation.thread,
        _conversation.subject,
        _conversation.ticket_id,
        _conversation.contact_point_id,
        _contact.address,
        _row.external_id,
    )
    .join_from(schema.deliveries, schema.messages, _message.id == _row.message_id)
    .join(schema.conversations, _conversation.id == _row.conversation_id)
    .join(schema.contact_points, _contact.id == _conversation.contact_point_id)
    .where(among(_row.message_id, "ids"))
)


def _claim(line: _Claimed) -> Claim:
    return Claim(
        message_id=line.message_id,
        channel_id=line.channel_id,
        conversation_id=line.conversation_id,
        contact_point_id=line.contact_point_id,
        ticket_id=line.ticket_id,
        attempts=line.attempts,
        outbound=_outbound(line),
    )


def _outbound(line: _Claimed) -> Outbound:
    return Outbound(
        id=line.message_id,
        conversation_id=line.conversation_id,
        thread=line.thread,
        address=line.address,
        author=line.author,
        text=line.text,
        created_at=line.created_at,
        html=line.html,
        subject=line.details.get("subject") or line.subject,
        attachments=msgspec.convert(line.attachments, tuple[Attachment, ...]),
        options=msgspec.convert(line.options, tuple[Option, ...]),
        asks=line.details.get("asks", ""),
        sent=tuple(line.external_id.split()),
    )


_finish = Prepared(
    update(schema.deliveries)
    .where(
        _row.message_id == bindparam("key"), _row.state == "sending", _row.claimed_by == bindparam("owner")
    )
    .values(
        state=bindparam("new_state"),
        attempts=_row.attempts + 1,
        due_at=bindparam("next_due"),
        claimed_by=None,
        error=bindparam("why"),
        external_id=bindparam("platform_id"),
        updated_at=bindparam("at"),
    )
)


def finish(tx: Tx, owner: str, outcomes: Sequence[Outcome]) -> None:
    """Keep how our claims ended and tell the live stream; one that is no longer ours is left alone."""
    if not outcomes:
        return
    rows = [
        {
            "key": one.claim.message_id,
            "owner": owner,
            "new_state": one.state,
            "next_due": one.due_at,
            "why": one.error,
            "platform_id": one.external_id,
            "at": tx.now,
        }
        for one in outcomes
    ]
    _finish.many(tx.sql, rows)
    for one in outcomes:
        if one.unreachable:
            mark = update(schema.contact_points).where(_contact.id == one.claim.contact_point_id)
            tx.sql.execute(mark.values(unreachable=one.error))
        delivery = Delivery(one.state, one.error, one.claim.attempts + 1)
        tell(tx, one.claim.message_id, one.claim.conversation_id, one.claim.ticket_id, delivery)


def take_over(tx: Tx, living: Collection[str], idempotent: Collection[str], doubt: str) -> None:
    """Settle the claims of owners who are not among the living.

    On an `idempotent` channel the message is queued again; on others it is in doubt, and `doubt` says why.
    """
    query = (
        select(_row.message_id, _row.channel_id, _row.conversation_id, _row.attempts, _conversation.ticket_id)
        .join_from(schema.deliveries, schema.conversations, _conversation.id == _row.conversation_id)
        .where(
            _open(schema.deliveries),
            _row.state == "sending",
            _row.claimed_by.not_in(living),
        )
        # Two that look at once settle each claim once.
        .with_for_update(of=schema.deliveries, skip_locked=True)
    )
    dead = tx.sql.execute(query).all()
    again = [line.message_id for line in dead if line.channel_id in idempotent]
    lost = [line for line in dead if line.channel_id not in idempotent]
    _move(tx, again, "queued", "")
    _move(tx, [line.message_id for line in lost], "in_doubt", doubt)
    for line in lost:
        delivery = Delivery("in_doubt", doubt, line.attempts)
        tell(tx, line.message_id, line.conversation_id, line.ticket_id, delivery)


def _move(tx: Tx, ids: Sequence[str], state: State, error: str) -> None:
    if ids:
        row = update(schema.deliveries).where(_row.message_id.in_(ids), _row.state == "sending")
        tx.sql.execute(
            row.values(state=state, claimed_by=None, due_at=tx.now, error=error, updated_at=tx.now)
        )


def retry(tx: Tx, message_id: str, *, sent: bool = False) -> tuple[str, str] | None:
    """Queue a failed, doubtful or kept delivery again, its attempts forgotten; a `sent` one if told to.

    Returns its (channel, conversation), which the caller wakes the outbound worker with; None when it is
    none of these. Raises `Missing`.
    """
    query = (
        select(_row.state, _row.channel_id, _row.conversation_id, _conversation.ticket_id)
        .join_from(schema.deliveries, schema.conversations, _conversation.id == _row.conversation_id)
        .where(_row.message_id == message_id)
        .with_for_update(of=schema.deliveries)
    )
    line = tx.sql.execute(query).one_or_none()
    if line is None:
        raise Missing(f"there is no delivery of message {message_id}")
    if line.state not in ("failed", "in_doubt", "kept", *(["sent"] if sent else [])):
        return None
    back = update(schema.deliveries).where(_row.message_id == message_id)
    again = {"state": "queued", "attempts": 0, "due_at": tx.now, "claimed_by": None, "error": ""}
    # What had arrived goes once more as a whole; what had not, from where it stopped.
    whole = {"external_id": ""} if line.state == "sent" else {}
    tx.sql.execute(back.values(again | whole | {"updated_at": tx.now}))
    tell(tx, message_id, line.conversation_id, line.ticket_id, Delivery("queued", "", 0))
    return line.channel_id, line.conversation_id


def receipt(tx: Tx, channel_id: str, target: str, state: str) -> None:
    """The platform reports `delivered`, `read` or `failed` for what it calls `target`."""
    reached: State = "failed" if state == "failed" else "sent"
    error = "the platform reports that it could not deliver it" if reached == "failed" else ""
    query = (
        update(schema.deliveries)
        .where(
            _row.channel_id == channel_id,
            _row.external_id == target,
            _row.external_id != "",
            _row.state.in_(("sent", "in_doubt")),
            _row.state != reached,
        )
        .values(state=reached, error=error, updated_at=tx.now)
        .returning(_row.message_id, _row.conversation_id, _row.attempts)
    )
    for line in tx.sql.execute(query).all():
        tell(tx, line.message_id, line.conversation_id, None, Delivery(reached, error, line.attempts))


def channel_of(sql: Connection, message_id: str) -> str | None:
    """The channel that a message is delivered on."""
    return sql.execute(select(_row.channel_id).where(_row.message_id == message_id)).scalar()


def of_messages(sql: Connection, message_ids: Collection[str]) -> dict[str, Delivery]:
    """How far these messages have come, by id; those that need no delivery are not in it."""
    query = select(_row.message_id, _row.state, _row.error, _row.attempts)
    lines = sql.execute(query.where(_row.message_id.in_(sorted(message_ids))))
    return {line.message_id: Delivery(line.state, line.error, line.attempts) for line in lines}


def tell(tx: Tx, message_id: str, conversation_id: str, ticket_id: str | None, delivery: Delivery) -> None:
    """Tell the live stream how far a message has come."""
    shown = {"state": delivery.state, "error": delivery.error or None, "attempts": delivery.attempts}
    tx.emit(
        "message.updated",
        ticket=ticket_id,
        conversation=conversation_id,
        message_id=message_id,
        delivery=shown,
    )
