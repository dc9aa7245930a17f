"""Articles: what admins write, and all the published ones for the match."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Connection, delete, func, insert, select, update

from knowledgebase.article import Article
from storage import schema
from storage.rows import Mapper
from storage.store import Missing, Tx

_articles = Mapper(schema.articles, Article)
_row = schema.articles.c


def published(sql: Connection) -> list[Article]:
    """Every article that may answer, in id order."""
    query = _articles.select().where(_row.draft.is_(False)).order_by(_row.id)
    return [_articles.load(line) for line in sql.execute(query)]


def stamp(sql: Connection) -> tuple[int, int, object]:
    """Grows or changes with every write: how many there are, their versions' sum, the last change."""
    query = select(func.count(), func.coalesce(func.sum(_row.version), 0), func.max(_row.updated_at))
    count, versions, latest = sql.execute(query).one()
    return int(count), int(versions), latest


def listed(sql: Connection, after: str, limit: int, drafts: bool = True) -> list[tuple[Article, int]]:
    """(article, version) in id order, from a position on."""
    query = _articles.select().add_columns(_row.version).where(_row.id > after)
    if not drafts:
        query = query.where(_row.draft.is_(False))
    lines = sql.execute(query.order_by(_row.id).limit(limit))
    return [(_articles.load(line[:-1]), line[-1]) for line in lines]


def get(sql: Connection, article_id: str) -> tuple[Article, int]:
    """(article, version); raises `Missing`."""
    query = _articles.select().add_columns(_row.version).where(_row.id == article_id)
    line = sql.execute(query).one_or_none()
    if line is None:
        raise Missing(f"there is no article {article_id}")
    return _articles.load(line[:-1]), line[-1]


def add(tx: Tx, article: Article) -> None:
    """Store a new article."""
    stamps = {"version": 1, "created_at": tx.now, "updated_at": tx.now}
    tx.sql.execute(insert(schema.articles), [_articles.dump(article) | stamps])
    tx.emit("article.updated", id=article.id)


def change(tx: Tx, article_id: str, changes: Mapping[str, Any]) -> None:
    """Set fields of an article; its version grows."""
    values = {**changes, "version": _row.version + 1, "updated_at": tx.now}
    tx.sql.execute(update(schema.articles).where(_row.id == article_id).values(values))
    tx.emit("article.updated", id=article_id)


def remove(tx: Tx, article_id: str) -> None:
    """Delete an article; raises `Missing`."""
    if tx.sql.execute(delete(schema.articles).where(_row.id == article_id)).rowcount == 0:
        raise Missing(f"there is no article {article_id}")
    tx.emit("article.updated", id=article_id)
