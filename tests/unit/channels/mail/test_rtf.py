"""Rich text is read as letters: in any script, without what is not shown, in bounded time."""

import struct
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from channels.mail.limits import LONGEST_RTF
from channels.mail.rtf import Found, text_of

REPEATED = bytes.fromhex("1a0000001c0000004c5a4675e2d44b51410004205758595a0d6e7d010eb0")


def test_what_repeats_itself_while_it_is_written_comes_out() -> None:
    """The example of MS-OXRTFCP, 4.1.2."""
    assert text_of(REPEATED) == Found("WXYZWXYZWXYZWXYZWXYZ", whole=True)


def test_what_is_not_compressed_is_taken_as_it_is() -> None:
    """With and without the header that says so."""
    plain = rb"{\rtf1 Hello}"
    assert text_of(plain) == Found("Hello", whole=True)
    assert text_of(struct.pack("<II4sI", len(plain) + 12, len(plain), b"MELA", 0) + plain) == text_of(plain)


@pytest.mark.parametrize(
    ("source", "text"),
    [
        (rb"{\rtf1 one\par two\line three\tab four}", "one\ntwo\nthree\tfour"),
        (rb"{\rtf1\ansi\ansicpg1252 M\'e4rz \endash  \ldblquote gut\rdblquote}", "März – “gut”"),
        (rb"{\rtf1{\fonttbl{\f0 Arial;}{\f1\fcharset134 SimSun;}}\f0 Hi \f1\'c4\'e3\'ba\'c3}", "Hi 你好"),
        (rb"{\rtf1{\fonttbl{\f2\fcharset204 Arial;}}\f2\'cf\'f0\'e8\'e2\'e5\'f2}", "Привет"),
        (rb"{\rtf1\uc1\u28783?\u-10179?\u-8692?!}", "灯\U0001f60c!"),
        (rb"{\rtf1\uc2 a\u8364\'3f\'3fb\u8364 ??c}", "a€b€c"),
        (rb"{\rtf1{\*\generator Word}{\info{\author Eve}}{\pict\pngblip 8950}shown}", "shown"),
        (rb"{\rtf1\fromhtml1{\*\htmltag84 <b>}bold{\*\htmltag92 </b>}\htmlrtf\par\htmlrtf0}", "bold\n"),
        (rb"{\rtf1 a\bin3 }}}b \{c\}\\}", r"ab {c}" + "\\"),
        (rb"{\rtf1 a}{\rtf1 after the end}", "a"),
        (rb"{\rtf1 \u-10178?x", "\ufffdx"),
        (rb"{\rtf1\ansicpg99999 \'e4}", "ä"),
    ],
)
def test_letters_come_out(source: bytes, text: str) -> None:
    """What is shown, and no more."""
    found = text_of(source)
    assert found is not None
    assert found.text == text


def test_what_is_too_long_is_told() -> None:
    """Its beginning is read, within a second."""
    began = time.thread_time()
    found = text_of(rb"{\rtf1 " + b"a\\par " * LONGEST_RTF + b"}")
    assert found is not None
    assert (found.whole, found.text[:4]) == (False, "a\na\n")
    assert time.thread_time() - began < 1.5


def test_groups_within_groups_end_somewhere() -> None:
    """What was read before is given."""
    assert text_of(rb"{\rtf1 before" + b"{" * 100_000 + b"after") == Found("before", whole=False)


@given(
    st.binary(max_size=400), st.sampled_from([b"", b"{\\rtf1", struct.pack("<II4sI", 9, 10**9, b"LZFu", 0)])
)
def test_arbitrary_bytes_do_no_harm(rest: bytes, head: bytes) -> None:
    """They are no rich text, or give some letters."""
    found = text_of(head + rest)
    assert found is None or isinstance(found.text, str)
