"""What a text is compared by: terms, how much a kind of term counts, and how typing slips are mended.

A word gives its stem and, with the word before it, a pair; an unspaced run (Han, kana, Hangul, Thai) gives
characters and bigrams.
"""

import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from typing import Final

from rapidfuzz import process
from rapidfuzz.distance import OSA

from knowledgebase.function_words import CHINESE, ENGLISH
from knowledgebase.text import is_unspaced, ngrams, stem

WORD: Final = 1.0
PAIR: Final = 0.35
CHARACTER: Final = 0.6
BIGRAM: Final = 0.4

_FUNCTION_STEMS: Final = frozenset(map(stem, ENGLISH))
_MENDED: Final = {1: 0.8, 2: 0.65}
"""What is left of a word's weight after so many slips were mended."""
_MENDED_WORDS: Final = 16
"""Unknown words of one question that are looked up; beyond that it is not a question with slips."""


def terms(runs: Sequence[str], mended: Mapping[str, tuple[str, float]] | None = None) -> dict[str, float]:
    """Term -> its kind's weight, for the runs of one text; `mended` says what an unknown word stands for."""
    found: dict[str, float] = {}
    before = ""
    for run in runs:
        if is_unspaced(run):
            before = ""
            for gram in ngrams(run):
                found[gram] = CHARACTER if len(gram) == 1 else BIGRAM
            continue
        word, trust = mended.get(run, (run, 1.0)) if mended else (run, 1.0)
        word = stem(word)
        found[word] = max(trust * WORD, found.get(word, 0.0))
        if before:
            found[f"{before} {word}"] = trust * PAIR
        before = word
    return found


@lru_cache(1 << 16)
def is_function(term: str) -> bool:
    """Whether a term carries grammar rather than subject; a pair does where both its words do."""
    return all(part in _FUNCTION_STEMS or all(letter in CHINESE for letter in part) for part in term.split())


def idf(articles: int, holding: int, *, function: bool) -> float:
    """A term's weight where `holding` of `articles` articles have it, in nats, always above 0.

    Fifty imagined articles stand beside the real ones, and a fifth of them hold any function word: so "would"
    weighs little and "refund" much even where there are three articles to count in.
    """
    imagined = 50
    return math.log((articles + imagined + 1) / (holding + 0.5 + (imagined / 5 if function else 0)))


class Spelling:
    """The words that the phrasings use, to read an unknown word as the nearest of them."""

    def __init__(self, words: Iterable[str]) -> None:
        counts = Counter(words)
        self._stems = frozenset(map(stem, counts))
        self._by_length: dict[int, list[str]] = {}
        for word, _ in counts.most_common():
            if len(word) >= 4 and word.isalpha():
                self._by_length.setdefault(len(word), []).append(word)

    def mend(self, runs: Sequence[str]) -> dict[str, tuple[str, float]]:
        """Unknown word -> the likeliest known one and how far to trust it, for the runs that have one.

        One slip (letter changed, missing, added, or two swapped) from four letters, two from eight.
        """
        unknown = dict.fromkeys(
            run for run in runs if len(run) >= 4 and run.isalpha() and not self._knows(run)
        )
        mended = {}
        for run in list(unknown)[:_MENDED_WORDS]:
            slips = 2 if len(run) >= 8 else 1
            near = [
                word
                for length in range(len(run) - slips, len(run) + slips + 1)
                for word in self._by_length.get(length, ())
            ]
            best = process.extractOne(run, near, scorer=OSA.distance, score_cutoff=slips)
            if best:
                mended[run] = (best[0], _MENDED[int(best[1])])
        return mended

    def _knows(self, run: str) -> bool:
        if is_unspaced(run):
            return True
        root = stem(run)
        return root in self._stems or root in _FUNCTION_STEMS
