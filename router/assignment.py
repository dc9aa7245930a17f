"""The assignment engine: which waiting ticket is offered to which agent, now, and when to look again.

Events go in, each with its instant; offers come out. The same events give the same offers: there is no clock
and no chance in here. After each event nothing is left that could be offered: a ticket that nobody can take
holds up no other, and only what the event touched is looked at again.

An agent may take a ticket when they are online, have each skill at the level it needs, have room (units in
all, tickets at once on its channel), have not declined it, and have not missed an offer in `COOL_DOWN`.
`urgency_key` orders the tickets. Among the agents that may take one: who missed an offer in `LAST_CHOICE`
comes last; then who ties up the least scarce skill (for each skill the ticket does not need, one over the
agents online who have it); then the least busy for their capacity, the longest idle, and the agent's id.

Instants and durations inside are whole microseconds, so that ties are ties.
"""

from bisect import bisect_left, insort
from collections import Counter
from collections.abc import Iterator
from heapq import heappop, heappush, nsmallest
from itertools import chain

from router.assignment_events import (
    AgentChanged,
    AssignmentError,
    Config,
    Declined,
    Event,
    Expired,
    Finished,
    Offer,
    Requeued,
    Result,
    Returned,
    TicketWaits,
    Withdrawn,
)
from router.assignment_pool import Agent, Bucket, Group, Need, SkillSet, Ticket, link, within_reach

SECOND = 1_000_000
COOL_DOWN = 180 * SECOND
LAST_CHOICE = 600 * SECOND
PRIOR_HANDLING = 600 * SECOND
"""Mean handling time before anything was finished; it weighs as much as `PRIOR_WEIGHT` tickets."""
PRIOR_WEIGHT = 20
MAX_NEEDS = 4096
"""Sets of skills kept although no ticket that needs them waits."""

_SCARCITY = 10**9

Key = tuple[int, int, int, str]


def urgency_key(*, due: int, target: int, now: int, wait: int, tier: int, rarity: int, ticket: str) -> Key:
    """Where a ticket stands among those an agent may take; the least is first.

    `due` is when its promise ends, renewed every `target` once broken; `wait` how long until one of those
    who can take it is likely free; `rarity` how many agents have its rarest skill. Urgent is what would
    have half of its target or less left after that wait: by tier. The rest is calm: by rarest skill.
    """
    if 2 * (due - wait - now) <= target:
        return (0, tier, due, ticket)
    return (1, rarity, due, ticket)


Standing = tuple[bool, int, float, int, str]
"""An agent among those who may take a ticket: missed lately, scarcity tied up, load, idle since, id."""


class Engine:
    """The queue and the agents. Begins empty; the first event is `Config`."""

    def __init__(self) -> None:
        self._tiers: dict[str, int] = {}
        self._now = 0
        self._agents: dict[str, Agent] = {}
        self._tickets: dict[str, Ticket] = {}
        self._groups: dict[SkillSet, Group] = {}
        self._needs: dict[SkillSet, Need] = {}
        self._online: Counter[tuple[str, int]] = Counter()  # agents with a skill at a level or above
        self._cooling: dict[str, int] = {}  # agent -> end, in order of the end
        self._handled = PRIOR_HANDLING * PRIOR_WEIGHT
        self._finished = PRIOR_WEIGHT
        self._open: dict[Bucket, None] = {}  # to look at in this event

    def apply(self, event: Event) -> Result:
        """Take in an event and offer what can be offered. Raises `AssignmentError`, changing nothing."""
        now = round(event.at * SECOND)
        self._check(event, now)
        self._now = now
        self._cool()
        match event:
            case Config():
                self._tiers = {tier: index for index, tier in enumerate(event.tiers)}
            case AgentChanged():
                self._change_agent(event)
            case TicketWaits():
                self._wait(event)
            case Withdrawn():
                self._withdraw(event.ticket)
            case Expired() | Declined() | Requeued() | Finished():
                self._take_back(event)
        offers = self._drain()
        return Result(offers=offers, wake_at=self._wake_at())

    def _check(self, event: Event, now: int) -> None:
        if isinstance(event, Config) == bool(self._tiers):
            raise AssignmentError("config comes first, and once")
        if isinstance(event, Config):
            if len(set(event.tiers)) < len(event.tiers):
                raise AssignmentError("tiers: one is listed twice")
            return
        if now < self._now:
            raise AssignmentError(f"time goes back: {_seconds(now)} after {_seconds(self._now)}")
        if isinstance(event, TicketWaits):
            if event.tier not in self._tiers:
                raise AssignmentError(f"no such tier: {event.tier!r}")
            if event.id in self._tickets:
                raise AssignmentError(f"ticket {event.id!r} is here already")
        elif isinstance(event, Returned | Withdrawn):
            ticket = self._tickets.get(event.ticket)
            if ticket is None:
                raise AssignmentError(f"no such ticket: {event.ticket!r}")
            if isinstance(event, Returned) and (ticket.holder is None or ticket.holder.id != event.agent):
                raise AssignmentError(f"ticket {event.ticket!r} is not with agent {event.agent!r}")

    # Agents

    def _change_agent(self, event: AgentChanged) -> None:
        agent = self._agents.get(event.id)
        if agent is not None:
            self._unlist(agent)
            self._leave(agent)
        group = self._group(event.skills)
        if agent is None:
            agent = self._agents[event.id] = Agent(event.id, group)
        if event.online and not agent.online:
            agent.idle_since = self._now
        agent.group, agent.online = group, event.online
        agent.channels, agent.capacity = event.channels, event.capacity
        agent.used += event.held - agent.held
        agent.held = event.held
        group.members += 1
        self._count_online(agent, 1)
        self._reconsider(agent)

    def _group(self, skills: dict[str, int]) -> Group:
        key = tuple(sorted(skills.items()))
        group = self._groups.get(key)
        if group is None:
            group = self._groups[key] = Group(key, skills)
            for need in self._needs.values():
                link(group, need)
        return group

    def _leave(self, agent: Agent) -> None:
        group = agent.group
        self._count_online(agent, -1)
        group.members -= 1
        if not group.members:
            self._groups.pop(group.skills, None)
            for need in group.needs.values():
                need.groups.pop(group.skills, None)

    def _count_online(self, agent: Agent, change: int) -> None:
        if agent.online:
            agent.group.online += change
            for need in agent.group.needs.values():
                need.holders += change
            for skill, level in agent.group.skills:
                for up_to in range(1, level + 1):
                    self._online[skill, up_to] += change

    def _unlist(self, agent: Agent) -> None:
        if agent.listed is not None:
            for channel in agent.listed_on:
                free = agent.group.free[channel]
                del free[bisect_left(free, agent.listed)]
            agent.listed = None

    def _list(self, agent: Agent) -> None:
        """List the agent on the channels where there is room."""
        if not agent.online or agent.id in self._cooling or agent.used >= agent.capacity:
            return
        agent.listed = (agent.used / agent.capacity, agent.idle_since, agent.id)
        agent.listed_on = tuple(channel for channel in agent.channels if agent.has_room(channel, 1))
        for channel in agent.listed_on:
            insort(agent.group.free.setdefault(channel, []), agent.listed)

    def _reconsider(self, agent: Agent) -> None:
        """List an agent who may have more room than before, and look again at what they could take."""
        self._list(agent)
        if agent.listed is not None:
            for bucket in within_reach(agent):
                self._open[bucket] = None

    def _occupy(self, agent: Agent, spec: TicketWaits) -> None:
        self._unlist(agent)
        agent.used += spec.units
        agent.busy[spec.channel] += 1
        agent.idle_since = self._now
        self._list(agent)

    def _free(self, agent: Agent, spec: TicketWaits) -> None:
        self._unlist(agent)
        agent.used -= spec.units
        agent.busy[spec.channel] -= 1
        agent.idle_since = self._now
        self._reconsider(agent)

    def _cool(self) -> None:
        """Let those take tickets again whose cool-down is over."""
        while self._cooling:
            agent, end = next(iter(self._cooling.items()))
            if end > self._now:
                break
            del self._cooling[agent]
            self._reconsider(self._agents[agent])

    # Tickets

    def _wait(self, event: TicketWaits) -> None:
        bucket = self._bucket(event)
        promise_at = self._now + bucket.target
        self._tickets[event.id] = Ticket(event, promise_at, bucket, declined=set(event.declined))
        insort(bucket.fresh, (promise_at, event.id))
        self._open[bucket] = None

    def _take_back(self, event: Expired | Declined | Requeued | Finished) -> None:
        ticket, agent = self._tickets[event.ticket], self._agents[event.agent]
        if isinstance(event, Finished):
            del self._tickets[event.ticket]
            self._handled += self._now - ticket.offered_at
            self._finished += 1
        else:
            ticket.holder = None
            ticket.bucket = self._bucket(ticket.spec)
            insort(ticket.bucket.fresh, (ticket.promise_at, event.ticket))
            self._open[ticket.bucket] = None
        if isinstance(event, Declined):
            ticket.declined.add(event.agent)
        if isinstance(event, Expired):
            agent.missed_at = self._now
            self._cooling.pop(event.agent, None)
            self._cooling[event.agent] = self._now + COOL_DOWN
        self._free(agent, ticket.spec)

    def _withdraw(self, ticket_id: str) -> None:
        ticket = self._tickets.pop(ticket_id)
        if ticket.holder is None:
            self._remove(ticket)
        else:
            self._free(ticket.holder, ticket.spec)

    def _bucket(self, spec: TicketWaits) -> Bucket:
        skills = tuple(sorted(spec.skills.items()))
        need = self._needs.get(skills)
        if need is None:
            need = self._needs[skills] = Need(skills)
            for group in self._groups.values():
                link(group, need)
        target = round(spec.promise_s * SECOND)
        key = (spec.tier, spec.channel, spec.units, target)
        bucket = need.buckets.get(key)
        if bucket is None:
            bucket = need.buckets[key] = Bucket(need, *key)
        return bucket

    def _remove(self, ticket: Ticket) -> None:
        bucket, need = ticket.bucket, ticket.bucket.need
        bucket.remove(ticket.promise_at, ticket.spec.id)
        if not bucket.fresh and not bucket.late:
            del need.buckets[bucket.tier, bucket.channel, bucket.units, bucket.target]
            if not need.buckets and len(self._needs) > MAX_NEEDS:
                del self._needs[need.skills]
                for group in need.groups.values():
                    del group.needs[need.skills]

    # Offers

    def _drain(self) -> tuple[Offer, ...]:
        """Offer from the most urgent ticket on until nothing that was touched can be placed."""
        heap: list[tuple[Key, Bucket, Iterator[tuple[int, str]], tuple[int, int]]] = []
        for bucket in self._open:
            self._push(heap, bucket, bucket.in_order(self._now), self._outlook(bucket))
        self._open = {}
        placed: list[Ticket] = []
        offers: list[Offer] = []
        while heap:
            key, bucket, rest, outlook = heappop(heap)
            ticket = self._tickets[key[-1]]
            ranked = self._candidates(ticket)
            if ranked is None:
                continue  # nobody has room for any ticket of this bucket
            if ranked:
                offers.append(self._offer(ticket, key, ranked))
                placed.append(ticket)
            self._push(heap, bucket, rest, outlook)
        for ticket in placed:
            self._remove(ticket)
        return tuple(offers)

    def _push(
        self,
        heap: list[tuple[Key, Bucket, Iterator[tuple[int, str]], tuple[int, int]]],
        bucket: Bucket,
        rest: Iterator[tuple[int, str]],
        outlook: tuple[int, int],
    ) -> None:
        head = next(rest, None)
        if head is not None:
            due, ticket = head
            key = urgency_key(
                due=due,
                target=bucket.target,
                now=self._now,
                wait=outlook[0],
                tier=self._tiers[bucket.tier],
                rarity=outlook[1],
                ticket=ticket,
            )
            heappush(heap, (key, bucket, rest, outlook))

    def _outlook(self, bucket: Bucket) -> tuple[int, int]:
        """How long until one of those who can take it is likely free, and who has the rarest skill."""
        wait = self._handled // self._finished // max(1, bucket.need.holders)
        rarity = min((self._online[skill] for skill in bucket.need.skills), default=len(self._agents))
        return wait, rarity

    def _candidates(self, ticket: Ticket) -> list[Standing] | None:
        """The best agent and the next best; None when nobody has room for a ticket like this one."""
        spec, found, room = ticket.spec, list[Standing](), False
        for group in ticket.bucket.need.groups.values():
            free = group.free.get(spec.channel)
            if not free:
                continue
            tied = self._tied(group, ticket.bucket.need)
            plenty = 0
            for load, idle_since, name in free:
                agent = self._agents[name]
                if agent.used + spec.units > agent.capacity:
                    continue
                room = True
                if name in ticket.declined:
                    continue
                missed = agent.missed_within(LAST_CHOICE, self._now)
                found.append((missed, tied, load, idle_since, name))
                plenty += not missed
                if plenty == 2:
                    break
        return nsmallest(2, found) if room else None

    def _tied(self, group: Group, need: Need) -> int:
        needed = dict(need.skills)
        return sum(_SCARCITY // self._online[skill, 1] for skill in group.levels if skill not in needed)

    def _offer(self, ticket: Ticket, key: Key, ranked: list[Standing]) -> Offer:
        agent = self._agents[ranked[0][-1]]
        ticket.holder, ticket.offered_at = agent, self._now
        self._occupy(agent, ticket.spec)
        why = f"{self._why_ticket(ticket, key)}; {_why_agent(ranked)}"
        return Offer(ticket=ticket.spec.id, agent=agent.id, why=why)

    def _why_ticket(self, ticket: Ticket, key: Key) -> str:
        urgency, rank, due, _ = key
        left = (due - self._now) // SECOND
        promise = f"promise due in {left} s"
        if ticket.promise_at < self._now:
            promise = f"promise missed, renewed to end in {left} s"
        if urgency == 0:
            return f"{promise}, tier {ticket.spec.tier}"
        if not ticket.spec.skills:
            return f"{promise}, no skill needed"
        return f"{promise}, agents online with its rarest skill: {rank}"

    def _wake_at(self) -> float | None:
        """The end of the first cool-down that keeps someone from a ticket that waits."""
        for name, end in self._cooling.items():
            agent = self._agents[name]
            if agent.online and any(
                name not in self._tickets[ticket].declined
                for bucket in within_reach(agent)
                for _, ticket in chain(bucket.fresh, bucket.late)
            ):
                return _seconds(end)
        return None


def _why_agent(ranked: list[Standing]) -> str:
    if len(ranked) == 1:
        return "the only agent free to take it"
    best, other = ranked
    reasons = (
        f"{other[-1]} missed an offer lately",
        "ties up less scarce skill",
        f"less busy ({best[2]:.0%} against {other[2]:.0%})",
        "idle longer",
        "first by id",
    )
    decided = next(index for index in range(len(reasons)) if best[index] != other[index])
    return f"chosen over {other[-1]}: {reasons[decided]}"


def _seconds(amount: int) -> float:
    return amount // SECOND if amount % SECOND == 0 else amount / SECOND
