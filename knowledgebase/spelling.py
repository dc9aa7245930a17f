"""Typing slips: an unknown word is read as the likeliest known one within a slip or two.

One slip (a letter changed, missing, added, two neighbours swapped: optimal string alignment) from four
letters, two from eight; of three letters two may be swapped. A blank may be missing, be a letter, or stand
one letter too early or too late.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from copy import copy
from typing import Final

from rapidfuzz import process
from rapidfuzz.distance import OSA

from knowledgebase.terms import is_function_word
from knowledgebase.text import is_unspaced, stem

_WORD: Final = re.compile(r"\w+")
_SHORTEST: Final = 3
_SLIP_FROM: Final = 4
_TWO_SLIPS_FROM: Final = 8
_MENDED_WORDS: Final = 16
"""Unknown words of one question that are looked up; beyond that it is not a question with slips."""
_LONGEST: Final = 40
_LETTER_WORDS: Final = frozenset("ai")
"""Words of one letter that a blank may stand beside; "m" and "s" are what is left of "I'm" and "it's"."""


class Spelling:
    """The words that the phrasings use, the first used first."""

    def __init__(self, words: Iterable[str]) -> None:
        self._stems: frozenset[str] = frozenset()
        self._words: frozenset[str] = frozenset()
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
        self._words = self._words.union(new)
        self._by_length = self._by_length.copy()
        known: dict[int, list[str]] = {}
        for word in new:
            if len(word) >= _SHORTEST and word.isalpha():
                known.setdefault(len(word), []).append(word)
        for length, found in known.items():
            before = self._by_length.get(length, [])
            self._by_length[length] = list(dict.fromkeys((*before, *found)))

    def mend(self, runs: Sequence[str]) -> dict[str, str]:
        """Unknown word, or two words with a blank between -> what is likely meant, where something is."""
        mended: dict[str, str] = {}
        unknown = [place for place, run in enumerate(runs) if self._unknown(run)]
        for place in unknown[:_MENDED_WORDS]:
            run = runs[place]
            for one, other in _pairs(runs, place):
                if found := self._blank_moved(one, other):
                    mended[f"{one} {other}"] = found
                    break
            else:
                if found := self._parted(run) or self._nearest(run):
                    mended[run] = found
        return mended

    def _unknown(self, run: str) -> bool:
        if not _SHORTEST <= len(run) <= _LONGEST or not run.isalpha() or is_unspaced(run):
            return False
        root = stem(run)
        return root not in self._stems and not is_function_word(root)

    def _nearest(self, run: str) -> str | None:
        if len(run) < _SLIP_FROM:
            swapped = (run[1] + run[0] + run[2], run[0] + run[2] + run[1])
            return next((word for word in swapped if word in self._words), None)
        slips = 2 if len(run) >= _TWO_SLIPS_FROM else 1
        near = [
            word
            for length in range(max(_SLIP_FROM, len(run) - slips), len(run) + slips + 1)
            for word in self._by_length.get(length, ())
        ]
        found = process.extract(run, near, scorer=OSA.distance, score_cutoff=slips, limit=8)
        # The first letter is the surest.
        return min(found, key=lambda one: (one[1], one[0][0] != run[0]), default=(None,))[0]

    def _parted(self, run: str) -> str | None:
        """Two known words in one, with nothing or one wrong letter where the blank should be."""
        for gap in (0, 1):
            for at in range(1, len(run) - gap):
                if self._are_words(one := run[:at], other := run[at + gap :]):
                    return f"{one} {other}"
        return None

    def _blank_moved(self, one: str, other: str) -> str | None:
        for first, second in ((one + other[0], other[1:]), (one[:-1], one[-1] + other)):
            if self._are_words(first, second):
                return f"{first} {second}"
        return None

    def _are_words(self, one: str, other: str) -> bool:
        short = min(one, other, key=len)
        if len(short) < 2 and short not in _LETTER_WORDS:
            return False
        return len(one) + len(other) >= _SLIP_FROM and one in self._words and other in self._words


def reread(runs: Sequence[str], mended: Mapping[str, str]) -> list[str]:
    """The runs as they are likely meant."""
    read: list[str] = []
    place = 0
    while place < len(runs):
        pair = " ".join(runs[place : place + 2])
        written = pair if pair in mended else runs[place]
        read += mended.get(written, written).split()
        place += 2 if pair in mended and " " in pair else 1
    return read


def reworded(text: str, mended: Mapping[str, str]) -> str:
    """The text with what is mended in its place."""
    longest = sorted(mended, key=len, reverse=True)
    written = "|".join(r"\W{1,3}".join(map(re.escape, one.split())) for one in longest)
    slip = re.compile(rf"\b(?:{written})\b", re.IGNORECASE)
    return slip.sub(lambda found: mended.get(" ".join(_WORD.findall(found[0].casefold())), found[0]), text)


def _pairs(runs: Sequence[str], place: int) -> Iterator[tuple[str, str]]:
    """The word with its neighbours, where those are words as well."""
    for at in (place - 1, place):
        if 0 <= at < len(runs) - 1 and runs[at].isalpha() and runs[at + 1].isalpha():
            yield runs[at], runs[at + 1]
