"""Typing slips: an unknown word is read as the likeliest known one within a slip or two.

One slip (letter changed, missing, added, or two neighbours swapped: optimal string alignment) from four
letters, two from eight.
"""

from collections.abc import Iterable, Sequence
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
    """The words that the phrasings use, commonest first."""

    def __init__(self, words: Iterable[str]) -> None:
        by_length: dict[int, list[str]] = {}
        stems = set()
        for word in words:
            stems.add(stem(word))
            if len(word) >= _SHORTEST and word.isalpha():
                by_length.setdefault(len(word), []).append(word)
        self._stems, self._by_length = frozenset(stems), by_length

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
