"""Terms by number: each text becomes an array of term numbers, made once and kept from index to index."""

from typing import Final

import msgspec
import numpy as np
from numpy.typing import NDArray

from knowledgebase.terms import is_function, terms
from knowledgebase.text import normalise, runs

Numbers = NDArray[np.int32]
Floats = NDArray[np.float64]
_Table = tuple[dict[str, int], ...]

_PARTS: Final = 16
"""Dictionaries a table is in: one of a million terms holds up all threads for 50 ms when it has to grow."""


class Phrasing(msgspec.Struct, frozen=True, gc=False):
    """A text as the index holds it; the collector need not look through a hundred thousand of them."""

    spoken: str
    """Its runs in order, one space between them."""
    numbers: Numbers
    """Its terms, each once."""


class Vocabulary:
    """Grows only, so that indexes built one after the other share it and any thread may read it."""

    def __init__(self) -> None:
        self._meant: _Table = tuple({} for _ in range(_PARTS))
        self._spelt: _Table = tuple({} for _ in range(_PARTS))
        self._kind: list[float] = []
        self._function: list[bool] = []
        self._means: list[bool] = []

    def __len__(self) -> int:
        return len(self._kind)

    def meant(self, term: str) -> int | None:
        """The number of a meant term."""
        return self._meant[hash(term) % _PARTS].get(term)

    def spelt(self, term: str) -> int | None:
        """The number of a spelt term."""
        return self._spelt[hash(term) % _PARTS].get(term)

    def phrasing(self, text: str) -> Phrasing:
        """A text with its terms numbered; new terms get new numbers."""
        split = runs(normalise(text))
        found = terms(split)
        numbers = [self._number(self._meant, term, kind, True) for term, kind in found.meant.items()]
        numbers += [self._number(self._spelt, term, kind, False) for term, kind in found.spelt.items()]
        return Phrasing(" ".join(split), np.array(numbers, dtype=np.int32))

    def kinds(self, since: int = 0) -> Floats:
        """The weight of its kind of each term from the number `since` on."""
        return np.array(self._kind[since:])

    def functions(self, since: int = 0) -> NDArray[np.bool_]:
        """Which of them carry grammar rather than subject."""
        return np.array(self._function[since:], dtype=np.bool_)

    def means(self, since: int = 0) -> NDArray[np.bool_]:
        """Which of them are meant; the others are spelt."""
        return np.array(self._means[since:], dtype=np.bool_)

    def _number(self, table: _Table, term: str, kind: float, means: bool) -> int:
        numbers = table[hash(term) % _PARTS]
        known = numbers.get(term)
        if known is None:
            known = len(self._kind)
            self._function.append(means and is_function(term))
            self._means.append(means)
            self._kind.append(kind)
            numbers[term] = known
        return known
