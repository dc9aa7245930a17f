"""Offers: the most urgent ticket first, each to the best of the agents who may take it, until none is left.

Before an event nothing could be offered, so whatever can be after it concerns an agent whose room the event
made (`Staff.fresh`) or a ticket that it made wait (`Waiting.arrived`).
"""

from collections.abc import Iterator
from heapq import heapify, heappop, heappush, nsmallest
from typing import NamedTuple

from router.assignment_events import Offer
from router.assignment_order import (
    SECOND,
    Key,
    Standing,
    urgency_key,
    why_agent,
    why_before,
    why_ticket,
)
from router.assignment_pool import Agent, Bucket, Group, Ticket, within_reach
from router.assignment_staff import Staff
from router.assignment_waiting import Waiting

# So few agents are looked at one by one, more by their groups.
_FEW = 64

_Head = tuple[Key, int, Bucket | None, Iterator[tuple[int, str]] | None]
"""The next ticket of a bucket and the rest of it, or (without a bucket) one that has just begun to wait."""


class _Found(NamedTuple):
    """Agents who may take a ticket. `room`: somebody has room for tickets like it."""

    agents: list[Standing]
    room: bool


class Offering:
    """`handling` is the mean handling time in microseconds."""

    def __init__(self, staff: Staff, waiting: Waiting) -> None:
        self._staff, self._waiting = staff, waiting
        self._handling = 0

    def drain(self, handling: int) -> tuple[Offer, ...]:
        """Offer from the most urgent ticket on until nothing that was touched can be placed."""
        self._handling = handling
        if not self._staff.fresh and not self._waiting.arrived:
            return ()
        heap = self._heads()
        offers: list[Offer] = []
        placed: list[Ticket] = []
        while heap:
            key, number, bucket, rest = heappop(heap)
            ticket = self._waiting.tickets[key[-1]]
            if bucket is not None and not self._staff.fresh:
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
            self._waiting.leave(ticket)
        self._waiting.settle()
        self._staff.fresh = {}
        return tuple(offers)

    # In which order

    def _heads(self) -> list[_Head]:
        """Each ticket that has come, and the first of each bucket that fresh agents reach."""
        arrived, fresh = self._waiting.arrived, self._staff.fresh
        heap: list[_Head] = [(self._key(ticket), -1, None, None) for ticket in arrived.values()]
        reached: dict[Bucket, None] = {}
        for agent in list(fresh.values()):
            if agent.listed is None:
                del fresh[agent.id]
                continue
            for ticket_id in agent.holding:
                if ticket_id not in arrived:
                    heap.append((self._key(self._waiting.tickets[ticket_id]), -1, None, None))
            reached.update(dict.fromkeys(within_reach(agent)))
        for number, bucket in enumerate(reached):
            due, ticket_id = bucket.head(self._staff.now)
            heap.append((self._place_key(bucket, due, ticket_id), number, bucket, None))
        heapify(heap)
        return heap

    def _push_next(
        self, heap: list[_Head], number: int, bucket: Bucket, rest: Iterator[tuple[int, str]] | None
    ) -> None:
        if rest is None:
            rest = bucket.in_order(self._staff.now)
            next(rest)
        head = next(rest, None)
        if head is not None:
            heappush(heap, (self._place_key(bucket, *head), number, bucket, rest))

    def _key(self, ticket: Ticket) -> Key:
        now, spec, due = self._staff.now, ticket.spec, ticket.promise_at
        if due < now:
            due = now + (due - now) % round(spec.promise_s * SECOND)
        if ticket.kept_for is not None:
            return (-1, self._waiting.tiers[spec.tier], 0, due, ticket.id)
        return min(self._place_key(place, due, ticket.id) for place in ticket.places)

    def _place_key(self, bucket: Bucket, due: int, ticket_id: str) -> Key:
        return urgency_key(
            due=due,
            target=bucket.target,
            handling=self._handling,
            now=self._staff.now,
            wait=self._handling // (bucket.need.holders or 1),
            tier=bucket.tier,
            rarity=self._staff.rarity(bucket.need),
            ticket=ticket_id,
        )

    # To whom

    def _ranked(self, ticket: Ticket) -> _Found:
        """Who may take a ticket that has come, the best two first."""
        kept = ticket.kept_for
        if kept is not None:
            can = (
                kept.listed is not None and kept.id not in ticket.declined and kept.has_room_for(ticket.spec)
            )
            return _Found([self._staff.standing(kept)] if can else [], True)
        found: dict[str, Standing] = {}
        for place in ticket.places:
            # Where somebody waits already only those have room who have just got it.
            some = self._takers(ticket, place) if place.settled else self._everybody(ticket, place)
            for one in some.agents:
                found.setdefault(one[-1], one)
        return _Found(nsmallest(2, found.values()), True)

    def _takers(self, ticket: Ticket, place: Bucket) -> _Found:
        """The best two of the agents who have just got room."""
        fresh = self._staff.fresh
        if len(fresh) > _FEW:
            return self._everybody(ticket, place)
        found, room = [], False
        for agent in fresh.values():
            if self._staff.fits(agent, place):
                room = True
                if agent.id not in ticket.declined:
                    found.append(self._staff.standing(agent))
        return _Found(nsmallest(2, found), room)

    def _everybody(self, ticket: Ticket, place: Bucket) -> _Found:
        """The best two of all agents."""
        staff = self._staff
        found, room = list[Standing](), False
        for group in staff.by_scarcity(place.need):
            rooms = group.free.get(place.channel)
            if not rooms:
                continue
            if len(found) > 1 and group.scarcity > found[1][1]:
                break
            if staff.reserved(group, place.need):
                continue
            for units, free in rooms.items():
                if units >= place.units:
                    room |= self._first_two(ticket, place, group, free, found)
        if len(found) < 2:
            for agent in staff.last.values():
                if staff.fits(agent, place):
                    room = True
                    if agent.id not in ticket.declined:
                        found.append(staff.standing(agent))
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
        agents = self._staff.agents
        for load, idle_since, name in free:
            if place.queue and not agents[name].has_room(place.channel, place.queue, place.units):
                continue
            room = True
            if name not in ticket.declined:
                found.append((False, group.scarcity, load, idle_since, name))
                plenty += 1
                if plenty == 2:
                    break
        return room

    def _offer(self, ticket: Ticket, key: Key, ranked: list[Standing], after: _Head | None) -> Offer:
        staff = self._staff
        agent = staff.agents[ranked[0][-1]]
        why = self._why(ticket, agent, key, ranked, after)
        staff.occupy(agent, ticket, staff.now)
        staff.count_fair(agent)
        if agent.listed is None:
            staff.fresh.pop(agent.id, None)
        return Offer(ticket=ticket.id, agent=agent.id, why="; ".join(why))

    def _why(
        self, ticket: Ticket, agent: Agent, key: Key, ranked: list[Standing], after: _Head | None
    ) -> list[str]:
        spec = ticket.spec
        if spec.only is not None:
            return [f"pinned to {agent.id}"]
        if ticket.kept_for is not None:
            return [spec.holds[ticket.hold - 1].why or f"kept for {agent.id}"]
        why = [why_ticket(spec, ticket.promise_at, key, self._staff.now), why_agent(ranked)]
        other = None if after is None or after[0][-1] == key[-1] else after[2]
        if after is not None and other is not None and self._staff.fits(agent, other):
            why.append(why_before(key, after[0]))
        return why
