"""How the knowledge base gets better by use: labels, phrasings to approve, gaps, lint, precision."""

import asyncio
from datetime import datetime, timedelta
from typing import Annotated, Literal

from pydantic import BaseModel, Field, StringConstraints

from bus.ids import new_id
from gateway.http.call import Call
from gateway.http.cursor import ListQuery, Page
from gateway.http.endpoint import Api
from gateway.http.fields import Id
from gateway.http.problems import Conflict, Invalid
from gateway.http.resources.article_models import ArticleOut, ToldOut, show, show_told
from gateway.http.resources.articles import reader_of
from knowledgebase import gaps as grouped
from knowledgebase import lint, precision
from knowledgebase.article import Article
from knowledgebase.match import SUGGEST_FROM
from knowledgebase.phrasing_check import objection
from knowledgebase.rows import MOST_PHRASINGS
from knowledgebase.telling import tell
from router.phrases import only_wants_person, says_helped, says_not_helped
from storage import (
    article_health,
    articles,
    audit,
    labels,
    messages,
    phrasing_proposals,
    questions,
    target_precision,
    tickets,
)
from storage.paging import Sql
from storage.phrasing_proposals import Proposal
from storage.store import Missing, Tx
from workers.learning import judged_since

api = Api("Knowledge base")

_MOST_DAYS = 365
_SUGGESTED = 3


class Days(BaseModel):
    """How far back to look."""

    days: int = Field(30, ge=1, le=_MOST_DAYS)


class NewLabel(BaseModel):
    """An agent's word on whether an article is right for what the customer asked."""

    conversation_id: Id
    article_id: Annotated[str, StringConstraints(min_length=1, max_length=200)]
    right: bool


class LabelOut(BaseModel):
    """A label and the exposure it came from; `confidence` null where the match did not name the article."""

    at: datetime
    conversation_id: str
    article_id: str
    right: bool
    how: str
    question: str
    language: str
    confidence: float | None
    encoder: str
    exposure: str


class LabelsOut(BaseModel):
    """Labels, newest first, at most a thousand."""

    data: list[LabelOut]


class ProposalQuery(ListQuery):
    """Which proposals."""

    state: Literal["waiting", "approved", "refused"] | None = None
    article: str | None = Field(None, max_length=200)


class ProposalOut(BaseModel):
    """A phrasing that a customer used; `reason` says why it was refused."""

    id: str
    article_id: str
    text: str
    how: str
    state: str
    reason: str
    updated_at: datetime


class Refusal(BaseModel):
    """Why."""

    reason: Annotated[str, StringConstraints(max_length=500)] = ""


class GapOut(BaseModel):
    """Questions that mean the same and got no answer; `answer` is the best reply of an agent, "" for none."""

    title: str
    volume: int
    language: str
    examples: list[str]
    tickets: list[str]
    latest: datetime
    answer: str


class GapsOut(BaseModel):
    """The largest first."""

    data: list[GapOut]


class FindingOut(BaseModel):
    """Something to look at."""

    code: str
    article_id: str
    title: str
    detail: str
    other_id: str


class LintOut(BaseModel):
    """The most harmful kind first."""

    data: list[FindingOut]


class ShareOut(BaseModel):
    """A share with its 95 % interval, of so many; null of none."""

    value: float | None
    low: float
    high: float
    of: int


class SettingOut(BaseModel):
    """What a target precision would have done with the questions of the last days."""

    target: float
    threshold: float
    answered: ShareOut
    suggested: ShareOut
    precision: ShareOut


class PrecisionOut(BaseModel):
    """The real precision of what was answered, and what each setting would have done.

    `state`: ok, drift (less often right than the target), strict (more could be answered), few_labels.
    """

    target: float
    state: str
    precision: ShareOut
    settings: list[SettingOut]


class SuggestedOut(BaseModel):
    """An article that may help with a ticket, as its customer would read it."""

    article: ToldOut
    confidence: float | None


class SuggestionsOut(BaseModel):
    """The likeliest first; then what only agents may read, without a confidence."""

    data: list[SuggestedOut]


class FromReply(BaseModel):
    """An agent's reply to make an article of."""

    message_id: Id


@api.write("POST", "/api/v1/labels", status=204, summary="Say whether an article was right")
def add_label(tx: Tx, call: Call, body: NewLabel) -> None:
    """Corrects what the bot answered, or names what it should have."""
    try:
        articles.get(tx.sql, body.article_id)
    except Missing:
        raise Invalid.at("/article_id", "unknown", f"There is no article {body.article_id}.") from None
    last = messages.last_of(tx.sql, [body.conversation_id]).get(body.conversation_id)
    if last is None:
        detail = f"There is no conversation {body.conversation_id}."
        raise Invalid.at("/conversation_id", "unknown", detail)
    given = labels.Given(
        conversation_id=body.conversation_id,
        message_id=last.id,
        article_id=body.article_id,
        right=body.right,
        how="corrected",
    )
    labels.add(tx, [given])


@api.read("/api/v1/labels", role="supervisor", summary="What customers and agents have shown")
def list_labels(sql: Sql, call: Call, query: Days) -> LabelsOut:
    """With the exposure that each came from."""
    found = labels.since(sql, _begin(call, query.days), 1_000)
    names = LabelOut.model_fields
    return LabelsOut(data=[LabelOut(**{name: getattr(one, name) for name in names}) for one in found])


@api.read("/api/v1/phrasing-proposals", summary="Phrasings that customers used, to be learned")
def list_proposals(sql: Sql, call: Call, query: ProposalQuery) -> Page[ProposalOut]:
    """Newest first."""
    found = phrasing_proposals.listed(sql, query.state, query.article, query.after(), query.limit)
    return Page[ProposalOut].of(found, _proposal)


@api.write(
    "POST", "/api/v1/phrasing-proposals/{proposal_id}/approve", role="supervisor", summary="Learn a phrasing"
)
def approve_proposal(tx: Tx, call: Call, proposal_id: str) -> ProposalOut:
    """The article has it from then on; 409 with the reason where it has become too near to something."""
    proposal = phrasing_proposals.get(tx.sql, proposal_id)
    if proposal.state == "approved":
        return _proposal(proposal)
    article, _ = articles.get(tx.sql, proposal.article_id)
    against = objection(proposal.text, article.id, article_health.all_articles(tx.sql))
    if against is None and len(article.phrasings) >= MOST_PHRASINGS:
        against = f"The article has {MOST_PHRASINGS} phrasings, and that is enough."
    if against is not None:
        raise Conflict(against)
    articles.change(tx, article.id, {"phrasings": (*article.phrasings, proposal.text)}, call.actor)
    audit.record(tx, call.actor, "phrasing.approved", article.id, text=proposal.text)
    return _proposal(phrasing_proposals.decide(tx, proposal_id, "approved", call.actor))


@api.write(
    "POST", "/api/v1/phrasing-proposals/{proposal_id}/refuse", role="supervisor", summary="Refuse a phrasing"
)
def refuse_proposal(tx: Tx, call: Call, proposal_id: str, body: Refusal) -> ProposalOut:
    """It is not proposed again."""
    proposal = phrasing_proposals.get(tx.sql, proposal_id)
    if proposal.state == "approved":
        raise Conflict("It was approved: take it out of the article instead.")
    return _proposal(phrasing_proposals.decide(tx, proposal_id, "refused", call.actor, body.reason))


@api.asynchronous(
    "GET", "/api/v1/knowledgebase/gaps", role="supervisor", summary="Questions without an answer"
)
async def list_gaps(call: Call, query: Days) -> GapsOut:
    """Of the last days' tickets, at most the last 2,000."""
    begin = _begin(call, query.days)
    asked = await call.parts.store.read(lambda sql: questions.unanswered(sql, begin))
    found = await asyncio.to_thread(grouped.gaps, asked)
    return GapsOut(data=[GapOut.model_validate(gap, from_attributes=True) for gap in found])


@api.asynchronous(
    "GET", "/api/v1/knowledgebase/lint", role="supervisor", summary="What is wrong with articles"
)
async def list_findings(call: Call) -> LintOut:
    """Confusing, doubled, unhelpful, stale and expired ones, missing languages."""
    kept = await call.parts.store.read(article_health.kept)
    found = await asyncio.to_thread(lint.lint, kept, call.parts.clock())
    return LintOut(data=[FindingOut.model_validate(one, from_attributes=True) for one in found])


@api.read("/api/v1/knowledgebase/precision", role="supervisor", summary="What each precision would have done")
def get_precision(sql: Sql, call: Call, query: Days) -> PrecisionOut:
    """With the last days' questions, at most the last 5,000, and the labels of that time."""
    begin = _begin(call, query.days)
    judged = judged_since(sql, begin)
    target = target_precision.in_force(sql, call.parts.settings.target_precision)
    now = precision.quality(judged, target)
    settings = precision.settings(
        questions.exposures(sql, begin), judged, call.parts.knowledge.calibration.threshold, SUGGEST_FROM
    )
    return PrecisionOut(
        target=now.target,
        state=now.state,
        precision=ShareOut.model_validate(now.precision, from_attributes=True),
        settings=[SettingOut.model_validate(one, from_attributes=True) for one in settings],
    )


@api.asynchronous(
    "GET", "/api/v1/tickets/{ticket_id}/articles", summary="Articles that may help with a ticket"
)
async def suggest_articles(call: Call, ticket_id: str) -> SuggestionsOut:
    """Matched against what its customer wrote last, as that customer would read them."""

    def about(sql: Sql) -> tuple[str, str]:
        known = tickets.id_of(sql, ticket_id)
        return known, _last_words(sql, tickets.get(sql, known).conversation_id)

    known, text = await call.parts.store.read(about)
    reader, language = await call.parts.store.read(lambda sql: reader_of(sql, known, None))
    shelf = await call.parts.library.shelf()
    match = await call.parts.knowledge.match_one(text)
    found = [
        SuggestedOut(
            article=show_told(
                shelf.articles[one.article_id], tell(shelf.articles[one.article_id], reader, language)
            ),
            confidence=one.confidence,
        )
        for one in match.candidates
        if one.article_id in shelf.articles
    ]
    inside = await asyncio.to_thread(shelf.search, text, _SUGGESTED, lambda article: article.internal)
    found += [
        SuggestedOut(article=show_told(one, tell(one, reader, language)), confidence=None) for one in inside
    ]
    return SuggestionsOut(data=found)


@api.write("POST", "/api/v1/article-drafts", status=201, summary="Make an article of a reply")
def draft_article(tx: Tx, call: Call, body: FromReply) -> ArticleOut:
    """The reply is its answer, the question before it its title and phrasing; a PATCH publishes it."""
    reply = messages.find(tx.sql, body.message_id)
    if reply is None or reply.author != "agent":
        raise Invalid.at("/message_id", "unknown", f"There is no reply {body.message_id} of an agent.")
    earlier = messages.of_conversation(tx.sql, reply.conversation_id, before=reply.position)
    asked = [" ".join(one.text.split()) for one in earlier if _asks(one)]
    phrasing = asked[-1][:500] if asked else ""
    language = next(
        (str(one.details["language"]) for one in reversed(earlier) if one.details.get("language")), ""
    )
    article = Article(
        id=new_id("art", tx.now),
        title=(phrasing or " ".join(reply.text.split()))[:120],
        answer=reply.text[:50_000],
        phrasings=(phrasing,) if phrasing else (),
        language=language,
        draft=True,
    )
    articles.add(tx, article, call.actor)
    audit.record(tx, call.actor, "article.drafted", article.id, message=reply.id)
    return show(article, 1)


def _last_words(sql: Sql, conversation_id: str) -> str:
    """What the customer wrote since the desk last spoke to them in person, at most five messages."""
    last = messages.of_conversation(sql, conversation_id, before=2**31 - 1, limit=20)
    texts: list[str] = []
    for message in reversed(last):
        if message.author == "agent" and texts:
            break
        if _asks(message):
            texts.append(message.text)
    return "\n".join(reversed(texts[:5]))[:10_000]


def _asks(message: messages.Message) -> bool:
    """Whether a customer's message is about something: no wish for a person, no button, no thanks."""
    text = message.text.strip()
    answers = only_wants_person(text) or says_helped(text) or says_not_helped(text) or text.isdecimal()
    return message.author == "customer" and text != "" and not answers


def _proposal(proposal: Proposal) -> ProposalOut:
    return ProposalOut.model_validate(proposal, from_attributes=True)


def _begin(call: Call, days: int) -> datetime:
    return call.parts.clock() - timedelta(days=days)
