"""The rules as sentences over HTTP, for people who read rules rather than JSON."""

from typing import Annotated, Literal

from pydantic import BaseModel, Field, StringConstraints

from gateway.http.call import Call
from gateway.http.endpoint import Api
from gateway.http.problems import Invalid
from router.rules.describe import describe
from router.rules.form import parse
from storage import rules
from storage.paging import Sql
from storage.store import Missing

api = Api("Routing")


class SentenceQuery(BaseModel):
    """Which version, and in which language; the published one and English if left out."""

    version: int | None = Field(None, ge=1, le=2**31 - 1)
    language: Annotated[str, StringConstraints(max_length=35)] = "en"


class SentenceOut(BaseModel):
    """A rule in words: what it looks at and what it does."""

    id: str
    name: str
    stage: str
    on: bool
    sentence: str


class SentencesOut(BaseModel):
    """A version's rules, in their order."""

    version: int
    state: Literal["draft", "published", "superseded"]
    data: list[SentenceOut]


@api.read("/api/v1/routing/rules/sentences", summary="The rules in words")
def list_sentences(sql: Sql, call: Call, query: SentenceQuery) -> SentencesOut:
    """In English or Simplified Chinese."""
    try:
        found = rules.published(sql) if query.version is None else rules.get(sql, query.version)
    except Missing as error:
        raise Invalid.at("/version", "unknown", f"There is no rule-set version {query.version}.") from error
    if found is None:
        return SentencesOut(version=0, state="published", data=[])
    return SentencesOut(
        version=found.version,
        state=found.state,
        data=[
            SentenceOut(
                id=rule.id,
                name=rule.name or rule.id,
                stage=rule.stage,
                on=rule.on,
                sentence=describe(rule, query.language),
            )
            for rule in parse(found.rules)
        ],
    )
