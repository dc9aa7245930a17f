"""Simulating a message: what would be decided about it, by any version or draft; nothing stored or sent."""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Any, Literal

import msgspec
from pydantic import BaseModel, ConfigDict, Field, JsonValue, StringConstraints

from bus.envelope import Inbound, Message, Sender
from bus.ids import message_id
from gateway.http.call import Call
from gateway.http.endpoint import Api
from gateway.http.problems import Invalid
from gateway.http.resources.routing import LIMIT, looked_up
from gateway.http.resources.rule_models import Draft
from gateway.http.resources.ticket_models import MatchOut, match_out
from router.decide import decide
from router.decision import Context, Decision
from router.rules.engine import RuleSet
from router.rules.facts import Facts
from router.rules.hours import hours
from router.telling import for_customer
from router.values import ChannelRef, Conversation, Customer
from storage import customers, figures, tickets
from storage.paging import Sql
from workers.setup import Setup, answers

api = Api("Routing")


class Simulated(BaseModel):
    """A message as it might come in. `version` names the rule set, the published one if left out.

    What else a platform's message holds may be left in.
    """

    model_config = ConfigDict(extra="ignore")

    text: Annotated[str, StringConstraints(max_length=100_000)]
    channel: Annotated[str, StringConstraints(max_length=200)] = ""
    subject: Annotated[str, StringConstraints(max_length=500)] = ""
    customer_id: Annotated[str, StringConstraints(max_length=200)] | None = None
    tier: Annotated[str, StringConstraints(max_length=200)] = ""
    context: Annotated[dict[str, JsonValue], Field(max_length=100)] = Field(default_factory=dict)
    version: int | None = Field(None, ge=0, le=2**31 - 1)
    rules: Annotated[list[dict[str, JsonValue]], Field(max_length=10_000)] | None = None


class StepOut(BaseModel):
    """What became of a rule, and why."""

    rule_id: str
    name: str
    stage: str
    state: Literal["hit", "miss", "not_reached", "off", "failed"]
    did: list[str]
    failed: list[dict[str, JsonValue]]
    error: str = ""


class SimulationOut(BaseModel):
    """What would be done and why; nothing was stored or sent."""

    why: str
    effects: list[dict[str, JsonValue]]
    queue: str | None
    priority: str | None
    match: MatchOut | None
    trace: list[StepOut]
    rules_version: int


@api.asynchronous(
    "POST",
    "/api/v1/routing/simulate",
    role="supervisor",
    limit=LIMIT,
    summary="What would be decided about a message",
)
async def simulate(call: Call, body: Simulated) -> SimulationOut:
    """The decision and its trace. Nothing is stored or sent."""
    parts = call.parts
    setup = await parts.setup.reload()
    match = await parts.knowledge.match_one(body.text)
    rule_set = await _rule_set(call, body, setup)
    now = parts.clock()

    def _decide(sql: Sql) -> SimulationOut:
        inbound, context = _staged(sql, body, setup, now)
        known = {one.article_id for one in match.candidates} | answers(rule_set.rules)
        named = {key: parts.knowledge.articles[key] for key in known if key in parts.knowledge.articles}
        told = for_customer(named, context.customer, context.channel)
        context = msgspec.structs.replace(context, match=match, articles=told)
        decision = decide(inbound, context, rule_set)
        steps = rule_set.explain(Facts(inbound, context))
        return _shown(decision, match_out(match), _json(steps))

    return await parts.store.read(_decide)


def _staged(sql: Sql, body: Simulated, setup: Setup, now: datetime) -> tuple[Inbound, Context]:
    customer = customers.find(sql, body.customer_id) if body.customer_id else None
    if body.customer_id and customer is None:
        raise Invalid.at("/customer_id", "unknown", f"There is no customer {body.customer_id}.")
    channel = setup.channels.get(body.channel) or ChannelRef(id=body.channel, kind="webhook")
    person = customer or Customer(id="cus_simulated", tier=body.tier)
    inbound = Inbound(
        id=message_id(channel.id, "simulated"),
        channel_id=channel.id,
        channel_kind=channel.kind,
        external_id="simulated",
        sender=Sender(address="simulated", name=person.name, email=person.email),
        event=Message(text=body.text, subject=body.subject),
        context=body.context,
        received_at=now,
    )
    conversation = Conversation(
        id="cv_simulated",
        channel_id=channel.id,
        contact_point_id="cp_simulated",
        customer_id=person.id,
    )
    context = Context(
        now=now,
        channel=channel,
        conversation=conversation,
        customer=person,
        waiting=tickets.queue_lengths(sql),
        default_queue=setup.desk.default_queue,
        oldest=figures.oldest(sql, now),
        history=figures.histories(sql, [person.id])[person.id],
        hours=hours(setup.desk.calendars, ["hours"], now),
    )
    return inbound, context


async def _rule_set(call: Call, body: Simulated, setup: Setup) -> RuleSet:
    if body.rules is None and body.version in (None, setup.rules.version):
        return setup.rules
    document = await looked_up(call, Draft(rules=body.rules, version=body.version))
    return document.compiled


def _shown(decision: Decision, match: MatchOut, steps: list[dict[str, Any]]) -> SimulationOut:
    effects = _json([one for one in decision.effects if _tells(one)])
    opened: dict[str, Any] = next((one for one in effects if one["effect"] == "open_ticket"), {})
    return SimulationOut(
        why=decision.why,
        effects=effects,
        queue=opened.get("queue"),
        priority=opened.get("priority", "normal") if opened else None,
        match=match,
        trace=[
            StepOut(
                rule_id=step["rule_id"],
                name=step["name"],
                stage=step["stage"],
                state=step["state"],
                did=step.get("did", []),
                failed=step.get("failed", []),
                error=step.get("error", ""),
            )
            for step in steps
        ],
        rules_version=decision.rules_version,
    )


def _json(values: Sequence[msgspec.Struct]) -> list[dict[str, Any]]:
    # By way of JSON: `to_builtins` leaves tuples, which are no JSON values.
    shown: list[dict[str, Any]] = msgspec.json.decode(msgspec.json.encode(values))
    return shown


def _tells(effect: Any) -> bool:
    # The conversation's state after the decision is bookkeeping.
    return type(effect).__name__ != "ChangeConversation"
