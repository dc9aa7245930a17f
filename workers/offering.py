"""Offers as transactions: made, accepted, declined, expired, and what follows for ticket and agent."""

from msgspec.structs import replace

from router.desk import Desk
from router.lifecycle import alerted, assign, move
from router.pull import asked, levels_of, missing
from router.values import Ticket
from storage import agents, notifications, offers, tickets
from storage.offers import Offer
from storage.store import Tx
from workers import inbox, notices


def hold_out(tx: Tx, before: Ticket, agent_id: str, why: str, desk: Desk) -> None:
    """Claim a queued ticket for an agent: offered, or where the queue says so assigned at once."""
    queue = desk.queues.get(before.queue)
    seconds = queue.offer_seconds if queue is not None else 0
    offers.make(tx, before.id, agent_id, why, seconds)
    agents.claimed(tx, agent_id)
    after = move(before, "offered", tx.now, desk) if seconds else assign(before, agent_id, tx.now, desk)
    inbox.save(tx, before, after, actor="clock")
    notices.offered(tx, after, agent_id, at_once=not seconds)


def skipped(tx: Tx, reached: dict[str, int], desk: Desk) -> None:
    """Tickets, with how many of their steps that alert they got to: the supervisors hear what is news."""
    people = agents.active(tx.sql)
    for before in tickets.lock_all(tx, reached).values():
        if before.status in ("queued", "offered") and before.alerted < reached[before.id]:
            inbox.save(tx, before, alerted(before, reached[before.id], desk), actor="clock")
            notices.of_queue_step(tx, before, desk, lambda: people, how="skipped")


def give_back(tx: Tx, offer: Offer, state: str, desk: Desk) -> Ticket:
    """An offer was declined or has expired: the ticket waits again, at its age.

    Who declined is spared it, until everybody who could take it has: then all are asked again and the
    supervisors are told, who have to decide where it is pinned to one alone. Who misses too many in a row is
    set away.
    """
    before = tickets.lock(tx, offer.ticket_id)
    if not offers.end(tx, offer, state) or before.status != "offered":
        return before
    after = move(before, "queued", tx.now, desk)
    if state == "declined":
        notifications.settle_offer(tx, offer.agent_id, offer.ticket_id)
        after = _without(tx, replace(after, declined_by=(*after.declined_by, offer.agent_id)), desk)
    else:
        _missed(tx, offer.agent_id, desk.away_after_missed)
    return inbox.save(tx, before, after, actor="agent" if state == "declined" else "clock")


def accept(tx: Tx, offer: Offer, desk: Desk) -> Ticket:
    """The agent takes what was offered."""
    before = tickets.lock(tx, offer.ticket_id)
    offers.end(tx, offer, "accepted")
    notifications.settle_offer(tx, offer.agent_id, offer.ticket_id)
    return inbox.save(tx, before, assign(before, offer.agent_id, tx.now, desk))


def _without(tx: Tx, ticket: Ticket, desk: Desk) -> Ticket:
    """Who works where the ticket is or will be by a step, there or not, may still take it: they come next."""
    if ticket.pinned_to is not None:
        notices.declined_by_the_one(tx, ticket)
        return ticket
    people, ways = agents.active(tx.sql), asked(ticket, desk)
    others = [levels_of(agent, desk) for agent in people if agent.id not in ticket.declined_by]
    if any(not missing(levels, wanted) for levels in others for wanted in ways):
        return ticket
    notices.declined_by_all(tx, ticket, people)
    return replace(ticket, declined_by=())


def _missed(tx: Tx, agent_id: str, most: int) -> None:
    if not most or offers.missed_in_a_row(tx.sql, agent_id, most) < most:
        return
    agent = agents.find(tx.sql, agent_id)
    if agent is not None and agent.presence == "online":
        agents.set_presence(tx, agent_id, "away")
        notices.away(tx, agent_id, "missed", most=most)
