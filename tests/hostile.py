"""Texts that make programs slow or break them: what anybody may send."""

from typing import Final

HOSTILE: Final = {
    "1 MB": "a" * 1_000_000,
    "1 MB of words": "我要退款 a refund 👍🏽 " * 60_000,
    "(a+)+$": "a" * 50_000 + "!",
    "emoji": "👍🏽" * 200_000,
    "marks": "\u0301\u0316" * 300_000,
    "ligatures": "\ufdfa" * 30_000,
    "words": "ab cd " * 100_000,
    "surrogates": "\ud800\udfff" * 10,
    "NUL": "\x00",
    "right to left": "\u202eמה שלומך" * 1_000,
    "Chinese": "我要退款" * 100_000,
}
