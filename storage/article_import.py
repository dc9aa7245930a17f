"""Bringing articles in: what an import would do to the desk's own, and doing it, all of it or nothing."""

from collections.abc import Collection, Sequence
from typing import NamedTuple

from msgspec.structs import asdict, replace
from sqlalchemy import Connection

from knowledgebase.article import Article
from knowledgebase.rows import MOST_ROWS, Fault, Row, derived_id
from storage import articles
from storage.store import Tx


class Refused(Exception):
    """Rows at fault and nobody asked to skip them; nothing was changed."""

    def __init__(self, faults: Sequence[Fault]) -> None:
        super().__init__(f"{len(faults)} rows can't be taken")
        self.faults = tuple(faults)


class Imported(NamedTuple):
    """How many articles were added, changed, there already, and what was passed over."""

    added: int
    changed: int
    unchanged: int
    skipped: tuple[Fault, ...]


class _Plan(NamedTuple):
    added: list[Article]
    changed: list[Article]
    unchanged: int
    conflicts: list[Fault]


def bring_in(
    tx: Tx, rows: Sequence[Row], faults: Sequence[Fault], author: str, *, skip: bool, overwrite: bool
) -> Imported:
    """Add and change articles; raises `Refused` where rows are at fault or in conflict and `skip` is not set.

    A conflict: the article was changed since the row was exported (unless `overwrite`), another one has its
    title in its language, or it translates one that is nowhere. What a row does not say stays as it is.
    """
    plan = _planned(tx.sql, rows, overwrite=overwrite)
    refused = (*faults, *plan.conflicts)
    if refused and not skip:
        raise Refused(refused)
    for article in plan.added:
        articles.add(tx, article, author)
    for article in plan.changed:
        values = asdict(article)
        articles.change(tx, values.pop("id"), values, author)
    return Imported(len(plan.added), len(plan.changed), plan.unchanged, refused)


def _planned(sql: Connection, rows: Sequence[Row], *, overwrite: bool) -> _Plan:
    there = {article.id: (article, version) for article, version in articles.listed(sql, "", 2 * MOST_ROWS)}
    titles = {derived_id(one.title, one.language): one.id for one, _ in there.values()}
    known = there.keys() | {row.article.id for row in rows}
    plan = _Plan([], [], 0, [])
    unchanged = 0
    for row in rows:
        article, version = there.get(row.article.id, (None, 0))
        merged = row.article if article is None else _onto(article, row)
        if merged == article:
            unchanged += 1
        elif conflict := _conflict(row, merged, 0 if overwrite else version, titles, known):
            plan.conflicts.append(conflict)
        else:
            (plan.added if article is None else plan.changed).append(merged)
    return plan._replace(unchanged=unchanged)


def _onto(article: Article, row: Row) -> Article:
    return replace(article, **{name: getattr(row.article, name) for name in row.given if name != "id"})


def _conflict(
    row: Row, merged: Article, version: int, titles: dict[str, str], known: Collection[str]
) -> Fault | None:
    if version and row.version and row.version != version:
        detail = f"Article {merged.id!r} was changed since: it is at version {version}, not {row.version}."
        return Fault(row.place, "changed_since", detail)
    other = titles.setdefault(derived_id(merged.title, merged.language), merged.id)
    if other != merged.id:
        return Fault(row.place, "same_title", f"Article {other!r} has this title in this language.")
    if merged.translation_of and merged.translation_of not in known:
        return Fault(row.place, "unknown", f"It translates {merged.translation_of!r}, which is nowhere.")
    return None
