"""Who could take what: agents grouped by their skills, waiting tickets by what they need.

A ticket's need (skills with levels) is linked to every group of agents that has it, so that neither side is
searched one by one: a ticket sees the groups with room on its channel, the least busy agent first, and an
agent sees the buckets of alike tickets, the first promise to end first. Instants are whole microseconds.
"""

from bisect import bisect_left, insort
from collections import Counter, deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from heapq import merge

from router.assignment_events import TicketWaits

SkillSet = tuple[tuple[str, int], ...]
"""Skills and levels, sorted."""
Place = tuple[str, str, str, int, int]
"""What tells buckets of one need apart: tier, channel, queue, units, target."""
Waiting = tuple[int, str]
"""End of the promise, ticket."""
Listed = tuple[float, int, str]
"""An agent with room: used of capacity, idle since, id."""


@dataclass(slots=True, eq=False)
class Need:
    """A set of skills with levels that tickets need, and who has them; `holders` are online.

    `ranked` are its groups, the least scarce skills first, while `rank` is the engine's count of changes.
    """

    skills: SkillSet
    holders: int = 0
    rarity: int = 0
    counted: int = -1
    rank: int = -1
    ranked: list["Group"] = field(default_factory=list)
    groups: dict[SkillSet, "Group"] = field(default_factory=dict)
    buckets: dict[Place, "Bucket"] = field(default_factory=dict)


@dataclass(slots=True, eq=False)
class Group:
    """Agents with the same skills.

    `free` lists those with room, per channel and units of room, the least busy first. `scarcity` is what an
    agent of it ties up: the sum of one over the holders of each skill, while `rank` is as in `Need`.
    """

    skills: SkillSet
    levels: dict[str, int]
    members: int = 0
    online: int = 0
    scarcity: int = 0
    rank: int = -1
    needs: dict[SkillSet, Need] = field(default_factory=dict)
    free: dict[str, dict[int, list[Listed]]] = field(default_factory=dict)

    def has(self, need: Need) -> bool:
        return all(self.levels.get(skill, 0) >= level for skill, level in need.skills)


@dataclass(slots=True, eq=False)
class Agent:
    """`rests_until`: nothing is offered before; `holding`: tickets kept for them, in the order they came."""

    id: str
    group: Group
    channels: dict[str, int] = field(default_factory=dict)
    queues: dict[str, int] = field(default_factory=dict)
    capacity: int = 0
    online: bool = False
    used: int = 0
    busy: Counter[str] = field(default_factory=Counter)
    in_queue: Counter[str] = field(default_factory=Counter)
    idle_since: int = 0
    last_choice_until: int | None = None
    rests_until: int = 0
    recent: deque[int] = field(default_factory=deque)
    holding: dict[str, None] = field(default_factory=dict)
    listed: Listed | None = None
    listed_at: int = 0
    listed_on: tuple[str, ...] = ()

    def has_room(self, channel: str, queue: str, units: int) -> bool:
        """Within every limit with one more ticket."""
        return (
            self.used + units <= self.capacity
            and self.busy[channel] < self.channels.get(channel, 0)
            and (queue not in self.queues or self.in_queue[queue] < self.queues[queue])
        )

    def has_room_for(self, spec: TicketWaits) -> bool:
        """The same for this ticket."""
        return self.has_room(spec.channel, spec.queue, spec.units)

    def standing(self) -> Listed:
        """How busy for the capacity, idle since when, and who."""
        return (self.used / self.capacity if self.capacity else 1.0, self.idle_since, self.id)


@dataclass(slots=True, eq=False)
class Bucket:
    """Waiting tickets that differ in age alone, found in the order in which their promises end.

    `fresh` holds (promise end, id); once the promise is broken a ticket moves to `late` as (promise end
    modulo target, id), where renewal turns the order round without moving anything. For `settled` of the
    tickets nobody was found although nobody has declined them: nobody has room for any of this bucket, then.
    """

    need: Need
    tier: int
    channel: str
    queue: str
    units: int
    target: int
    place: Place
    fresh: list[Waiting] = field(default_factory=list)
    late: list[Waiting] = field(default_factory=list)
    settled: int = 0
    cached: Waiting | None = None

    def add(self, promise_at: int, ticket: str) -> None:
        """A ticket waits."""
        insort(self.fresh, (promise_at, ticket))
        self.cached = None

    def remove(self, promise_at: int, ticket: str) -> None:
        """It does no more."""
        index = bisect_left(self.fresh, (promise_at, ticket))
        if self.fresh[index : index + 1] == [(promise_at, ticket)]:
            del self.fresh[index]
        else:
            del self.late[bisect_left(self.late, (promise_at % self.target, ticket))]
        self.cached = None

    def head(self, now: int) -> Waiting:
        """(end of the current promise, id) of the first; there must be one."""
        head = self.cached
        if head is None or head[0] < now:
            head = self.cached = next(self.in_order(now))
        return head

    def in_order(self, now: int) -> Iterator[Waiting]:
        """(end of the current promise, id); the bucket must not change meanwhile."""
        broken = bisect_left(self.fresh, (now, ""))
        if broken:
            for promise_at, ticket in self.fresh[:broken]:
                insort(self.late, (promise_at % self.target, ticket))
            del self.fresh[:broken]
        if not self.late:
            return iter(self.fresh)
        return merge(self.fresh, self._renewed(now))

    def _renewed(self, now: int) -> Iterator[Waiting]:
        first, count = bisect_left(self.late, (now % self.target, "")), len(self.late)
        for index in range(first, first + count):
            phase, ticket = self.late[index % count]
            yield now + (phase - now) % self.target, ticket


@dataclass(slots=True, eq=False)
class Ticket:
    """A ticket that waits or is with somebody. `eligible_at` is when its steps began to count.

    It waits in the `places` reached so far (in the first of them `settled`), or is kept for `kept_for`, or
    is with its `holder`. Not `told`: nobody knows what it needs. `timer` is the number of the one that
    counts.
    """

    id: str
    spec: TicketWaits
    promise_at: int
    eligible_at: int
    told: bool = True
    places: list[Bucket] = field(default_factory=list)
    step: int = 0
    hold: int = 0
    kept_for: Agent | None = None
    holder: Agent | None = None
    offered_at: int = 0
    settled: int = 0
    timer: int = 0
    declined: set[str] = field(default_factory=set)


def link(group: Group, need: Need) -> None:
    """The group can serve the need, if it has the skills."""
    if group.has(need):
        group.needs[need.skills] = need
        need.groups[group.skills] = group
        need.holders += group.online
        need.rank = -1


def unlink(group: Group, need: Need) -> None:
    """One of them is no more."""
    need.groups.pop(group.skills, None)
    need.rank = -1


def within_reach(agent: Agent) -> Iterator[Bucket]:
    """Buckets of waiting tickets the agent has the skills and the room for."""
    for need in agent.group.needs.values():
        for bucket in need.buckets.values():
            if agent.has_room(bucket.channel, bucket.queue, bucket.units):
                yield bucket
