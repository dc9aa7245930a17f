"""Long texts in pieces: whole, in order, never through a character as people see it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from channels.pieces import split, utf16

FAMILY = "👨\u200d👩\u200d👧"
FLAG = "🇨🇳"
THUMB = "👍🏽"


@pytest.mark.parametrize(
    ("text", "longest", "expected"),
    [
        ("short", 10, ["short"]),
        ("any length", None, ["any length"]),
        ("one two three", 9, ["one two ", "three"]),
        ("First. Second one.", 12, ["First. ", "Second one."]),
        ("a\n\nbcd efg hij", 10, ["a\n\nbcd ", "efg hij"]),
        ("第一句。第二句很长。", 6, ["第一句。", "第二句很长。"]),
        ("abcdefghij", 4, ["abcd", "efgh", "ij"]),
        (FAMILY * 3, 6, [FAMILY, FAMILY, FAMILY]),
        (FLAG * 3, 5, [FLAG * 2, FLAG]),
        (THUMB * 2, 3, [THUMB, THUMB]),
        ("e\u0301" * 3, 3, ["e\u0301", "e\u0301", "e\u0301"]),
    ],
)
def test_a_text_is_cut_where_it_may_be(text: str, longest: int | None, expected: list[str]) -> None:
    """At the end of a paragraph, a line, a sentence, a word; else between characters, never within one."""
    assert split(text, longest) == expected


@given(st.text(max_size=200), st.integers(2, 30))
def test_the_pieces_are_the_text(text: str, longest: int) -> None:
    """None is longer than it may be in UTF-16, none is empty, and together they are the text."""
    pieces = split(text, longest, utf16)
    assert "".join(pieces) == text
    assert all(0 < utf16(piece) <= longest for piece in pieces) or text == ""


def test_a_long_text_takes_no_long_time() -> None:
    """One character that goes on for ever is cut all the same."""
    assert len(split("e" + "\u0301" * 20_000, 4096)) == 5
