"""Tells people, in the transaction of what they are told of: a row for each of them."""

from collections.abc import Callable, Sequence
from typing import Any, Final

from router.desk import Desk
from router.notices import OF_STEP, SUPERVISORS, named, reached, supervisors
from router.values import Agent, Ticket
from storage import agents, notifications, offers, tickets
from storage.store import Missing, Tx

_TOLD: Final = {75: "agent", 90: SUPERVISORS, 100: "agent and supervisors"}
People = Callable[[], Sequence[Agent]]
"""Everybody who may work here, read when first asked for."""


def of_step(tx: Tx, ticket: Ticket, metric: str, percent: int, people: People) -> None:
    """A clock of the ticket has reached a step."""
    kind = OF_STEP.get(percent)
    if kind is None:
        return
    holder = _holder(tx, ticket) or ticket.pinned_to
    told = reached(percent, holder, people(), ticket.queue)
    details = _about(ticket) | {"metric": metric, "percent": percent}
    to = _TOLD[percent]
    if percent == 75 and ticket.assignee is None and ticket.status == "queued":
        details["how"] = "waiting"
        to = to if holder in told else SUPERVISORS
    notifications.add(tx, to, told, kind, details, **_where(ticket))


def of_queue_step(tx: Tx, ticket: Ticket, desk: Desk, people: People, how: str = "") -> None:
    """The ticket has got to a step of its queue that supervisors want to know of.

    In time, or `how` "skipped": at once, past steps that nobody who is there could serve.
    """
    told = supervisors(people(), ticket.queue)
    queue = desk.queues.get(ticket.queue)
    minutes = round((tx.now - ticket.waiting_since).total_seconds() / 60)
    details = _about(ticket) | {"minutes": minutes, "queue": queue.name if queue else ticket.queue}
    if how:
        details["how"] = how
    notifications.add(tx, SUPERVISORS, told, "queue_step", details, **_where(ticket))


def declined_by_all(tx: Tx, ticket: Ticket, people: Sequence[Agent]) -> None:
    """Nobody who could take the ticket wants it."""
    told = supervisors(people, ticket.queue)
    notifications.add(tx, SUPERVISORS, told, "declined", _about(ticket), **_where(ticket))


def declined_by_the_one(tx: Tx, ticket: Ticket) -> None:
    """Whom the ticket is pinned to does not want it."""
    told = supervisors(agents.active(tx.sql), ticket.queue)
    notifications.add(tx, SUPERVISORS, told, "declined", _about(ticket) | {"how": "pinned"}, **_where(ticket))


def away(tx: Tx, agent_id: str, how: str, **details: Any) -> None:
    """The agent was set away: they `missed` offers, or their `shift` is over."""
    notifications.add(tx, agent_id, [agent_id], "away", {"how": how, **details})


def offered(tx: Tx, ticket: Ticket, agent_id: str, *, at_once: bool) -> None:
    """The ticket is held out to the agent, or theirs at once."""
    details = _about(ticket) | {"how": "accepted" if at_once else "pending"}
    notifications.add(tx, agent_id, [agent_id], "offer", details, **_where(ticket))


def trying(tx: Tx, agent_id: str) -> None:
    """The agent wants to see whether they can be reached."""
    notifications.add(tx, agent_id, [agent_id], "test", {})


def by_rule(tx: Tx, to: Sequence[str], text: str, *, ticket: str | None, conversation: str | None) -> None:
    """A rule tells whom it names, each person once."""
    people, told = agents.active(tx.sql), set[str]()
    for one in to:
        fresh = set(named(one, people)) - told
        told |= fresh
        notifications.add(tx, one, fresh, "rule", {"text": text}, ticket=ticket, conversation=conversation)


def now_at(tx: Tx, ticket_id: str | None) -> tuple[Ticket | None, str | None]:
    """The ticket as it is stored, and who has it or is offered it."""
    if ticket_id is None:
        return None, None
    try:
        ticket = tickets.get(tx.sql, ticket_id)
    except Missing:
        return None, None
    return ticket, _holder(tx, ticket)


def _holder(tx: Tx, ticket: Ticket) -> str | None:
    if ticket.status != "offered":
        return ticket.assignee
    offer = offers.pending(tx.sql, ticket.id)
    return None if offer is None else offer.agent_id


def _about(ticket: Ticket) -> dict[str, Any]:
    return {"number": ticket.number, "subject": ticket.subject}


def _where(ticket: Ticket) -> dict[str, str]:
    return {"ticket": ticket.id, "conversation": ticket.conversation_id}
