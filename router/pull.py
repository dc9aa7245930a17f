"""Who is offered what now, from the desk as it is stored: a fresh engine is told of agents and tickets.

Tickets are told in order of tier, then age, so that the best-served tier is never behind another; each goes
to the agent whom the engine chooses by skill, by how busy they are for their capacity, and by idleness.
"""

from collections.abc import Sequence
from datetime import datetime

import msgspec

from router.assignment import Engine
from router.assignment_events import AgentChanged, Config, Offer, Taken, TicketWaits
from router.desk import Desk
from router.values import Agent, Ticket

# A ticket without a first-response promise is told with this one, in seconds.
NO_PROMISE = 86_400.0
ROUTED = "any"
# The tier of whoever has none; it comes after all that admins have named.
OTHERS = "(none)"
_SKILL = "skill:"
_QUEUE = "queue:"


class Room(msgspec.Struct, frozen=True, kw_only=True):
    """An agent who is online: how many tickets they hold, and since when they have had nothing new."""

    agent: Agent
    held: int
    idle_since: datetime


def offers(desk: Desk, rooms: Sequence[Room], tickets: Sequence[Ticket], now: datetime) -> tuple[Offer, ...]:
    """At most one offer a ticket; an agent who declined one is not offered it again."""
    engine = Engine()
    tiers = (*(tier.id for tier in sorted(desk.tiers.values(), key=lambda tier: tier.order)), OTHERS)
    instant = now.timestamp()
    engine.apply(Config(at=0, tiers=tiers))
    for room in sorted(rooms, key=lambda room: (room.idle_since, room.agent.id)):
        engine.apply(_agent(room, desk, min(room.idle_since.timestamp(), instant)))
        for number in range(room.held):
            engine.apply(_held(room, number, min(room.idle_since.timestamp(), instant)))
    waiting = sorted(tickets, key=lambda one: (desk.tier_order(one.tier), one.waiting_since, one.id))
    made: list[Offer] = []
    for ticket in waiting:
        for offer in engine.apply(_ticket(ticket, desk, now)).offers:
            why = f"{_waits(ticket, desk, now)}; {offer.why.partition('; ')[2]}"
            made.append(msgspec.structs.replace(offer, why=why))
    return tuple(made)


def _waits(ticket: Ticket, desk: Desk, now: datetime) -> str:
    # The engine is new each time and knows no ticket's age.
    tier = desk.tiers.get(ticket.tier)
    minutes = int((now - ticket.waiting_since).total_seconds() // 60)
    return f"{f'tier {tier.name}' if tier else 'no tier'}, waiting {minutes} min"


def _agent(room: Room, desk: Desk, at: float) -> AgentChanged:
    agent = room.agent
    # An agent who is in no queue by name serves them all.
    queues = agent.queues or tuple(desk.queues)
    skills = {_SKILL + skill: level for skill, level in agent.skills.items()}
    skills |= {_QUEUE + queue: 1 for queue in queues}
    return AgentChanged(
        at=at,
        id=agent.id,
        skills=skills,
        channels={ROUTED: agent.capacity},
        capacity=agent.capacity,
        online=True,
        quiet=True,
    )


def _held(room: Room, number: int, at: float) -> Taken:
    return Taken(at=at, ticket=f"{room.agent.id}/{number}", agent=room.agent.id, channel=ROUTED, quiet=True)


def _ticket(ticket: Ticket, desk: Desk, now: datetime) -> TicketWaits:
    skills = {_SKILL + need.skill: need.level for need in ticket.skills}
    if ticket.queue in desk.queues:
        skills[_QUEUE + ticket.queue] = 1
    clock = ticket.clocks.get("first_response")
    promise = clock.target.total_seconds() if clock is not None else NO_PROMISE
    return TicketWaits(
        at=now.timestamp(),
        id=ticket.id,
        skills=skills,
        tier=ticket.tier if ticket.tier in desk.tiers else OTHERS,
        channel=ROUTED,
        units=1,
        promise_s=max(promise, 1.0),
        declined=ticket.declined_by,
    )
