"""What a text is compared by: the terms it means and the terms it is spelt by, each with a weight.

A word means its stem and, with the word before it, a pair; an unspaced run (Han, kana, Hangul, Thai) means
its n-grams of one to three characters. A word is spelt by its n-grams of two to five letters, ends marked; an
unspaced run by how it sounds: n-grams of toneless syllables where it is Han, of characters elsewhere. So a
slip of the finger, or a character that sounds alike, leaves most of what a text is spelt by.
"""

from collections.abc import Sequence
from functools import lru_cache
from typing import Final, NamedTuple

from knowledgebase.function_words import CHINESE, ENGLISH
from knowledgebase.pinyin import syllable
from knowledgebase.text import is_unspaced, stem

_PAIR: Final = 0.6
_FUNCTION_SPELLING: Final = 0.4
"""What the letters of a function word weigh: " the " says less than " refund "."""
_SPELT_CHARACTERS: Final = 400
"""Of a longer text only so many letters are spelt: what comes later is no question with a slip in it."""
_UNSPACED_CHARACTERS: Final = 800
"""Of a script without spaces so many characters mean something: as much as 2,000 letters."""

_FUNCTION_STEMS: Final = frozenset(map(stem, ENGLISH))


class Terms(NamedTuple):
    """Term -> weight of its kind (0 to 1), for one text."""

    meant: dict[str, float]
    spelt: dict[str, float]


def terms(runs: Sequence[str]) -> Terms:
    """The terms of the runs of one text."""
    meant: dict[str, float] = {}
    spelt: dict[str, float] = {}
    before, left, dense = "", _SPELT_CHARACTERS, _UNSPACED_CHARACTERS
    for run in runs:
        heard, left = run[:left], max(0, left - len(run))
        if is_unspaced(run):
            before = ""
            held, dense = run[:dense], max(0, dense - len(run))
            meant.update(dict.fromkeys(_ngrams(held, 1, 3), 1.0))
            spelt.update(dict.fromkeys(_sounds(heard), 1.0))
            continue
        root = stem(run)
        meant[root] = 1.0
        if before:
            meant[f"{before} {root}"] = _PAIR
        before = root
        weight = _FUNCTION_SPELLING if root in _FUNCTION_STEMS else 1.0
        for gram in _ngrams(f"_{run}_", 2, 5) if heard == run else ():
            spelt[gram] = max(weight, spelt.get(gram, 0.0))
    return Terms(meant, spelt)


@lru_cache(1 << 16)
def is_function(term: str) -> bool:
    """Whether a term carries grammar rather than subject; a pair does where both its words do."""
    return all(is_function_word(part) for part in term.split())


def is_function_word(root: str) -> bool:
    """Whether a stem or an n-gram of Han characters carries grammar rather than subject."""
    return root in _FUNCTION_STEMS or all(letter in CHINESE for letter in root)


def _ngrams(text: Sequence[str], shortest: int, longest: int) -> list[str]:
    return [
        "".join(text[at : at + size])
        for size in range(shortest, longest + 1)
        for at in range(len(text) - size + 1)
    ]


def _sounds(run: str) -> list[str]:
    """N-grams of one to three syllables, marked so that they are no words."""
    heard = [f"~{syllable(character)}" for character in run]
    return _ngrams(heard, 1, 3)
