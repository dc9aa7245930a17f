"""What the assignment engine is told and what it answers, as values; also their JSON form, a line each.

AssignmentError (ValueError)    an event that can't be; nothing was changed by it
"""

from typing import Annotated

import msgspec
from msgspec import Meta

Id = Annotated[str, Meta(min_length=1, max_length=200)]
Seconds = Annotated[float, Meta(ge=-1e12, le=1e12)]
Skills = Annotated[dict[Id, Annotated[int, Meta(ge=1, le=5)]], Meta(max_length=200)]
Span = Annotated[float, Meta(ge=0, le=1e9)]
Count = Annotated[int, Meta(ge=0, le=1_000_000)]


class AssignmentError(ValueError):
    """An event that can't be, such as an unknown ticket's; the message says what is wrong."""


class At(msgspec.Struct, frozen=True, kw_only=True, tag_field="event", omit_defaults=True):
    """Something that happened, at seconds from any zero.

    After a `quiet` one nothing is offered: what it brings is offered with the next that is not. So the state
    of a desk is told whole before the first offer is made.
    """

    at: Seconds
    quiet: bool = False


class Fairness(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """No agent is offered more than `most` tickets within `seconds`."""

    most: Annotated[int, Meta(ge=1, le=1_000_000)]
    seconds: Span


class Config(At, frozen=True, kw_only=True, tag="config"):
    """The first event: tiers, best first.

    Who missed an offer is offered nothing for `cool_down_s`, and is the last choice for `last_choice_s`.
    `reserve`: so many of the agents with a skill are kept free of tickets that don't need it, when no more
    than these have room. `handled_s` and `handled` tell of work that was finished before: seconds, tickets.
    """

    tiers: Annotated[tuple[Id, ...], Meta(min_length=1, max_length=100)]
    cool_down_s: Span = 180.0
    last_choice_s: Span = 600.0
    fairness: Fairness | None = None
    reserve: Annotated[dict[Id, Count], Meta(max_length=200)] = {}
    handled_s: Annotated[float, Meta(ge=0, le=1e12)] = 0.0
    handled: Count = 0


class AgentChanged(At, frozen=True, kw_only=True, tag="agent"):
    """An agent appears or changes: most tickets at once per channel, units in all.

    `queues` are the most tickets at once of a queue, where there is a limit. `idle_since` and `missed_at`
    tell of an agent who was there before: since when they had nothing new, when they last missed an offer.
    """

    id: Id
    skills: Skills
    channels: Annotated[dict[Id, Count], Meta(max_length=100)]
    capacity: Count
    online: bool
    queues: Annotated[dict[Id, Count], Meta(max_length=200)] = {}
    idle_since: Seconds | None = None
    missed_at: Seconds | None = None


class Hold(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """For so long the ticket is kept for this agent while they are there without room; `why` in words."""

    agent: Id
    seconds: Span
    why: Annotated[str, Meta(max_length=200)] = ""


class Step(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Who may take the ticket too, so many seconds after it became eligible.

    `alert`: it is said when the ticket gets here before that, because nobody who is there could take it.
    """

    after_s: Span
    skills: Skills
    alert: bool = False


class TicketWaits(At, frozen=True, kw_only=True, tag="ticket"):
    """A ticket starts to wait. `promise_s` is its first-response target; `declined` agents are spared it.

    `since` is its age when that is older than this line, `promise_at` when its promise ends where that isn't
    `promise_s` after it. `holds` are kept for in order, before all others; `steps` widen who may take it,
    and one is reached at once when nobody who is there could take the ticket without it. With `only` it waits
    for this agent, whatever their skills and however long they are away, and for nobody else.
    """

    id: Id
    skills: Skills
    tier: Id
    channel: Id
    units: Annotated[int, Meta(ge=1, le=1_000_000)]
    promise_s: Annotated[float, Meta(ge=0.001, le=1e9)]
    declined: Annotated[tuple[Id, ...], Meta(max_length=10_000)] = ()
    queue: Annotated[str, Meta(max_length=200)] = ""
    since: Seconds | None = None
    promise_at: Seconds | None = None
    holds: Annotated[tuple[Hold, ...], Meta(max_length=10)] = ()
    steps: Annotated[tuple[Step, ...], Meta(max_length=20)] = ()
    only: Id | None = None


class Taken(At, frozen=True, kw_only=True, tag="taken"):
    """A ticket is with an agent although the engine did not offer it: it takes room, beyond any limit too.

    One that waits here needs no more than its id; of others the channel and the units are told, and since
    when they have it.
    """

    ticket: Id
    agent: Id
    channel: Id = "any"
    units: Annotated[int, Meta(ge=1, le=1_000_000)] = 1
    queue: Annotated[str, Meta(max_length=200)] = ""
    since: Seconds | None = None


class Returned(At, frozen=True, kw_only=True):
    """A ticket that was with an agent no longer is."""

    ticket: Id
    agent: Id


class Expired(Returned, frozen=True, kw_only=True, tag="expired"):
    """An offer lapsed: the ticket waits with its age kept, the agent has missed an offer."""


class Declined(Returned, frozen=True, kw_only=True, tag="declined"):
    """An offer was refused: the ticket waits with its age kept, for others."""


class Requeued(Returned, frozen=True, kw_only=True, tag="requeued"):
    """Taken from an agent who left: the ticket waits with its age kept."""


class Finished(Returned, frozen=True, kw_only=True, tag="finished"):
    """Work done, and wrapped up."""


class Withdrawn(At, frozen=True, kw_only=True, tag="withdrawn"):
    """The ticket needs nobody any more, whether it waits or is with an agent."""

    ticket: Id


class Tick(At, frozen=True, kw_only=True, tag="tick"):
    """Time passes."""


Event = (
    Config | AgentChanged | TicketWaits | Taken | Expired | Declined | Requeued | Finished | Withdrawn | Tick
)


class Offer(msgspec.Struct, frozen=True, kw_only=True):
    """A ticket for an agent, whose room it holds from now on, and why in a sentence."""

    ticket: str
    agent: str
    why: str


class Alert(msgspec.Struct, frozen=True, kw_only=True):
    """A ticket got to its step of this number, from 1 on, before its time."""

    ticket: str
    step: int


class Result(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What an event brought. At `wake_at` (seconds) time alone could bring an offer."""

    offers: tuple[Offer, ...]
    wake_at: float | None
    alerts: tuple[Alert, ...] = ()
