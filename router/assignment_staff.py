"""The agents as the assignment engine sees them: who is there, who has room, whose skills are scarce.

An agent with room is listed in their group, per channel and units of room, or, where they missed an offer
lately, among those who are the last choice. Whoever may take more than before is noted in `fresh`.
"""

from bisect import bisect_left, insort
from collections import Counter

from router.assignment_events import AgentChanged, Config
from router.assignment_order import SECOND, Standing
from router.assignment_pool import Agent, Bucket, Group, Need, SkillSet, Ticket, link, unlink

MAX_NEEDS = 4096
"""Sets of skills kept although no ticket that needs them waits."""

_SCARCITY = 10**9
# A skill's holders are counted anew for scarcity when they have changed by this part of them.
_DRIFT = 16


class Staff:
    """Begins with nobody. `now` and `config` are the engine's; instants are whole microseconds."""

    def __init__(self) -> None:
        self.now = 0
        self.config = Config(at=0, tiers=("",))
        self.agents: dict[str, Agent] = {}
        self.fresh: dict[str, Agent] = {}
        self.last: dict[str, Agent] = {}  # who has room and is the last choice
        self.resting: list[tuple[int, str]] = []  # (end, agent), also some that no longer hold
        self._lately: list[tuple[int, str]] = []  # the same for those who are the last choice
        self._groups: dict[SkillSet, Group] = {}
        self._needs: dict[SkillSet, Need] = {}
        self._online: Counter[tuple[str, int]] = Counter()  # agents with a skill at a level or above
        self._counted: dict[str, int] = {}  # of these at any level, as scarcity was last reckoned with
        self._idle: Counter[str] = Counter()  # agents with room, by the skills of which some are reserved
        self._ranks = 0
        self._presence = 0

    # Time

    def pass_time(self) -> None:
        """Let those take tickets again who have rested, and be no last choice who was long enough."""
        while self.resting and self.resting[0][0] <= self.now:
            end, name = self.resting.pop(0)
            agent = self.agents[name]
            if agent.rests_until == end:
                self._unlist(agent)
                self._open_up(agent)
        while self._lately and self._lately[0][0] <= self.now:
            end, name = self._lately.pop(0)
            agent = self.agents[name]
            if agent.last_choice_until == end:
                self._unlist(agent)
                agent.last_choice_until = None
                self._list(agent)

    def missed(self, agent: Agent, at: int) -> None:
        """The agent missed an offer: nothing for a while, and then the last choice."""
        self._unlist(agent)
        self._rest(agent, at + round(self.config.cool_down_s * SECOND))
        until = at + round(self.config.last_choice_s * SECOND)
        if until > self.now:
            agent.last_choice_until = until
            insort(self._lately, (until, agent.id))

    def _rest(self, agent: Agent, until: int) -> None:
        if until > max(agent.rests_until, self.now):
            agent.rests_until = until
            insort(self.resting, (until, agent.id))

    # Who they are

    def agent(self, name: str) -> Agent:
        """The agent, who is not there yet when nothing but a pinned ticket has named them."""
        agent = self.agents.get(name)
        if agent is None:
            agent = self.agents[name] = Agent(name, self._group((), {}))
            agent.group.members += 1
        return agent

    def change(self, event: AgentChanged) -> list[Need]:
        """Take in what an agent is now; returns the needs that they could serve before."""
        key = tuple(sorted(event.skills.items()))
        agent = self.agent(event.id)
        before = list(agent.group.needs.values())
        self._unlist(agent)
        self._count_online(agent, -1)
        if agent.group.skills != key:
            self._regroup(agent, self._group(key, event.skills))
        if event.online and not agent.online:
            agent.idle_since = self.now
        if event.idle_since is not None:
            agent.idle_since = round(event.idle_since * SECOND)
        if event.missed_at is not None:
            self.missed(agent, round(event.missed_at * SECOND))
        agent.online, agent.capacity = event.online, event.capacity
        agent.channels, agent.queues = event.channels, event.queues
        self._count_online(agent, 1)
        self._open_up(agent)
        return before

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

    # Room

    def occupy(self, agent: Agent, ticket: Ticket, at: int) -> None:
        """The ticket takes the agent's room from now on."""
        self._unlist(agent)
        agent.used += ticket.spec.units
        agent.busy[ticket.spec.channel] += 1
        agent.in_queue[ticket.spec.queue] += 1
        agent.idle_since = max(agent.idle_since, at)
        ticket.holder, ticket.offered_at = agent, at
        self._list(agent)

    def free(self, agent: Agent, ticket: Ticket) -> None:
        """It takes it no more."""
        self._unlist(agent)
        agent.used -= ticket.spec.units
        agent.busy[ticket.spec.channel] -= 1
        agent.in_queue[ticket.spec.queue] -= 1
        agent.idle_since = self.now
        self._open_up(agent)

    def count_fair(self, agent: Agent) -> None:
        """Count an offer; who has had as many as are fair rests."""
        fair = self.config.fairness
        if fair is None:
            return
        span = round(fair.seconds * SECOND)
        agent.recent.append(self.now)
        while agent.recent[0] + span <= self.now:
            agent.recent.popleft()
        if len(agent.recent) >= fair.most:
            self._unlist(agent)
            self._rest(agent, agent.recent[-fair.most] + span)
            self._list(agent)

    def _open_up(self, agent: Agent) -> None:
        """List an agent who may have more room than before, and look again at what they could take."""
        self._list(agent)
        if agent.listed is not None:
            self.fresh[agent.id] = agent

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
        self.last.pop(agent.id, None)
        for skill in self.config.reserve:
            self._idle[skill] -= skill in agent.group.levels
        agent.listed = None

    def _list(self, agent: Agent) -> None:
        """List the agent on the channels where there is room."""
        if not agent.online or agent.rests_until > self.now or agent.used >= agent.capacity:
            return
        agent.listed, agent.listed_at = agent.standing(), agent.capacity - agent.used
        agent.listed_on = ()
        if agent.last_choice_until is not None:
            self.last[agent.id] = agent
        else:
            agent.listed_on = tuple(name for name, most in agent.channels.items() if agent.busy[name] < most)
            for channel in agent.listed_on:
                rooms = agent.group.free.setdefault(channel, {})
                insort(rooms.setdefault(agent.listed_at, []), agent.listed)
        for skill, kept in self.config.reserve.items():
            if skill in agent.group.levels:
                self._idle[skill] += 1
                if self._idle[skill] == kept + 1:
                    self._unreserve(skill)

    def _unreserve(self, skill: str) -> None:
        """One more than are reserved: each of those with the skill may have other tickets now."""
        for agent in self.agents.values():
            if agent.listed is not None and skill in agent.group.levels:
                self.fresh[agent.id] = agent

    # What they can do

    def need(self, skills: SkillSet) -> Need:
        """Who has these skills."""
        need = self._needs.get(skills)
        if need is None:
            need = self._needs[skills] = Need(skills)
            for group in self._groups.values():
                link(group, need)
        return need

    def forget(self, need: Need) -> None:
        """No ticket needs these skills now; a few such sets are kept all the same."""
        if len(self._needs) > MAX_NEEDS:
            del self._needs[need.skills]
            for group in need.groups.values():
                del group.needs[need.skills]

    def rarity(self, need: Need) -> int:
        """How many agents online have the rarest of the skills."""
        if need.counted != self._presence:
            need.counted = self._presence
            online = (self._online[skill] for skill in need.skills)
            need.rarity = min(online, default=len(self.agents))
        return need.rarity

    def standing(self, agent: Agent) -> Standing:
        """Where the agent stands among those who may take a ticket."""
        return (agent.last_choice_until is not None, self._scarcity(agent.group), *agent.standing())

    def fits(self, agent: Agent, place: Bucket) -> bool:
        """Whether the agent can have a ticket from this place now."""
        need = place.need
        return (
            agent.listed is not None
            and need.skills in agent.group.needs
            and agent.has_room(place.channel, place.queue, place.units)
            and not self.reserved(agent.group, need)
        )

    def by_scarcity(self, need: Need) -> list[Group]:
        """The groups that serve the need, least scarce skills first."""
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

    def reserved(self, group: Group, need: Need) -> bool:
        """Whether its agents are kept for tickets that need what they can."""
        if not self.config.reserve:
            return False
        needed = dict(need.skills)
        return any(
            skill in group.levels and skill not in needed and self._idle[skill] <= kept
            for skill, kept in self.config.reserve.items()
        )
