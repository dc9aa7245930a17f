"""The index: every phrasing's terms, their weights, and how near a question is to each of them.

Terms are weighted by IDF over articles and found through postings, the rarest first. What an index has given
out is never written to, so it may be read from any thread.
"""

from collections.abc import Iterable, Iterator, Sequence
from copy import copy
from typing import Final

import numpy as np
from numpy.typing import NDArray

from knowledgebase.block import Block, Floats, Ints, blocks, joined, rows_of
from knowledgebase.growing import Growing, Vectors
from knowledgebase.postings import Postings
from knowledgebase.question import Question, View
from knowledgebase.sketch import FROM, Sketch
from knowledgebase.spelling import Spelling
from knowledgebase.vocabulary import Phrasing, Vocabulary

VIEWS: Final = ("meant", "spelt", "sense")
"""What a phrasing is compared by: its words, its letters or sounds, and what an encoder makes of it."""
_QUERY_TERMS: Final = 256
"""Terms of a question that are looked up in a view, the rarest first."""
_POSTINGS: Final = 60_000
"""Postings read for one question in a view: the commonest terms are left unread beyond that."""
_IMAGINED: Final = 50
"""Articles that are imagined beside the real ones; a fifth of them hold any function word.

So "would" weighs little and "refund" much even where there are three articles to count in.
"""

_EXTENDED_FROM: Final = 2_000
"""Phrasings from which an index is extended rather than made anew,"""
_LATE_SHARE: Final = 20
"""until a twentieth of them was added or taken away."""


class Index:
    """Built from the phrasings of each article (at least one each); positions are those of the argument.

    `vectors`: one unit vector for each phrasing, in order, where there is an encoder. `before`: an index
    whose work is used again for the phrasings that are in both.
    """

    def __init__(
        self,
        articles: Sequence[Sequence[str]],
        vectors: Vectors | None = None,
        before: "Index | None" = None,
    ) -> None:
        self._vocabulary: Vocabulary = before._vocabulary if before else Vocabulary()
        known = dict(zip(before.texts, before.phrasings, strict=True)) if before else {}
        self.texts: list[str] = [text for phrasings in articles for text in phrasings]
        self.phrasings: list[Phrasing] = [
            known.get(text) or self._vocabulary.phrasing(text) for text in self.texts
        ]
        self._place([len(phrasings) for phrasings in articles])
        self.spelling = Spelling(_words(self.phrasings))
        self._late, self._gone = 0, np.empty(0, dtype=np.int64)
        found = blocks(self.phrasings, self.starts, len(self._vocabulary))
        self._imagined = len(articles) + _IMAGINED + 1
        self._means = self._vocabulary.means()
        holding = np.zeros(len(self._vocabulary), dtype=np.int64)
        for one in found:
            np.add.at(holding, one.pair_term, 1)
        self._weight = self._idf(holding)
        self._numbers = joined([one.numbers for one in found])
        self._offsets = np.concatenate([[0], np.cumsum([len(one.numbers) for one in self.phrasings])])
        self._norms, self._whole_norms = self._lengths(found, vectors)
        self._postings = Postings(self._numbers, rows_of(found), len(self._vocabulary))
        self._growing = Growing(vectors) if vectors is not None else None
        self.vectors = self._growing.rows() if self._growing else None
        self._sketch = Sketch(vectors) if vectors is not None and len(vectors) > FROM else None

    def _place(self, counts: Sequence[int]) -> None:
        self.count = np.array(counts, dtype=np.int64)
        self.starts = np.cumsum(self.count) - self.count
        self.owner = np.repeat(np.arange(len(self.count)), self.count)

    def _idf(self, holding: Ints, since: int = 0) -> Floats:
        """What the terms from the number `since` on weigh, by how many articles hold each."""
        prior = np.where(self._vocabulary.functions(since), _IMAGINED / 5, 0.0)
        return np.log(self._imagined / (holding + 0.5 + prior)) * self._vocabulary.kinds(since)

    def _lengths(self, found: Sequence[Block], vectors: Vectors | None) -> tuple[list[Floats], list[Floats]]:
        """Of the last phrasings, by view: of phrasings in terms, of whole articles."""
        norms, wholes = [], []
        for view in (self._means, ~self._means):
            pairs = [one.lengths(view, self._weight) for one in found]
            norms.append(joined([norm for norm, _ in pairs]))
            wholes.append(joined([whole for _, whole in pairs]))
        if vectors is not None:
            starts = self.starts[-len(wholes[0]) :]
            sums = np.add.reduceat(vectors, starts - starts[0], axis=0)
            wholes.append(np.linalg.norm(sums, axis=1).astype(np.float64))
        return norms, wholes

    def rows_of(self, texts: Iterable[str]) -> dict[str, int]:
        """Text -> a row that holds it, for those that are held."""
        wanted = set(texts)
        return {text: row for row, text in enumerate(self.texts) if text in wanted}

    def takes(self, changed: int) -> bool:
        """Whether so many phrasings may be added or taken away by `extended`.

        A small index is made anew within milliseconds, and exactly. In a large one terms keep the weights
        that they had, until a twentieth of it has changed.
        """
        most = len(self.phrasings) // _LATE_SHARE
        return len(self.phrasings) >= _EXTENDED_FROM and self._late + changed <= most

    def extended(
        self, articles: Sequence[Sequence[str]], vectors: Vectors | None, gone: Sequence[int]
    ) -> "Index":
        """This one with more articles behind the others and without those at the positions `gone`."""
        more = copy(self)
        spans = [np.arange(self.starts[one], self.starts[one] + self.count[one]) for one in gone]
        more._gone = np.concatenate([self._gone, *spans])
        more._late += sum(map(len, spans))
        if articles:
            more._append(articles, vectors)
        return more

    def _append(self, articles: Sequence[Sequence[str]], vectors: Vectors | None) -> None:
        texts = [text for phrasings in articles for text in phrasings]
        added = [self._vocabulary.phrasing(text) for text in texts]
        rows, since = len(self.phrasings), len(self._weight)
        self._late += len(texts)
        self.texts, self.phrasings = self.texts + texts, self.phrasings + added
        self._place([*self.count.tolist(), *map(len, articles)])
        self.spelling = self.spelling.extended(_words(added))
        self._means = np.concatenate([self._means, self._vocabulary.means(since)])
        new = self._idf(np.ones(len(self._means) - since, dtype=np.int64), since)
        self._weight = np.concatenate([self._weight, new])
        found = blocks(added, self.starts[-len(articles) :] - rows, len(self._means))
        numbers = joined([one.numbers for one in found])
        self._numbers = np.concatenate([self._numbers, numbers])
        ends = self._offsets[-1] + np.cumsum([len(one.numbers) for one in added])
        self._offsets = np.concatenate([self._offsets, ends])
        lengths = zip((self._norms, self._whole_norms), self._lengths(found, vectors), strict=True)
        self._norms, self._whole_norms = (
            [np.concatenate(pair) for pair in zip(before, more, strict=True)] for before, more in lengths
        )
        self._postings = self._postings.extended(numbers, rows_of(found) + np.int32(rows), len(self._means))
        if self._growing and vectors is not None:
            self._growing = self._growing.extended(rows, vectors)
            self.vectors = self._growing.rows()
            self._sketch = self._sketch.extended(self.vectors) if self._sketch else None

    def meant(self, term: str) -> int | None:
        """The number of a meant term that some article holds."""
        return self._held(self._vocabulary.meant(term))

    def spelt(self, term: str) -> int | None:
        """The number of a spelt term that some article holds."""
        return self._held(self._vocabulary.spelt(term))

    def weight(self, number: int) -> float:
        """What the term of this number weighs, its kind included."""
        return float(self._weight[number])

    def unknown_weight(self, *, function: bool) -> float:
        """What a term that no article holds weighs, in nats."""
        prior = _IMAGINED / 5 if function else 0.0
        return float(np.log(self._imagined / (0.5 + prior)))

    def _held(self, number: int | None) -> int | None:
        # The vocabulary may have grown since, and may know terms of articles that are no more.
        if number is None or number >= len(self._weight) or not self._postings.many(number):
            return None
        return number

    def near(self, question: Question, vector: Vectors | None) -> Floats:
        """Views × phrasings: the cosine of the question and each phrasing."""
        near = np.zeros((2 if vector is None or self.vectors is None else 3, len(self.phrasings)))
        for position, view in enumerate((question.meant, question.spelt)):
            if view.known:
                near[position] = self._dot(view) / (view.norm * self._norms[position])
        if vector is not None and self.vectors is not None:
            near[2] = self._sketch.near(vector) if self._sketch else self.vectors @ vector
        near[:, self._gone] = -1.0
        return near

    def whole(self, near: Floats) -> Floats:
        """Views × articles: the cosine of the question and all of an article's phrasings taken together."""
        return np.add.reduceat(near, self.starts, axis=1) / np.array(self._whole_norms[: len(near)])

    def postings(self, number: int) -> NDArray[np.int32]:
        """The phrasings that hold a term."""
        return self._postings.of(number)

    def numbers(self, rows: Ints) -> tuple[NDArray[np.int32], Ints]:
        """The meant terms of some phrasings, and for each term the position of its phrasing in `rows`."""
        spans = [self._numbers[self._offsets[row] : self._offsets[row + 1]] for row in rows.tolist()]
        spans = [span[self._means[span]] for span in spans]
        return np.concatenate(spans), np.repeat(np.arange(len(rows)), [len(span) for span in spans])

    def weights(self, numbers: NDArray[np.int32]) -> Floats:
        """What each of these terms weighs."""
        return np.asarray(self._weight[numbers])

    def kernel(self, rows: Ints) -> Floats:
        """Cosines of some phrasings' meant terms with each other."""
        numbers, position = self.numbers(rows)
        unique, column = np.unique(numbers, return_inverse=True)
        dense = np.zeros((len(rows), len(unique)))
        dense[position, column] = self._weight[numbers] / self._norms[0][rows][position]
        return np.asarray(dense @ dense.T)

    def _dot(self, view: View) -> Floats:
        known = self.affordable(view.known)
        found = [self.postings(number) for number, _ in known]
        weights = np.array([weight * self._weight[number] for number, weight in known])
        summed = np.bincount(
            np.concatenate(found), np.repeat(weights, [len(rows) for rows in found]), len(self.phrasings)
        )
        return summed.astype(np.float64, copy=False)

    def affordable(self, known: list[tuple[int, float]]) -> list[tuple[int, float]]:
        """The rarest terms, as many as may be read for one question."""
        held = sorted((self._postings.many(number), number, weight) for number, weight in known)
        budget = _POSTINGS
        kept: list[tuple[int, float]] = []
        for many, number, weight in held[:_QUERY_TERMS]:
            budget -= many
            if budget < 0 and kept:
                break
            kept.append((number, weight))
        return kept


def _words(phrasings: Sequence[Phrasing]) -> Iterator[str]:
    return (run for one in phrasings for run in one.spoken.split(" "))
