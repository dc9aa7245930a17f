"""Typing slips made on purpose, to measure what they cost: in letters, and in Han typed by sound."""

from collections.abc import Sequence
from functools import cache
from typing import Final, Protocol, TypeVar

from knowledgebase.pinyin import syllable

T = TypeVar("T")
_LETTERS: Final = "abcdefghijklmnopqrstuvwxyz"
_LETTERS_A_SLIP: Final = 12
_HAN_A_SLIP: Final = 8


class Chance(Protocol):
    """Where draws come from: a `random.Random`, passed in so that they can be repeated."""

    def randrange(self, stop: int, /) -> int:
        """A whole number from 0 to below `stop`."""

    def choice(self, some: Sequence[T], /) -> T:
        """One of them."""

    def sample(self, some: Sequence[T], many: int, /) -> list[T]:
        """So many of them, in random order."""


def slipped(text: str, chance: Chance) -> str:
    """A slip for every 12 letters, or every 8 Han characters, at least one; a text of two letters has none.

    Neighbours swapped, a letter missing, doubled or wrong; of Han characters half the slips are homophones.
    """
    han = any("\u4e00" <= letter <= "\u9fff" for letter in text)
    letters = list(text)
    for _ in range(max(1, round(len(text) / (_HAN_A_SLIP if han else _LETTERS_A_SLIP)))):
        if len(letters) < 3:
            break
        _slip(letters, chance.randrange(len(letters) - 1), chance, han)
    return "".join(letters)


def _slip(letters: list[str], at: int, chance: Chance, han: bool) -> None:
    kind = chance.randrange(4)
    if kind == 0:
        letters[at], letters[at + 1] = letters[at + 1], letters[at]
    elif kind == 1:
        del letters[at]
    elif han:
        letters[at] = chance.choice(_homophones().get(syllable(letters[at]), (letters[at],)))
    elif kind == 2:
        letters.insert(at, letters[at])
    else:
        letters[at] = chance.choice(_LETTERS)


@cache
def _homophones() -> dict[str, Sequence[str]]:
    """Syllable -> the characters of GB 2312's first level, 3,755 common ones, that sound so."""
    rows = (bytes((high, low)) for high in range(0xB0, 0xD8) for low in range(0xA1, 0xFF))
    found: dict[str, Sequence[str]] = {}
    for character in "".join(row.decode("gb2312", "ignore") for row in rows):
        found[syllable(character)] = (*found.get(syllable(character), ()), character)
    return found
