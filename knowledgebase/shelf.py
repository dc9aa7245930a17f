"""Articles to be searched by people: the help page's readers and the agents, who look for words.

Unlike a match this never says how sure it is. It looks into answers as well, and every word counts.
"""

import math
from collections.abc import Callable, Iterable, Iterator, Mapping

from knowledgebase.article import Article
from knowledgebase.spelling import Spelling, reread
from knowledgebase.terms import is_function, terms
from knowledgebase.text import normalise, runs

_TITLE, _PHRASING, _ANSWER = 3.0, 2.0, 1.0
_QUERY_TERMS = 64
_LEAST = 0.15
"""Of the best article's score: what has less shares a word or a character by chance."""


class Shelf:
    """Immutable, so threads may share one. `articles` in the order given, by id."""

    def __init__(self, articles: Iterable[Article]) -> None:
        self.articles: Mapping[str, Article] = {article.id: article for article in articles}
        self._postings: dict[str, dict[str, float]] = {}
        self._spelling = Spelling(_words(self.articles.values()))
        for article in self.articles.values():
            for term, weight in _weights(article).items():
                self._postings.setdefault(term, {})[article.id] = weight

    def search(
        self, text: str, limit: int, among: Callable[[Article], bool] = lambda _: True
    ) -> list[Article]:
        """The articles that hold most of the words of `text`, slips mended, best first; of a long one 64
        terms count. Grammar ("where is my") counts where there is nothing else."""
        scores: dict[str, float] = {}
        for term, kind in self._asked(text):
            holding = self._postings.get(term, {})
            rarity = kind * math.log(1 + len(self.articles) / (1 + len(holding)))
            for article_id, weight in holding.items():
                scores[article_id] = scores.get(article_id, 0.0) + rarity * weight
        least = _LEAST * max(scores.values(), default=0.0)
        ranked = sorted(scores, key=lambda article_id: (-scores[article_id], article_id))
        found = (self.articles[article_id] for article_id in ranked if scores[article_id] >= least)
        return [article for article in found if among(article)][:limit]

    def _asked(self, text: str) -> list[tuple[str, float]]:
        split = runs(normalise(text))
        meant = terms(reread(split, self._spelling.mend(split))).meant
        subject = [(term, kind) for term, kind in meant.items() if not is_function(term)]
        return (subject or list(meant.items()))[:_QUERY_TERMS]


def _words(articles: Iterable[Article]) -> Iterator[str]:
    return (
        run
        for article in articles
        for text in (article.title, *article.phrasings, article.answer)
        for run in runs(normalise(text))
    )


def _weights(article: Article) -> dict[str, float]:
    """Term -> the weight of the best place that it stands in."""
    variants = article.variants
    places = (
        (_ANSWER, (article.answer, *(one.answer for one in variants), *article.tags, article.folder)),
        (_PHRASING, article.phrasings),
        (_TITLE, (article.title, *(one.title for one in variants))),
    )
    return {
        term: weight
        for weight, texts in places
        for text in texts
        for term in terms(runs(normalise(text))).meant
    }
