"""The inverted index: from a question to the few articles it may mean, with the evidence for each.

Terms are weighted by IDF over articles. Postings are kept twice, per phrasing and per article, in compressed
rows of numpy arrays that are never written to after building, so an index may be read from any thread.
"""

import math
from collections.abc import Sequence
from typing import Final, NamedTuple

import msgspec
import numpy as np
from numpy.typing import NDArray
from rapidfuzz import fuzz

from knowledgebase.terms import Spelling, idf, is_function, terms
from knowledgebase.text import is_unspaced, normalise, runs

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

_CONTENDERS: Final = 12
"""Articles that are looked at closely."""
_BEST_PHRASINGS: Final = 3
_QUERY_TERMS: Final = 128
"""Terms of a question that are looked up, the rarest first."""
_POSTINGS: Final = 200_000
"""Postings read for one question: the commonest terms are left unread beyond that."""
_COMPARED_CHARACTERS: Final = 300


class Evidence(msgspec.Struct, frozen=True, kw_only=True):
    """What speaks for each contending article (arrays of one length, 0 to 1), and of the question."""

    article: Ints
    """Position of the article in the index."""
    phrasing: Floats
    """Cosine of the question and the article's nearest phrasing."""
    phrasings: Floats
    """The same, mean of the nearest three."""
    whole: Floats
    """Cosine of the question and all the article's phrasings taken together."""
    coverage: Floats
    """Share of the question's weight whose terms occur anywhere in the article."""
    spelling: Floats
    """rapidfuzz token_sort_ratio with the nearest of those phrasings, by letters."""
    exact: Floats
    """1 where a phrasing reads like the question, word for word."""
    count: Floats
    """Phrasings the article has (1 and up)."""
    unspaced: bool
    """Whether the question is mostly in a script without spaces."""
    unknown: float
    """Share of the question's weight that no phrasing of any article holds."""
    content: float
    """Terms of the question, function words left out, each by its kind's weight."""
    unknown_content: float
    """The same, those that no phrasing holds."""


class _Postings:
    """term -> (row, weight)..., in compressed rows."""

    def __init__(self, term: Ints, row: Ints, weight: Floats, terms_count: int) -> None:
        order = np.argsort(term, kind="stable")
        self.rows = row[order]
        self.weights = weight[order]
        self.starts = np.searchsorted(term[order], np.arange(terms_count + 1))

    def dot(self, query: Sequence[tuple[int, float]], rows: int) -> tuple[Floats, Floats]:
        """For each row, the sum of query weight x posting weight, and the query weight that it holds."""
        spans = [slice(self.starts[term], self.starts[term + 1]) for term, _ in query]
        at = np.concatenate([self.rows[span] for span in spans])
        weight = np.concatenate([self.weights[span] for span in spans])
        asked = np.repeat(
            np.array([weight for _, weight in query]), [span.stop - span.start for span in spans]
        )
        total, covered = np.bincount(at, asked * weight, rows), np.bincount(at, asked, rows)
        return total.astype(np.float64), covered.astype(np.float64)


class _Question(NamedTuple):
    known: list[tuple[int, float]]
    mass: float
    norm: float
    unknown: float
    content: float
    unknown_content: float


class Index:
    """Built from the phrasings of each article (at least one each); positions are those of the argument."""

    def __init__(self, articles: Sequence[Sequence[str]]) -> None:
        split = [[runs(normalise(phrasing)) for phrasing in phrasings] for phrasings in articles]
        flat = [phrasing for phrasings in split for phrasing in phrasings]
        self._count = np.array([len(phrasings) for phrasings in split], dtype=np.int64)
        self._ends = np.cumsum(self._count)
        self._starts = self._ends - self._count
        self._text = [" ".join(phrasing) for phrasing in flat]
        self._spelling = Spelling(run for phrasing in flat for run in phrasing if not is_unspaced(run))
        self._articles = len(split)
        self._build(flat)

    def _build(self, flat: list[list[str]]) -> None:
        vocabulary: dict[str, int] = {}
        kinds: list[float] = []
        term_of: list[int] = []
        phrasing_of: list[int] = []
        for position, phrasing in enumerate(flat):
            for name, kind in terms(phrasing).items():
                known = vocabulary.setdefault(name, len(vocabulary))
                if known == len(kinds):
                    kinds.append(kind)
                term_of.append(known)
                phrasing_of.append(position)
        term, phrasing_at = np.array(term_of, dtype=np.int64), np.array(phrasing_of, dtype=np.int64)
        owner = np.repeat(np.arange(self._articles), self._count)
        pairs, times = np.unique(term * self._articles + owner[phrasing_at], return_counts=True)
        article_term, article_at = pairs // self._articles, pairs % self._articles
        holding = np.bincount(article_term, minlength=len(vocabulary))
        self._vocabulary = vocabulary
        self._idf = [
            idf(self._articles, int(count), function=is_function(name))
            for name, count in zip(vocabulary, holding, strict=True)
        ]
        weight = np.array(self._idf) * np.array(kinds)
        self._phrasing_norm = _norms(phrasing_at, weight[term], len(flat))
        self._phrasings = _Postings(term, phrasing_at, weight[term], len(vocabulary))
        shared = weight[article_term] * np.sqrt(times / self._count[article_at])
        self._article_norm = _norms(article_at, shared, self._articles)
        self._whole = _Postings(article_term, article_at, shared, len(vocabulary))

    def search(self, text: str) -> Evidence | None:
        """The evidence for at most twelve articles, unordered; None where no term of `text` is known."""
        asked = runs(normalise(text))
        question = self._question(asked)
        if not question.known:
            return None
        dot, _ = self._phrasings.dot(question.known, len(self._text))
        phrasing = dot / (question.norm * self._phrasing_norm)
        dot, covered = self._whole.dot(question.known, self._articles)
        whole = dot / (question.norm * self._article_norm)
        standing = np.maximum.reduceat(phrasing, self._starts) + 0.7 * whole
        many = min(_CONTENDERS, self._articles)
        contenders = np.argpartition(-standing, many - 1)[:many]
        contenders = contenders[standing[contenders] > 0]
        spoken = " ".join(asked)
        near = [self._nearest(spoken, phrasing, article) for article in contenders.tolist()]
        nearest, three, spelling, exact = np.array(near).T
        return Evidence(
            article=contenders,
            phrasing=nearest,
            phrasings=three,
            whole=whole[contenders],
            coverage=covered[contenders] / question.mass,
            spelling=spelling,
            exact=exact,
            count=self._count[contenders].astype(np.float64),
            unspaced=2 * sum(len(run) for run in asked if is_unspaced(run)) > sum(map(len, asked)),
            unknown=question.unknown / question.mass,
            content=question.content,
            unknown_content=question.unknown_content,
        )

    def _question(self, asked: list[str]) -> _Question:
        known: list[tuple[int, float]] = []
        mass = square = unknown = content = unknown_content = 0.0
        for term, kind in terms(asked, self._spelling.mend(asked)).items():
            position = self._vocabulary.get(term)
            function = is_function(term)
            if position is not None:
                weight = self._idf[position] * kind
                known.append((position, weight))
            elif term.isdecimal():  # an order number, a date: no article could hold it
                continue
            else:
                weight = idf(self._articles, 0, function=function) * kind
                unknown += weight
                unknown_content += 0.0 if function else kind
            mass += weight
            square += weight * weight
            content += 0.0 if function else kind
        return _Question(self._affordable(known), mass, math.sqrt(square), unknown, content, unknown_content)

    def _affordable(self, known: list[tuple[int, float]]) -> list[tuple[int, float]]:
        known.sort(key=lambda term: -self._idf[term[0]])
        starts, left, kept = self._phrasings.starts, _POSTINGS, 0
        for position, _ in known[:_QUERY_TERMS]:
            left -= int(starts[position + 1] - starts[position])
            if left < 0 and kept:
                break
            kept += 1
        return known[:kept]

    def _nearest(self, spoken: str, phrasing: Floats, article: int) -> tuple[float, float, float, float]:
        first, last = int(self._starts[article]), int(self._ends[article])
        order = first + np.argsort(-phrasing[first:last], kind="stable")[:_BEST_PHRASINGS]
        texts = [self._text[position] for position in order.tolist()]
        cut = spoken[:_COMPARED_CHARACTERS]
        spelling = max(fuzz.token_sort_ratio(cut, text[:_COMPARED_CHARACTERS]) for text in texts) / 100
        return (
            float(phrasing[order[0]]),
            float(phrasing[order].mean()),
            spelling,
            float(any(text == spoken for text in texts)),
        )


def _norms(row: Ints, weight: Floats, rows: int) -> Floats:
    """Euclidean length of each row; 1 for a row without terms."""
    square = np.bincount(row, weight * weight, rows)
    return np.sqrt(np.where(square > 0, square, 1.0))
