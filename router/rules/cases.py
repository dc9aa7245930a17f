"""Test cases of a set of rules: a message, and what must be decided about it.

    {"name": "A refund goes to refunds", "message": {"text": "我要退款", "tier": "gold"},
     "expect": {"queue": "refunds", "priority": "urgent", "rules": ["vip-refund"]}}

They are decided without articles, so that what becomes of a message is the rules' doing alone.
"""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from typing import Annotated, Any, Final

import msgspec
from pydantic import BaseModel, ConfigDict, Field, JsonValue, ValidationError

from bus.envelope import Inbound, Message, Sender
from router.comparing import Course, course
from router.decide import decide
from router.decision import Context, Decision
from router.rules.engine import RuleSet
from router.rules.form import RuleError
from router.values import ChannelRef, Conversation, Customer

MOST: Final = 1_000
_Text = Annotated[str, Field(max_length=200)]
_AT: Final = datetime(2026, 1, 5, 9, 30, tzinfo=UTC)


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class CaseMessage(_Part):
    """What somebody writes. `channel_kind` webhook and a customer without a tier, where it does not say."""

    text: Annotated[str, Field(max_length=20_000)] = ""
    subject: _Text = ""
    channel: _Text = ""
    channel_kind: _Text = "webhook"
    email: _Text = ""
    tier: _Text = ""
    tags: Annotated[tuple[_Text, ...], Field(max_length=100)] = ()
    attributes: Annotated[dict[str, JsonValue], Field(max_length=100)] = {}
    country: _Text = ""
    language: _Text = ""
    context: Annotated[dict[str, JsonValue], Field(max_length=100)] = {}
    at: datetime = _AT


class Expectation(_Part):
    """What must be decided; what is left out may be anything. `rules` must match, `not_rules` must not."""

    outcome: _Text | None = None
    queue: _Text | None = None
    priority: _Text | None = None
    policy: _Text | None = None
    type: _Text | None = None
    tags: tuple[_Text, ...] = ()
    skills: dict[str, int] = {}
    reply: Annotated[str, Field(max_length=2_000)] | None = None
    rules: tuple[_Text, ...] = ()
    not_rules: tuple[_Text, ...] = ()


class Case(_Part):
    """A test case."""

    name: _Text = ""
    message: CaseMessage
    expect: Expectation


class Failing(msgspec.Struct, frozen=True, kw_only=True):
    """A case that failed: its pointer into the list, its name, and what was expected and decided instead."""

    pointer: str
    name: str
    detail: str


def parse_cases(document: Any) -> tuple[tuple[Case, ...], list[RuleError]]:
    """The cases of a document, and what is wrong with it, with pointers into the list."""
    if not isinstance(document, list) or len(document) > MOST:
        return (), [RuleError(pointer="", code="list", detail=f"a list of at most {MOST} test cases")]
    cases: list[Case] = []
    errors: list[RuleError] = []
    for number, raw in enumerate(document):
        try:
            cases.append(Case.model_validate(raw))
        except ValidationError as wrong:
            for error in wrong.errors():
                where = "/".join(map(str, error["loc"]))
                errors.append(
                    RuleError(pointer=f"/{number}/{where}", code=error["type"], detail=error["msg"])
                )
    return tuple(cases), errors


def failing(cases: Sequence[Case], rules: RuleSet, default_queue: str) -> list[Failing]:
    """The cases that fail."""
    return [
        Failing(pointer=f"/{number}", name=case.name, detail="; ".join(wrong))
        for number, case in enumerate(cases)
        if (wrong := list(_wrong(case.expect, decided(case, rules, default_queue))))
    ]


def decided(case: Case, rules: RuleSet, default_queue: str) -> Decision:
    """What the rules make of the case's message."""
    return decide(*_staged(case.message, default_queue), rules)


def _wrong(expect: Expectation, decision: Decision) -> Iterator[str]:
    found = course(decision)
    for name in ("outcome", "queue", "priority", "policy", "type"):
        wanted, was = getattr(expect, name), getattr(found, name)
        if wanted is not None and wanted != was:
            yield f"{name} is {was or 'none'}, not {wanted or 'none'}"
    yield from _missing(expect, found, {hit.rule_id for hit in decision.hits if not hit.error})


def _missing(expect: Expectation, found: Course, hits: set[str]) -> Iterator[str]:
    for tag in expect.tags:
        if tag not in found.tags:
            yield f"there is no tag {tag}"
    for skill, level in expect.skills.items():
        if dict(found.skills).get(skill, 0) < level:
            yield f"{skill} is not required at level {level}"
    if expect.reply is not None and not any(expect.reply in said for said in found.said):
        yield "no reply says that"
    for rule_id in expect.rules:
        if rule_id not in hits:
            yield f"rule {rule_id} does not match"
    for rule_id in expect.not_rules:
        if rule_id in hits:
            yield f"rule {rule_id} matches"


def _staged(said: CaseMessage, default_queue: str) -> tuple[Inbound, Context]:
    inbound = Inbound(
        id="msg_case",
        channel_id=said.channel,
        channel_kind=said.channel_kind,
        external_id="case",
        sender=Sender(address="case", email=said.email),
        event=Message(text=said.text, subject=said.subject, language=said.language),
        context=said.context,
        received_at=said.at,
    )
    customer = Customer(
        id="cus_case",
        email=said.email,
        tier=said.tier,
        tags=said.tags,
        attributes=said.attributes,
        country=said.country,
    )
    context = Context(
        now=said.at,
        channel=ChannelRef(id=said.channel, kind=said.channel_kind),
        conversation=Conversation(
            id="cv_case", channel_id=said.channel, contact_point_id="cp_case", customer_id="cus_case"
        ),
        customer=customer,
        default_queue=default_queue,
    )
    return inbound, context
