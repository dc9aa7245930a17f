"""A block of phrasings as arrays: which terms each holds, and how long each is as a vector."""

import itertools
from collections.abc import Sequence
from typing import Final, NamedTuple, TypeVar

import numpy as np
from numpy.typing import NDArray

from knowledgebase.vocabulary import Phrasing

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]
Ints = NDArray[np.int64]
Numbers = NDArray[np.int32]
Number = TypeVar("Number", bound=np.generic)

_AT_ONCE: Final = 1_000


class Block(NamedTuple):
    """The terms of some articles' phrasings; rows and articles count from 0 within the block.

    Within an article each term counts once, for its IDF and in the article's sum: `pair_term` and
    `pair_article` are those, `place` says which of them an entry of `numbers` belongs to.
    """

    numbers: Numbers
    row: Numbers
    pair_term: Ints
    pair_article: Ints
    place: Ints
    rows: int
    articles: int

    def lengths(self, view: Flags, weight: Floats) -> tuple[Floats, Floats]:
        """Euclidean lengths of the phrasings, and of the articles' sums of their unit vectors."""
        each = np.where(view[self.numbers], weight[self.numbers], 0.0)
        norm = _length(self.row, each, self.rows)
        total = np.bincount(self.place, each / norm[self.row], len(self.pair_term))
        return norm, _length(self.pair_article, total.astype(np.float64, copy=False), self.articles)


def blocks(phrasings: Sequence[Phrasing], starts: Ints, terms: int) -> list[Block]:
    """The phrasings in blocks of whole articles, about a thousand in each.

    `starts` says where each article begins; `terms` is above every term's number. Between two blocks other
    threads get their turn: on a hundred thousand at once numpy would hold them up for a third of a second.
    """
    owner = np.searchsorted(starts, np.arange(len(phrasings)), side="right") - 1
    edges = [0, *starts[1:][np.diff(starts[1:] // _AT_ONCE, prepend=0) > 0].tolist(), len(phrasings)]
    return [
        _block(phrasings[begin:end], owner[begin:end] - owner[begin], terms)
        for begin, end in itertools.pairwise(edges)
    ]


def rows_of(found: Sequence[Block]) -> Numbers:
    """For each term of the blocks, its phrasing's row among those of all of them."""
    ends = np.cumsum([one.rows for one in found]).tolist()
    return joined([one.row + np.int32(end - one.rows) for one, end in zip(found, ends, strict=True)])


def joined(parts: Sequence[NDArray[Number]]) -> NDArray[Number]:
    """The arrays one behind the other, copied one by one."""
    ends = np.cumsum([len(part) for part in parts])
    whole = np.empty(ends[-1], dtype=parts[0].dtype)
    for part, end in zip(parts, ends.tolist(), strict=True):
        whole[end - len(part) : end] = part
    return whole


def _block(phrasings: Sequence[Phrasing], owner: Ints, terms: int) -> Block:
    lengths = np.array([len(one.numbers) for one in phrasings])
    numbers = np.concatenate([one.numbers for one in phrasings])
    row = np.repeat(np.arange(len(lengths), dtype=np.int32), lengths)
    pairs, place = np.unique(owner[row] * terms + numbers, return_inverse=True)
    articles = int(owner[-1]) + 1
    return Block(numbers, row, pairs % terms, pairs // terms, place, len(lengths), articles)


def _length(row: Ints | Numbers, values: Floats, rows: int) -> Floats:
    """Euclidean length of each row; 1 for a row without terms."""
    square = np.bincount(row, values * values, rows)
    return np.sqrt(np.where(square > 0, square, 1.0))
