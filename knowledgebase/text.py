"""How a text becomes comparable: one spelling, its language, the words and n-grams it is made of.

Letters are folded (NFKC, case, accents, Arabic and Hebrew vowel points) and Traditional characters become
Simplified. Scripts that put spaces between words give words, English ones stemmed; scripts that do not (Han,
kana, Thai, Lao, Burmese, Khmer) and Hangul, whose particles cling to words, give unbroken runs.
"""

import re
import unicodedata
from collections.abc import Mapping
from functools import cache, lru_cache
from typing import Final

import opencc

from knowledgebase.function_words import ENGLISH_EVIDENCE

MAX_CHARACTERS: Final = 2_000
"""What lies beyond is never looked at."""

_HAN = "\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff々〇"
_UNSPACED = _HAN + "\u3040-\u30ff\u31f0-\u31ff\uac00-\ud7af\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff"
# Vowel signs of the Indic scripts are marks, which \w leaves out.
_RUN: Final = re.compile(rf"[{_UNSPACED}]+|(?:[^\W_{_UNSPACED}]|[\u0900-\u0dff])+")
_ASCII_RUN: Final = re.compile(r"[a-zA-Z0-9]+")
_UNSPACED_RUN: Final = re.compile(rf"[{_UNSPACED}]")
_DROPPED: Final = re.compile(
    r"[\u0300-\u036f\u0591-\u05c7\u0610-\u061a\u0640\u064b-\u065f\u0670\u200b-\u200f\ufeff]"
)
# Each alternative either begins with a fixed text or is bounded, so that none is worse than linear.
_NOT_WORDS: Final = re.compile(
    r"<[a-zA-Z/!][^<>]*>|https?://[!-~]+|[\w.+-]{1,64}@[a-zA-Z0-9.-]{1,64}|\x1b\[[0-9;]{0,16}[a-zA-Z]"
)


def normalise(text: str) -> str:
    """The first 2,000 characters in one spelling: no markup, links, addresses or escapes; folded."""
    return folded(_NOT_WORDS.sub(" ", text[:MAX_CHARACTERS]))[:MAX_CHARACTERS]


def folded(text: str) -> str:
    """The text with its letters in one spelling: case, width, accents, Traditional characters."""
    if text.isascii():
        return text.lower()
    bare = _DROPPED.sub("", unicodedata.normalize("NFKD", text.casefold()))
    return unicodedata.normalize("NFC", bare).casefold().translate(_simplified())


def runs(normalised: str) -> list[str]:
    """The words of spaced scripts and the unbroken stretches of the others, in order."""
    # Four times as fast where it can be.
    return (_ASCII_RUN if normalised.isascii() else _RUN).findall(normalised)


def is_unspaced(run: str) -> bool:
    """Whether a run is in a script that gives n-grams instead of words."""
    return _UNSPACED_RUN.match(run) is not None


@lru_cache(1 << 16)
def stem(word: str) -> str:
    """An English word without its plural, -ed or -ing; other words hardly change.

    Both sides of a comparison are stemmed alike, so a stem need not be a word: "charge", "charged" and
    "charging" all become "charg".
    """
    if len(word) < 4 or not word.isascii() or not word.isalpha():
        return word
    if word.endswith("ies"):
        word = word[:-3] + "y"
    elif word.endswith("s") and not word.endswith(("ss", "us", "is")):
        word = word[:-1]
    for ending in ("ing", "ed"):
        rest = word.removesuffix(ending)
        if rest != word and len(rest) >= 3 and any(vowel in rest for vowel in "aeiouy"):
            word = rest
            break
    if len(word) > 4 and word.endswith("e"):
        word = word[:-1]
    if len(word) > 3 and word[-1] == word[-2]:
        word = word[:-1]
    return word[:-1] + "i" if word.endswith("y") else word


_SCRIPTS: Final = (
    ("zh", re.compile(rf"[{_HAN}]"), 6),
    ("ja", re.compile(r"[\u3040-\u30ff\u31f0-\u31ff]"), 6),
    ("ko", re.compile(r"[\uac00-\ud7af\u1100-\u11ff\u3130-\u318f]"), 6),
    ("ru", re.compile(r"[\u0400-\u052f]"), 1),
    ("ar", re.compile(r"[\u0600-\u06ff\u0750-\u077f]"), 1),
    ("he", re.compile(r"[\u0590-\u05ff]"), 1),
    ("el", re.compile(r"[\u0370-\u03ff]"), 1),
    ("hi", re.compile(r"[\u0900-\u097f]"), 1),
    ("th", re.compile(r"[\u0e00-\u0e7f]"), 1),
    ("latin", re.compile(r"[a-zA-Z\u00c0-\u024f]"), 1),
)
"""Script, and how many letters of an alphabet one of its characters is worth."""
_HAN_OR_LATIN: Final = (_SCRIPTS[0], _SCRIPTS[-1])
_CHINESE: Final = re.compile(rf"[{_HAN}\x00-\x7f\u2010-\u2027\u3000-\u303f\uff00-\uff65]*")
_LETTERS: Final = re.compile(r"[^\W\d_]+")
_LOWER_LETTERS: Final = bytes(
    ord(chr(code).lower()) if chr(code).isalpha() else 32 for code in range(128)
) + bytes(128)


def language(text: str) -> str:
    """The primary language subtag that the script of `text` points to, "" where it points to none.

    The script with most letters decides (a Han character counts as six: names in Latin letters are common
    in Chinese, the reverse is not); any kana beside Han means Japanese. A script shared by languages
    gives its most written one ("ru" for Cyrillic, "ar" for Arabic). Latin letters give "en" where at
    least one word in six is a common English one, else "": "wifi" alone is no evidence.
    """
    text = text[:MAX_CHARACTERS]
    if text.isascii():
        return _latin_language(text) if any(map(str.isalpha, text)) else ""
    # Nearly all that is left is Chinese with nothing but Latin beside it: 2 µs instead of 6.
    scripts = _HAN_OR_LATIN if _CHINESE.fullmatch(text) else _SCRIPTS
    counts = {tag: worth * len(script.findall(text)) for tag, script, worth in scripts}
    if counts.get("ja"):
        counts["ja"] += counts["zh"]
    tag = max(counts, key=counts.__getitem__)
    if not counts[tag]:
        return ""
    return tag if tag != "latin" else _latin_language(text)


def _latin_language(text: str) -> str:
    if text.isascii():
        words = text.encode().translate(_LOWER_LETTERS).decode().split()
    else:
        words = _LETTERS.findall(text.casefold())
    common = sum(map(ENGLISH_EVIDENCE.__contains__, words))
    return "en" if common * 6 >= len(words) else ""


@cache
def _simplified() -> Mapping[int, str]:
    """Traditional character -> Simplified, one for one, from OpenCC's t2s (3,700 of them)."""
    characters = [chr(code) for code in (*range(0x3400, 0x4DC0), *range(0x4E00, 0xA000))]
    converted = opencc.OpenCC("t2s").convert("\n".join(characters)).split("\n")
    return {
        ord(old): new for old, new in zip(characters, converted, strict=True) if old != new and len(new) == 1
    }
