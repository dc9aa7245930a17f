"""Routing rules over HTTP: the published set, its versions, publishing, and simulating a message."""

import asyncio
from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Any, Literal

import msgspec
from pydantic import BaseModel, ConfigDict, Field, JsonValue, StringConstraints

from bus.envelope import Inbound, Message, Sender
from bus.ids import message_id
from gateway.http.call import Call, Rendered
from gateway.http.cursor import ListQuery, Page
from gateway.http.cursor import decode as decode_cursor
from gateway.http.cursor import encode as encode_cursor
from gateway.http.endpoint import Api
from gateway.http.problems import Fault, Invalid
from gateway.http.resources.ticket_models import MatchOut, match_out
from gateway.rule_names import unknown_names
from router.decide import decide
from router.decision import Context, Decision
from router.rules.engine import RuleSet, compile_rules
from router.rules.facts import Facts
from router.rules.form import Rule, RuleError, RuleErrors, parse
from router.telling import for_customer
from router.values import ChannelRef, Conversation, Customer
from storage import audit, customers, rules, tickets
from storage.paging import Sql
from storage.store import Missing, Tx
from workers.setup import Setup, answers

api = Api("Routing")
# A thousand rules are about half a megabyte.
LIMIT = 8_000_000
_UNCHANGED = "No rule was changed; see errors."


class RulesOut(BaseModel):
    """A rule-set version; version 0 is the empty set of a new desk."""

    version: int
    state: Literal["draft", "published", "superseded"]
    note: str
    author: str
    rules: list[dict[str, JsonValue]]
    created_at: datetime | None
    published_at: datetime | None


class VersionOut(BaseModel):
    """A version without its rules."""

    version: int
    state: Literal["draft", "published", "superseded"]
    note: str
    author: str
    count: int
    created_at: datetime
    published_at: datetime | None


class NewRules(BaseModel):
    """A whole rule set. With `publish` it decides every message that is taken in from then on."""

    rules: Annotated[list[dict[str, JsonValue]], Field(max_length=10_000)]
    publish: bool = True
    note: Annotated[str, StringConstraints(max_length=2_000)] = ""


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
    state: Literal["hit", "miss", "not_reached", "off"]
    did: list[str]
    failed: list[dict[str, JsonValue]]


class SimulationOut(BaseModel):
    """What would be done and why; nothing was stored or sent."""

    why: str
    effects: list[dict[str, JsonValue]]
    queue: str | None
    priority: str | None
    match: MatchOut | None
    trace: list[StepOut]
    rules_version: int


@api.read("/api/v1/routing/rules", role="supervisor", summary="The published rules")
def get_rules(sql: Sql, call: Call) -> RulesOut:
    """The version that decides now."""
    found = rules.published(sql)
    if found is None:
        return RulesOut(
            version=0, state="published", note="", author="", rules=[], created_at=None, published_at=None
        )
    return RulesOut(**found._asdict())


@api.asynchronous("PUT", "/api/v1/routing/rules", role="admin", limit=LIMIT, summary="Store or publish rules")
async def put_rules(call: Call, body: NewRules) -> Rendered[RulesOut]:
    """A new version; with one bad rule nothing changes and every fault is named."""
    parsed = await _parse(call, body.rules)

    def _put(tx: Tx) -> RulesOut:
        newest = rules.published(tx.sql)
        call.expect(newest.version if newest else 0)
        _refuse_unknown(unknown_names(tx.sql, parsed))
        number = rules.add(tx, body.rules, body.note, call.actor, publish=body.publish)
        action = "rules.published" if body.publish else "rules.drafted"
        audit.record(tx, call.actor, action, str(number), note=body.note, rules=len(body.rules))
        return RulesOut(**rules.get(tx.sql, number)._asdict())

    return await call.write(_put)


@api.read("/api/v1/routing/rules/versions", role="supervisor", summary="Versions, newest first")
def list_versions(sql: Sql, call: Call, query: ListQuery) -> Page[VersionOut]:
    """Who changed the rules, when and why."""
    before = decode_cursor(query.cursor, int) if query.cursor else None
    found = rules.listed(sql, before, query.limit + 1)
    page = found[: query.limit]
    rest = encode_cursor(page[-1].version) if len(found) > query.limit else None
    shown = [VersionOut(count=len(one.rules), **one._asdict()) for one in page]
    return Page[VersionOut](data=shown, next_cursor=rest)


@api.read("/api/v1/routing/rules/versions/{version}", role="supervisor", summary="A version")
def get_version(sql: Sql, call: Call, version: str) -> RulesOut:
    """One version, whole."""
    number = int(version) if version.isascii() and version.isdecimal() and len(version) < 10 else -1
    return RulesOut(**rules.get(sql, number)._asdict())


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
    )
    return inbound, context


async def _rule_set(call: Call, body: Simulated, setup: Setup) -> RuleSet:
    number = body.version
    if body.rules is not None:
        return await asyncio.to_thread(compile_rules, await _parse(call, body.rules), 0)
    if number is None or number == setup.rules.version:
        return setup.rules
    try:
        version = await call.parts.store.read(lambda sql: rules.get(sql, number))
    except Missing as error:
        raise Invalid.at("/version", "unknown", f"There is no version {number}.") from error
    return await asyncio.to_thread(lambda: compile_rules(parse(version.rules), number))


async def _parse(call: Call, document: list[dict[str, Any]]) -> tuple[Rule, ...]:
    """Off the loop: ten thousand rules take a second."""
    try:
        parsed = await asyncio.to_thread(parse, document)
    except RuleErrors as wrong:
        faults = [Fault(f"/rules{error.pointer}", error.code, error.detail) for error in wrong.errors]
        raise Invalid(*faults, detail=_UNCHANGED) from None
    _refuse_unknown(await call.parts.store.read(lambda sql: unknown_names(sql, parsed)))
    return parsed


def _refuse_unknown(errors: list[RuleError]) -> None:
    if errors:
        faults = [Fault(f"/rules{error.pointer}", error.code, error.detail) for error in errors]
        raise Invalid(*faults, detail=_UNCHANGED)


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
