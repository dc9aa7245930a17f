"""Rules about tickets rather than messages: when one is created, when it changes, as time passes.

It follows the event log, so a change has been committed when the rules see it, and whoever made it did not
wait for them. A change that a rule makes carries its cause: the rules of the chain so far, none of which
fires again, and how long the chain is; it ends at ten. A rule of time fires when its condition begins to
hold for a ticket, and again only after it has ceased to; that it fails on one is counted as often.

Where a rule fires, what was decided is stored as decisions about messages are.
"""

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from datetime import datetime, timedelta
from typing import Any, Final

import msgspec
import structlog
from msgspec.structs import replace

from router.decide_ticket import decide_ticket
from router.decision import (
    Actor,
    CallWebhook,
    CloseTicket,
    Decision,
    EditTicket,
    Effect,
    Event,
    Hit,
    Notify,
    Reply,
    Snooze,
)
from router.desk import Desk
from router.lifecycle import Refused, edit, move, retarget, snooze
from router.rules.engine import RuleSet
from router.rules.facts import Facts
from router.values import Ticket
from storage import decisions, exclusive, rule_counts, rule_entries, rule_trials, tickets
from storage.decisions import Made
from storage.events import LoggedEvent, events_after, last_event, last_of
from storage.rule_counts import Count
from storage.rule_entries import Entered
from storage.store import StoreUnavailable, Tx
from workers import consequences, inbox
from workers.setup import Setup, SetupLoader
from workers.ticket_context import Seen, seen

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
    actor: Actor = (
        "rule" if cause["rules"] else event.data.get("actor") or ("agent" if previous else "customer")
    )
    given = seen(tx, setup, ticket, event=_OF_EVENT[event.type], actor=actor, before=before)
    return _run(tx, setup, ticket, _with_spent(given, cause["rules"]), cause)


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
            hits = _timed(tx, setup, rules, held[ticket_id], entered.get(ticket_id, Entered()))
            rule_counts.count(counts, hits, tx.now)
    rule_counts.add(tx, counts)
    return ids


def _timed(tx: Tx, setup: Setup, rules: RuleSet, ticket: Ticket, entered: Entered) -> Sequence[Hit]:
    given = seen(tx, setup, ticket, event="time", actor="clock")
    holding = rules.holding(Facts(given.inbound, given.context))
    rule_entries.leave(tx, ticket.id, entered.fired - holding.rules)
    hits: Sequence[Hit] = ()
    if holding.rules - entered.fired:
        given = _with_spent(given, sorted(entered.fired & holding.rules))
        hits = _run(tx, setup, ticket, given, {"rules": [], "depth": 0})
    fired = _fired(hits)
    errors = {hit.rule_id: hit for hit in (*holding.failed, *hits) if hit.error}
    # What an earlier rule sets may have kept one from failing.
    failed = {rule_id: hit for rule_id, hit in errors.items() if rule_id not in fired}
    rule_entries.leave(tx, ticket.id, entered.failed - failed.keys())
    rule_entries.enter(tx, ticket.id, failed.keys() - entered.failed, failed=True)
    rule_entries.enter(tx, ticket.id, fired)
    return [
        *(hit for hit in hits if not hit.error),
        *(hit for rule_id, hit in failed.items() if rule_id not in entered.failed),
    ]


def _with_spent(given: Seen, rules: Sequence[str]) -> Seen:
    return given._replace(context=replace(given.context, spent=tuple(rules)))


def _fired(hits: Sequence[Hit]) -> list[str]:
    return [hit.rule_id for hit in hits if not hit.error]


def _run(tx: Tx, setup: Setup, ticket: Ticket, given: Seen, cause: dict[str, Any]) -> Sequence[Hit]:
    decision = decide_ticket(given.inbound, given.context, setup.rules)
    fired = _fired(decision.hits)
    if fired:
        made = Made(given.message_id, ticket.conversation_id, ticket.id, given.context, decision)
        decisions.add(tx, [made])
        chain = {"rules": [*cause["rules"], *fired], "depth": cause["depth"] + 1}
        _apply(tx, ticket, decision, setup.desk, event=given.context.event, chain=chain)
    return decision.hits


def _apply(
    tx: Tx, before: Ticket, decision: Decision, desk: Desk, *, event: Event, chain: dict[str, Any]
) -> None:
    try:
        after = _changed(before, decision.effects, tx.now, desk)
    except Refused as refused:
        log.warning("rules could not change a ticket", ticket=before.id, reason=str(refused))
        after = before
    inbox.save(tx, before, after, cause=chain)
    where = {"ticket": before.id, "conversation": before.conversation_id}
    for effect in decision.effects:
        match effect:
            case Reply():
                inbox.announce(tx, after, effect.text)
            case Notify():
                consequences.notify(tx, effect.to, before.subject, **where)
            case CallWebhook():
                consequences.call(tx, effect.to, {**where, "event": event}, ticket=before.id)
            case _:
                pass


def _changed(ticket: Ticket, effects: Sequence[Effect], now: datetime, desk: Desk) -> Ticket:
    for effect in effects:
        match effect:
            case EditTicket():
                ticket = _edited(ticket, effect, now, desk)
            case CloseTicket():
                ticket = move(ticket, "closed", now, desk)
            case Snooze():
                ticket = snooze(ticket, now + timedelta(minutes=effect.minutes), now, desk)
            case _:
                pass
    return ticket


def _edited(ticket: Ticket, change: EditTicket, now: datetime, desk: Desk) -> Ticket:
    changes: dict[str, Any] = {
        name: value
        for name in ("queue", "priority", "type", "tier")
        if (value := getattr(change, name)) is not None
    }
    if change.tags:
        changes["tags"] = (*ticket.tags, *change.tags)
    if change.fields:
        changes["fields"] = change.fields
    if changes:
        ticket = edit(ticket, changes, now, desk)
    if change.policy is not None:
        ticket = retarget(replace(ticket, policy=change.policy, updated_at=now), now, desk)
    return ticket
