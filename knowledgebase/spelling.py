"""Typing slips: an unknown word is read as the likeliest known one within a slip or two.

One slip (letter changed, missing, added, or two neighbours swapped: optimal string alignment) from four
letters, two from eight.
"""

from collections.abc import Iterable, Sequence
from copy import copy
from typing import Final

from rapidfuzz import process
from rapidfuzz.distance import OSA

from knowledgebase.terms import is_function_word
from knowledgebase.text import is_unspaced, stem

_SHORTEST: Final = 4
_TWO_SLIPS_FROM: Final = 8
_MENDED_WORDS: Final = 16
"""Unknown words of one question that are looked up; beyond that it is not a question with slips."""


class Spelling:
    """The words that the phrasings use, the first used first."""

    def __init__(self, words: Iterable[str]) -> None:
        self._stems: frozenset[str] = frozenset()
        self._by_length: dict[int, list[str]] = {}
        self._add(words)

    def extended(self, words: Iterable[str]) -> "Spelling":
        """These and more."""
        more = copy(self)
        more._add(words)
        return more

    def _add(self, words: Iterable[str]) -> None:
        new = [word for word in dict.fromkeys(words) if word and not is_unspaced(word)]
        self._stems = self._stems.union(map(stem, new))
        self._by_length = self._by_length.copy()
        known: dict[int, list[str]] = {}
        for word in new:
            if len(word) >= _SHORTEST and word.isalpha():
                known.setdefault(len(word), []).append(word)
        for length, found in known.items():
            before = self._by_length.get(length, [])
            self._by_length[length] = list(dict.fromkeys((*before, *found)))

    def mend(self, runs: Sequence[str]) -> dict[str, str]:
        """Unknown word -> the nearest known one, for the words that have one near enough."""
        unknown = dict.fromkeys(
            run
            for run in runs
            if len(run) >= _SHORTEST and run.isalpha() and not is_unspaced(run) and not self._knows(run)
        )
        mended = {}
        for run in list(unknown)[:_MENDED_WORDS]:
            slips = 2 if len(run) >= _TWO_SLIPS_FROM else 1
            near = [
                word
                for length in range(len(run) - slips, len(run) + slips + 1)
                for word in self._by_length.get(length, ())
            ]
            best = process.extractOne(run, near, scorer=OSA.distance, score_cutoff=slips)
            if best:
                mended[run] = best[0]
        return mended

    def _knows(self, run: str) -> bool:
        root = stem(run)
        return root in self._stems or is_function_word(root)
