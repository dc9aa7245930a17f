"""How a mail that can't be read begins: characters that can do nothing but be looked at. Pure, bounded."""

import unicodedata
from typing import Final

LONGEST: Final = 20_000
"""Bytes that are shown."""
# Neither what steers a terminal, nor what turns the text around or hides in it.
_UNSEEN: Final = frozenset({"Cc", "Cf", "Cs", "Co", "Cn"})


def beginning(raw: bytes) -> str:
    """The first bytes as text, with U+FFFD for what is no character that can be seen."""
    text = raw[:LONGEST].replace(b"\r\n", b"\n").decode("utf-8", "replace")
    return "".join(
        char if char in "\n\t" or unicodedata.category(char) not in _UNSEEN else "\ufffd" for char in text
    )
