"""A ticket's life: each thing that can happen to it, as a function from ticket to ticket.

    queued ⇄ offered → open ⇄ waiting → resolved → closed       merged: final

`TRANSITIONS` is the whole state machine. The customer's next message reopens a resolved ticket; closed and
merged are final. What an agent resolves takes their room until they have wrapped it up. Clocks follow every
change, and `due_at` is derived anew from them.
"""

from datetime import datetime, timedelta
from typing import Any, NamedTuple

from msgspec.structs import replace

from router import sla
from router.decision import ChangeTicket, OpenTicket
from router.desk import Desk
from router.queue_steps import openings
from router.values import (
    ACTIVE,
    GOES_ON,
    PRIORITIES,
    Conversation,
    Policy,
    Queue,
    QueueStep,
    Requirement,
    Ticket,
    TicketStatus,
    WaitingReason,
)

TRANSITIONS: dict[TicketStatus, frozenset[TicketStatus]] = {
    "queued": frozenset({"offered", "open", "waiting", "resolved", "closed", "merged"}),
    "offered": frozenset({"queued", "open", "waiting", "resolved", "closed", "merged"}),
    "open": frozenset({"queued", "waiting", "resolved", "closed", "merged"}),
    "waiting": frozenset({"queued", "open", "resolved", "closed", "merged"}),
    "resolved": frozenset({"queued", "open", "closed", "merged"}),
    "closed": frozenset(),
    "merged": frozenset(),
}
_ENDLESS = 1e9
_FINAL = frozenset({"closed", "merged"})
_OF_POLICY: tuple[sla.Metric, ...] = ("first_response", "next_response", "resolution")
_OF_QUEUE: tuple[sla.Metric, ...] = ("assignment", "ownership")


class Fired(NamedTuple):
    """What was due: the ticket after it, the steps its clocks have reached, those of its queue that alert."""

    ticket: Ticket
    steps: tuple[tuple[sla.Metric, int], ...] = ()
    alerts: tuple[QueueStep, ...] = ()


class Refused(ValueError):
    """The change is not one that a ticket in this state can make; the text says why."""


def opened(
    request: OpenTicket, conversation: Conversation, now: datetime, desk: Desk, *, id: str, number: int
) -> Ticket:
    """A new ticket, queued, with its clocks running."""
    queue = desk.queues.get(request.queue)
    ticket = Ticket(
        id=id,
        number=number,
        conversation_id=conversation.id,
        customer_id=conversation.customer_id,
        channel_id=conversation.channel_id,
        created_at=now,
        updated_at=now,
        waiting_since=now,
        subject=request.subject,
        priority=request.priority,
        tier=request.tier,
        type=request.type,
        queue=request.queue,
        fields=request.fields,
        tags=request.tags,
        skills=_joined(request.skills, queue.skills if queue else ()),
        policy=request.policy,
        previous_ticket_id=conversation.previous_ticket_id,
    )
    return _due(replace(ticket, clocks=_start_clocks(ticket, now, desk)), desk)


def customer_wrote(ticket: Ticket, change: ChangeTicket, now: datetime, desk: Desk) -> Ticket:
    """The customer's message reached the ticket: it comes back to work if it waited or was resolved."""
    before = ticket
    ticket = _clocks(brought_back(ticket, now, desk), sla.Event(at=now, type="customer_message"), desk)
    changed = _merge(ticket, change)
    if changed.priority != before.priority:
        changed = retarget(changed, now, desk)
    return replace(changed, updated_at=now)


def brought_back(ticket: Ticket, now: datetime, desk: Desk) -> Ticket:
    """Something has come that somebody has to look at: it is worked on again if it waited or was resolved."""
    if ticket.status in ("waiting", "resolved"):
        ticket = move(ticket, "open" if ticket.assignee else "queued", now, desk)
    return replace(ticket, updated_at=now)


def agent_replied(ticket: Ticket, agent_id: str | None, now: datetime, desk: Desk) -> Ticket:
    """The customer was answered: the ticket is the agent's if it was nobody's, and the clocks hear it.

    A program (`agent_id` None) answers too: then nobody's ticket leaves its queue and waits for the customer,
    whose next message brings it back.
    """
    if ticket.status not in GOES_ON:
        raise Refused(f"ticket #{ticket.number} is {ticket.status}; open a new one to write to the customer")
    ticket = replace(ticket, assignee=ticket.assignee or agent_id)
    if ticket.assignee is not None and ticket.status in ("queued", "offered", "resolved"):
        ticket = move(ticket, "open", now, desk)
    elif ticket.assignee is None and ticket.status in ("queued", "offered"):
        ticket = move(ticket, "waiting", now, desk)
    return spoken_with(ticket, now, desk)


def spoken_with(ticket: Ticket, now: datetime, desk: Desk) -> Ticket:
    """The customer heard from the desk: the clocks know, and nothing else changes."""
    ticket = _clocks(ticket, sla.Event(at=now, type="agent_reply"), desk)
    first = ticket.first_replied_at or now
    return replace(ticket, first_replied_at=first, updated_at=now)


def assign(ticket: Ticket, agent_id: str | None, now: datetime, desk: Desk) -> Ticket:
    """Give the ticket to an agent, or with None back to its queue at its old age."""
    if ticket.status not in GOES_ON:
        raise Refused(f"ticket #{ticket.number} is {ticket.status} and can't be assigned")
    ticket = replace(
        ticket, assignee=agent_id, wrap_up_until=None, updated_at=now, version=ticket.version + 1
    )
    if agent_id is None:
        return move(ticket, "queued", now, desk) if ticket.status in ("open", "offered") else ticket
    return move(ticket, "open", now, desk) if ticket.status in ("queued", "offered") else ticket


def move(
    ticket: Ticket, status: TicketStatus, now: datetime, desk: Desk, reason: WaitingReason | None = None
) -> Ticket:
    """Change the status; raises `Refused` where `TRANSITIONS` has no such step.

    `reason` counts for waiting alone, and is the customer where none is given.
    """
    reason = (reason or "customer") if status == "waiting" else None
    if status == ticket.status and reason == ticket.waiting_reason:
        return _due(ticket, desk)
    if status != ticket.status and status not in TRANSITIONS[ticket.status]:
        allowed = ", ".join(sorted(TRANSITIONS[ticket.status])) or "nothing: that is final"
        raise Refused(f"ticket #{ticket.number} is {ticket.status}; from there it can become {allowed}")
    moved = replace(
        ticket,
        status=status,
        waiting_reason=reason,
        snoozed_until=ticket.snoozed_until if reason == "snoozed" else None,
        resolved_at=now if status == "resolved" else (ticket.resolved_at if status == "closed" else None),
        closed_at=now if status in ("closed", "merged") else None,
        wrap_up_until=_wrap_up_until(ticket, status, now, desk),
        assignee=None if status in ("queued", "offered") else ticket.assignee,
        updated_at=now,
    )
    after = _clocks(moved, _status(moved, now), desk)
    # What was resolved was held to nothing new meanwhile.
    return retarget(after, now, desk) if ticket.status == "resolved" and status in ACTIVE else after


def edit(ticket: Ticket, changes: dict[str, Any], now: datetime, desk: Desk) -> Ticket:
    """Set editable fields (queue, priority, type, fields, tags, subject, tier); the version grows."""
    merged = {**changes}
    if "fields" in merged:
        kept = {**ticket.fields, **merged["fields"]}
        merged["fields"] = {name: value for name, value in kept.items() if value is not None}
    if (queue := merged.get("queue", ticket.queue)) != ticket.queue:
        merged |= {"skills": _requeued(ticket, queue, desk), "alerted": 0}
    edited = replace(ticket, **merged, updated_at=now, version=ticket.version + 1)
    if edited.queue != ticket.queue:
        edited = _due(replace(edited, clocks=_entered(edited, now, desk)), desk)
    if (edited.priority, edited.tier, edited.policy) != (ticket.priority, ticket.tier, ticket.policy):
        edited = retarget(edited, now, desk)
    return edited


def pin(ticket: Ticket, agent_id: str | None, now: datetime, desk: Desk) -> Ticket:
    """Let the ticket wait for one agent alone, or with None for all again; what is offered waits anew.

    They are asked although they had declined it.
    """
    if ticket.status in _FINAL:
        raise Refused(f"ticket #{ticket.number} is {ticket.status} and can't be pinned")
    declined = tuple(one for one in ticket.declined_by if one != agent_id)
    if (agent_id, declined) == (ticket.pinned_to, ticket.declined_by):
        return ticket
    pinned = replace(
        ticket, pinned_to=agent_id, declined_by=declined, updated_at=now, version=ticket.version + 1
    )
    offered = ticket.status == "offered" and agent_id is not None
    return move(pinned, "queued", now, desk) if offered else pinned


def alerted(ticket: Ticket, steps: int, desk: Desk) -> Ticket:
    """So many of its queue's steps that alert were told of."""
    return _due(replace(ticket, alerted=steps), desk)


def end_wrap_up(ticket: Ticket, now: datetime, desk: Desk) -> Ticket:
    """The agent has done with the ticket: it takes no room any more."""
    return _due(replace(ticket, wrap_up_until=None, updated_at=now), desk)


def snooze(ticket: Ticket, until: datetime, now: datetime, desk: Desk) -> Ticket:
    """Let the ticket wait until an instant, then come back by itself."""
    return move(replace(ticket, snoozed_until=until), "waiting", now, desk, reason="snoozed")


def retarget(ticket: Ticket, now: datetime, desk: Desk) -> Ticket:
    """Hold the clocks to the policy that the ticket has now; what was used stays used.

    A metric that had no target so far counts from the ticket's beginning, as it would have with one; what is
    used up already is due now, and not back then.
    """
    policy = desk.policy_for(ticket.policy, ticket.tier, ticket.priority)
    clocks = dict(ticket.clocks)
    for metric in _OF_POLICY:
        target = _target(policy, metric)
        if policy is None or target is None:
            clocks.pop(metric, None)
        elif metric not in clocks:
            begun = _started(metric, ticket.created_at, _ENDLESS, policy)
            clocks[metric] = _held_to(_late_clock(ticket, begun, now, desk), policy, target, now, desk)
        else:
            clocks[metric] = _held_to(clocks[metric], policy, target, now, desk)
    return _due(replace(ticket, clocks=clocks), desk)


def fire(ticket: Ticket, now: datetime, desk: Desk) -> Fired:
    """What of the ticket is due at `now`: steps of clocks and queue, snooze's or wrap-up's end, its closing.

    Everything is derived anew from clocks, status and policy, so a `due_at` that is stale does no harm.
    """
    fired: list[tuple[sla.Metric, int]] = []
    if ticket.wrap_up_until is not None and ticket.wrap_up_until <= now:
        ticket = end_wrap_up(ticket, now, desk)
    if ticket.status in _FINAL:
        return Fired(_due(ticket, desk))
    if ticket.status in ACTIVE:
        ticket = retarget(ticket, now, desk)
    clocks = dict(ticket.clocks)
    for metric, clock in ticket.clocks.items():
        clocks[metric], steps = sla.fire(clock, desk.calendars, now)
        fired += [(clock.metric, step) for step in steps]
    alerts = tuple(step for at, step in _alerts(ticket, desk) if at <= now)
    ticket = replace(ticket, clocks=clocks, alerted=ticket.alerted + len(alerts))
    if ticket.snoozed_until is not None and ticket.status == "waiting" and ticket.snoozed_until <= now:
        ticket = move(ticket, "open" if ticket.assignee else "queued", now, desk)
    closes = _closes_at(ticket, desk)
    if closes is not None and closes <= now:
        ticket = move(ticket, "closed", now, desk)
    return Fired(_due(ticket, desk), tuple(fired), alerts)


def _merge(ticket: Ticket, change: ChangeTicket) -> Ticket:
    if not (change.tags or change.fields or change.type or change.priority):
        return ticket
    tags = (*ticket.tags, *(tag for tag in change.tags if tag not in ticket.tags))
    higher = change.priority is not None and PRIORITIES.index(change.priority) > PRIORITIES.index(
        ticket.priority
    )
    return replace(
        ticket,
        tags=tags,
        fields={**ticket.fields, **change.fields},
        type=ticket.type or change.type or "",
        priority=change.priority if higher and change.priority else ticket.priority,
        version=ticket.version + 1,
    )


def _start_clocks(ticket: Ticket, now: datetime, desk: Desk) -> dict[str, sla.Clock]:
    policy = desk.policy_for(ticket.policy, ticket.tier, ticket.priority)
    clocks = {
        metric: _started(metric, now, target, policy)
        for metric in _OF_POLICY
        if policy is not None and (target := _target(policy, metric)) is not None
    }
    return _entered(replace(ticket, clocks=clocks), now, desk)


def _entered(ticket: Ticket, now: datetime, desk: Desk) -> dict[str, sla.Clock]:
    """The clocks of a ticket that is in another queue now: those of that queue begin."""
    clocks = {metric: clock for metric, clock in ticket.clocks.items() if metric not in _OF_QUEUE}
    queue = desk.queues.get(ticket.queue)
    for metric in _OF_QUEUE:
        target = _target(queue, metric)
        if queue is not None and target is not None:
            clocks[metric] = sla.start(
                metric=metric,
                at=now,
                target_s=target,
                calendar=queue.calendar,
                status=_status(ticket, now).value,
            )
    return clocks


def _started(metric: sla.Metric, at: datetime, target: float, policy: Policy) -> sla.Clock:
    return sla.start(
        metric=metric, at=at, target_s=target, calendar=policy.calendar, pause_on=policy.pause_on
    )


def _held_to(clock: sla.Clock, policy: Policy, target: float, now: datetime, desk: Desk) -> sla.Clock:
    event = sla.Event(
        at=now,
        type="change",
        calendar=policy.calendar,
        target=timedelta(seconds=target),
        pause_on=policy.pause_on,
    )
    return sla.apply(clock, event, desk.calendars)


def _late_clock(ticket: Ticket, begun: sla.Clock, now: datetime, desk: Desk) -> sla.Clock:
    """A clock that began with the ticket, told of what has been since."""
    clock = begun
    if ticket.first_replied_at is not None:
        clock = sla.apply(clock, sla.Event(at=ticket.first_replied_at, type="agent_reply"), desk.calendars)
    return sla.apply(clock, _status(ticket, now), desk.calendars)


def _status(ticket: Ticket, now: datetime) -> sla.Event:
    return sla.Event(at=now, type="status", value=ticket.waiting_reason or ticket.status)


def _joined(first: tuple[Requirement, ...], second: tuple[Requirement, ...]) -> tuple[Requirement, ...]:
    """Each skill once, at the higher of its levels."""
    levels = {need.skill: need.level for need in first}
    for need in second:
        levels[need.skill] = max(need.level, levels.get(need.skill, 0))
    return tuple(Requirement(skill=skill, level=level) for skill, level in levels.items())


def _requeued(ticket: Ticket, queue_id: str, desk: Desk) -> tuple[Requirement, ...]:
    """The skills the ticket needs in another queue: what the old one asked for goes with it."""
    before, after = desk.queues.get(ticket.queue), desk.queues.get(queue_id)
    own = tuple(need for need in ticket.skills if before is None or need not in before.skills)
    return _joined(own, after.skills if after else ())


def _target(given: Policy | Queue | None, metric: sla.Metric) -> float | None:
    minutes: float | None = getattr(given, metric) if given is not None else None
    return None if minutes is None else minutes * 60


def _clocks(ticket: Ticket, event: sla.Event, desk: Desk) -> Ticket:
    clocks = {metric: sla.apply(clock, event, desk.calendars) for metric, clock in ticket.clocks.items()}
    if event.type != "status" and all(clocks[metric] is clock for metric, clock in ticket.clocks.items()):
        return ticket
    return _due(replace(ticket, clocks=clocks), desk)


def _closes_at(ticket: Ticket, desk: Desk) -> datetime | None:
    if ticket.status != "resolved" or ticket.resolved_at is None:
        return None
    return ticket.resolved_at + timedelta(days=desk.close_days)


def _alerts(ticket: Ticket, desk: Desk) -> list[tuple[datetime, QueueStep]]:
    """The steps of its queue that alert and were not told of yet, while nobody has it."""
    if ticket.status not in ("queued", "offered"):
        return []
    return [(at, step) for at, step in openings(ticket, desk) if step.alert][ticket.alerted :]


def _wrap_up_until(ticket: Ticket, status: str, now: datetime, desk: Desk) -> datetime | None:
    """Until when an agent wraps up what was theirs and is over now."""
    if status not in ("resolved", "closed"):
        return None
    if ticket.status != "open":
        return ticket.wrap_up_until
    queue = desk.queues.get(ticket.queue)
    if queue is None or not queue.wrap_up_seconds or ticket.assignee is None:
        return None
    return now + timedelta(seconds=queue.wrap_up_seconds)


def _due(ticket: Ticket, desk: Desk) -> Ticket:
    instants: list[datetime | None] = [ticket.wrap_up_until]
    if ticket.status not in _FINAL:
        instants += [sla.due(clock, desk.calendars) for clock in ticket.clocks.values()]
        instants += [ticket.snoozed_until, _closes_at(ticket, desk)]
        instants += [at for at, _ in _alerts(ticket, desk)]
    due = min((instant for instant in instants if instant is not None), default=None)
    return ticket if due == ticket.due_at else replace(ticket, due_at=due)
