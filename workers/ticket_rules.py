"""Rules about tickets rather than messages: when one is created, when it changes, as time passes.

It follows the event log, so a change has been committed when the rules see it, and whoever made it did not
wait for them. A change that a rule makes carries its cause: the rules of the chain so far, none of which
fires again, and how long the chain is; it ends at ten. A rule of time fires when its condition begins to
hold for a ticket, and again only after it has ceased to.
"""

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from datetime import datetime, timedelta
from typing import Any, Final

import msgspec
import structlog
from msgspec.structs import replace

from bus.envelope import Inbound, Message, Sender
from router.decision import Context, Event, Hit
from router.desk import Desk
from router.expected_wait import expected_wait
from router.lifecycle import Refused, edit, move, retarget, snooze
from router.rules.engine import RuleSet
from router.rules.facts import Facts
from router.rules.outcome import Outcome
from router.values import ChannelRef, Conversation, Customer, Ticket
from storage import (
    assignment,
    conversations,
    customers,
    decisions,
    exclusive,
    messages,
    rule_counts,
    rule_entries,
    rule_trials,
    tickets,
)
from storage.events import LoggedEvent, events_after, last_event, last_of
from storage.rule_counts import Count
from storage.store import Missing, StoreUnavailable, Tx
from workers import consequences, inbox
from workers.looking import looked_at
from workers.setup import Setup, SetupLoader

log = structlog.get_logger()
DEEPEST: Final = 10
"""Changes by rules that follow from one another."""
_EVERY_S: Final = 1.0
_TIME_EVERY_S: Final = 10
_AT_ONCE: Final = 200
_OF_EVENT: Final[dict[str, Event]] = {"ticket.created": "ticket_created", "ticket.updated": "ticket_changed"}
_LOCK: Final = "ticket rules"


class TicketRules:
    """One process of all that run it works at a time."""

    def __init__(self, *, setup: SetupLoader) -> None:
        self._setup = setup
        self._after = ""

    async def run(self) -> None:
        """Look every second, until cancelled."""
        second = 0
        while True:
            with suppress(StoreUnavailable):
                while await self.step():
                    pass
                if second % _TIME_EVERY_S == 0:
                    while await self.pass_time():
                        pass
            second += 1
            await asyncio.sleep(_EVERY_S)

    async def step(self) -> int:
        """Take the events since the last look; returns how many."""
        return await self._setup.write(_follow)

    async def pass_time(self) -> int:
        """Look at the next tickets with the rules of time; 0 when the round is over."""
        seen = await self._setup.write(lambda tx, setup: _pass_time(tx, setup, self._after))
        self._after = seen[-1] if seen else ""
        return len(seen)


def _follow(tx: Tx, setup: Setup) -> int:
    watched = any(setup.rules.on(event).rules for event in _OF_EVENT.values())
    place = next((one for one in rule_trials.running(tx.sql) if one.kind == "events"), None)
    if not watched or not exclusive.take(tx, _LOCK):
        if not watched and place is not None:
            rule_trials.end(tx, place.id, "stopped")
        return 0
    if place is None:
        _begin(tx)
        return 1
    events = events_after(tx.sql, place.cursor, _AT_ONCE)
    if not events:
        return 0
    counts: dict[str, Count] = {}
    for event in events:
        if event.type in _OF_EVENT and event.ticket_id:
            rule_counts.count(counts, _heard(tx, setup, event), tx.now)
    rule_counts.add(tx, counts)
    rule_trials.advance(tx, place.id, cursor=events[-1].seq, done=place.done + len(events), report={})
    return len(events)


def _begin(tx: Tx) -> None:
    # What happened since the rules were published is theirs, although nobody followed the log by then.
    cursor = last_of(tx.sql, "rules.published") or last_event(tx.sql)
    rule_trials.add(tx, "events", version=0, against=0, settings={}, cursor=cursor, total=0, author="")


def _heard(tx: Tx, setup: Setup, event: LoggedEvent) -> Sequence[Hit]:
    rules = setup.rules.on(_OF_EVENT[event.type])
    cause: dict[str, Any] = event.data.get("cause") or {"rules": [], "depth": 0}
    if not rules.rules:
        return ()
    if cause["depth"] >= DEEPEST:
        log.warning("a chain of rules ends", ticket=event.ticket_id, rules=cause["rules"])
        return ()
    ticket = tickets.lock_all(tx, [str(event.ticket_id)]).get(str(event.ticket_id))
    if ticket is None or ticket.status in ("closed", "merged"):
        return ()
    previous = event.data.get("previous")
    before = _before(ticket, previous) if previous else None
    actor = "rule" if cause["rules"] else event.data.get("actor") or ("agent" if previous else "customer")
    facts = _facts(tx, setup, ticket, event=_OF_EVENT[event.type], actor=actor, before=before)
    outcome = rules.run(facts, frozenset(cause["rules"]))
    fired = [hit.rule_id for hit in outcome.hits if not hit.error]
    if fired:
        chain = {"rules": [*cause["rules"], *fired], "depth": cause["depth"] + 1}
        _apply(tx, ticket, outcome, setup.desk, event=_OF_EVENT[event.type], chain=chain)
    return outcome.hits


def _before(ticket: Ticket, previous: dict[str, Any]) -> Ticket:
    """The ticket as it was, from what the event tells of it."""
    known = {name: value for name, value in previous.items() if name in Ticket.__struct_fields__}
    return msgspec.convert({**msgspec.to_builtins(ticket), **known}, Ticket)


def _pass_time(tx: Tx, setup: Setup, after: str) -> Sequence[str]:
    rules = setup.rules.on("time")
    if not rules.rules or not exclusive.take(tx, _LOCK):
        return ()
    ids = tickets.active_after(tx.sql, after, _AT_ONCE)
    held = tickets.lock_all(tx, ids)
    entered = rule_entries.of_tickets(tx.sql, ids)
    counts: dict[str, Count] = {}
    for ticket_id in ids:
        if ticket_id in held:
            hits = _timed(tx, setup, rules, held[ticket_id], entered.get(ticket_id, frozenset()))
            rule_counts.count(counts, hits, tx.now)
    rule_counts.add(tx, counts)
    return ids


def _timed(tx: Tx, setup: Setup, rules: RuleSet, ticket: Ticket, entered: frozenset[str]) -> Sequence[Hit]:
    facts = _facts(tx, setup, ticket, event="time", actor="clock", before=None)
    holding = rules.holding(facts)
    rule_entries.leave(tx, ticket.id, entered - holding)
    if not holding - entered:
        return ()
    outcome = rules.run(facts, entered & holding)
    fired = [hit.rule_id for hit in outcome.hits if not hit.error]
    rule_entries.enter(tx, ticket.id, fired)
    if fired:
        chain = {"rules": fired, "depth": 1}
        _apply(tx, ticket, outcome, setup.desk, event="time", chain=chain)
    return outcome.hits


def _facts(tx: Tx, setup: Setup, ticket: Ticket, *, event: Event, actor: Any, before: Ticket | None) -> Facts:
    conversation = _conversation(tx, ticket)
    customer = customers.find(tx.sql, ticket.customer_id) or Customer(id=ticket.customer_id)
    looked = looked_at(tx, setup, [ticket.customer_id])
    channel = setup.channels.get(ticket.channel_id) or ChannelRef(id=ticket.channel_id, kind="")
    last = messages.last_of_customer(tx.sql, ticket.conversation_id)
    inbound = Inbound(
        id=last.id if last else ticket.id,
        channel_id=channel.id,
        channel_kind=channel.kind,
        external_id=ticket.id,
        sender=Sender(address="", name=customer.name, email=customer.email),
        event=Message(text=last.text if last else "", subject=ticket.subject),
        received_at=tx.now,
    )
    made = decisions.of_conversation(tx.sql, ticket.conversation_id, 1)
    context = Context(
        now=tx.now,
        channel=channel,
        conversation=conversation,
        customer=customer,
        ticket=ticket,
        match=made[0].made.context.match if made else None,
        articles=made[0].made.context.articles if made else {},
        waiting=tickets.queue_lengths(tx.sql) if "queue_waiting" in setup.fields else {},
        waits=_waits(tx, ticket) if "expected_wait" in setup.fields else {},
        default_queue=setup.desk.default_queue,
        oldest=looked.oldest,
        history=looked.histories.get(customer.id),
        hours=looked.hours,
        event=event,
        actor=actor,
        before=before,
    )
    return Facts(inbound, context)


def _waits(tx: Tx, ticket: Ticket) -> dict[str, int]:
    found = expected_wait(*assignment.waits(tx.sql, ticket))
    return {} if found is None else {ticket.queue: round(found)}


def _conversation(tx: Tx, ticket: Ticket) -> Conversation:
    try:
        return conversations.get(tx.sql, ticket.conversation_id)
    except Missing:
        return Conversation(
            id=ticket.conversation_id,
            channel_id=ticket.channel_id,
            contact_point_id="",
            customer_id=ticket.customer_id,
        )


def _apply(
    tx: Tx, before: Ticket, outcome: Outcome, desk: Desk, *, event: Event, chain: dict[str, Any]
) -> None:
    try:
        after = _changed(before, outcome, tx.now, desk)
    except Refused as refused:
        log.warning("rules could not change a ticket", ticket=before.id, reason=str(refused))
        after = before
    inbox.save(tx, before, after, cause=chain)
    for text in outcome.replies:
        inbox.announce(tx, after, text)
    where = {"ticket": before.id, "conversation": before.conversation_id}
    for to in outcome.notify:
        consequences.notify(tx, to, before.subject, **where)
    for to in outcome.webhooks:
        consequences.call(tx, to, {**where, "event": event}, ticket=before.id)


def _changed(ticket: Ticket, outcome: Outcome, now: datetime, desk: Desk) -> Ticket:
    changes: dict[str, Any] = {
        name: value
        for name in ("queue", "priority", "type", "tier")
        if (value := getattr(outcome, name)) is not None and value != getattr(ticket, name)
    }
    more = [tag for tag in outcome.tags if tag not in ticket.tags]
    if more:
        changes["tags"] = (*ticket.tags, *more)
    fields = {name: value for name, value in outcome.fields.items() if ticket.fields.get(name) != value}
    if fields:
        changes["fields"] = fields
    if changes:
        ticket = edit(ticket, changes, now, desk)
    if outcome.policy is not None and outcome.policy != ticket.policy:
        ticket = retarget(replace(ticket, policy=outcome.policy, updated_at=now), now, desk)
    if outcome.spam or outcome.discard is not None:
        return move(ticket, "closed", now, desk)
    if outcome.snooze is not None:
        return snooze(ticket, now + timedelta(minutes=outcome.snooze), now, desk)
    return ticket
