"""What is wrong with the articles themselves: confusing, doubled, stale, missing a language."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from typing import Final, Literal

import msgspec
import numpy as np
from rapidfuzz import fuzz, process

from knowledgebase.article import Article
from knowledgebase.telling import languages
from knowledgebase.text import normalise, runs

Code = Literal["confusing", "duplicate", "stale", "expired", "language_missing", "no_phrasings", "unhelpful"]
_CONFUSING: Final = 88
_MOST_COMPARED: Final = 4_000
"""Phrasings that are compared with each other, 16 million pairs: a second or two."""
_BLOCK: Final = 500
_STALE: Final = timedelta(days=365)
_WIDE_SPREAD: Final = 0.2
_ENOUGH_VOTES: Final = 5


class Finding(msgspec.Struct, frozen=True, kw_only=True):
    """Something to look at: in which article, and in which other one where it takes two."""

    code: Code
    article_id: str
    title: str
    detail: str
    other_id: str = ""


class Kept(msgspec.Struct, frozen=True, kw_only=True):
    """An article with when it was last changed and what readers said (helpful, unhelpful)."""

    article: Article
    changed: datetime
    votes: tuple[int, int] = (0, 0)


def lint(kept: Sequence[Kept], now: datetime) -> list[Finding]:
    """Findings, the most harmful kind first."""
    published = [one for one in kept if not one.article.draft]
    articles = [one.article for one in published]
    return [
        *_confusing(articles),
        *_duplicates(articles),
        *_unhelpful(published),
        *_missing_languages(articles),
        *_stale(published, now),
        *_bare(articles),
    ]


def _confusing(articles: Sequence[Article]) -> Iterator[Finding]:
    """Phrasings of two articles that read alike: whichever is asked, the match can't tell them apart."""
    phrasings = [
        (article, phrasing)
        for article in articles
        for phrasing in dict.fromkeys((article.title, *article.phrasings))
    ][:_MOST_COMPARED]
    plain = [_sorted(text) for _, text in phrasings]
    seen: set[tuple[str, str]] = set()
    for begin in range(0, len(plain), _BLOCK):
        block = plain[begin : begin + _BLOCK]
        scores = process.cdist(block, plain, scorer=fuzz.ratio, score_cutoff=_CONFUSING, dtype=np.uint8)
        for row, column in np.argwhere(scores).tolist():
            (one, said), (other, theirs) = phrasings[begin + row], phrasings[column]
            pair = (one.id, other.id)
            if begin + row < column and one.id != other.id and not _family(one, other) and pair not in seen:
                seen.add(pair)
                detail = f"“{said}” reads like “{theirs}” of “{other.title}”."
                yield _found("confusing", one, detail, other)


def _duplicates(articles: Sequence[Article]) -> Iterator[Finding]:
    by_answer: dict[str, Article] = {}
    for article in articles:
        first = by_answer.setdefault(" ".join(normalise(article.answer).split()), article)
        if first is not article and not _family(first, article):
            yield _found("duplicate", article, f"It answers the same as “{first.title}”.", first)


def _unhelpful(kept: Sequence[Kept]) -> Iterator[Finding]:
    for one in kept:
        helpful, unhelpful = one.votes
        if helpful + unhelpful >= _ENOUGH_VOTES and unhelpful > helpful:
            detail = f"{unhelpful} of {helpful + unhelpful} readers found it unhelpful."
            yield _found("unhelpful", one.article, detail)


def _missing_languages(articles: Sequence[Article]) -> Iterator[Finding]:
    """Languages that a fifth of the topics have and this one has not."""
    families: dict[str, list[Article]] = defaultdict(list)
    for article in articles:
        if not article.internal:
            families[article.translation_of or article.id].append(article)
    spoken = {key: frozenset[str]().union(*map(languages, family)) for key, family in families.items()}
    every = {language for some in spoken.values() for language in some}
    common = {
        language
        for language in every
        if sum(language in some for some in spoken.values()) >= _WIDE_SPREAD * len(families)
    }
    for key, family in families.items():
        if missing := sorted(common - spoken[key]):
            yield _found("language_missing", family[0], f"It is not there in: {', '.join(missing)}.")


def _stale(kept: Sequence[Kept], now: datetime) -> Iterator[Finding]:
    for one in kept:
        end = one.article.valid_to
        if end is not None and end <= now:
            yield _found("expired", one.article, f"Its validity ended on {end:%Y-%m-%d}.")
        elif now - one.changed > _STALE:
            yield _found("stale", one.article, f"Nobody has changed it since {one.changed:%Y-%m-%d}.")


def _bare(articles: Sequence[Article]) -> Iterator[Finding]:
    for article in articles:
        if not article.phrasings and not article.internal:
            yield _found("no_phrasings", article, "Nothing but its title leads to it.")


def _family(one: Article, other: Article) -> bool:
    return (one.translation_of or one.id) == (other.translation_of or other.id)


def _sorted(text: str) -> str:
    """The words in order, so that the order they stand in does not count; a run of Han as it is."""
    return " ".join(sorted(runs(normalise(text))))


def _found(code: Code, article: Article, detail: str, other: Article | None = None) -> Finding:
    return Finding(
        code=code,
        article_id=article.id,
        title=article.title,
        detail=detail,
        other_id=other.id if other is not None else "",
    )
