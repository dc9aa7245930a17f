"""Postings: which phrasings hold a term.

What is added later stands beside what was sorted at first, so that one more phrasing costs next to nothing.
"""

from copy import copy

import numpy as np
from numpy.typing import NDArray

Numbers = NDArray[np.int32]


class Postings:
    """Built from term numbers and, for each, the row of the phrasing that holds it; rows rise."""

    def __init__(self, numbers: Numbers, rows: Numbers, terms: int) -> None:
        self._rows = rows[np.argsort(numbers, kind="stable")]
        self._many = np.bincount(numbers, minlength=terms)
        self._spans = np.concatenate([[0], np.cumsum(self._many)])
        self._late_numbers = self._late_rows = np.empty(0, dtype=np.int32)

    def extended(self, numbers: Numbers, rows: Numbers, terms: int) -> "Postings":
        """These and more; its rows come after, and there may be new terms."""
        more = copy(self)
        more._many = np.bincount(numbers, minlength=terms)
        more._many[: len(self._many)] += self._many
        numbers = np.concatenate([self._late_numbers, numbers])
        rows = np.concatenate([self._late_rows, rows])
        order = np.argsort(numbers, kind="stable")
        more._late_numbers, more._late_rows = numbers[order], rows[order]
        return more

    def many(self, number: int) -> int:
        """How many rows hold a term."""
        return int(self._many[number])

    def of(self, number: int) -> Numbers:
        """The rows that hold a term, in order."""
        # A term that came later has no place among the spans.
        span = self._spans[number : number + 2]
        first = self._rows[span[0] : span[1]] if len(span) == 2 else self._rows[:0]
        if not len(self._late_rows):
            return first
        start, stop = np.searchsorted(self._late_numbers, (number, number + 1))
        return np.concatenate([first, self._late_rows[start:stop]]) if stop > start else first
