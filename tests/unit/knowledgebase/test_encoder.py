"""Matching with an encoder: what a text says, also across languages."""

from collections.abc import Sequence

import numpy as np
import pytest

from knowledgebase.article import Article
from knowledgebase.encoder import LEXICAL, MAX_CHARACTERS, Universal, Vectors, readable
from knowledgebase.index import Index
from knowledgebase.match import Snapshot
from knowledgebase.sketch import FROM, Sketch
from tests.unit.knowledgebase.shop import ARTICLES

UNIVERSAL = Universal()
SHOP = Snapshot.build(ARTICLES, UNIVERSAL)
ENGLISH = Snapshot.build([one for one in ARTICLES if one.language == "en"], UNIVERSAL)


class Counting:
    """An encoder of somebody's own, which remembers what it was asked."""

    name = "counting-1"

    def __init__(self) -> None:
        self.read: list[str] = []

    def encode(self, texts: Sequence[str]) -> Vectors:
        """The direction is the number of letters."""
        self.read += texts
        angle = np.array([len(text) / 50 for text in texts])
        return np.column_stack([np.cos(angle), np.sin(angle)]).astype(np.float32)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("我的包裹到哪了", "order-status"),
        ("我忘记了密码", "password"),
        ("你们几点开门", "hours"),
        ("¿Dónde está mi pedido?", "order-status"),
        ("كيف أعيد تعيين كلمة المرور", "password"),
    ],
)
def test_an_article_is_found_by_a_question_in_another_language(text: str, expected: str) -> None:
    """Where there is no article in the customer's own."""
    match = ENGLISH.match(text)
    assert match.outcome in {"answer", "suggest"}
    assert match.candidates[0].article_id == expected


def test_a_question_that_looks_alike_and_asks_something_else_is_told_apart() -> None:
    """Where each article has one phrasing, in Chinese: another part of the same watch."""
    texts = ("怎么给手表换电池", "会员卡丢了怎么补办", "礼品券过期了还能用吗")
    snapshot = Snapshot.build(
        [Article(id=text, title="", answer="", phrasings=(text,)) for text in texts], UNIVERSAL
    )
    same, other = (snapshot.match(text).candidates[0] for text in ("手表的电池怎么换", "怎么给手表换表带"))
    assert same.article_id == other.article_id == texts[0]
    assert same.confidence > other.confidence


def test_other_words_for_the_same_are_understood() -> None:
    """No word of the question stands in the article."""
    alone = Snapshot.build(ARTICLES)
    text = "money back please"
    assert SHOP.match(text).candidates[0].article_id == "returns"
    assert SHOP.match(text).candidates[0].confidence > alone.match(text).candidates[0].confidence


@pytest.mark.parametrize("text", ["", " \n\t", "!?…。！", "😀🎉👍🏽", "\x00\x01", "<br><img src=x>"])
def test_a_text_without_words_matches_nothing(text: str) -> None:
    """An encoder makes something of anything, so it is not asked."""
    assert (SHOP.match(text).outcome, SHOP.match(text).candidates) == ("none", ())


def test_a_match_names_the_encoder() -> None:
    """So that a stored confidence can be read in the light of how it came about."""
    named = [Snapshot.build(ARTICLES, each).match("refund").encoder for each in (None, UNIVERSAL, Counting())]
    assert named == [LEXICAL, "use-multilingual-3", "counting-1"]


def test_an_encoder_reads_a_text_once_however_often_the_articles_change() -> None:
    """A snapshot built after another takes what that knows, and only that."""
    encoder = Counting()
    before = Snapshot.build(ARTICLES, encoder)
    known = len(encoder.read)
    added = Article(id="new", title="", answer="", phrasings=("do you gift wrap", "where is my order?"))
    assert before.lacks([*ARTICLES, added]) == 2
    after = Snapshot.build([*ARTICLES, added], encoder, before)
    assert encoder.read[known:] == ["do you gift wrap", "where is my order?"]
    assert after.match("do you gift wrap") == Snapshot.build([*ARTICLES, added], Counting()).match(
        "do you gift wrap"
    )
    assert len(Snapshot.build(ARTICLES, encoder, after)) == len(ARTICLES)


def test_what_was_taken_away_is_known_no_more() -> None:
    """An index built after another answers as one built anew."""
    more = [*ARTICLES, Article(id="w", title="", answer="", phrasings=("unheardof wording",))]
    later = Snapshot.build(ARTICLES, None, Snapshot.build(more))
    for text in ("unheardof wording", "where is my order", "怎么退货"):
        assert later.match(text) == Snapshot.build(ARTICLES).match(text)


def test_an_encoder_reads_the_beginning_without_markup() -> None:
    """One width, one space, at most so many characters."""
    assert readable("<p>Ｈｅｌｌｏ\n\n  there</p>") == "Hello there"
    assert len(readable("word " * 100_000)) == MAX_CHARACTERS


def test_a_sketch_finds_the_nearest_vectors_and_their_true_cosines() -> None:
    """Among ten thousand, the first twenty are those that looking at each would give."""
    chance = np.random.default_rng(1)
    groups = chance.standard_normal((40, 64))
    vectors = groups[chance.integers(0, 40, FROM + 1)] + 0.3 * chance.standard_normal((FROM + 1, 64))
    vectors = (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32)
    asked = vectors[17]
    near, true = Sketch(vectors).near(asked), vectors @ asked
    first = np.argsort(-near)[:20]
    assert first.tolist() == np.argsort(-true)[:20].tolist()
    np.testing.assert_allclose(near[first], true[first], rtol=1e-5)


def test_an_index_of_many_phrasings_answers_as_a_small_one() -> None:
    """The same article first, whether its vectors are looked at whole or by sketch."""
    chance = np.random.default_rng(2)
    vectors = chance.standard_normal((FROM + 10, 32)).astype(np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    index = Index([[f"text number {number}"] for number in range(FROM + 10)], vectors)
    assert int((index._sketch.near(vectors[5]) if index._sketch else vectors[:0]).argmax()) == 5
