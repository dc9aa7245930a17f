"""Who could take what: agents grouped by their skills, waiting tickets by what they need.

A ticket's need (skills with levels) is linked to every group of agents that has it, so that neither side is
searched one by one: a ticket sees the groups with room on its channel, the least busy agent first, and an
agent sees the buckets of alike tickets, the first promise to end first. Instants are whole microseconds.
"""

from bisect import bisect_left, insort
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from heapq import merge

from router.assignment_events import TicketWaits

SkillSet = tuple[tuple[str, int], ...]
"""Skills and levels, sorted."""


@dataclass(slots=True, eq=False)
class Need:
    """A set of skills with levels that tickets need, and who has them; `holders` are online."""

    skills: SkillSet
    holders: int = 0
    groups: dict[SkillSet, "Group"] = field(default_factory=dict)
    buckets: dict[tuple[str, str, int, int], "Bucket"] = field(default_factory=dict)


@dataclass(slots=True, eq=False)
class Group:
    """Agents with the same skills. `free` lists those with room per channel, the least busy first."""

    skills: SkillSet
    levels: dict[str, int]
    members: int = 0
    online: int = 0
    needs: dict[SkillSet, Need] = field(default_factory=dict)
    free: dict[str, list[tuple[float, int, str]]] = field(default_factory=dict)

    def has(self, need: Need) -> bool:
        return all(self.levels.get(skill, 0) >= level for skill, level in need.skills)


@dataclass(slots=True, eq=False)
class Agent:
    id: str
    group: Group
    channels: dict[str, int] = field(default_factory=dict)
    capacity: int = 0
    online: bool = False
    used: int = 0
    held: int = 0
    busy: Counter[str] = field(default_factory=Counter)
    idle_since: int = 0
    missed_at: int | None = None
    listed: tuple[float, int, str] | None = None
    listed_on: tuple[str, ...] = ()

    def has_room(self, channel: str, units: int) -> bool:
        return self.busy[channel] < self.channels.get(channel, 0) and self.used + units <= self.capacity

    def missed_within(self, duration: int, now: int) -> bool:
        return self.missed_at is not None and now < self.missed_at + duration


@dataclass(slots=True, eq=False)
class Bucket:
    """Waiting tickets that differ in age alone, found in the order in which their promises end.

    `fresh` holds (promise end, id); once the promise is broken a ticket moves to `late` as (promise end
    modulo target, id), where renewal turns the order round without moving anything.
    """

    need: Need
    tier: str
    channel: str
    units: int
    target: int
    fresh: list[tuple[int, str]] = field(default_factory=list)
    late: list[tuple[int, str]] = field(default_factory=list)

    def remove(self, promise_at: int, ticket: str) -> None:
        index = bisect_left(self.fresh, (promise_at, ticket))
        if self.fresh[index : index + 1] == [(promise_at, ticket)]:
            del self.fresh[index]
        else:
            del self.late[bisect_left(self.late, (promise_at % self.target, ticket))]

    def in_order(self, now: int) -> Iterator[tuple[int, str]]:
        """(end of the current promise, id); the bucket must not change meanwhile."""
        broken = bisect_left(self.fresh, (now, ""))
        for promise_at, ticket in self.fresh[:broken]:
            insort(self.late, (promise_at % self.target, ticket))
        del self.fresh[:broken]
        return merge(self.fresh, self._renewed(now))

    def _renewed(self, now: int) -> Iterator[tuple[int, str]]:
        first, count = bisect_left(self.late, (now % self.target, "")), len(self.late)
        for index in range(first, first + count):
            phase, ticket = self.late[index % count]
            yield now + (phase - now) % self.target, ticket


@dataclass(slots=True, eq=False)
class Ticket:
    spec: TicketWaits
    promise_at: int
    bucket: Bucket
    holder: Agent | None = None
    offered_at: int = 0
    declined: set[str] = field(default_factory=set)


def link(group: Group, need: Need) -> None:
    if group.has(need):
        group.needs[need.skills] = need
        need.groups[group.skills] = group
        need.holders += group.online


def within_reach(agent: Agent) -> Iterator[Bucket]:
    """Buckets of waiting tickets the agent has the skills and the room for."""
    for need in agent.group.needs.values():
        for bucket in need.buckets.values():
            if agent.has_room(bucket.channel, bucket.units):
                yield bucket
