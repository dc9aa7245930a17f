"""Decisions explained: what each rule compared with what, why not another queue; made again."""

import asyncio
from typing import Annotated, Any

import msgspec
from pydantic import BaseModel, Field, JsonValue

from gateway import explaining
from gateway.explaining import UNREADABLE, WrongEdit
from gateway.http.call import Call
from gateway.http.endpoint import Api
from gateway.http.problems import Conflict, Invalid
from gateway.http.resources.ticket_models import MatchOut, match_out
from router.comparing import handed_over
from router.rules.form import RuleErrors
from storage import decisions, tickets
from storage.paging import Sql
from workers.setup import compiled_version

api = Api("Routing")


class Why(BaseModel):
    """Which queue is asked about."""

    queue: Annotated[str, Field(max_length=200)]


class WhyNotOut(BaseModel):
    """The nearest rule that would have sent it there, and the conditions that failed."""

    queue: str
    why: str
    rule_id: str
    instead: str
    failed: list[dict[str, JsonValue]]


class Replay(BaseModel):
    """What to change first: members of the message and the context, and the rules' version."""

    message: Annotated[dict[str, JsonValue], Field(max_length=50)] = {}
    context: Annotated[dict[str, JsonValue], Field(max_length=50)] = {}
    version: Annotated[int, Field(ge=0, le=2**31 - 1)] | None = None
    queue: Annotated[str, Field(max_length=200)] | None = None


class ReplayOut(BaseModel):
    """The decision made again. `same`: byte for byte as it was stored. `lost`: inputs that are gone.

    `made_by` marks the code that made the stored one ("" where that was before marks were kept), `code` the
    code that made it again. Only where they are equal must the bytes be, too; otherwise compare
    `differences`: what came of it, by name, as it was stored and as it is made again.
    """

    id: str
    same: bool
    made_by: str
    code: str
    differences: dict[str, list[JsonValue]]
    why: str
    effects: list[dict[str, JsonValue]]
    stored_why: str
    rules_version: int
    match: MatchOut | None
    trace: list[dict[str, JsonValue]]
    lost: list[str]
    why_not: WhyNotOut | None


@api.asynchronous(
    "GET", "/api/v1/tickets/{ticket_id}/why-not", role="agent", summary="Why it did not go to a queue"
)
async def why_not(call: Call, ticket_id: str, query: Why) -> WhyNotOut:
    """Of the last decision that the rules made about the ticket's conversation."""

    def _last(sql: Sql) -> str | None:
        ticket = tickets.get(sql, tickets.id_of(sql, ticket_id))
        made = decisions.of_conversation(sql, ticket.conversation_id, messages=True)
        opened = [one for one in made if handed_over([one.made.decision])]
        return f"dec_{(opened or made)[0].seq}" if made else None

    decision_id = await call.parts.store.read(_last)
    if decision_id is None:
        return WhyNotOut(queue=query.queue, why="no message was decided", rule_id="", instead="", failed=[])
    replayed = await _replayed(call, decision_id, Replay(queue=query.queue))
    assert replayed.why_not is not None  # noqa: S101 - a queue was asked about
    return replayed.why_not


@api.asynchronous(
    "POST", "/api/v1/decisions/{decision_id}/replay", role="supervisor", summary="Make a decision again"
)
async def replay_decision(call: Call, decision_id: str, body: Replay) -> ReplayOut:
    """From its stored context: the same, or what it would be with an input or the rules changed."""
    return await _replayed(call, decision_id, body)


async def _replayed(call: Call, decision_id: str, body: Replay) -> ReplayOut:
    stored = await call.parts.store.read(lambda sql: explaining.looked_up(sql, decision_id, body.version))
    try:
        compiled = await asyncio.to_thread(compiled_version, stored.version)
        found = await asyncio.to_thread(
            lambda: explaining.replay(
                stored.restored, compiled, message=body.message, context=body.context, queue=body.queue
            )
        )
    except WrongEdit as wrong:
        raise Invalid.at("", "value", f"{wrong}.") from None
    except RuleErrors:
        raise Conflict(UNREADABLE.format(stored.version.version)) from None
    match = stored.restored.context.match
    return ReplayOut(
        id=decision_id,
        same=found.same,
        made_by=found.made_by,
        code=found.code,
        differences=_json(found.differences),
        why=found.decision.why,
        effects=_json(found.decision.effects),
        stored_why=found.stored.why,
        rules_version=found.decision.rules_version,
        match=match_out(match) if match is not None else None,
        trace=_json(found.steps),
        lost=list(found.lost),
        why_not=WhyNotOut(**{"failed": [], **_json([found.why_not])[0]}) if found.why_not else None,
    )


def _json(values: Any) -> Any:
    return msgspec.json.decode(msgspec.json.encode(values))
