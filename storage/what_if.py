"""What the simulator of a desk starts from: its set-up, its agents, its recent tickets and what they took."""

from datetime import UTC, datetime, timedelta

from sqlalchemy import Connection, func, select

from router.desk import Desk
from router.values import Agent, Ticket
from router.what_if import Worked
from storage import agents, offers, schema
from storage.catalogue import load_desk
from storage.rows import Mapper

_tickets = Mapper(schema.tickets, Ticket)
_ticket, _offer = schema.tickets.c, schema.offers.c
# More would not be read by anybody in one go.
MOST = 200_000
# Nobody works on one ticket for longer at a stretch.
_LONGEST = timedelta(hours=8)


def load(sql: Connection, days: float) -> tuple[Desk, list[Agent], list[Worked], datetime]:
    """The desk, who works there, and the tickets of the last days up to the newest one."""
    newest = sql.execute(select(func.max(_ticket.created_at))).scalar() or datetime.now(UTC)
    recent = _tickets.select().where(_ticket.created_at > newest - timedelta(days=days))
    found = [_tickets.load(line) for line in sql.execute(recent.order_by(_ticket.created_at).limit(MOST))]
    given = select(_offer.ticket_id, func.min(_offer.ended_at)).where(_offer.state.in_(offers.TAKEN))
    since = {line[0]: line[1] for line in sql.execute(given.group_by(_offer.ticket_id))}
    worked = [Worked(ticket=ticket, handling=_took(ticket, since.get(ticket.id))) for ticket in found]
    return load_desk(sql), agents.active(sql), worked, newest


def _took(ticket: Ticket, begun: datetime | None) -> float | None:
    if begun is None or ticket.resolved_at is None or not begun < ticket.resolved_at <= begun + _LONGEST:
        return None
    return (ticket.resolved_at - begun).total_seconds()
