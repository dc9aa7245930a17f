"""Who goes gives back: agents whose connection is lost, whose shift ends, who leave for good."""

from datetime import timedelta

from router.calendar import opening
from router.decision import Actor
from router.desk import Desk
from router.lifecycle import Refused, assign, move, pin
from router.values import Agent, Ticket
from storage import agents, assignment, customers, drafts, messages, offers, tickets
from storage.store import Tx
from workers import inbox, notices

# A connection may be lost for so long before its agent is taken to be gone.
GRACE = timedelta(seconds=60)


def lose_who_is_gone(tx: Tx, desk: Desk) -> int:
    """Take offline who was seen and is no more; what they have not answered waits again. Returns how many."""
    gone = agents.not_seen_since(tx.sql, tx.now - GRACE)
    for agent_id in gone:
        agents.lose(tx, agent_id)
        give_back_all(tx, agent_id, desk, unanswered=True)
    return len(gone)


def end_shifts(tx: Tx, desk: Desk) -> int:
    """Set away who is online although their shift is over; they keep what they have. Returns how many."""
    over = [agent for agent in agents.on_shift(tx.sql) if _over(agent, desk, tx)]
    for agent in over:
        agents.set_presence(tx, agent.id, "away")
        notices.away(tx, agent.id, "shift")
    return len(over)


def give_back_all(tx: Tx, agent_id: str, desk: Desk, *, unanswered: bool = False) -> int:
    """What an agent has waits again at its age (of `unanswered`, only where no agent spoke last)."""
    held = tickets.lock_all(tx, assignment.holdings(tx.sql, agent_id))
    last = messages.last_of(tx.sql, {ticket.conversation_id for ticket in held.values()})
    actor: Actor = "clock" if unanswered else "agent"
    given = 0
    for before in held.values():
        if before.status == "offered":
            offers.withdraw(tx, before.id)
        elif unanswered and not _waits_for_us(before, last):
            continue
        inbox.save(tx, before, move(before, "queued", tx.now, desk), actor=actor)
        given += 1
    return given


def offboard(tx: Tx, agent_id: str, to_id: str, desk: Desk) -> tuple[int, int, int]:
    """Make an agent inactive; their tickets, customers and drafts are another's.

    What they sent keeps their name. Returns how many of each were moved. Raises `Refused`, `Missing`.
    """
    leaver, heir = agents.lock(tx, agent_id).agent, agents.lock(tx, to_id).agent
    if agent_id == to_id or not heir.active:
        raise Refused("the tickets go to another agent, who is active")
    theirs = {*agents.tickets_of(tx.sql, agent_id), *agents.pinned_to(tx.sql, agent_id)}
    begun = drafts.tickets_of(tx.sql, agent_id)
    held = tickets.lock_all(tx, theirs.union(begun))
    mine = [held[ticket_id] for ticket_id in sorted(theirs & held.keys())]
    for before in mine:
        after = pin(before, to_id, tx.now, desk) if before.pinned_to == agent_id else before
        if after.assignee == agent_id:
            after = assign(after, to_id, tx.now, desk)
        elif after.status == "offered":
            after = move(after, "queued", tx.now, desk)
        inbox.save(tx, before, after)
    moved = customers.hand_over(tx, agent_id, to_id)
    written = drafts.hand_over(tx, agent_id, to_id, begun)
    agents.leave(tx, leaver, to_id)
    return len(mine), moved, written


def _waits_for_us(ticket: Ticket, last: "dict[str, messages.Message]") -> bool:
    message = last.get(ticket.conversation_id)
    return message is None or message.author != "agent"


def _over(agent: Agent, desk: Desk, tx: Tx) -> bool:
    calendar = desk.calendars.get(agent.shift)
    return calendar is not None and opening(calendar, tx.now) != tx.now
