"""How texts are folded, told apart by language, and cut into what is compared."""

import pytest

from knowledgebase.index import Index
from knowledgebase.spelling import Spelling, reread, reworded
from knowledgebase.terms import is_function, terms
from knowledgebase.text import language, normalise, runs, stem


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Ｗｈｅｒｅ　IS my Order", "where is my order"),
        ("Envío, café, ŁÓDŹ", "envio, cafe, łodz"),
        ("訂單什麼時候發貨", "订单什么时候发货"),
        ("STRASSE Straße", "strasse strasse"),
        ("مُحَمَّد أين", "محمد اين"),
        ("ガギグ", "ガギグ"),
        ("ｶﾞ", "ガ"),
        ("한국어", "한국어"),
        ("<p>Hi</p>", " hi "),
        ("see https://example.com/a?b=c now", "see   now"),
        ("write to a.b@example.com please", "write to   please"),
        ("2 < 3 > 1", "2 < 3 > 1"),
    ],
)
def test_spellings_of_the_same_text_become_one(text: str, expected: str) -> None:
    """Width, case, accents, vowel points and Traditional forms are folded; markup, links, addresses go."""
    assert normalise(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Where is my order?", "en"),
        ("我的订单在哪里", "zh"),
        ("我的 iPhone 怎么退货", "zh"),
        ("Can I pay with 支付宝 here and what does it cost", "en"),
        ("注文をキャンセルしたい", "ja"),
        ("주문을 취소하고 싶어요", "ko"),
        ("Где мой заказ?", "ru"),
        ("أين طلبي", "ar"),
        ("איפה ההזמנה שלי", "he"),
        ("Πού είναι η παραγγελία μου", "el"),
        ("मेरा ऑर्डर कहाँ है", "hi"),
        ("สินค้าของฉันอยู่ที่ไหน", "th"),
        ("Wo bleibt meine Bestellung", ""),
        ("¿Dónde está mi pedido?", ""),
        ("wifi", ""),
        ("12345 !?", ""),
        ("", ""),
    ],
)
def test_the_language_is_read_off_the_script(text: str, expected: str) -> None:
    """Latin letters say English only beside common English words; nothing is claimed without evidence."""
    assert language(text) == expected


def test_runs_are_words_or_stretches_of_an_unspaced_script() -> None:
    """Indic vowel signs stay within their word."""
    assert runs("don't 我的iphone坏了 मेरा ऑर्डर a_b") == [
        "don",
        "t",
        "我的",
        "iphone",
        "坏了",
        "मेरा",
        "ऑर्डर",
        "a",
        "b",
    ]


def test_forms_of_a_word_share_a_stem() -> None:
    """Plural, -ed and -ing; words that only look inflected keep apart."""
    assert {stem(word) for word in ("charge", "charges", "charged", "charging")} == {"charg"}
    assert {stem(word) for word in ("cancel", "cancels", "cancelled", "canceling", "cancelling")} == {
        "cancel"
    }
    assert {stem(word) for word in ("delivery", "deliveries")} == {"deliveri"}
    assert [stem(word) for word in ("bus", "this", "red", "thing", "наши", "a1s5")] == [
        "bus",
        "this",
        "red",
        "thing",
        "наши",
        "a1s5",
    ]


def test_a_text_means_stems_and_pairs_or_ngrams_of_characters() -> None:
    """A pair says a little of the order; an unspaced run gives one to three characters at a time."""
    assert terms(["my", "orders"]).meant == {"my": 1.0, "order": 1.0, "my order": 0.6}
    assert list(terms(["退货吗"]).meant) == ["退", "货", "吗", "退货", "货吗", "退货吗"]


def test_a_text_is_spelt_by_letters_or_sounds() -> None:
    """Two to five letters, the word's ends marked; toneless syllables; function words' letters say less."""
    assert list(terms(["fee"]).spelt) == [
        "_f",
        "fe",
        "ee",
        "e_",
        "_fe",
        "fee",
        "ee_",
        "_fee",
        "fee_",
        "_fee_",
    ]
    assert set(terms(["the"]).spelt.values()) == {0.4}
    assert list(terms(["退货"]).spelt) == ["~tui", "~huo", "~tui~huo"]
    assert terms(["推货"]).spelt == terms(["退货"]).spelt


def test_function_words_are_told_from_subjects() -> None:
    """In English and Chinese, alone and in pairs."""
    assert [is_function(term) for term in ("would", "how do", "什么", "的")] == [True] * 4
    assert [is_function(term) for term in ("refund", "my refund", "订单", "的单")] == [False] * 4


def test_a_function_word_weighs_less_than_a_subject_however_few_the_articles() -> None:
    """Three articles are too few to count words in; the list of function words stands in."""
    index = Index([["would refund"], ["parcel"], ["tent"]])
    would, refund = (index.meant(word) for word in ("would", "refund"))
    assert would is not None
    assert refund is not None
    assert index.weight(would) < index.weight(refund) / 2
    assert index.unknown_weight(function=True) < index.unknown_weight(function=False) / 2


@pytest.mark.parametrize(
    ("word", "expected"),
    [
        ("refnud", {"refnud": "refund"}),
        ("pasword", {"pasword": "password"}),
        ("waranti", {}),
        ("delviery", {"delviery": "delivery"}),
        ("delviexy", {"delviexy": "delivery"}),
        ("refunds", {}),
        ("fee", {}),
        ("12x4", {}),
    ],
)
def test_a_slip_is_read_as_the_nearest_known_word(word: str, expected: dict[str, str]) -> None:
    """One slip from four letters, two from eight; known words, short ones and codes are left alone."""
    spelling = Spelling(["refund", "password", "delivery", "warranty", "free", "1234"])
    assert spelling.mend([word]) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("track myorder", "track my order"),
        ("track myxorder", "track my order"),
        ("track m yorder", "track my order"),
        ("track myo rder", "track my order"),
        ("trackm y order", "track my order"),
        ("trcak hte ordr", "track the order"),
        ("track s order", "track s order"),
        ("Trcak, MYORDER!", "track, my order!"),
    ],
)
def test_blanks_slip_too(text: str, expected: str) -> None:
    """Missing, a letter in their place, or a letter too early or too late; the rest of the text stays."""
    spelling = Spelling(["track", "my", "the", "order", "s"])
    mended = spelling.mend(runs(normalise(text)))
    assert reworded(text, mended) == expected
    assert reread(runs(normalise(text)), mended) == runs(expected)
