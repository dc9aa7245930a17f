"""Articles, their versions and their match over HTTP."""

import asyncio
from typing import Annotated

from pydantic import BaseModel, Field, StringConstraints

from bus.ids import new_id
from gateway.http.call import Call
from gateway.http.cursor import ListQuery, Page
from gateway.http.cursor import decode as decode_cursor
from gateway.http.cursor import encode as encode_cursor
from gateway.http.endpoint import Api, Patch
from gateway.http.fields import unknown
from gateway.http.problems import Invalid
from gateway.http.resources.article_models import (
    ArticleOut,
    Language,
    NewArticle,
    ToldOut,
    VersionOut,
    form,
    read,
    show,
    show_told,
    show_version,
)
from gateway.http.resources.ticket_models import MatchOut, match_out
from knowledgebase.article import Article
from knowledgebase.telling import NOBODY, About, tell
from router.telling import about_customer
from router.values import ChannelRef
from storage import articles, audit, channels, conversations, customers, tickets
from storage.paging import Sql
from storage.store import Missing, Tx

api = Api("Knowledge base")


class ArticleQuery(ListQuery):
    """What the list is narrowed to."""

    folder: str | None = Field(None, max_length=200)
    language: str | None = Field(None, max_length=35)
    draft: bool | None = None
    internal: bool | None = None


class SearchQuery(BaseModel):
    """Words to look for, and for whom: a ticket's customer, or a customer."""

    q: str = Field(min_length=1, max_length=500)
    ticket: str | None = Field(None, max_length=64)
    customer: str | None = Field(None, max_length=64)
    language: Language = ""
    limit: int = Field(10, ge=1, le=50)


class FoundOut(BaseModel):
    """Articles, best first."""

    data: list[ToldOut]


class VersionsOut(BaseModel):
    """Versions, newest first."""

    data: list[VersionOut]


class Back(BaseModel):
    """The version to go back to."""

    version: int = Field(ge=1, le=2**31 - 1)


class Question(BaseModel):
    """A customer's words; the language is found out where it is not said."""

    text: Annotated[str, StringConstraints(max_length=2**20)]
    language: Language | None = None


@api.read("/api/v1/articles", summary="Articles, by id")
def list_articles(sql: Sql, call: Call, query: ArticleQuery) -> Page[ArticleOut]:
    """A page of articles, drafts included."""
    after = decode_cursor(query.cursor, str) if query.cursor else ""
    wanted = query.model_dump(include={"folder", "language", "draft", "internal"}, exclude_none=True)
    found = articles.listed(sql, after, query.limit + 1, **wanted)
    page = found[: query.limit]
    rest = encode_cursor(page[-1][0].id) if len(found) > query.limit else None
    return Page[ArticleOut](data=[show(*one) for one in page], next_cursor=rest)


@api.asynchronous(
    "GET", "/api/v1/articles/search", summary="Find articles by words, as a customer reads them"
)
async def search_articles(call: Call, query: SearchQuery) -> FoundOut:
    """Agents' own search: internal ones too; variants are those for the ticket's customer."""
    reader, language = NOBODY, query.language
    if query.ticket or query.customer:
        reader, spoken = await call.parts.store.read(lambda sql: reader_of(sql, query.ticket, query.customer))
        language = language or spoken
    shelf = await call.parts.library.shelf()
    found = await asyncio.to_thread(shelf.search, query.q, query.limit)
    return FoundOut(data=[show_told(article, tell(article, reader, language)) for article in found])


@api.read("/api/v1/articles/{article_id}", summary="An article")
def get_article(sql: Sql, call: Call, article_id: str) -> ArticleOut:
    """One article, with its ETag."""
    return show(*articles.get(sql, article_id))


@api.write("POST", "/api/v1/articles", role="supervisor", status=201, summary="Write an article")
def create_article(tx: Tx, call: Call, body: NewArticle) -> ArticleOut:
    """It answers within two seconds, unless it is a draft, internal or not valid yet."""
    article = read(tx, new_id("art", tx.now), body, call.principal.id)
    articles.add(tx, article, call.actor)
    audit.record(tx, call.actor, "article.created", article.id, title=article.title)
    return show(article, 1)


@api.write("PATCH", "/api/v1/articles/{article_id}", role="supervisor", summary="Change an article")
def change_article(tx: Tx, call: Call, article_id: str, body: Patch[NewArticle]) -> ArticleOut:
    """A merge patch; honours If-Match. The version before is kept."""
    before, version = articles.get(tx.sql, article_id)
    call.expect(version)
    after = read(tx, article_id, body.onto(form(before)), call.principal.id, before)
    return _changed(tx, call, after, fields=sorted(body.changes))


@api.write("DELETE", "/api/v1/articles/{article_id}", role="supervisor", summary="Delete an article")
def delete_article(tx: Tx, call: Call, article_id: str) -> None:
    """It answers no more, and its versions go with it; what it has answered stays."""
    call.expect(articles.get(tx.sql, article_id)[1])
    articles.remove(tx, article_id)
    audit.record(tx, call.actor, "article.deleted", article_id)


@api.read("/api/v1/articles/{article_id}/versions", summary="An article's versions, newest first")
def list_article_versions(sql: Sql, call: Call, article_id: str) -> VersionsOut:
    """The last hundred."""
    return VersionsOut(data=[show_version(one) for one in articles.versions(sql, article_id)])


@api.read("/api/v1/articles/{article_id}/versions/{version}", summary="An article as it was")
def get_article_version(sql: Sql, call: Call, article_id: str, version: str) -> ArticleOut:
    """One version."""
    number = int(version) if version.isascii() and version.isdecimal() and len(version) < 10 else 0
    return show(articles.as_it_was(sql, article_id, number), number)


@api.write(
    "POST", "/api/v1/articles/{article_id}/rollback", role="supervisor", summary="Go back to a version"
)
def roll_back_article(tx: Tx, call: Call, article_id: str, body: Back) -> ArticleOut:
    """What that version said becomes the next version; honours If-Match."""
    call.expect(articles.get(tx.sql, article_id)[1])
    return _changed(tx, call, articles.as_it_was(tx.sql, article_id, body.version), version=body.version)


@api.asynchronous(
    "POST",
    "/api/v1/knowledgebase/match",
    limit=2_000_000,
    summary="What the knowledge base makes of a question",
)
async def match(call: Call, body: Question) -> MatchOut:
    """The code that answers customers; nothing is stored."""
    return match_out(await call.parts.knowledge.match_one(body.text, body.language or None))


def _changed(tx: Tx, call: Call, article: Article, **detail: object) -> ArticleOut:
    values = {name: getattr(article, name) for name in Article.__struct_fields__ if name != "id"}
    articles.change(tx, article.id, values, call.actor)
    audit.record(tx, call.actor, "article.updated", article.id, **detail)
    return show(*articles.get(tx.sql, article.id))


def reader_of(sql: Sql, ticket_id: str | None, customer_id: str | None) -> tuple[About, str]:
    """What variants are chosen by, and the language that was last spoken."""
    channel, language = None, ""
    if ticket_id:
        try:
            ticket = tickets.get(sql, tickets.id_of(sql, ticket_id))
        except Missing:
            raise Invalid(unknown("ticket", ticket_id, "ticket")) from None
        customer_id = ticket.customer_id
        language = conversations.get(sql, ticket.conversation_id).language
        known = channels.find(sql, ticket.channel_id)
        channel = ChannelRef(id=known.id, kind=known.kind, name=known.name) if known else None
    customer = customers.find(sql, customer_id or "")
    if customer is None:
        raise Invalid(unknown("customer", customer_id or "", "customer"))
    return about_customer(customer, channel), language or customer.language
