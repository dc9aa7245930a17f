"""The desk as the assignment engine is told of it: agents and tickets as they are stored become its lines.

A queue is a skill that its agents have; so is each skill of the desk. Channels go by their kind. A ticket
needs its skills and its queue; a step of the queue asks for other levels, another queue's agents or anybody,
but never for less than the ticket itself needs.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

import msgspec

from router.assignment_events import AgentChanged, Config, Fairness, Hold, Step, Taken, TicketWaits
from router.desk import Desk
from router.queue_steps import openings
from router.sla import PROMISED, Clock, report
from router.values import Agent, Queue, QueueStep, Requirement, Ticket

# A ticket without a response or an agent promised is told with this one, in seconds.
NO_PROMISE = 86_400.0
# The tier of whoever has none; it comes after all that admins have named.
OTHERS = "(none)"
# The kind of a channel that is no more, or of what was opened by hand.
NO_KIND = "(none)"
_SKILL = "skill:"
_QUEUE = "queue:"
_LONGEST = 1e9


class Seen(msgspec.Struct, frozen=True, kw_only=True):
    """An agent with what the store adds: idle since when, and when they last missed an offer."""

    agent: Agent
    idle_since: datetime
    missed_at: datetime | None = None


class Before(msgspec.Struct, frozen=True, kw_only=True):
    """Who comes before all others for a ticket; "" where there is nobody."""

    agent: str = ""
    owner: str = ""
    stand_in: str = ""
    served: str = ""


def config(desk: Desk, handled: tuple[float, int]) -> Config:
    """The first line; `handled` are the seconds and the tickets that were finished before."""
    tiers = (
        *(tier.id for tier in sorted(desk.tiers.values(), key=lambda tier: (tier.order, tier.id))),
        OTHERS,
    )
    fair = Fairness(most=desk.fair_offers, seconds=desk.fair_seconds) if desk.fair_offers else None
    return Config(
        at=0,
        tiers=tiers,
        cool_down_s=desk.cool_down_seconds,
        last_choice_s=desk.last_choice_seconds,
        fairness=fair,
        reserve={_SKILL + skill: kept for skill, kept in desk.reserve.items() if kept},
        handled_s=handled[0],
        handled=handled[1],
        quiet=True,
    )


def agent_line(seen: Seen, desk: Desk, kinds: Iterable[str], now: float) -> AgentChanged:
    """The agent as they are now."""
    agent = seen.agent
    missed = None if seen.missed_at is None else min(seen.missed_at.timestamp(), now)
    return AgentChanged(
        at=now,
        id=agent.id,
        skills=levels_of(agent, desk),
        channels={kind: agent.channels.get(kind, agent.capacity) for kind in (*kinds, NO_KIND)},
        capacity=agent.capacity,
        online=agent.active and agent.presence == "online",
        queues={name: queue.most_each for name, queue in desk.queues.items() if queue.most_each},
        idle_since=min(seen.idle_since.timestamp(), now),
        missed_at=missed,
        quiet=True,
    )


def ticket_line(ticket: Ticket, desk: Desk, kind: str, before: Before, now: float) -> TicketWaits:
    """A ticket that waits."""
    queue = desk.queues.get(ticket.queue)
    since = min(ticket.waiting_since.timestamp(), now)
    promise_s, promise_at = _promise(ticket, desk)
    first, *more = _steps(ticket, queue, desk)
    return TicketWaits(
        at=now,
        id=ticket.id,
        skills=first.skills,
        tier=ticket.tier if ticket.tier in desk.tiers else OTHERS,
        channel=kind,
        units=units(queue, kind),
        promise_s=promise_s,
        declined=ticket.declined_by,
        queue=ticket.queue,
        since=since,
        promise_at=promise_at,
        holds=_holds(before, queue),
        steps=tuple(more),
        only=ticket.pinned_to,
        quiet=True,
    )


def asked(ticket: Ticket, desk: Desk) -> list[Mapping[str, int]]:
    """What it asks of who takes it: at first, then by each step that its queue has."""
    line = ticket_line(ticket, desk, "", Before(), ticket.waiting_since.timestamp())
    return [line.skills, *(step.skills for step in line.steps)]


def levels_of(agent: Agent, desk: Desk) -> dict[str, int]:
    """What an agent has of it, there or not. Who is in no queue by name serves them all."""
    skills = {_SKILL + skill: level for skill, level in agent.skills.items()}
    return skills | {_QUEUE + queue: 1 for queue in agent.queues or tuple(desk.queues)}


def missing(levels: Mapping[str, int], wanted: Mapping[str, int]) -> list[str]:
    """What of it they lack."""
    return [name for name, level in wanted.items() if levels.get(name, 0) < level]


def taken_line(ticket: Ticket, agent_id: str, desk: Desk, kind: str, now: float) -> Taken:
    """A ticket that an agent has."""
    queue = desk.queues.get(ticket.queue)
    since = min(ticket.updated_at.timestamp(), now)
    return Taken(
        at=now,
        ticket=ticket.id,
        agent=agent_id,
        channel=kind,
        units=units(queue, kind),
        queue=ticket.queue,
        since=since,
        quiet=True,
    )


def alerts_by(ticket: Ticket, desk: Desk, step: int) -> int:
    """How many steps of its queue that alert the ticket has got to with this step of its line."""
    steps = [step for _, step in openings(ticket, desk)]
    # The first one of the queue is no step of the line where it opens at once: it is what the ticket needs.
    reached = step + any(one.after_seconds <= 0 for one in steps)
    return sum(one.alert for one in steps[:reached])


def units(queue: Queue | None, kind: str) -> int:
    """How much of an agent's capacity a ticket takes."""
    return queue.units.get(kind, 1) if queue is not None else 1


def _promise(ticket: Ticket, desk: Desk) -> tuple[float, float | None]:
    """Its target in seconds and when it ends, by business time; of several that run the sooner."""
    found: list[tuple[float, Clock]] = []
    for metric in PROMISED:
        clock = ticket.clocks.get(metric)
        if clock is not None and clock.state == "running" and clock.since is not None:
            ends = report(clock, desk.calendars, clock.since).deadline
            if ends is not None:
                found.append((ends.timestamp(), clock))
    if not found:
        return NO_PROMISE, None
    ends_at, clock = min(found, key=lambda one: one[0])
    return min(max(clock.target.total_seconds(), 1.0), _LONGEST), ends_at


def _steps(ticket: Ticket, queue: Queue | None, desk: Desk) -> list[Step]:
    own = {_QUEUE + ticket.queue: 1} if queue is not None else {}
    found = [_step(ticket, at, step, desk, own) for at, step in openings(ticket, desk)]
    if all(step.after_seconds > 0 for step in (queue.steps if queue is not None else ())):
        found.insert(0, Step(after_s=0, skills=_levels(ticket.skills) | own))
    return sorted(found, key=lambda step: step.after_s)


def _step(ticket: Ticket, at: datetime, step: QueueStep, desk: Desk, own: Mapping[str, int]) -> Step:
    skills = _levels(ticket.skills)
    for name, level in _levels(step.skills).items():
        skills[name] = max(level, skills.get(name, 0))
    if step.queue in desk.queues:
        skills[_QUEUE + step.queue] = 1
    elif not step.anybody:
        skills |= own
    return Step(after_s=(at - ticket.waiting_since).total_seconds(), skills=skills, alert=step.alert)


def _levels(needs: Sequence[Requirement]) -> dict[str, int]:
    return {_SKILL + need.skill: need.level for need in needs}


def _holds(before: Before, queue: Queue | None) -> tuple[Hold, ...]:
    seconds = queue.hold_seconds if queue is not None else 0
    named = (
        (before.agent, "had this ticket before"),
        (before.owner, "the customer's owner"),
        (before.stand_in, "stands in for the customer's owner"),
        (before.served, "served this customer last"),
    )
    found: dict[str, Hold] = {}
    for agent, why in named:
        if agent and agent not in found:
            found[agent] = Hold(agent=agent, seconds=seconds, why=why)
    return tuple(found.values())
