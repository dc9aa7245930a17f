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
from typing import Final

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
_ASCII_WORDS: Final = {
    code: " " for code in range(128) if not re.match(r"\w", chr(code)) and not chr(code).isspace()
}
# NFKC sorts the marks of one character by insertion: 20,000 of them on one letter took 0.6 s, 500 0.4 ms.
_HARMLESS: Final = 500
_MARK_FLOOD: Final = re2.compile(r"(\pM{10})\pM+")


def widened(text: str) -> str:
    """The first 20,000 characters, full-width forms and ligatures replaced (NFKC); case and lines kept."""
    text = text[:LONGEST]
    if text.isascii():
        return text
    try:
        thinned = _MARK_FLOOD.sub(r"\1", text) if len(text) > _HARMLESS else text.encode().decode()
    except UnicodeEncodeError:  # a lone surrogate is no character
        thinned = text.encode("utf-8", "replace").decode()
    return unicodedata.normalize("NFKC", thinned)[:LONGEST].replace("’", "'")


def folded(text: str) -> str:
    """`widened`, with case and the kind and amount of white space taken out."""
    return " ".join(widened(text).casefold().split())


def words(text: str) -> set[str]:
    """The words of a folded text that are in spaced scripts."""
    if text.isascii():
        return set(text.translate(_ASCII_WORDS).split())
    return set(_WORD.findall(text))


def occurs(phrase: str, text: str) -> bool:
    """Whether a folded phrase occurs in a folded text, by the rule above."""
    at = text.find(phrase)
    if at < 0:
        return False
    bound_left = _WORD_CHARACTER.match(phrase) is not None
    bound_right = _WORD_CHARACTER.match(phrase, len(phrase) - 1) is not None
    while at >= 0:
        end = at + len(phrase)
        runs_on = (bound_left and at > 0 and _WORD_CHARACTER.match(text, at - 1)) or (
            bound_right and _WORD_CHARACTER.match(text, end)
        )
        if not runs_on:
            return True
        at = text.find(phrase, at + 1)
    return False


class PhraseIndex:
    """Which of many phrases occur in a text, in one pass: the cost hardly grows with the phrases.

    A phrase is looked for only where its longest word, or without a word of a spaced script its rarest
    character, is in the text.
    """

    def __init__(self, phrases: Iterable[str]) -> None:
        """`phrases` are folded and not empty."""
        ordered = sorted(set(phrases))
        counts = Counter(character for phrase in ordered for character in set(phrase))
        self._by_word: dict[str, list[tuple[str, bool]]] = {}
        self._by_character: dict[str, list[str]] = {}
        for phrase in ordered:
            if parts := words(phrase):
                word = max(sorted(parts), key=len)
                self._by_word.setdefault(word, []).append((phrase, phrase == word))
            else:
                character = min(phrase.replace(" ", ""), key=lambda each: (counts[each], each))
                self._by_character.setdefault(character, []).append(phrase)
        self._all_foreign = not any(character.isascii() for character in self._by_character)

    def find(self, text: str) -> set[str]:
        """The phrases that occur in a folded text."""
        found: set[str] = set()
        if self._by_word:
            for word in self._by_word.keys() & words(text):
                found.update(p for p, is_word in self._by_word[word] if is_word or occurs(p, text))
        if self._by_character and not (self._all_foreign and text.isascii()):
            for character in self._by_character.keys() & set(text):
                found.update(p for p in self._by_character[character] if occurs(p, text))
        return found
