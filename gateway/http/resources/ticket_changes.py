"""A PATCH of a ticket as steps of its life: what may be set, and in which order it happens."""

from typing import Any

from msgspec.structs import replace

from gateway.http.call import Call
from gateway.http.problems import Fault, Forbidden, Invalid
from gateway.http.resources.ticket_models import TicketChange
from router import lifecycle
from router.desk import Desk, Field
from router.values import Ticket
from storage import agents
from storage.store import Tx


def changed(tx: Tx, call: Call, before: Ticket, body: TicketChange, desk: Desk) -> Ticket:
    """The ticket after the change, as its next version; raises `Invalid` or `router.lifecycle.Refused`."""
    after = _after(tx, call, before, body, desk)
    # A status alone is an edit too, which If-Match has to see; the desk's own moves are none.
    return after if after == before else replace(after, version=before.version + 1)


def _after(tx: Tx, call: Call, before: Ticket, body: TicketChange, desk: Desk) -> Ticket:
    edits = _edits(body, desk)
    ticket = lifecycle.edit(before, edits, tx.now, desk) if edits else before
    if "assignee" in body.model_fields_set:
        ticket = lifecycle.assign(ticket, _assignee(tx, call, body.assignee), tx.now, desk)
    if "pinned_to" in body.model_fields_set:
        ticket = lifecycle.pin(ticket, _pinned_to(tx, call, body.pinned_to), tx.now, desk)
    if body.snoozed_until is not None:
        if body.snoozed_until <= tx.now:
            raise Invalid.at("/snoozed_until", "past", "A ticket can only be snoozed until later.")
        return lifecycle.snooze(ticket, body.snoozed_until, tx.now, desk)
    if body.status is not None and (body.status != ticket.status or body.waiting_reason):
        ticket = lifecycle.move(ticket, body.status, tx.now, desk, reason=body.waiting_reason)
    elif body.waiting_reason is not None:
        ticket = lifecycle.move(ticket, "waiting", tx.now, desk, reason=body.waiting_reason)
    return ticket


def _edits(body: TicketChange, desk: Desk) -> dict[str, Any]:
    faults: list[Fault] = []
    given = body.model_fields_set
    plain = ("priority", "type", "tier", "subject", "queue")
    edits = {name: getattr(body, name) for name in plain if getattr(body, name) is not None}
    if body.queue is not None and body.queue not in desk.queues:
        faults.append(Fault("/queue", "unknown", f"There is no queue {body.queue}."))
    if body.tier and body.tier not in desk.tiers:
        faults.append(Fault("/tier", "unknown", f"There is no tier {body.tier}."))
    if body.tags is not None:
        edits["tags"] = tuple(dict.fromkeys(body.tags))
    if "fields" in given and body.fields is not None:
        defined = {field.id: field for field in desk.fields.values() if field.on == "ticket"}
        for name, value in body.fields.items():
            faults += _field_faults(name, value, defined.get(name))
        edits["fields"] = body.fields
    if faults:
        raise Invalid(*faults)
    return edits


def _field_faults(name: str, value: Any, field: Field | None) -> list[Fault]:
    where = f"/fields/{name.replace('~', '~0').replace('/', '~1')}"
    if field is None:
        return [Fault(where, "unknown", f"No field {name} is defined for tickets.")]
    if value is None:
        return []
    if (wrong := field.fault(value)) is not None:
        return [Fault(where, "wrong_value", wrong)]
    return []


def _pinned_to(tx: Tx, call: Call, given: str | None) -> str | None:
    if not call.principal.may("supervisor"):
        raise Forbidden("Pinning a ticket takes the role supervisor.")
    if given is not None:
        _check_active(tx, given, "/pinned_to")
    return given


def _assignee(tx: Tx, call: Call, given: str | None) -> str | None:
    if given is None:
        return None
    if given == "me":
        agent_id = call.principal.agent_id
        if agent_id is None:
            raise Invalid.at("/assignee", "nobody", "A token is nobody: name an agent's id.")
        return agent_id
    _check_active(tx, given, "/assignee")
    return given


def _check_active(tx: Tx, agent_id: str, where: str) -> None:
    agent = agents.find(tx.sql, agent_id)
    if agent is None or not agent.active:
        raise Invalid.at(where, "unknown", f"There is no active agent {agent_id}.")
