"""Simulating a message: what would be decided about it, by any version or draft; nothing stored or sent."""

from collections.abc import Sequence
from typing import Annotated, Any, Literal

import msgspec
from pydantic import BaseModel, ConfigDict, Field, JsonValue, StringConstraints

from gateway.http.call import Call
from gateway.http.endpoint import Api
from gateway.http.problems import Invalid
from gateway.http.resources.routing import LIMIT, looked_up
from gateway.http.resources.rule_models import Draft
from gateway.http.resources.ticket_models import MatchOut, match_out
from gateway.simulating import Asked, NoCustomer, Simulation, simulated
from router.rules.engine import RuleSet
from router.rules.scores import HIGHEST
from storage.paging import Sql
from workers.setup import Setup

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


class ScoreOut(BaseModel):
    """A score, 100 at most, and the phrases it comes from, each with its weight."""

    score: int
    reasons: dict[str, int]


class SimulationOut(BaseModel):
    """What would be done and why; nothing was stored or sent."""

    why: str
    effects: list[dict[str, JsonValue]]
    queue: str | None
    priority: str | None
    match: MatchOut | None
    trace: list[StepOut]
    scores: dict[str, ScoreOut]
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

    asked = Asked(
        text=body.text,
        subject=body.subject,
        channel=body.channel,
        customer_id=body.customer_id,
        tier=body.tier,
        context=body.context,
    )

    def _decide(sql: Sql) -> Simulation:
        articles = parts.knowledge.articles
        return simulated(sql, asked, setup, rules=rule_set, match=match, articles=articles, now=now)

    try:
        found = await parts.store.read(_decide)
    except NoCustomer:
        raise Invalid.at("/customer_id", "unknown", f"There is no customer {body.customer_id}.") from None
    return _shown(found, match_out(match))


async def _rule_set(call: Call, body: Simulated, setup: Setup) -> RuleSet:
    if body.rules is None and body.version in (None, setup.rules.version):
        return setup.rules
    document = await looked_up(call, Draft(rules=body.rules, version=body.version))
    return document.compiled


def _shown(found: Simulation, match: MatchOut) -> SimulationOut:
    decision, steps = found.decision, _json(found.steps)
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
        scores={
            name: ScoreOut(score=min(HIGHEST, sum(phrases.values())), reasons=phrases)
            for name, phrases in found.scores.items()
        },
        rules_version=decision.rules_version,
    )


def _json(values: Sequence[msgspec.Struct]) -> list[dict[str, Any]]:
    # By way of JSON: `to_builtins` leaves tuples, which are no JSON values.
    shown: list[dict[str, Any]] = msgspec.json.decode(msgspec.json.encode(values))
    return shown


def _tells(effect: Any) -> bool:
    # The conversation's state after the decision is bookkeeping.
    return type(effect).__name__ != "ChangeConversation"
