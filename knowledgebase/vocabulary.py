"""Terms by number: each text becomes an array of term numbers, made once and kept from index to index."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from knowledgebase.terms import is_function, terms
from knowledgebase.text import normalise, runs

Numbers = NDArray[np.int32]
Floats = NDArray[np.float64]


class Phrasing(NamedTuple):
    """A text as the index holds it."""

    spoken: str
    """Its runs in order, one space between them."""
    numbers: Numbers
    """Its terms, each once."""


class Vocabulary:
    """Grows only, so that indexes built one after the other share it and any thread may read it."""

    def __init__(self) -> None:
        self.meant: dict[str, int] = {}
        self.spelt: dict[str, int] = {}
        self._kind: list[float] = []
        self._function: list[bool] = []
        self._means: list[bool] = []

    def __len__(self) -> int:
        return len(self._kind)

    def phrasing(self, text: str) -> Phrasing:
        """A text with its terms numbered; new terms get new numbers."""
        split = runs(normalise(text))
        found = terms(split)
        numbers = [self._number(self.meant, term, kind, True) for term, kind in found.meant.items()]
        numbers += [self._number(self.spelt, term, kind, False) for term, kind in found.spelt.items()]
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

    def _number(self, numbers: dict[str, int], term: str, kind: float, means: bool) -> int:
        known = numbers.get(term)
        if known is None:
            known = len(self._kind)
            self._function.append(means and is_function(term))
            self._means.append(means)
            self._kind.append(kind)
            numbers[term] = known
        return known
