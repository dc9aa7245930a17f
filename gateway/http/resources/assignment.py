"""Who has a ticket, whom it was offered to and why; while it waits, why nobody and for how long."""

import re
from datetime import datetime

import msgspec
from pydantic import BaseModel, Field

from gateway.http.call import Call
from gateway.http.endpoint import Api
from router.desk import Desk
from router.expected_wait import expected_wait
from router.values import Ticket, TicketStatus
from router.why_nobody import why_nobody
from storage import agents, assignment, channels, offers, tickets
from storage.paging import Sql

api = Api("Tickets")
_ID = re.compile(r"\b(?:agt|tkt)_[0-9a-z]+\b")


class OfferOut(BaseModel):
    """The ticket held out to an agent."""

    id: str
    agent_id: str
    state: str
    why: str
    created_at: datetime
    expires_at: datetime | None
    ended_at: datetime | None


class KeepsOut(BaseModel):
    """What keeps an agent from the ticket: unskilled, away, full, missed, declined, or nothing.

    `pinned`: it waits for another alone.
    """

    agent_id: str
    name: str
    reason: str
    detail: str


class NobodyOut(BaseModel):
    """Why nobody has it: in a sentence, agent by agent, and when the next shift begins."""

    text: str
    agents: list[KeepsOut]
    next_shift: datetime | None


class AssignmentOut(BaseModel):
    """Who has the ticket, whom it was offered to, and why; `nobody` while it waits."""

    assignee: str | None
    pinned_to: str | None = Field(description="The agent it waits for, and for nobody else.")
    status: TicketStatus
    skills: dict[str, int]
    offers: list[OfferOut]
    nobody: NobodyOut | None
    expected_wait_seconds: float | None = Field(description="Four of five such tickets waited no longer.")


@api.read("/api/v1/tickets/{ticket_id}/assignment", summary="Whom it was offered to, and why")
def get_assignment(sql: Sql, call: Call, ticket_id: str) -> AssignmentOut:
    """The ticket's offers, oldest first, and what keeps whom from it."""
    ticket = tickets.get(sql, ticket_id)
    waiting = ticket.status == "queued"
    return AssignmentOut(
        assignee=ticket.assignee,
        pinned_to=ticket.pinned_to,
        status=ticket.status,
        skills={need.skill: need.level for need in ticket.skills},
        offers=_offers(sql, ticket_id),
        nobody=_nobody(sql, call.parts.desk(sql), ticket, call.parts.clock()) if waiting else None,
        expected_wait_seconds=_expected(sql, ticket) if waiting else None,
    )


def _expected(sql: Sql, ticket: Ticket) -> float | None:
    # How long others have waited says nothing of one that waits for a single agent.
    return expected_wait(*assignment.waits(sql, ticket)) if ticket.pinned_to is None else None


def _nobody(sql: Sql, desk: Desk, ticket: Ticket, now: datetime) -> NobodyOut:
    people = assignment.agents(sql, None, now)
    channel = channels.find(sql, ticket.channel_id)
    kind = "" if channel is None else channel.kind
    found = why_nobody(ticket, desk, people, assignment.taken_rooms(sql), now, kind=kind)
    return NobodyOut.model_validate(msgspec.to_builtins(found))


def _offers(sql: Sql, ticket_id: str) -> list[OfferOut]:
    """With people's names and tickets' numbers in the reasons, which tell of ids."""
    found = offers.of_ticket(sql, ticket_id)
    ids = {one for offer in found for one in _ID.findall(offer.why)}
    names = {agent.id: agent.name for agent in agents.some(sql, ids)}
    names |= {id_: f"#{number}" for id_, number in tickets.numbers_of(sql, ids).items()}
    return [
        OfferOut.model_validate(
            offer._asdict() | {"why": _ID.sub(lambda one: names.get(one[0], one[0]), offer.why)}
        )
        for offer in found
    ]
