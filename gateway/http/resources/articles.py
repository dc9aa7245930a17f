"""Articles and their match over HTTP."""

from typing import Annotated

from pydantic import BaseModel, Field, StringConstraints

from bus.ids import new_id
from gateway.http.call import Call
from gateway.http.cursor import ListQuery, Page
from gateway.http.cursor import decode as decode_cursor
from gateway.http.cursor import encode as encode_cursor
from gateway.http.endpoint import Api, Patch
from gateway.http.fields import Tags
from gateway.http.resources.ticket_models import MatchOut, match_out
from knowledgebase.article import Article
from storage import articles, audit
from storage.paging import Sql
from storage.store import Tx

api = Api("Knowledge base")

Title = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=300)]
Phrasing = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=500)]
Language = Annotated[str, StringConstraints(pattern=r"^([a-z]{2,3}(-[A-Za-z0-9]{2,8})*)?$", max_length=35)]


class NewArticle(BaseModel):
    """An answer, and the ways customers ask for it. A draft answers nobody."""

    title: Title
    answer: Annotated[str, StringConstraints(min_length=1, max_length=50_000)]
    phrasings: Annotated[tuple[Phrasing, ...], Field(max_length=200)] = ()
    language: Language = ""
    tags: Tags = ()
    draft: bool = False


class ArticleOut(NewArticle):
    """An article. `version` is its ETag."""

    id: str
    version: int


class Question(BaseModel):
    """A customer's words; the language is found out where it is not said."""

    text: Annotated[str, StringConstraints(max_length=1_000_000)]
    language: Language | None = None


@api.read("/api/v1/articles", summary="Articles, by id")
def list_articles(sql: Sql, call: Call, query: ListQuery) -> Page[ArticleOut]:
    """A page of articles, drafts included."""
    after = decode_cursor(query.cursor, str) if query.cursor else ""
    found = articles.listed(sql, after, query.limit + 1)
    page = found[: query.limit]
    rest = encode_cursor(page[-1][0].id) if len(found) > query.limit else None
    return Page[ArticleOut](data=[_shown(*one) for one in page], next_cursor=rest)


@api.read("/api/v1/articles/{article_id}", summary="An article")
def get_article(sql: Sql, call: Call, article_id: str) -> ArticleOut:
    """One article, with its ETag."""
    return _shown(*articles.get(sql, article_id))


@api.write("POST", "/api/v1/articles", role="supervisor", status=201, summary="Write an article")
def create_article(tx: Tx, call: Call, body: NewArticle) -> ArticleOut:
    """It answers within two seconds, unless it is a draft."""
    article = Article(id=new_id("art", tx.now), **body.model_dump())
    articles.add(tx, article)
    audit.record(tx, call.actor, "article.created", article.id, title=article.title)
    return _shown(article, 1)


@api.write("PATCH", "/api/v1/articles/{article_id}", role="supervisor", summary="Change an article")
def change_article(tx: Tx, call: Call, article_id: str, body: Patch[NewArticle]) -> ArticleOut:
    """A merge patch; honours If-Match."""
    before, version = articles.get(tx.sql, article_id)
    call.expect(version)
    form = _shown(before, version).model_dump(mode="json", exclude={"id", "version"})
    after = body.onto(form)
    articles.change(tx, article_id, after.model_dump())
    audit.record(tx, call.actor, "article.updated", article_id, fields=sorted(body.changes))
    return _shown(*articles.get(tx.sql, article_id))


@api.write("DELETE", "/api/v1/articles/{article_id}", role="supervisor", summary="Delete an article")
def delete_article(tx: Tx, call: Call, article_id: str) -> None:
    """It answers no more; what it has answered stays."""
    call.expect(articles.get(tx.sql, article_id)[1])
    articles.remove(tx, article_id)
    audit.record(tx, call.actor, "article.deleted", article_id)


@api.asynchronous(
    "POST",
    "/api/v1/knowledgebase/match",
    limit=2_000_000,
    summary="What the knowledge base makes of a question",
)
async def match(call: Call, body: Question) -> MatchOut:
    """The code that answers customers; nothing is stored."""
    return match_out(await call.parts.knowledge.match_one(body.text, body.language or None))


def _shown(article: Article, version: int) -> ArticleOut:
    return ArticleOut(
        id=article.id,
        version=version,
        title=article.title,
        answer=article.answer,
        phrasings=article.phrasings,
        language=article.language,
        tags=article.tags,
        draft=article.draft,
    )
