"""Rule sets over HTTP: what is sent and what is shown."""

from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import BaseModel, Field, JsonValue, StringConstraints

from router.rules.describe import describe
from router.rules.form import Rule, parse
from storage.rule_counts import Count
from storage.rules import Version

Rules = Annotated[list[dict[str, JsonValue]], Field(max_length=10_000)]
Note = Annotated[str, StringConstraints(max_length=2_000)]
State = Literal["draft", "published", "superseded"]


class Sentence(BaseModel):
    """A rule as one plain sentence, in English and Simplified Chinese."""

    en: str
    zh: str


class RuleState(Sentence):
    """A rule's sentence and its counts, which are a few seconds late."""

    hits: int
    failed: int
    last_fired_at: datetime | None


class WarningOut(BaseModel):
    """Something odd about the rules, in English (`detail`) and Chinese; `other`: the other rule, if any."""

    pointer: str
    code: str
    rule_id: str
    detail: str
    zh: str
    other: str


class RulesOut(BaseModel):
    """A rule-set version; version 0 is the empty set of a new desk."""

    version: int
    state: State
    note: str
    author: str
    rules: list[dict[str, JsonValue]]
    lists: dict[str, dict[str, int]]
    cases: list[dict[str, JsonValue]]
    overruled: str
    approved_by: str
    created_at: datetime | None
    published_at: datetime | None
    warnings: list[WarningOut] = []
    about: dict[str, RuleState] = {}


class VersionOut(BaseModel):
    """A version without its rules."""

    version: int
    state: State
    note: str
    author: str
    overruled: str
    approved_by: str
    count: int
    created_at: datetime
    published_at: datetime | None


class NewRules(BaseModel):
    """A whole rule set. With `publish` it decides every message that is taken in from then on.

    `lists` (phrases of the scores) and `cases` (its tests) left out are those of the published version. With
    `overrule`, a reason, it is published although tests fail.
    """

    rules: Rules
    publish: bool = True
    note: Note = ""
    lists: Annotated[dict[str, JsonValue], Field(max_length=10)] | None = None
    cases: Annotated[list[dict[str, JsonValue]], Field(max_length=1_000)] | None = None
    overrule: Note = ""


class Publication(BaseModel):
    """Make a version the one that decides. `overrule`: the reason to do so although tests fail."""

    overrule: Note = ""


class DifferenceOut(BaseModel):
    """What leads from one version to another, rule by rule (ids), and in lists and test cases."""

    added: list[str]
    removed: list[str]
    changed: dict[str, list[str]]
    moved: list[str]
    lists: bool
    cases: bool


class Draft(BaseModel):
    """Rules to be looked at, or the number of a version; nothing is stored. `tell`: rules to put in words."""

    rules: Rules | None = None
    lists: Annotated[dict[str, JsonValue], Field(max_length=10)] | None = None
    cases: Annotated[list[dict[str, JsonValue]], Field(max_length=1_000)] | None = None
    version: Annotated[int, Field(ge=0, le=2**31 - 1)] | None = None
    tell: Annotated[list[Annotated[str, StringConstraints(max_length=100)]], Field(max_length=100)] = []


class CheckOut(BaseModel):
    """What is odd about the rules, the test cases they fail, and the sentences that were asked for."""

    warnings: list[WarningOut]
    failing: list[dict[str, JsonValue]]
    cases: int
    sentences: dict[str, Sentence]


class RecipeOut(BaseModel):
    """Rules to start from, with their names and purpose in English and Chinese."""

    id: str
    en: str
    zh: str
    rules: list[dict[str, JsonValue]]
    cases: list[dict[str, JsonValue]]


def shown(version: Version, **more: Any) -> RulesOut:
    """A version as it is answered."""
    return RulesOut(**{**version._asdict(), **more})


def sentence(rule: Rule) -> Sentence:
    """The rule in words."""
    return Sentence(en=describe(rule, "en"), zh=describe(rule, "zh"))


def about(rules: list[dict[str, Any]], counts: dict[str, Count]) -> dict[str, RuleState]:
    """The state of each rule, by id."""
    states = {}
    for rule in parse(rules):
        count = counts.get(rule.id, Count())
        states[rule.id] = RuleState(
            hits=count.hits,
            failed=count.failed,
            last_fired_at=count.last_at,
            **sentence(rule).model_dump(),
        )
    return states
