"""Drafts over HTTP: what an agent has begun to write on a ticket, for themselves on every device."""

from pydantic import BaseModel

from gateway.http.call import Call
from gateway.http.endpoint import Api
from gateway.http.problems import Conflict, Forbidden, NotFound
from gateway.http.resources.ticket_models import Text
from router.values import DraftKind
from storage import agents, drafts, tickets
from storage.drafts import Draft
from storage.paging import Sql
from storage.store import Tx

api = Api("Tickets")


class NewDraft(BaseModel):
    """A reply or a note that is not sent yet, as it was typed."""

    kind: DraftKind
    text: Text


class DraftOut(NewDraft):
    """Kept until it is sent. `version` is its ETag."""

    version: int


class WriterOut(BaseModel):
    """An agent who has begun to write."""

    agent_id: str
    name: str


class WriterList(BaseModel):
    """All of them."""

    data: list[WriterOut]


@api.read("/api/v1/tickets/{ticket_id}/drafts", summary="Who has begun to write on it")
def list_drafts(sql: Sql, call: Call, ticket_id: str) -> WriterList:
    """What they have written only they see."""
    ticket = tickets.get(sql, tickets.id_of(sql, ticket_id))
    found = agents.some(sql, drafts.writers(sql, ticket.id))
    return WriterList(data=[WriterOut(agent_id=agent.id, name=agent.name) for agent in found])


@api.read("/api/v1/tickets/{ticket_id}/draft", summary="What you have begun to write on it")
def get_draft(sql: Sql, call: Call, ticket_id: str) -> DraftOut:
    """The signed-in agent's own, with its ETag; 404 where there is none."""
    ticket = tickets.get(sql, tickets.id_of(sql, ticket_id))
    found = drafts.find(sql, ticket.id, _me(call))
    if found is None:
        raise NotFound(f"You have no draft on ticket #{ticket.number}.")
    return _shown(found)


@api.write("PUT", "/api/v1/tickets/{ticket_id}/draft", summary="Keep what you have begun to write on it")
def put_draft(tx: Tx, call: Call, ticket_id: str, body: NewDraft) -> DraftOut:
    """In place of what you had there; honours If-Match, where `"v0"` means none. Sending it ends it."""
    ticket = tickets.lock(tx, tickets.id_of(tx.sql, ticket_id))
    _expect(tx, call, ticket.id)
    if ticket.status in ("closed", "merged"):
        raise Conflict(f"Ticket #{ticket.number} is {ticket.status}: nothing can be sent on it.")
    return _shown(drafts.keep(tx, Draft(ticket.id, _me(call), body.kind, body.text)))


@api.write("DELETE", "/api/v1/tickets/{ticket_id}/draft", summary="Forget what you have begun to write on it")
def delete_draft(tx: Tx, call: Call, ticket_id: str) -> None:
    """Honours If-Match; no error where there is none."""
    ticket = tickets.lock(tx, tickets.id_of(tx.sql, ticket_id))
    _expect(tx, call, ticket.id)
    drafts.forget(tx, ticket.id, _me(call))


def _expect(tx: Tx, call: Call, ticket_id: str) -> None:
    found = drafts.find(tx.sql, ticket_id, _me(call))
    call.expect(found.version if found else 0)


def _me(call: Call) -> str:
    if call.principal.agent_id is None:
        raise Forbidden("A token is no agent.")
    return call.principal.agent_id


def _shown(draft: Draft) -> DraftOut:
    return DraftOut(kind=draft.kind, text=draft.text, version=draft.version)
