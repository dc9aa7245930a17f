"""Why a ticket waits: what keeps each agent from it, in words, and when somebody comes."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

import msgspec

from router.calendar import opening
from router.desk import Desk
from router.pull import Before, Seen, ticket_line
from router.values import Agent, Ticket


class Keeps(msgspec.Struct, frozen=True, kw_only=True):
    """What keeps an agent from a ticket: `unskilled`, `away`, `full`, `missed`, `declined`, or nothing.

    `pinned`: it waits for another alone.
    """

    agent_id: str
    name: str
    reason: str
    detail: str


class WhyNobody(msgspec.Struct, frozen=True, kw_only=True):
    """In a sentence, agent by agent, and when the next shift of somebody skilled begins."""

    text: str
    agents: tuple[Keeps, ...]
    next_shift: datetime | None


def why_nobody(
    ticket: Ticket, desk: Desk, people: Sequence[Seen], used: Mapping[str, int], now: datetime
) -> WhyNobody:
    """Why nobody has the ticket now; `used` are units in hand by agent."""
    found = tuple(
        _keeps(ticket, desk, one, used.get(one.agent.id, 0), now) for one in people if one.agent.active
    )
    skilled = [one for one in found if one.reason not in ("unskilled", "pinned")]
    next_shift = _next_shift(desk, [one.agent for one in people], {one.agent_id for one in skilled}, now)
    text = _text(skilled, next_shift) if ticket.pinned_to is None else _waits_for(skilled, next_shift)
    return WhyNobody(text=text, agents=found, next_shift=next_shift)


def _keeps(ticket: Ticket, desk: Desk, seen: Seen, used: int, now: datetime) -> Keeps:
    agent = seen.agent
    reason, detail = _reason(ticket, desk, seen, used, now)
    return Keeps(agent_id=agent.id, name=agent.name, reason=reason, detail=detail)


def _reason(ticket: Ticket, desk: Desk, seen: Seen, used: int, now: datetime) -> tuple[str, str]:
    agent = seen.agent
    if ticket.pinned_to not in (None, agent.id):
        return "pinned", "is not who it is pinned to"
    if ticket.pinned_to is None and (lacks := _lacks(ticket, desk, agent)):
        return "unskilled", lacks
    if agent.id in ticket.declined_by:
        return "declined", "has declined it"
    if agent.presence != "online":
        return "away", f"is {agent.presence}"
    if used >= agent.capacity:
        return "full", f"has {used} of {agent.capacity} units"
    free_at = None if seen.missed_at is None else seen.missed_at + timedelta(seconds=desk.cool_down_seconds)
    if free_at is not None and free_at > now:
        return "missed", f"missed an offer, is asked again in {(free_at - now).total_seconds():.0f} s"
    return "", "is free and will be asked"


def _lacks(ticket: Ticket, desk: Desk, agent: Agent) -> str:
    """What is missing for any step that the ticket has reached or will."""
    line = ticket_line(ticket, desk, "", Before(), ticket.waiting_since.timestamp())
    has = {f"skill:{skill}": level for skill, level in agent.skills.items()}
    has |= {f"queue:{queue}": 1 for queue in agent.queues or desk.queues}
    for skills in (line.skills, *(step.skills for step in line.steps)):
        missing = [name for name, level in skills.items() if has.get(name, 0) < level]
        if not missing:
            return ""
    first = [name for name, level in line.skills.items() if has.get(name, 0) < level]
    return "lacks " + ", ".join(
        f"{name.partition(':')[2]} {line.skills[name]}"
        if name.startswith("skill:")
        else f"the queue {name.partition(':')[2]}"
        for name in first
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
