"""The index: every phrasing's terms, their weights, and how near a question is to each of them.

Terms are weighted by IDF over articles and found through postings, the rarest first. The arrays are never
written to after building, so an index may be read from any thread.
"""

from collections.abc import Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from knowledgebase.question import Question, View
from knowledgebase.sketch import FROM, Sketch
from knowledgebase.spelling import Spelling
from knowledgebase.text import is_unspaced
from knowledgebase.vocabulary import Phrasing, Vocabulary

Floats = NDArray[np.float64]
Vectors = NDArray[np.float32]
Ints = NDArray[np.int64]

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
        known = before._known if before else {}
        flat = [text for phrasings in articles for text in phrasings]
        self._known: dict[str, Phrasing] = {
            text: known.get(text) or self._vocabulary.phrasing(text) for text in dict.fromkeys(flat)
        }
        self.phrasings = [self._known[text] for text in flat]
        self.count = np.array([len(phrasings) for phrasings in articles], dtype=np.int64)
        self.starts = np.cumsum(self.count) - self.count
        self.owner = np.repeat(np.arange(len(articles)), self.count)
        words = (run for one in self._known.values() for run in one.spoken.split(" "))
        self.spelling = Spelling(run for run in dict.fromkeys(words) if run and not is_unspaced(run))
        self.vectors = vectors
        self._sketch = Sketch(vectors) if vectors is not None and len(vectors) > FROM else None
        self._weigh()

    def _weigh(self) -> None:
        lengths = np.array([len(one.numbers) for one in self.phrasings])
        self._numbers = np.concatenate([one.numbers for one in self.phrasings])
        self._offsets = np.concatenate([[0], np.cumsum(lengths)])
        row = np.repeat(np.arange(len(lengths), dtype=np.int32), lengths)
        size = len(self._vocabulary)
        self._means = self._vocabulary.means()
        # Within an article each term counts once, for its IDF and in its sum.
        pairs, place = np.unique(self.owner[row] * size + self._numbers, return_inverse=True)
        pair_term, pair_article = pairs % size, pairs // size
        holding = np.bincount(pair_term, minlength=size)
        prior = np.where(self._vocabulary.functions(), _IMAGINED / 5, 0.0)
        kinds = self._vocabulary.kinds()
        self._weight = np.log((len(self.count) + _IMAGINED + 1) / (holding + 0.5 + prior)) * kinds
        self._norms, self._whole_norms = [], []
        for view in (self._means, ~self._means):
            each = np.where(view[self._numbers], self._weight[self._numbers], 0.0)
            norm = _length(row, each, len(lengths))
            total = np.bincount(place, each / norm[row], len(pairs)).astype(np.float64, copy=False)
            self._norms.append(norm)
            self._whole_norms.append(_length(pair_article, total, len(self.count)))
        if self.vectors is not None:
            sums = np.add.reduceat(self.vectors, self.starts, axis=0)
            self._whole_norms.append(np.linalg.norm(sums, axis=1).astype(np.float64))
        self._rows = row[np.argsort(self._numbers, kind="stable")]
        self._spans = np.concatenate([[0], np.cumsum(np.bincount(self._numbers, minlength=size))])

    def meant(self, term: str) -> int | None:
        """The number of a meant term that some article holds."""
        return self._held(self._vocabulary.meant.get(term))

    def spelt(self, term: str) -> int | None:
        """The number of a spelt term that some article holds."""
        return self._held(self._vocabulary.spelt.get(term))

    def weight(self, number: int) -> float:
        """What the term of this number weighs, its kind included."""
        return float(self._weight[number])

    def unknown_weight(self, *, function: bool) -> float:
        """What a term that no article holds weighs, in nats."""
        prior = _IMAGINED / 5 if function else 0.0
        return float(np.log((len(self.count) + _IMAGINED + 1) / (0.5 + prior)))

    def _held(self, number: int | None) -> int | None:
        # The vocabulary may have grown since, and may know terms of articles that are no more.
        if number is None or number >= len(self._weight) or self._spans[number] == self._spans[number + 1]:
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
        return near

    def whole(self, near: Floats) -> Floats:
        """Views × articles: the cosine of the question and all of an article's phrasings taken together."""
        return np.add.reduceat(near, self.starts, axis=1) / np.array(self._whole_norms[: len(near)])

    def postings(self, number: int) -> NDArray[np.int32]:
        """The phrasings that hold a term."""
        return self._rows[self._spans[number] : self._spans[number + 1]]

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
        held = sorted(
            (int(self._spans[number + 1] - self._spans[number]), number, weight) for number, weight in known
        )
        budget = _POSTINGS
        kept: list[tuple[int, float]] = []
        for many, number, weight in held[:_QUERY_TERMS]:
            budget -= many
            if budget < 0 and kept:
                break
            kept.append((number, weight))
        return kept


def _length(row: Ints | NDArray[np.int32], values: Floats, rows: int) -> Floats:
    """Euclidean length of each row; 1 for a row without terms."""
    square = np.bincount(row, values * values, rows)
    return np.sqrt(np.where(square > 0, square, 1.0))
