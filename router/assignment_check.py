"""Whether an event can be: what the assignment engine refuses before it changes anything."""

from collections.abc import Mapping

from router.assignment_events import (
    AgentChanged,
    AssignmentError,
    Config,
    Event,
    Finished,
    Returned,
    Taken,
    TicketWaits,
    Withdrawn,
)
from router.assignment_order import SECOND
from router.assignment_pool import Agent, Ticket


def checked(
    event: Event,
    before: int,
    tiers: Mapping[str, int],
    agents: Mapping[str, Agent],
    tickets: Mapping[str, Ticket],
) -> int:
    """The event's instant in microseconds; `before` is that of the last. Raises `AssignmentError`."""
    now = round(event.at * SECOND)
    if isinstance(event, Config) == bool(tiers):
        raise AssignmentError("config comes first, and once")
    if isinstance(event, Config):
        if len(set(event.tiers)) < len(event.tiers):
            raise AssignmentError("tiers: one is listed twice")
        return now
    if now < before:
        raise AssignmentError(f"time goes back: {_told(now)} after {_told(before)}")
    match event:
        case TicketWaits():
            _waits(event, now, tiers, tickets)
        case Taken():
            _taken(event, agents, tickets)
        case Returned() | Withdrawn():
            _known(event, tickets)
        case AgentChanged(idle_since=since) if since is not None and round(since * SECOND) > now:
            raise AssignmentError("idle_since is in the future")
        case AgentChanged(missed_at=at) if at is not None and round(at * SECOND) > now:
            raise AssignmentError("missed_at is in the future")
    return now


def _waits(event: TicketWaits, now: int, tiers: Mapping[str, int], tickets: Mapping[str, Ticket]) -> None:
    if event.tier not in tiers:
        raise AssignmentError(f"no such tier: {event.tier!r}")
    if event.id in tickets:
        raise AssignmentError(f"ticket {event.id!r} is here already")
    if event.since is not None and round(event.since * SECOND) > now:
        raise AssignmentError("since is in the future")


def _taken(event: Taken, agents: Mapping[str, Agent], tickets: Mapping[str, Ticket]) -> None:
    if event.agent not in agents:
        raise AssignmentError(f"no such agent: {event.agent!r}")
    ticket = tickets.get(event.ticket)
    if ticket is not None and ticket.holder is not None:
        raise AssignmentError(f"ticket {event.ticket!r} is with agent {ticket.holder.id!r}")


def _known(event: Returned | Withdrawn, tickets: Mapping[str, Ticket]) -> None:
    ticket = tickets.get(event.ticket)
    if ticket is None:
        raise AssignmentError(f"no such ticket: {event.ticket!r}")
    if isinstance(event, Returned):
        if ticket.holder is None or ticket.holder.id != event.agent:
            raise AssignmentError(f"ticket {event.ticket!r} is not with agent {event.agent!r}")
        if not ticket.told and not isinstance(event, Finished):
            raise AssignmentError(f"what ticket {event.ticket!r} needs was never told")


def _told(amount: int) -> str:
    return str(amount // SECOND if amount % SECOND == 0 else amount / SECOND)
