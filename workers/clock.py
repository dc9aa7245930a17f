"""The clock worker: fires what is due. The store says what may be due; each ticket is derived anew first."""

import asyncio
from contextlib import suppress
from datetime import datetime, timedelta
from functools import cache
from itertools import count

import structlog
from msgspec.structs import replace

from router.desk import Desk
from router.lifecycle import Fired, fire
from router.values import Conversation, Ticket
from storage import (
    agents,
    conversations,
    delivery_log,
    exclusive,
    idempotency,
    ledger,
    notifications,
    offers,
    sessions,
    tickets,
    uploads,
    visits,
)
from storage.store import StoreUnavailable, Tx
from workers import continuing, inbox, notices, presence
from workers.inbox import Words
from workers.offering import give_back
from workers.setup import Setup, SetupLoader

log = structlog.get_logger()
# Something due is noticed within this many seconds.
EVERY = 1.0
AT_ONCE = 200
PRUNE_EVERY = 3600
LATER = timedelta(hours=1)


class ClockWorker:
    """SLA steps, the end of snoozes and offers, the closing of tickets and of answered conversations.

    Once an hour, what has outlived its use is forgotten: idempotency keys, sessions, uploads,
    the ledger's old pages, attempts to send that failed.
    """

    def __init__(self, *, setup: SetupLoader) -> None:
        self._setup = setup

    async def run(self) -> None:
        """Look every second, until cancelled."""
        for second in count():
            with suppress(StoreUnavailable):
                while await self.step():
                    pass
                if second % PRUNE_EVERY == 0:
                    await self.prune()
            await asyncio.sleep(EVERY)

    async def prune(self) -> None:
        """Forget what has outlived its use."""
        await self._setup.write(_prune)

    async def step(self) -> int:
        """Fire what is due now; returns how much that was."""
        return await self._setup.write(_fire)


def _prune(tx: Tx, _setup: Setup) -> None:
    idempotency.prune(tx)
    delivery_log.prune(tx)
    ledger.prune(tx)
    notifications.prune(tx)
    sessions.prune(tx)
    uploads.prune(tx)
    visits.prune(tx)


def _fire(tx: Tx, setup: Setup) -> int:
    if not exclusive.take(tx, "clock"):
        return 0
    due = tickets.due(tx.sql, tx.now, AT_ONCE)
    answered = conversations.due(tx.sql, tx.now, AT_ONCE)
    lapsed = offers.lapsed(tx.sql, tx.now, AT_ONCE)
    held = tickets.lock_all(tx, {*due, *(offer.ticket_id for offer in lapsed)}, also=answered)
    people = cache(lambda: agents.active(tx.sql))
    for ticket_id in due:
        before = held[ticket_id]
        after, steps, alerts = _fired(before, tx.now, setup.desk)
        where = {"ticket": after.id, "conversation": after.conversation_id}
        for metric, percent in steps:
            tx.emit("sla.step", **where, metric=metric, percent=percent)
            notices.of_step(tx, after, metric, percent, people)
        if alerts:
            notices.of_queue_step(tx, after, setup.desk, people)
        inbox.save(tx, before, after, actor="clock")
        if _held_to(after) != _held_to(before):
            tx.emit("ticket.updated", **where, due_at=after.due_at, previous={"due_at": before.due_at})
    for conversation_id in answered:
        _end_silence(tx, conversation_id)
    for offer in lapsed:
        give_back(tx, offer, "expired", setup.desk)
    gone = presence.lose_who_is_gone(tx, setup.desk) + presence.end_shifts(tx, setup.desk)
    return len(due) + len(answered) + len(lapsed) + gone


def _held_to(ticket: Ticket) -> dict[str, tuple[timedelta, str]]:
    """What its clocks promise: another one may be given to somebody sooner."""
    return {metric: (clock.target, clock.calendar) for metric, clock in ticket.clocks.items()}


def _fired(ticket: Ticket, now: datetime, desk: Desk) -> Fired:
    try:
        return fire(ticket, now, desk)
    except Exception:
        # One ticket whose clocks can't be read must not hold up everybody else's.
        log.exception("a ticket's clocks can't be read", ticket=ticket.id, again_in=str(LATER))
        return Fired(replace(ticket, due_at=now + LATER))


def _end_silence(tx: Tx, conversation_id: str) -> None:
    conversation = conversations.lock(tx, conversation_id)
    if conversation.with_ != "bot" and conversation.due_at is not None and conversation.due_at <= tx.now:
        after = replace(_continued(tx, conversation), due_at=None)
    elif conversation.with_ == "bot" and conversation.due_at is not None and conversation.due_at <= tx.now:
        # Whoever left the bot's last question without an answer was not served.
        served = bool(conversation.answered) and not conversation.offered
        after = replace(conversation, with_="closed", outcome="self_served" if served else "", due_at=None)
    else:
        after = replace(conversation, due_at=None)
    conversations.save(tx, [after])
    tx.emit("conversation.updated", conversation=conversation_id, outcome=after.outcome)


def _continued(tx: Tx, conversation: Conversation) -> Conversation:
    """Mail what the visitor of a chat has missed."""
    missed = continuing.missed_by(tx, conversation)
    if missed is None:
        return conversation
    said = Words(missed.text, attachments=missed.attachments, details=missed.details)
    return inbox.mail_aside(tx, conversation, said, missed.mailbox)
