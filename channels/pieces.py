"""Long texts in pieces that a platform takes, and what a platform can't show said in words."""

import unicodedata
from collections.abc import Callable, Iterator, Sequence
from typing import Final

from bus.envelope import Option, Outbound

Measure = Callable[[str], int]
"""How long a platform says that a text is; at least 1 for each character."""

_JOINER: Final = "\u200d"
_SKIN_TONES: Final = range(0x1F3FB, 0x1F400)
_REGIONAL: Final = range(0x1F1E6, 0x1F200)
_TAGS: Final = range(0xE0020, 0xE0080)
# A piece that would end sooner than this share of its room is cut elsewhere instead.
_FULL_ENOUGH: Final = 2
_ENDS: Final = ("\n\n", "\n", "。", "！", "？", ". ", "! ", "? ", " ")


def split(text: str, longest: int | None, measure: Measure = len) -> list[str]:
    """The text as pieces of at most `longest`, in order: together they are the text, whole.

    Pieces end where a paragraph, a line, a sentence or a word does, if one does in their second half. What is
    seen as one character (an emoji of several, a letter with its accents) is never cut; one that is longer
    than a piece alone is.
    """
    pieces: list[str] = []
    while longest is not None and measure(text) > longest:
        at = _cut(text, _room(text, longest, measure))
        pieces.append(text[:at])
        text = text[at:]
    return [*pieces, text]


def utf16(text: str) -> int:
    """The length in UTF-16 code units."""
    return len(text) + sum(char > "\uffff" for char in text)


def worded(outbound: Outbound) -> str:
    """The text, with the question and its options as numbered lines: for who has no buttons to show."""
    if not outbound.options:
        return outbound.text
    question = f"{outbound.text}\n\n{outbound.asks}" if outbound.asks else outbound.text
    return "\n".join((question, *_numbered(outbound.options)))


def _room(text: str, longest: int, measure: Measure) -> int:
    """How many characters fit: the most whose measure is not over `longest`, one at least."""
    low, high = 1, min(len(text), longest)
    while low < high:
        middle = (low + high + 1) // 2
        low, high = (middle, high) if measure(text[:middle]) <= longest else (low, middle - 1)
    return low


def _cut(text: str, room: int) -> int:
    for end in _ENDS:
        at = text.rfind(end, room // _FULL_ENOUGH, room)
        if at >= 0 and _may_cut(text, at + len(end)):
            return at + len(end)
    return next((at for at in range(room, 0, -1) if _may_cut(text, at)), room)


def _may_cut(text: str, at: int) -> bool:
    """Whether no character as people see them lies across this place; by the core rules of UAX #29."""
    if at >= len(text):
        return True
    before, after = text[at - 1], text[at]
    if _JOINER in (before, after) or ord(after) in _SKIN_TONES or ord(after) in _TAGS:
        return False
    if unicodedata.category(after) in ("Mn", "Me", "Mc"):
        return False
    if ord(before) in _REGIONAL and ord(after) in _REGIONAL:
        # Flags are pairs: the place lies within one when an odd number of letters stands before it.
        return _run(text, at) % 2 == 0
    return not (before == "\r" and after == "\n")


def _run(text: str, at: int) -> int:
    """How many regional letters stand right before a place."""
    begin = at
    while begin > 0 and ord(text[begin - 1]) in _REGIONAL:
        begin -= 1
    return at - begin


def _numbered(options: Sequence[Option]) -> Iterator[str]:
    return (f"{number}. {option.label}" for number, option in enumerate(options, 1))
