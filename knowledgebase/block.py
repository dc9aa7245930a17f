"""A block of phrasings as arrays: which terms each holds, and how long each is as a vector."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from knowledgebase.vocabulary import Phrasing

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]
Ints = NDArray[np.int64]
Numbers = NDArray[np.int32]


class Block(NamedTuple):
    """The terms of some articles' phrasings; rows and articles count from 0 within the block.

    Within an article each term counts once, for its IDF and in the article's sum: `pair_term` and
    `pair_article` are those, `place` says which of them an entry of `numbers` belongs to.
    """

    numbers: Numbers
    row: Numbers
    offsets: Ints
    """Where each phrasing's terms begin in `numbers`; one more says where they end."""
    pair_term: Ints
    pair_article: Ints
    place: Ints
    articles: int

    def lengths(self, view: Flags, weight: Floats) -> tuple[Floats, Floats]:
        """Euclidean lengths of the phrasings, and of the articles' sums of their unit vectors."""
        each = np.where(view[self.numbers], weight[self.numbers], 0.0)
        norm = _length(self.row, each, len(self.offsets) - 1)
        total = np.bincount(self.place, each / norm[self.row], len(self.pair_term))
        return norm, _length(self.pair_article, total.astype(np.float64, copy=False), self.articles)


def block(phrasings: Sequence[Phrasing], owner: Ints, terms: int) -> Block:
    """The phrasings, of which `owner` says the article; `terms` is above every term's number."""
    lengths = np.array([len(one.numbers) for one in phrasings])
    numbers = np.concatenate([one.numbers for one in phrasings])
    row = np.repeat(np.arange(len(lengths), dtype=np.int32), lengths)
    pairs, place = np.unique(owner[row] * terms + numbers, return_inverse=True)
    offsets = np.concatenate([[0], np.cumsum(lengths)])
    articles = int(owner[-1]) + 1
    return Block(numbers, row, offsets, pairs % terms, pairs // terms, place, articles)


def _length(row: Ints | Numbers, values: Floats, rows: int) -> Floats:
    """Euclidean length of each row; 1 for a row without terms."""
    square = np.bincount(row, values * values, rows)
    return np.sqrt(np.where(square > 0, square, 1.0))
