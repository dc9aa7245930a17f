"""The assignment engine: which waiting ticket is offered to which agent, now, and when to look again.

Events go in, each with its instant; offers come out. The same events give the same offers: there is no clock
and no chance in here. After each event nothing is left that could be offered: a ticket that nobody can take
holds up no other, and only what the event touched is looked at again.

An agent may take a ticket when they are online, have each skill at the level it needs, have room (units in
all, tickets at once on its channel and of its queue), have not declined it, have not missed an offer in the
cool-down, and have not been offered more than is fair. One that is pinned to an agent is for that one alone,
who needs no skill for it. `urgency_key` orders the tickets. Among the agents
that may take one: who missed an offer lately comes last; then who ties up the least scarce skill (for each
skill the ticket does not need, one over the agents online who have it); then the least busy for their
capacity, the longest idle, and the agent's id.

Before an event nothing could be offered, so whatever can be after it concerns an agent whose room the event
made (`_fresh`) or a ticket that it made wait (`_arrived`). Instants and durations are whole microseconds, so
that ties are ties.
"""

from bisect import bisect_left, insort
from collections import Counter
from collections.abc import Iterator
from heapq import heapify, heappop, heappush, nsmallest
from typing import NamedTuple

from router.assignment_check import checked
from router.assignment_events import (
    AgentChanged,
    Alert,
    Config,
    Declined,
    Event,
    Expired,
    Finished,
    Offer,
    Requeued,
    Result,
    Taken,
    TicketWaits,
    Withdrawn,
)
from router.assignment_order import (
    SECOND,
    Key,
    Standing,
    urgency_key,
    why_agent,
    why_before,
    why_ticket,
)
from router.assignment_pool import (
    Agent,
    Bucket,
    Group,
    Need,
    SkillSet,
    Ticket,
    link,
    unlink,
    within_reach,
)

PRIOR_HANDLING = 600 * SECOND
"""Mean handling time before anything was finished; it weighs as much as `PRIOR_WEIGHT` tickets."""
PRIOR_WEIGHT = 20
MAX_NEEDS = 4096
"""Sets of skills kept although no ticket that needs them waits."""

_SCARCITY = 10**9
# A skill's holders are counted anew for scarcity when they have changed by this part of them.
_DRIFT = 16
# So few agents are looked at one by one, more by their groups.
_FEW = 64

_Head = tuple[Key, int, Bucket | None, Iterator[tuple[int, str]] | None]
"""The next ticket of a bucket and the rest of it, or (without a bucket) one that has just begun to wait."""


class _Found(NamedTuple):
    """Agents who may take a ticket. `room`: somebody has room for tickets like it."""

    agents: list[Standing]
    room: bool


class Engine:
    """The queue and the agents. Begins empty; the first event is `Config`."""

    def __init__(self) -> None:
        self._tiers: dict[str, int] = {}
        self._config = Config(at=0, tiers=("",))
        self._now = 0
        self._agents: dict[str, Agent] = {}
        self._tickets: dict[str, Ticket] = {}
        self._groups: dict[SkillSet, Group] = {}
        self._needs: dict[SkillSet, Need] = {}
        self._online: Counter[tuple[str, int]] = Counter()  # agents with a skill at a level or above
        self._counted: dict[str, int] = {}  # of these at any level, as scarcity was last reckoned with
        self._ranks = 0
        self._presence = 0
        self._resting: list[tuple[int, str]] = []  # (end, agent), also some that no longer hold
        self._lately: list[tuple[int, str]] = []  # the same for those who are the last choice
        self._last: dict[str, Agent] = {}  # of these, who has room
        self._idle: Counter[str] = Counter()  # agents with room, by the skills of which some are reserved
        self._timers: list[tuple[int, int, str]] = []
        self._timer = 0
        self._handled = PRIOR_HANDLING * PRIOR_WEIGHT
        self._finished = PRIOR_WEIGHT
        self._fresh: dict[str, Agent] = {}
        self._arrived: dict[str, Ticket] = {}
        self._alerts: list[Alert] = []

    def apply(self, event: Event) -> Result:
        """Take in an event and offer what can be offered. Raises `AssignmentError`, changing nothing."""
        now = checked(event, self._now, self._tiers, self._agents, self._tickets)
        self._now = now
        self._pass_time()
        match event:
            case Config():
                self._configure(event)
            case AgentChanged():
                self._change_agent(event)
            case TicketWaits():
                self._wait(event)
            case Taken():
                self._take(event)
            case Withdrawn():
                self._withdraw(event.ticket)
            case Expired() | Declined() | Requeued() | Finished():
                self._take_back(event)
        if event.quiet:
            return Result(offers=(), wake_at=None)
        offers = self._drain()
        alerts = tuple(one for one in self._alerts if one.ticket in self._tickets)
        self._alerts = []
        return Result(offers=offers, wake_at=self._wake_at(), alerts=alerts)

    @property
    def handled(self) -> tuple[float, int]:
        """Seconds and tickets that were finished, without the prior."""
        prior = PRIOR_HANDLING * PRIOR_WEIGHT
        return (self._handled - prior) / SECOND, self._finished - PRIOR_WEIGHT

    def has_room(self, agent_id: str, channel: str, queue: str, units: int) -> bool:
        """Whether the agent is there and within every limit with one more such ticket."""
        agent = self._agents.get(agent_id)
        return agent is not None and agent.online and agent.has_room(channel, queue, units)

    def _configure(self, event: Config) -> None:
        self._config = event
        self._tiers = {tier: index for index, tier in enumerate(event.tiers)}
        self._handled += round(event.handled_s * SECOND)
        self._finished += event.handled

    # Time

    def _pass_time(self) -> None:
        """Let those take tickets again who have rested, and more agents take what has waited long enough."""
        now = self._now
        while self._resting and self._resting[0][0] <= now:
            end, name = self._resting.pop(0)
            agent = self._agents[name]
            if agent.rests_until == end:
                self._unlist(agent)
                self._open_up(agent)
        while self._lately and self._lately[0][0] <= now:
            end, name = self._lately.pop(0)
            agent = self._agents[name]
            if agent.last_choice_until == end:
                self._unlist(agent)
                agent.last_choice_until = None
                self._list(agent)
        while self._timers and self._timers[0][0] <= now:
            _, number, ticket_id = heappop(self._timers)
            ticket = self._tickets.get(ticket_id)
            if ticket is not None and ticket.timer == number and ticket.holder is None:
                self._move_on(ticket)

    def _rest(self, agent: Agent, until: int) -> None:
        if until > max(agent.rests_until, self._now):
            agent.rests_until = until
            insort(self._resting, (until, agent.id))

    def _missed(self, agent: Agent, at: int) -> None:
        self._rest(agent, at + round(self._config.cool_down_s * SECOND))
        until = at + round(self._config.last_choice_s * SECOND)
        if until > self._now:
            agent.last_choice_until = until
            insort(self._lately, (until, agent.id))

    def _set_timer(self, ticket: Ticket, at: int) -> None:
        self._timer += 1
        ticket.timer = self._timer
        heappush(self._timers, (at, self._timer, ticket.id))

    # Agents

    def _change_agent(self, event: AgentChanged) -> None:
        key = tuple(sorted(event.skills.items()))
        agent = self._agent(event.id)
        before = list(agent.group.needs.values())
        self._unlist(agent)
        self._count_online(agent, -1)
        if agent.group.skills != key:
            self._regroup(agent, self._group(key, event.skills))
        if event.online and not agent.online:
            agent.idle_since = self._now
        if event.idle_since is not None:
            agent.idle_since = round(event.idle_since * SECOND)
        if event.missed_at is not None:
            self._missed(agent, round(event.missed_at * SECOND))
        agent.online, agent.capacity = event.online, event.capacity
        agent.channels, agent.queues = event.channels, event.queues
        self._count_online(agent, 1)
        self._open_up(agent)
        self._let_go(agent)
        self._skip_steps(before)

    def _agent(self, name: str) -> Agent:
        """The agent, who is not there yet when nothing but a pinned ticket has named them."""
        agent = self._agents.get(name)
        if agent is None:
            agent = self._agents[name] = Agent(name, self._group((), {}))
            agent.group.members += 1
        return agent

    def _group(self, key: SkillSet, skills: dict[str, int]) -> Group:
        group = self._groups.get(key)
        if group is None:
            group = self._groups[key] = Group(key, skills)
            for need in self._needs.values():
                link(group, need)
        return group

    def _regroup(self, agent: Agent, group: Group) -> None:
        left = agent.group
        left.members -= 1
        if not left.members:
            self._groups.pop(left.skills, None)
            for need in left.needs.values():
                unlink(left, need)
        agent.group = group
        group.members += 1

    def _count_online(self, agent: Agent, change: int) -> None:
        if not agent.online:
            return
        self._presence += 1
        agent.group.online += change
        for need in agent.group.needs.values():
            need.holders += change
        for skill, level in agent.group.skills:
            for up_to in range(1, level + 1):
                self._online[skill, up_to] += change
            online, counted = self._online[skill, 1], self._counted.get(skill, 0)
            if abs(online - counted) * _DRIFT > counted:
                self._counted[skill] = online
                self._ranks += 1

    def _unlist(self, agent: Agent) -> None:
        if agent.listed is None:
            return
        for channel in agent.listed_on:
            rooms = agent.group.free[channel]
            free = rooms[agent.listed_at]
            del free[bisect_left(free, agent.listed)]
            if not free:
                del rooms[agent.listed_at]
                if not rooms:
                    del agent.group.free[channel]
        self._last.pop(agent.id, None)
        for skill in self._config.reserve:
            self._idle[skill] -= skill in agent.group.levels
        agent.listed = None

    def _list(self, agent: Agent) -> None:
        """List the agent on the channels where there is room."""
        if not agent.online or agent.rests_until > self._now or agent.used >= agent.capacity:
            return
        agent.listed, agent.listed_at = agent.standing(), agent.capacity - agent.used
        agent.listed_on = ()
        if agent.last_choice_until is not None:
            self._last[agent.id] = agent
        else:
            agent.listed_on = tuple(name for name, most in agent.channels.items() if agent.busy[name] < most)
            for channel in agent.listed_on:
                rooms = agent.group.free.setdefault(channel, {})
                insort(rooms.setdefault(agent.listed_at, []), agent.listed)
        for skill, kept in self._config.reserve.items():
            if skill in agent.group.levels:
                self._idle[skill] += 1
                if self._idle[skill] == kept + 1:
                    self._unreserve(skill)

    def _unreserve(self, skill: str) -> None:
        """One more than are reserved: each of those with the skill may have other tickets now."""
        for agent in self._agents.values():
            if agent.listed is not None and skill in agent.group.levels:
                self._fresh[agent.id] = agent

    def _open_up(self, agent: Agent) -> None:
        """List an agent who may have more room than before, and look again at what they could take."""
        self._list(agent)
        if agent.listed is not None:
            self._fresh[agent.id] = agent

    def _occupy(self, agent: Agent, ticket: Ticket, at: int) -> None:
        self._unlist(agent)
        agent.used += ticket.spec.units
        agent.busy[ticket.spec.channel] += 1
        agent.in_queue[ticket.spec.queue] += 1
        agent.idle_since = max(agent.idle_since, at)
        ticket.holder, ticket.offered_at = agent, at
        self._list(agent)

    def _free(self, agent: Agent, ticket: Ticket) -> None:
        self._unlist(agent)
        agent.used -= ticket.spec.units
        agent.busy[ticket.spec.channel] -= 1
        agent.in_queue[ticket.spec.queue] -= 1
        agent.idle_since = self._now
        self._open_up(agent)

    def _count_fair(self, agent: Agent) -> None:
        fair = self._config.fairness
        if fair is None:
            return
        span = round(fair.seconds * SECOND)
        agent.recent.append(self._now)
        while agent.recent[0] + span <= self._now:
            agent.recent.popleft()
        if len(agent.recent) >= fair.most:
            self._unlist(agent)
            self._rest(agent, agent.recent[-fair.most] + span)
            self._list(agent)

    # Tickets

    def _wait(self, event: TicketWaits) -> None:
        since = self._now if event.since is None else round(event.since * SECOND)
        promised = since + round(event.promise_s * SECOND)
        if event.promise_at is not None:
            promised = round(event.promise_at * SECOND)
        ticket = Ticket(event.id, event, promised, since, declined=set(event.declined))
        self._tickets[event.id] = ticket
        self._enter(ticket)

    def _enter(self, ticket: Ticket) -> None:
        ticket.holder, ticket.hold, ticket.step = None, 0, 0
        self._move_on(ticket)

    def _move_on(self, ticket: Ticket) -> None:
        """The next agent it is kept for; then who may take it, and by and by who else."""
        self._unkeep(ticket)
        spec, ticket.timer = ticket.spec, 0
        self._arrived[ticket.id] = ticket
        if spec.only is not None:
            ticket.kept_for = self._agent(spec.only)
            ticket.kept_for.holding[ticket.id] = None
            return
        for number in range(ticket.hold, len(spec.holds)):
            ticket.hold = number + 1
            if self._keep(ticket, spec.holds[number].agent, round(spec.holds[number].seconds * SECOND)):
                return
        if not ticket.places:
            self._place(ticket, spec.skills)
        self._widen(ticket, spec)

    def _keep(self, ticket: Ticket, name: str, span: int) -> bool:
        agent = self._agents.get(name)
        if agent is None or not self._may(agent, ticket):
            return False
        if not span and not _fits_in(agent, ticket.spec):
            return False
        ticket.kept_for = agent
        agent.holding[ticket.id] = None
        self._set_timer(ticket, self._now + span)
        return True

    def _may(self, agent: Agent, ticket: Ticket) -> bool:
        """Whether the agent may take the ticket, once they have room."""
        spec = ticket.spec
        return (
            agent.online
            and agent.rests_until <= self._now
            and agent.id not in ticket.declined
            and all(agent.group.levels.get(skill, 0) >= level for skill, level in spec.skills.items())
        )

    def _unkeep(self, ticket: Ticket) -> None:
        if ticket.kept_for is not None:
            del ticket.kept_for.holding[ticket.id]
            ticket.kept_for = None

    def _let_go(self, agent: Agent) -> None:
        """Of what was kept for an agent, what they can't take any more is others', unless it is pinned."""
        for ticket_id in list(agent.holding):
            ticket = self._tickets[ticket_id]
            if ticket.spec.only is None and not self._may(agent, ticket):
                self._move_on(ticket)

    def _widen(self, ticket: Ticket, spec: TicketWaits) -> None:
        while ticket.step < len(spec.steps):
            step = spec.steps[ticket.step]
            at = ticket.eligible_at + round(step.after_s * SECOND)
            if at > self._now and any(place.need.holders for place in ticket.places):
                self._set_timer(ticket, at)
                return
            ticket.step += 1
            need = self._place(ticket, step.skills)
            if step.alert and at > self._now and need.holders:
                self._alerts.append(Alert(ticket=ticket.id, step=ticket.step))

    def _skip_steps(self, needs: list[Need]) -> None:
        """Let what nobody who is there can serve any more go on to its next step."""
        for need in needs:
            if need.holders or not need.buckets:
                continue
            for bucket in list(need.buckets.values()):
                for _, ticket_id in (*bucket.fresh, *bucket.late):
                    ticket = self._tickets[ticket_id]
                    if ticket.step < len(ticket.spec.steps):
                        self._arrived[ticket_id] = ticket
                        self._widen(ticket, ticket.spec)

    def _place(self, ticket: Ticket, skills: dict[str, int]) -> Need:
        bucket = self._bucket(ticket, tuple(sorted(skills.items())))
        if bucket not in ticket.places:
            ticket.places.append(bucket)
            bucket.add(ticket.promise_at, ticket.id)
        return bucket.need

    def _take(self, event: Taken) -> None:
        since = self._now if event.since is None else round(event.since * SECOND)
        ticket = self._tickets.get(event.ticket)
        if ticket is None:
            spec = TicketWaits(
                at=event.at,
                id=event.ticket,
                skills={},
                tier=self._config.tiers[0],
                channel=event.channel,
                units=event.units,
                promise_s=1,
                queue=event.queue,
            )
            ticket = self._tickets[event.ticket] = Ticket(event.ticket, spec, since, since, told=False)
        else:
            self._leave(ticket)
        self._occupy(self._agents[event.agent], ticket, since)

    def _take_back(self, event: Expired | Declined | Requeued | Finished) -> None:
        ticket, agent = self._tickets[event.ticket], self._agents[event.agent]
        if isinstance(event, Declined):
            ticket.declined.add(event.agent)
        if isinstance(event, Expired):
            self._unlist(agent)
            self._missed(agent, self._now)
            self._let_go(agent)
        self._free(agent, ticket)
        if isinstance(event, Finished):
            del self._tickets[event.ticket]
            self._handled += self._now - ticket.offered_at
            self._finished += 1
        else:
            self._enter(ticket)

    def _withdraw(self, ticket_id: str) -> None:
        ticket = self._tickets.pop(ticket_id)
        if ticket.holder is None:
            self._leave(ticket)
        else:
            self._free(ticket.holder, ticket)

    def _bucket(self, ticket: Ticket, skills: SkillSet) -> Bucket:
        need = self._needs.get(skills)
        if need is None:
            need = self._needs[skills] = Need(skills)
            for group in self._groups.values():
                link(group, need)
        spec = ticket.spec
        tier, target = self._tiers[spec.tier], round(spec.promise_s * SECOND)
        place = (spec.tier, spec.channel, spec.queue, spec.units, target)
        bucket = need.buckets.get(place)
        if bucket is None:
            bucket = Bucket(need, tier, spec.channel, spec.queue, spec.units, target, place)
            need.buckets[place] = bucket
        return bucket

    def _leave(self, ticket: Ticket) -> None:
        """It waits no longer."""
        self._arrived.pop(ticket.id, None)
        self._unkeep(ticket)
        for number, bucket in enumerate(ticket.places):
            bucket.remove(ticket.promise_at, ticket.id)
            bucket.settled -= number < ticket.settled
            if not bucket.fresh and not bucket.late:
                self._drop(bucket)
        ticket.places, ticket.settled = [], 0

    def _drop(self, bucket: Bucket) -> None:
        need = bucket.need
        del need.buckets[bucket.place]
        if not need.buckets and len(self._needs) > MAX_NEEDS:
            del self._needs[need.skills]
            for group in need.groups.values():
                del group.needs[need.skills]

    # Offers

    def _drain(self) -> tuple[Offer, ...]:
        """Offer from the most urgent ticket on until nothing that was touched can be placed."""
        if not self._fresh and not self._arrived:
            return ()
        heap = self._heads()
        offers: list[Offer] = []
        placed: list[Ticket] = []
        while heap:
            key, number, bucket, rest = heappop(heap)
            ticket = self._tickets[key[-1]]
            if bucket is not None and not self._fresh:
                continue
            if ticket.holder is None:
                found = self._ranked(ticket) if bucket is None else self._takers(ticket, bucket)
                if found.agents:
                    offers.append(self._offer(ticket, key, found.agents, heap[0] if heap else None))
                    placed.append(ticket)
                elif not found.room:
                    continue  # nobody has room for any ticket of this bucket
            if bucket is not None:
                self._push_next(heap, number, bucket, rest)
        for ticket in placed:
            self._leave(ticket)
        self._settle()
        return tuple(offers)

    def _heads(self) -> list[_Head]:
        """Each ticket that has come, and the first of each bucket that fresh agents reach."""
        now, handling = self._now, self._handled // self._finished
        heap: list[_Head] = []
        for ticket in self._arrived.values():
            heap.append((self._key(ticket, handling), -1, None, None))
        reached: dict[Bucket, None] = {}
        for agent in list(self._fresh.values()):
            if agent.listed is None:
                del self._fresh[agent.id]
                continue
            for ticket_id in agent.holding:
                if ticket_id not in self._arrived:
                    heap.append((self._key(self._tickets[ticket_id], handling), -1, None, None))
            reached.update(dict.fromkeys(within_reach(agent)))
        for number, bucket in enumerate(reached):
            due, ticket_id = bucket.head(now)
            heap.append((self._place_key(bucket, due, ticket_id, handling), number, bucket, None))
        heapify(heap)
        return heap

    def _push_next(
        self, heap: list[_Head], number: int, bucket: Bucket, rest: Iterator[tuple[int, str]] | None
    ) -> None:
        if rest is None:
            rest = bucket.in_order(self._now)
            next(rest)
        head = next(rest, None)
        if head is not None:
            key = self._place_key(bucket, *head, self._handled // self._finished)
            heappush(heap, (key, number, bucket, rest))

    def _key(self, ticket: Ticket, handling: int) -> Key:
        now = self._now
        spec = ticket.spec
        due = ticket.promise_at
        if due < now:
            due = now + (due - now) % round(spec.promise_s * SECOND)
        if ticket.kept_for is not None:
            return (-1, self._tiers[spec.tier], 0, due, ticket.id)
        return min(self._place_key(place, due, ticket.id, handling) for place in ticket.places)

    def _place_key(self, bucket: Bucket, due: int, ticket_id: str, handling: int) -> Key:
        need = bucket.need
        if need.counted != self._presence:
            need.counted = self._presence
            online = (self._online[skill] for skill in need.skills)
            need.rarity = min(online, default=len(self._agents))
        return urgency_key(
            due=due,
            target=bucket.target,
            handling=handling,
            now=self._now,
            wait=handling // (need.holders or 1),
            tier=bucket.tier,
            rarity=need.rarity,
            ticket=ticket_id,
        )

    def _ranked(self, ticket: Ticket) -> _Found:
        """Who may take a ticket that has come, the best two first."""
        kept = ticket.kept_for
        if kept is not None:
            return _Found([self._standing(kept)] if self._kept_can(kept, ticket) else [], True)
        found: dict[str, Standing] = {}
        for place in ticket.places:
            # Where somebody waits already only those have room who have just got it.
            some = self._takers(ticket, place) if place.settled else self._everybody(ticket, place)
            for one in some.agents:
                found.setdefault(one[-1], one)
        return _Found(nsmallest(2, found.values()), True)

    def _kept_can(self, agent: Agent, ticket: Ticket) -> bool:
        """Whether who it is kept for can take it now."""
        return agent.listed is not None and agent.id not in ticket.declined and _fits_in(agent, ticket.spec)

    def _takers(self, ticket: Ticket, place: Bucket) -> _Found:
        """The best two of the agents who have just got room."""
        if len(self._fresh) > _FEW:
            return self._everybody(ticket, place)
        found, room = [], False
        for agent in self._fresh.values():
            if self._fits(agent, place):
                room = True
                if agent.id not in ticket.declined:
                    found.append(self._standing(agent))
        return _Found(nsmallest(2, found), room)

    def _fits(self, agent: Agent, place: Bucket) -> bool:
        need = place.need
        return (
            agent.listed is not None
            and need.skills in agent.group.needs
            and agent.has_room(place.channel, place.queue, place.units)
            and not (self._config.reserve and self._reserved(agent.group, need))
        )

    def _standing(self, agent: Agent) -> Standing:
        scarcity = self._scarcity(agent.group)
        return (agent.last_choice_until is not None, scarcity, *agent.standing())

    def _everybody(self, ticket: Ticket, place: Bucket) -> _Found:
        """The best two of all agents."""
        found, room = list[Standing](), False
        for group in self._by_scarcity(place.need):
            rooms = group.free.get(place.channel)
            if not rooms:
                continue
            if len(found) > 1 and group.scarcity > found[1][1]:
                break
            if self._config.reserve and self._reserved(group, place.need):
                continue
            for units, free in rooms.items():
                if units >= place.units:
                    room |= self._first_two(ticket, place, group, free, found)
        if len(found) < 2:
            for agent in self._last.values():
                if self._fits(agent, place):
                    room = True
                    if agent.id not in ticket.declined:
                        found.append(self._standing(agent))
        return _Found(nsmallest(2, found), room)

    def _first_two(
        self,
        ticket: Ticket,
        place: Bucket,
        group: Group,
        free: list[tuple[float, int, str]],
        found: list[Standing],
    ) -> bool:
        room, plenty = False, 0
        for load, idle_since, name in free:
            if place.queue and not self._agents[name].has_room(place.channel, place.queue, place.units):
                continue
            room = True
            if name not in ticket.declined:
                found.append((False, group.scarcity, load, idle_since, name))
                plenty += 1
                if plenty == 2:
                    break
        return room

    def _by_scarcity(self, need: Need) -> list[Group]:
        if need.rank != self._ranks:
            need.ranked = sorted(
                need.groups.values(), key=lambda group: (self._scarcity(group), group.skills)
            )
            need.rank = self._ranks
        return need.ranked

    def _scarcity(self, group: Group) -> int:
        """What its agents tie up. Less what a ticket needs, which is the same for all who can take it."""
        if group.rank != self._ranks:
            counted = self._counted
            group.scarcity = sum(_SCARCITY // (counted.get(skill) or 1) for skill in group.levels)
            group.rank = self._ranks
        return group.scarcity

    def _reserved(self, group: Group, need: Need) -> bool:
        """Whether its agents are kept for tickets that need what they can."""
        needed = dict(need.skills)
        return any(
            skill in group.levels and skill not in needed and self._idle[skill] <= kept
            for skill, kept in self._config.reserve.items()
        )

    def _offer(self, ticket: Ticket, key: Key, ranked: list[Standing], after: _Head | None) -> Offer:
        agent = self._agents[ranked[0][-1]]
        spec = ticket.spec
        why = [why_ticket(spec, ticket.promise_at, key, self._now)]
        if spec.only is not None:
            why = [f"pinned to {agent.id}"]
        elif ticket.kept_for is not None:
            why = [spec.holds[ticket.hold - 1].why or f"kept for {agent.id}"]
        else:
            why.append(why_agent(ranked))
            why += self._ahead(agent, key, after)
        self._occupy(agent, ticket, self._now)
        self._count_fair(agent)
        if agent.listed is None:
            self._fresh.pop(agent.id, None)
        return Offer(ticket=ticket.id, agent=agent.id, why="; ".join(why))

    def _ahead(self, agent: Agent, key: Key, after: _Head | None) -> list[str]:
        if after is None or after[2] is None or after[0][-1] == key[-1] or not self._fits(agent, after[2]):
            return []
        return [why_before(key, after[0])]

    def _settle(self) -> None:
        for ticket in self._arrived.values():
            if ticket.kept_for is None and not ticket.declined:
                for place in ticket.places[ticket.settled :]:
                    place.settled += 1
                ticket.settled = len(ticket.places)
        self._arrived, self._fresh = {}, {}

    def _wake_at(self) -> float | None:
        """When a rest ends that keeps somebody from a ticket that waits, or a hold or a step."""
        while self._timers:
            _, number, ticket_id = self._timers[0]
            ticket = self._tickets.get(ticket_id)
            if ticket is not None and ticket.timer == number and ticket.holder is None:
                break
            heappop(self._timers)
        soonest = self._timers[0][0] if self._timers else None
        for end, name in self._resting:
            if soonest is not None and end >= soonest:
                break
            agent = self._agents[name]
            if agent.rests_until == end and agent.online and self._awaited(agent):
                return _seconds(end)
        return None if soonest is None else _seconds(soonest)

    def _awaited(self, agent: Agent) -> bool:
        pinned = (self._tickets[one] for one in agent.holding)
        return any(agent.id not in one.declined and _fits_in(agent, one.spec) for one in pinned) or any(
            bucket.settled or any(agent.id not in self._tickets[one].declined for _, one in _all(bucket))
            for bucket in within_reach(agent)
        )


def _fits_in(agent: Agent, spec: TicketWaits) -> bool:
    return agent.has_room(spec.channel, spec.queue, spec.units)


def _all(bucket: Bucket) -> Iterator[tuple[int, str]]:
    yield from bucket.fresh
    yield from bucket.late


def _seconds(amount: int) -> float:
    return amount // SECOND if amount % SECOND == 0 else amount / SECOND
