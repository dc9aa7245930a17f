"""Agents' signatures over HTTP: each sets their own, admins everybody's."""

from typing import Annotated

from pydantic import BaseModel, StringConstraints

from gateway.http.call import Call
from gateway.http.clean_html import safe
from gateway.http.endpoint import Api
from gateway.http.problems import Fault, Forbidden, require
from storage import agents, audit, signatures
from storage.paging import Sql
from storage.signatures import Signature
from storage.store import Tx
from workers.signatures import fault

api = Api("Agents")

LONGEST = 5_000


class SignatureForm(BaseModel):
    """Liquid over `agent.name`, `agent.email`, `mailbox.name`, `mailbox.address`; either makes the other."""

    text: Annotated[str, StringConstraints(max_length=LONGEST)] = ""
    html: Annotated[str, StringConstraints(max_length=LONGEST)] = ""


@api.read("/api/v1/agents/{agent_id}/signature", summary="What an agent's mails end with")
def get_signature(sql: Sql, call: Call, agent_id: str) -> SignatureForm:
    """`me` is the agent who is signed in."""
    return SignatureForm(**signatures.of_agent(sql, _whose(sql, call, agent_id))._asdict())


@api.write("PUT", "/api/v1/agents/{agent_id}/signature", summary="Set what an agent's mails end with")
def put_signature(tx: Tx, call: Call, agent_id: str, body: SignatureForm) -> SignatureForm:
    """Below replies by e-mail that they write, above the mailbox's own; both empty is none."""
    whose = _whose(tx.sql, call, agent_id)
    found = [(f"/{name}", fault(template)) for name, template in body]
    require([Fault(pointer, "not_a_template", f"{why}.") for pointer, why in found if why])
    kept = Signature(body.text, safe(body.html) or "")
    signatures.keep(tx, whose, kept)
    audit.record(tx, call.actor, "agent.updated", whose, signature=kept.text or kept.html)
    return SignatureForm(**kept._asdict())


def _whose(sql: Sql, call: Call, agent_id: str) -> str:
    me = call.principal.agent_id
    if agent_id == "me" and me is None:
        raise Forbidden("A token is no agent.")
    if agent_id in ("me", me):
        return str(me)
    if call.principal.role != "admin":
        raise Forbidden("Agents set their own signature, admins everybody's.")
    return agents.get(sql, agent_id).agent.id
