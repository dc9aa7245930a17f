"""What the assignment engine is told and what it answers, as values; also their JSON form, a line each.

AssignmentError (ValueError)    an event that can't be; nothing was changed by it
"""

from typing import Annotated

import msgspec
from msgspec import Meta

Id = Annotated[str, Meta(min_length=1, max_length=200)]
Seconds = Annotated[float, Meta(ge=-1e12, le=1e12)]
Skills = Annotated[dict[Id, Annotated[int, Meta(ge=1, le=5)]], Meta(max_length=200)]
Count = Annotated[int, Meta(ge=0, le=1_000_000)]


class AssignmentError(ValueError):
    """An event that can't be, such as an unknown ticket's; the message says what is wrong."""


class At(msgspec.Struct, frozen=True, kw_only=True, tag_field="event"):
    """Something that happened, at seconds from any zero."""

    at: Seconds


class Config(At, frozen=True, kw_only=True, tag="config"):
    """The first event: tiers, best first."""

    tiers: Annotated[tuple[Id, ...], Meta(min_length=1, max_length=100)]


class AgentChanged(At, frozen=True, kw_only=True, tag="agent"):
    """An agent appears or changes: most tickets at once per channel, units in all.

    `held` are units of work in hand that came another way: they take room and count as being busy.
    """

    id: Id
    skills: Skills
    channels: Annotated[dict[Id, Count], Meta(max_length=100)]
    capacity: Count
    online: bool
    held: Count = 0


class TicketWaits(At, frozen=True, kw_only=True, tag="ticket"):
    """A ticket starts to wait. `promise_s` is its first-response target; `declined` agents are spared it."""

    id: Id
    skills: Skills
    tier: Id
    channel: Id
    units: Annotated[int, Meta(ge=1, le=1_000_000)]
    promise_s: Annotated[float, Meta(ge=0.001, le=1e9)]
    declined: Annotated[tuple[Id, ...], Meta(max_length=10_000)] = ()


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
    """Work done."""


class Withdrawn(At, frozen=True, kw_only=True, tag="withdrawn"):
    """The ticket needs nobody any more, whether it waits or is with an agent."""

    ticket: Id


class Tick(At, frozen=True, kw_only=True, tag="tick"):
    """Time passes."""


Event = Config | AgentChanged | TicketWaits | Expired | Declined | Requeued | Finished | Withdrawn | Tick


class Offer(msgspec.Struct, frozen=True, kw_only=True):
    """A ticket for an agent, whose room it holds from now on, and why in a sentence."""

    ticket: str
    agent: str
    why: str


class Result(msgspec.Struct, frozen=True, kw_only=True):
    """What an event brought. At `wake_at` (seconds) time alone could bring an offer."""

    offers: tuple[Offer, ...]
    wake_at: float | None
