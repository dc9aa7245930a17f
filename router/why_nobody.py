"""Why a ticket waits: what keeps each agent from it, in words, and when somebody comes."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

import msgspec

from router.calendar import opening
from router.desk import Desk
from router.pull import Seen, asked, levels_of, missing, units
from router.values import Agent, Ticket


class Keeps(msgspec.Struct, frozen=True, kw_only=True):
    """What keeps an agent from a ticket: `unskilled`, `away`, `full`, `missed`, `declined`, or nothing.

    `pinned`: it waits for another alone.
    """

    agent_id: str
    name: str
    reason: str
    detail: str


class Taken(NamedTuple):
    """A ticket in an agent's hands: its queue, the kind of its channel."""

    queue: str
    kind: str


class WhyNobody(msgspec.Struct, frozen=True, kw_only=True):
    """In a sentence, agent by agent, and when the next shift of somebody skilled begins."""

    text: str
    agents: tuple[Keeps, ...]
    next_shift: datetime | None


class _Case(NamedTuple):
    """A ticket that waits; `kind` is its channel's."""

    ticket: Ticket
    kind: str
    desk: Desk
    now: datetime


def why_nobody(
    ticket: Ticket,
    desk: Desk,
    people: Sequence[Seen],
    taken: Mapping[str, Sequence[Taken]],
    now: datetime,
    *,
    kind: str,
) -> WhyNobody:
    """Why nobody has the ticket now; `kind` is its channel's, `taken` what each agent has in hand."""
    case = _Case(ticket, kind, desk, now)
    found = tuple(_keeps(case, one, taken.get(one.agent.id, ())) for one in people if one.agent.active)
    skilled = [one for one in found if one.reason not in ("unskilled", "pinned")]
    next_shift = _next_shift(desk, [one.agent for one in people], {one.agent_id for one in skilled}, now)
    text = _text(skilled, next_shift) if ticket.pinned_to is None else _waits_for(skilled, next_shift)
    return WhyNobody(text=text, agents=found, next_shift=next_shift)


def _keeps(case: _Case, seen: Seen, taken: Sequence[Taken]) -> Keeps:
    agent = seen.agent
    reason, detail = _reason(case, seen, taken)
    return Keeps(agent_id=agent.id, name=agent.name, reason=reason, detail=detail)


def _reason(case: _Case, seen: Seen, taken: Sequence[Taken]) -> tuple[str, str]:
    ticket, _, desk, now = case
    agent = seen.agent
    if ticket.pinned_to not in (None, agent.id):
        return "pinned", "is not who it is pinned to"
    if ticket.pinned_to is None and (lacks := _lacks(ticket, desk, agent)):
        return "unskilled", lacks
    if agent.id in ticket.declined_by:
        return "declined", "has declined it"
    if agent.presence != "online":
        return "away", f"is {agent.presence}"
    if full := _full(case, agent, taken):
        return "full", full
    free_at = None if seen.missed_at is None else seen.missed_at + timedelta(seconds=desk.cool_down_seconds)
    if free_at is not None and free_at > now:
        return "missed", f"missed an offer, is asked again in {(free_at - now).total_seconds():.0f} s"
    return "", "is free and will be asked"


def _full(case: _Case, agent: Agent, taken: Sequence[Taken]) -> str:
    """The limit that one more such ticket would pass."""
    ticket, kind, desk, _ = case
    queue = desk.queues.get(ticket.queue)
    used = sum(units(desk.queues.get(one.queue), one.kind) for one in taken)
    needs = units(queue, kind)
    if used + needs > agent.capacity:
        return f"has {used} of {agent.capacity} units{f', and it takes {needs}' if needs > 1 else ''}"
    at_once = sum(one.kind == kind for one in taken)
    if at_once >= agent.channels.get(kind, agent.capacity):
        return f"has {at_once} of {agent.channels[kind]} at once by {kind}"
    in_queue = sum(one.queue == ticket.queue for one in taken)
    if queue is not None and queue.most_each and in_queue >= queue.most_each:
        return f"has {in_queue} of {queue.most_each} at once of the queue {queue.name}"
    return ""


def _lacks(ticket: Ticket, desk: Desk, agent: Agent) -> str:
    """What is missing for any step that the ticket has reached or will."""
    has, (first, *steps) = levels_of(agent, desk), asked(ticket, desk)
    if any(not missing(has, wanted) for wanted in (first, *steps)):
        return ""
    return "lacks " + ", ".join(
        f"{name.partition(':')[2]} {first[name]}"
        if name.startswith("skill:")
        else f"the queue {name.partition(':')[2]}"
        for name in missing(has, first)
    )


def _next_shift(desk: Desk, people: Sequence[Agent], skilled: set[str], now: datetime) -> datetime | None:
    begins = [
        opening(desk.calendars[agent.shift], now)
        for agent in people
        if agent.id in skilled and agent.shift in desk.calendars and agent.presence != "online"
    ]
    return min((at for at in begins if at is not None), default=None)


def _text(skilled: Sequence[Keeps], next_shift: datetime | None) -> str:
    if not skilled:
        return "nobody has the skills it needs"
    words = {
        "away": "not there",
        "full": "full",
        "missed": "missed an offer lately",
        "declined": "declined it",
        "": "free",
    }
    counts = [
        f"{number} {words[reason]}"
        for reason in words
        if (number := sum(one.reason == reason for one in skilled))
    ]
    return f"{len(skilled)} could take it: {', '.join(counts)}{_shift(next_shift)}"


def _waits_for(those: Sequence[Keeps], next_shift: datetime | None) -> str:
    """The one it is pinned to, where they still work here."""
    said = "".join(f"{one.name}, who {one.detail}" for one in those) or "somebody who works here no more"
    return f"pinned to {said}{_shift(next_shift)}"


def _shift(begins: datetime | None) -> str:
    return f"; the next shift begins {begins:%Y-%m-%d %H:%M} UTC" if begins else ""
