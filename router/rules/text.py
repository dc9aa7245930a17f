"""Texts as rules compare them: one spelling for all, and the phrases that occur in a text, found in one pass.

A phrase occurs where its characters stand in the text, with no letter or digit of a spaced script running on
at either end: "art" is not in "start", "5" is not in "15", but it is in "5号". Scripts that put no spaces
between words (Han, kana, Thai, Lao, Tibetan, Burmese, Khmer) and Hangul, whose particles cling to words,
have no such ends: "退款" occurs in "我要退款了".
"""

import re
import unicodedata
from collections import Counter
from collections.abc import Iterable
from typing import Any, Final

import re2

LONGEST: Final = 20_000
"""Characters of a text that rules look at; what lies beyond is not compared."""

_UNSPACED: Final = (
    "\u0e00-\u109f\u1100-\u11ff\u1780-\u17ff\u2e80-\ua4cf\uac00-\ud7ff\uf900-\ufaff\U00020000-\U0003ffff"
)
# Vowel signs and accents that stay single characters after NFKC are marks, which \w leaves out.
_MARKS: Final = "\u0300-\u036f\u0591-\u05c7\u0610-\u065f\u06d6-\u06ed\u0900-\u0963\u0966-\u0dff"
_WORD: Final = re.compile(rf"[^\W{_UNSPACED}]+(?:[{_MARKS}]+[^\W{_UNSPACED}]*)*")
_WORD_CHARACTER: Final = re.compile(rf"[^\W{_UNSPACED}]|[{_MARKS}]")
# By way of bytes: `str.translate` takes four times as long.
_ASCII_WORDS: Final = bytes(code if re.match(r"\w", chr(code)) else 32 for code in range(128)) + bytes(128)
# NFKC sorts the marks of one character by insertion: 20,000 of them on one letter took 0.6 s, 500 0.4 ms.
_HARMLESS: Final = 500
_MARK_FLOOD: Final = re2.compile(r"(\pM{10})\pM+")


def widened(text: str) -> str:
    """The first 20,000 characters, full-width forms and ligatures replaced (NFKC); case and lines kept."""
    text = text[:LONGEST]
    if text.isascii():
        return text
    try:
        text.encode()
        thinned = _MARK_FLOOD.sub(r"\1", text) if len(text) > _HARMLESS else text
    except UnicodeEncodeError:  # a lone surrogate is no character
        thinned = text.encode("utf-8", "replace").decode()
    return unicodedata.normalize("NFKC", thinned)[:LONGEST].replace("’", "'")


def folded(text: str) -> str:
    """`widened`, with case and the kind and amount of white space taken out."""
    if text.isascii():
        return " ".join(text[:LONGEST].lower().split())
    return " ".join(widened(text).casefold().split())


def words(text: str) -> set[str]:
    """The words of a folded text that are in spaced scripts."""
    if text.isascii():
        return set(text.encode().translate(_ASCII_WORDS).decode().split())
    return set(_WORD.findall(text))


def occurs(phrase: str, text: str) -> bool:
    """Whether a folded phrase occurs in a folded text, by the rule above."""
    at = text.find(phrase)
    if at < 0:
        return False
    bound_left, bound_right = _bounds(phrase)
    while at >= 0:
        end = at + len(phrase)
        runs_on = (bound_left and at > 0 and _WORD_CHARACTER.match(text, at - 1)) or (
            bound_right and _WORD_CHARACTER.match(text, end)
        )
        if not runs_on:
            return True
        at = text.find(phrase, at + 1)
    return False


def _bounds(phrase: str) -> tuple[bool, bool]:
    """Whether a word must not run on before the phrase, and after it."""
    left, right = _WORD_CHARACTER.match(phrase), _WORD_CHARACTER.match(phrase, len(phrase) - 1)
    return left is not None, right is not None


class PhraseIndex:
    """Which of many phrases occur in a text, in one pass: the cost hardly grows with the phrases.

    A phrase is looked for only where its longest word, or without a word of a spaced script its rarest
    character, is in the text.
    """

    def __init__(self, phrases: Iterable[str]) -> None:
        """`phrases` are folded and not empty."""
        self._phrases = set(phrases)
        ordered = sorted(self._phrases)
        counts = Counter(character for phrase in ordered for character in set(phrase))
        self._by_word: dict[str, list[tuple[str, bool]]] = {}
        self._by_character: dict[str, list[tuple[str, bool]]] = {}
        for phrase in ordered:
            if parts := words(phrase):
                word = max(sorted(parts), key=len)
                self._by_word.setdefault(word, []).append((phrase, phrase == word))
            else:
                character = min(phrase.replace(" ", ""), key=lambda each: (counts[each], each))
                self._by_character.setdefault(character, []).append((phrase, not any(_bounds(phrase))))
        self._all_foreign = not any(character.isascii() for character in self._by_character)

    def among(self, value: Any) -> set[str]:
        """The phrases that are members of a tuple; of anything else, none."""
        return self._phrases.intersection(value) if isinstance(value, tuple) else set()

    def find(self, text: str) -> set[str]:
        """The phrases that occur in a folded text."""
        found: set[str] = set()
        if not text:
            return found
        if self._by_word:
            for word in self._by_word.keys() & words(text):
                for phrase, is_word in self._by_word[word]:
                    if is_word or (phrase in text and occurs(phrase, text)):
                        found.add(phrase)
        if self._by_character and not (self._all_foreign and text.isascii()):
            for character in self._by_character.keys() & set(text):
                for phrase, anywhere in self._by_character[character]:
                    if phrase in text and (anywhere or occurs(phrase, text)):
                        found.add(phrase)
        return found
