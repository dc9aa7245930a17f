"""How texts compare in rules: one spelling, whole words where a script has them, all phrases in one pass."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from router.rules.text import LONGEST, PhraseIndex, folded, occurs, widened

OCCURRENCES = [
    ("a word", "refund", "I want a refund now", True),
    ("part of a word", "art", "let us start", False),
    ("the beginning of a word", "star", "let us start", False),
    ("case", "REFUND", "my Refund", True),
    ("full width", "refund", "my ｒｅｆｕｎｄ!", True),
    ("a phrase over a line break", "where is", "Where\n   is it", True),
    ("a phrase broken by a comma", "where is", "where, is", False),
    ("punctuation beside", "refund", "(refund)", True),
    ("a number in a number", "5", "15", False),
    ("a number before Han", "5", "买了5个", True),
    ("Chinese inside a sentence", "退款", "我要退款了", True),
    ("Chinese broken", "退款", "退 款", False),
    ("Japanese inside a sentence", "返金", "商品の返金をお願いします", True),
    ("Korean with a particle", "환불", "환불을 원해요", True),
    ("Thai inside a sentence", "คืนเงิน", "ฉันต้องการคืนเงินค่ะ", True),
    ("Latin beside Han", "iphone", "我的iPhone坏了", True),
    ("Latin and Han together", "iphone退货", "我要iPhone退货", True),
    ("accents are letters", "caf", "café", False),
    ("Hindi vowel signs are part of a word", "कर", "करे", False),
    ("a sign at the end", "c++", "I write C++ daily", True),
    ("a sign alone", ":)", "thanks :)", True),
    ("a typographic apostrophe", "can't", "I can’t log in", True),
    ("an emoji", "👍", "ok 👍🏽", True),
    ("a later occurrence is whole", "art", "start art", True),
    ("an underscore is a letter", "order", "order_id", False),
    ("nothing", "refund", "", False),
]


@pytest.mark.parametrize(("label", "phrase", "text", "expected"), OCCURRENCES)
def test_a_phrase_occurs_as_whole_words_or_as_unspaced_characters(
    label: str, phrase: str, text: str, expected: bool
) -> None:
    """A phrase is found wherever a reader would find it, and the index finds the same."""
    assert occurs(folded(phrase), folded(text)) is expected, label
    assert PhraseIndex([folded(phrase)]).find(folded(text)) == ({folded(phrase)} if expected else set())


ALPHABET = st.text(alphabet="ab c退款'+5é\u0301é한글", max_size=12)


@given(st.lists(ALPHABET.map(folded).filter(bool), max_size=8), ALPHABET.map(folded))
def test_the_index_finds_exactly_what_occurs(phrases: list[str], text: str) -> None:
    """One pass for all phrases gives what looking for each would."""
    assert PhraseIndex(phrases).find(text) == {phrase for phrase in phrases if occurs(phrase, text)}


@given(st.text())
def test_folding_twice_changes_nothing_a_comparison_sees(text: str) -> None:
    """A phrase that is the whole text occurs in it."""
    assert not folded(text) or occurs(folded(text), folded(text))


@pytest.mark.parametrize(
    "text", ["a" * 1_000_000, "\u0301\u0316" * 500_000, "\ufdfa" * 100_000, "👍🏽" * 100_000], ids=repr
)
def test_a_text_is_cut_before_it_is_compared(text: str) -> None:
    """No more than 20,000 characters are compared, however they expand."""
    assert len(folded(text)) <= LONGEST


def test_marks_heaped_on_a_letter_are_thinned_out() -> None:
    """Normalising many marks on one letter is quadratic, so only ten of a heap are kept."""
    assert len(widened("a" + "\u0316\u0301" * 5_000)) <= 11


def test_a_lone_surrogate_is_no_character() -> None:
    """Half a character, which no encoding can carry, is replaced."""
    assert folded("a\ud800b") == "a?b"
