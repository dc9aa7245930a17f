"""Whether an article should learn a phrasing: it must be new, and nearer to it than to any other."""

from collections.abc import Iterable, Sequence
from typing import Final

from rapidfuzz import fuzz, process

from knowledgebase.article import Article
from knowledgebase.text import normalise, runs

_SAME: Final = 92.0
_NEAR: Final = 70.0


def objection(text: str, article_id: str, articles: Iterable[Article]) -> str | None:
    """Why the phrasing is refused, in words; None where it may be learned."""
    plain = _plain(text)
    if not plain:
        return "It says nothing."
    own: list[str] = []
    others: list[tuple[str, str]] = []
    for article in articles:
        for phrasing in (article.title, *article.phrasings):
            if article.id == article_id:
                own.append(phrasing)
            else:
                others.append((phrasing, article.title))
    near, at = _nearest(plain, own)
    if near >= _SAME:
        return f"The article has nearly the same: “{own[at]}”."
    nearer, at = _nearest(plain, [phrasing for phrasing, _ in others])
    if nearer >= _NEAR and nearer > near:
        phrasing, title = others[at]
        return f"It is nearer to “{phrasing}” of another article, “{title}”."
    return None


def _nearest(plain: str, texts: Sequence[str]) -> tuple[float, int]:
    """(how alike from 0 to 100, position) of the text that is most like it."""
    if not texts:
        return 0.0, -1
    _, score, at = process.extractOne(plain, [_plain(text) for text in texts], scorer=fuzz.token_sort_ratio)
    return float(score), int(at)


def _plain(text: str) -> str:
    """Spaced words as they are, characters of other scripts each as a word."""
    return " ".join(run if run.isascii() else " ".join(run) for run in runs(normalise(text)))
