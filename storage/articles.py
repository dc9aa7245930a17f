"""Articles: what admins write, all the published ones for the match, and what each said before."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import Connection, and_, delete, func, insert, literal, or_, select, update

from knowledgebase.article import Article
from storage import schema
from storage.rows import Mapper
from storage.store import Missing, Tx

_articles = Mapper(schema.articles, Article)
_row = schema.articles.c
_old = schema.article_versions.c
_READ_AT_ONCE = 500
_KEPT = [column.name for column in schema.article_versions.c if column.name != "article_id"]


class Stamp(NamedTuple):
    """Another one after every write, and whenever an article's validity begins or ends."""

    articles: int
    versions: int
    latest: datetime | None
    begun: int
    ended: int


class Versioned(NamedTuple):
    """An article and its version."""

    version: int
    article: Article


class Written(NamedTuple):
    """One version of an article: who wrote it (the id of an agent or a token, or what stood for them)."""

    version: int
    author: str
    at: datetime
    title: str


def published(sql: Connection, now: datetime, held: Mapping[str, Versioned]) -> dict[str, Versioned]:
    """By id, in order, every article that may answer a customer now.

    What `held` has in its present version is taken from there, so that one change costs one reading.
    """
    query = select(_row.id, _row.version).where(_in_force(now), _row.internal.is_(False))
    versions = {line[0]: int(line[1]) for line in sql.execute(query.order_by(_row.id))}
    others = [id_ for id_, version in versions.items() if id_ not in held or held[id_].version != version]
    new = {one.id: Versioned(versions[one.id], one) for one in _by_id(sql, others)}
    return {id_: new.get(id_) or held[id_] for id_ in versions}


def _by_id(sql: Connection, ids: Sequence[str]) -> Iterator[Article]:
    for start in range(0, len(ids), _READ_AT_ONCE):
        yield from _found(sql, _row.id.in_(ids[start : start + _READ_AT_ONCE]))


def readable(sql: Connection, now: datetime) -> list[Article]:
    """The same with the internal ones, which agents alone may read."""
    return _found(sql, _in_force(now))


def _found(sql: Connection, *conditions: Any) -> list[Article]:
    query = _articles.select().where(*conditions).order_by(_row.id)
    return [_articles.load(line) for line in sql.execute(query)]


def _in_force(now: datetime) -> Any:
    begun = or_(_row.valid_from.is_(None), _row.valid_from <= now)
    return and_(_row.draft.is_(False), begun, or_(_row.valid_to.is_(None), _row.valid_to > now))


def answering_ids(sql: Connection) -> frozenset[str]:
    """Ids of articles that rules may answer with: published and not internal, whenever they are valid."""
    query = select(_row.id).where(_row.draft.is_(False), _row.internal.is_(False))
    return frozenset(sql.execute(query).scalars())


def stamp(sql: Connection, now: datetime) -> Stamp:
    """The stamp of what may be answered now."""
    query = select(
        func.count(),
        func.coalesce(func.sum(_row.version), 0),
        func.max(_row.updated_at),
        func.count(_row.valid_from).filter(_row.valid_from <= now),
        func.count(_row.valid_to).filter(_row.valid_to <= now),
    )
    count, versions, latest, begun, ended = sql.execute(query).one()
    return Stamp(int(count), int(versions), latest, int(begun), int(ended))


def listed(
    sql: Connection, after: str, limit: int, drafts: bool = True, **wanted: str | bool
) -> list[tuple[Article, int]]:
    """(article, version) in id order, from a position on; `wanted` names columns and their values."""
    query = _articles.select().add_columns(_row.version).where(_row.id > after)
    if not drafts:
        query = query.where(_row.draft.is_(False))
    for name, value in wanted.items():
        query = query.where(_row[name] == value)
    lines = sql.execute(query.order_by(_row.id).limit(limit))
    return [(_articles.load(line[:-1]), line[-1]) for line in lines]


def get(sql: Connection, article_id: str) -> tuple[Article, int]:
    """(article, version); raises `Missing`."""
    query = _articles.select().add_columns(_row.version).where(_row.id == article_id)
    line = sql.execute(query).one_or_none()
    if line is None:
        raise Missing(f"there is no article {article_id}")
    return _articles.load(line[:-1]), line[-1]


def add(tx: Tx, article: Article, author: str = "") -> None:
    """Store a new article."""
    stamps = {"version": 1, "author": author, "created_at": tx.now, "updated_at": tx.now}
    tx.sql.execute(insert(schema.articles), [_articles.dump(article) | stamps])
    tx.emit("article.updated", id=article.id)


def change(tx: Tx, article_id: str, changes: Mapping[str, Any], author: str = "") -> None:
    """Set fields of an article; its version grows, and the one before is kept."""
    _keep(tx, article_id)
    stamps = {"version": _row.version + 1, "author": author, "updated_at": tx.now}
    tx.sql.execute(update(schema.articles).where(_row.id == article_id).values({**changes, **stamps}))
    tx.emit("article.updated", id=article_id)


def _keep(tx: Tx, article_id: str) -> None:
    kept = select(literal(article_id), *(_row[name] for name in _KEPT)).where(_row.id == article_id)
    tx.sql.execute(insert(schema.article_versions).from_select(["article_id", *_KEPT], kept))


def versions(sql: Connection, article_id: str, limit: int = 100) -> list[Written]:
    """The article's versions, newest first; raises `Missing`."""
    article, version = get(sql, article_id)
    query = select(_row.author, _row.updated_at).where(_row.id == article_id)
    author, at = sql.execute(query).one()
    before = select(_old.version, _old.author, _old.updated_at, _old.title).where(
        _old.article_id == article_id
    )
    lines = sql.execute(before.order_by(_old.version.desc()).limit(limit - 1))
    return [Written(version, author, at, article.title), *(Written(*line) for line in lines)]


def as_it_was(sql: Connection, article_id: str, version: int) -> Article:
    """The article in one of its earlier versions, or as it is; raises `Missing`."""
    article, current = get(sql, article_id)
    if version == current:
        return article
    # The kept row has the article's id under another name, first in the value as well.
    columns = [_old[name] for name in Article.__struct_fields__[1:]]
    query = select(_old.article_id, *columns).where(_old.article_id == article_id, _old.version == version)
    line = sql.execute(query).one_or_none()
    if line is None:
        raise Missing(f"there is no version {version} of article {article_id}")
    return _articles.load(line)


def remove(tx: Tx, article_id: str) -> None:
    """Delete an article and what it said before; raises `Missing`."""
    if tx.sql.execute(delete(schema.articles).where(_row.id == article_id)).rowcount == 0:
        raise Missing(f"there is no article {article_id}")
    tx.sql.execute(delete(schema.article_versions).where(_old.article_id == article_id))
    tx.sql.execute(delete(schema.article_votes).where(schema.article_votes.c.article_id == article_id))
    tx.emit("article.updated", id=article_id)


def vote(tx: Tx, article_id: str, *, helpful: bool) -> None:
    """Count a reader's word on whether an article helped; raises `Missing`."""
    get(tx.sql, article_id)
    votes = schema.article_votes.c
    column = votes.helpful if helpful else votes.unhelpful
    counted = update(schema.article_votes).where(votes.article_id == article_id)
    if tx.sql.execute(counted.values({column.name: column + 1})).rowcount == 0:
        first = {"article_id": article_id, "helpful": int(helpful), "unhelpful": int(not helpful)}
        tx.sql.execute(insert(schema.article_votes).values(first))


def votes(sql: Connection) -> dict[str, tuple[int, int]]:
    """(helpful, unhelpful) by article, for those that have had any."""
    row = schema.article_votes.c
    return {
        line[0]: (line[1], line[2])
        for line in sql.execute(select(row.article_id, row.helpful, row.unhelpful))
    }
