"""What would be: recent tickets, or a stated load, on the desk's staffing as it is or changed."""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from math import log
from statistics import mean

import msgspec
from msgspec.structs import replace

from router.assignment_events import AgentChanged, TicketWaits
from router.calendar import opening
from router.desk import Desk
from router.pull import NO_PROMISE, Before, Seen, agent_line, config, ticket_line
from router.simulation import Arrival, Served, serve
from router.values import Agent, Ticket

# Shifts are looked at this often.
_QUARTER = timedelta(minutes=15)
KINDS = ("any",)


class Worked(msgspec.Struct, frozen=True, kw_only=True):
    """A ticket that came, and how long somebody worked on it in seconds (None: nobody knows)."""

    ticket: Ticket
    handling: float | None


class Extra(msgspec.Struct, frozen=True, kw_only=True):
    """Agents who would be there too, from one hour of the day (UTC) to another."""

    skills: Mapping[str, int]
    begin: int = 0
    end: int = 24
    count: int = 1


class TierOutcome(msgspec.Struct, frozen=True, kw_only=True):
    """What a tier's customers would see; waits in seconds."""

    tier: str
    tickets: int
    mean_wait: float
    p80_wait: float
    kept: float


class Outcome(msgspec.Struct, frozen=True, kw_only=True):
    """What would be. `occupancy` is work per capacity of who is there; `fairness` is how evenly tickets fall.

    `fairness` is Jain's index over the agents who had any: 1 where all had the same. `by_hour`: mean wait in
    seconds of what came in each hour of the day (UTC).
    """

    tiers: tuple[TierOutcome, ...]
    unserved: int
    breaches: int
    occupancy: float
    fairness: float
    by_hour: tuple[float, ...]


def stated(
    desk: Desk, begin: datetime, *, hours: float, per_hour: float, handling: float, draw: Callable[[], float]
) -> list[Worked]:
    """A load as it is stated: Poisson arrivals, exponential handling, the tiers alike, the default queue.

    `draw` gives numbers from 0 to below 1.
    """
    tiers = sorted(desk.tiers) or [""]
    found: list[Worked] = []
    at = 0.0
    while (at := at + -log(1 - draw()) * 3600 / per_hour) < hours * 3600:
        now = begin + timedelta(seconds=at)
        ticket = Ticket(
            id=f"t{len(found):07}",
            number=len(found),
            conversation_id="",
            customer_id="",
            channel_id="",
            created_at=now,
            updated_at=now,
            waiting_since=now,
            tier=tiers[int(draw() * len(tiers))],
            queue=desk.default_queue,
        )
        found.append(Worked(ticket=ticket, handling=-log(1 - draw()) * handling))
    return found


def what_if(
    desk: Desk, worked: Sequence[Worked], people: Sequence[Agent], extras: Sequence[Extra], usual: float
) -> Outcome:
    """Run the desk on these tickets; `usual` is the handling time of those of which none is known.

    All are wrapped up for as long as their queues say, and nobody's pins are kept.
    """
    ordered = sorted(worked, key=lambda one: (one.ticket.created_at, one.ticket.id))
    if not ordered:
        return Outcome(tiers=(), unserved=0, breaches=0, occupancy=0, fairness=1, by_hour=(0.0,) * 24)
    arrivals = [
        Arrival(_line(one.ticket, desk), (one.handling or usual) + _wrap_up(one.ticket, desk))
        for one in ordered
    ]
    begin, end = ordered[0].ticket.created_at, ordered[-1].ticket.created_at
    staffing = list(_staffing(desk, people, extras, begin, end))
    served = serve(replace(config(desk, (0.0, 0)), quiet=False), staffing, arrivals)
    return _outcome(served, staffing, arrivals[-1].ticket.at)


def _wrap_up(ticket: Ticket, desk: Desk) -> float:
    queue = desk.queues.get(ticket.queue)
    return queue.wrap_up_seconds if queue is not None else 0


def _line(ticket: Ticket, desk: Desk) -> TicketWaits:
    now = ticket.created_at.timestamp()
    fresh = replace(ticket, waiting_since=ticket.created_at, declined_by=(), clocks={}, pinned_to=None)
    clock = ticket.clocks.get("first_response")
    policy = desk.policy_for(ticket.policy, ticket.tier, ticket.priority)
    promise = clock.target.total_seconds() if clock is not None else NO_PROMISE
    if policy is not None and policy.first_response is not None:
        promise = policy.first_response * 60
    line = ticket_line(fresh, desk, KINDS[0], Before(), now)
    return replace(line, promise_s=max(promise, 1.0), promise_at=None, since=None, quiet=False)


def _staffing(
    desk: Desk, people: Sequence[Agent], extras: Sequence[Extra], begin: datetime, end: datetime
) -> Iterator[AgentChanged]:
    there: dict[str, bool] = {}
    at = begin
    while at <= end:
        for agent in people:
            calendar = desk.calendars.get(agent.shift)
            present = calendar is None or opening(calendar, at) == at
            yield from _change(there, desk, agent, present, at)
        for number, extra in enumerate(extras):
            present = extra.begin <= at.hour < extra.end
            for copy in range(extra.count):
                name = f"extra {number + 1}.{copy + 1}"
                agent = Agent(id=name, name=name, skills=dict(extra.skills))
                yield from _change(there, desk, agent, present, at)
        at += _QUARTER


def _change(
    there: dict[str, bool], desk: Desk, agent: Agent, present: bool, at: datetime
) -> Iterator[AgentChanged]:
    if there.get(agent.id, False) == present:
        return
    there[agent.id] = present
    shown = replace(agent, presence="online" if present else "offline", active=True)
    line = agent_line(Seen(agent=shown, idle_since=at), desk, KINDS, at.timestamp())
    yield replace(line, quiet=False, idle_since=None)


def _outcome(served: Sequence[Served], staffing: Sequence[AgentChanged], end: float) -> Outcome:
    tiers: dict[str, list[Served]] = {}
    hours: dict[int, list[float]] = {}
    for one in served:
        tiers.setdefault(one.ticket.tier, []).append(one)
        hours.setdefault(int(one.ticket.at // 3600 % 24), []).append(one.wait)
    had = Counter(one.agent for one in served if one.agent)
    total = sum(had.values())
    return Outcome(
        tiers=tuple(_tier(tier, ones) for tier, ones in sorted(tiers.items())),
        unserved=sum(one.agent is None for one in served),
        breaches=sum(not one.kept for one in served),
        occupancy=_occupancy(served, staffing, end),
        fairness=total**2 / (len(had) * sum(count**2 for count in had.values())) if had else 1.0,
        by_hour=tuple(mean(hours.get(hour) or [0.0]) for hour in range(24)),
    )


def _tier(tier: str, served: Sequence[Served]) -> TierOutcome:
    waits = sorted(one.wait for one in served)
    return TierOutcome(
        tier=tier,
        tickets=len(served),
        mean_wait=mean(waits),
        p80_wait=waits[min(len(waits) - 1, int(0.8 * len(waits)))],
        kept=mean(one.kept for one in served),
    )


def _occupancy(served: Sequence[Served], staffing: Sequence[AgentChanged], end: float) -> float:
    """Units of work done over units that could have been done while agents were there."""
    since: dict[str, tuple[float, int]] = {}
    room = 0.0
    for line in staffing:
        at, capacity = since.pop(line.id, (0.0, 0))
        room += (line.at - at) * capacity
        if line.online:
            since[line.id] = (line.at, line.capacity)
    room += sum((end - at) * capacity for at, capacity in since.values())
    work = sum(one.handling * one.ticket.units for one in served if one.agent)
    return min(1.0, work / room) if room > 0 else 0.0
