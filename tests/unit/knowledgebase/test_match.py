"""What a small shop's customers ask, and what the match makes of it."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from knowledgebase.article import Article
from knowledgebase.encoder import LEXICAL
from knowledgebase.match import MAX_CANDIDATES, NO_MATCH, Snapshot
from tests.unit.knowledgebase.shop import ARTICLES

SHOP = Snapshot.build(ARTICLES)


def article(id_: str, *phrasings: str, language: str = "", draft: bool = False) -> Article:
    return Article(id=id_, title="", answer="A", phrasings=phrasings, language=language, draft=draft)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("where's my order", "order-status"),
        ("Hi, where is my order 12345? Thanks!", "order-status"),
        ("I would like to return an item please", "returns"),
        ("how can i get a refund", "returns"),
        ("how much does shipping cost", "shipping-cost"),
        ("please cancel my order", "cancel"),
        ("reset my passwrod", "password"),
        ("<p>do you accept <b>PayPal</b>?</p>", "payment"),
        ("are you open on sunday?", "hours"),
        ("ｏｐｅｎｉｎｇ　ｈｏｕｒｓ", "hours"),
        ("我的订单到哪里了", "zh-order"),
        ("我的訂單到哪裡了？", "zh-order"),
        ("我想取消订单", "zh-cancel"),
        ("我忘记密码了怎么办", "zh-password"),
        ("我想修改收货地址", "zh-address"),
        ("可以微信支付吗", "zh-payment"),
    ],
)
def test_a_paraphrase_that_shares_the_key_words_is_answered(text: str, expected: str) -> None:
    """Courtesies, order numbers, slips, markup, width and Traditional characters do not stand in the way."""
    match = SHOP.match(text)
    assert (match.outcome, match.candidates[0].article_id) == ("answer", expected)


@pytest.mark.parametrize(
    "text",
    [
        "how are you today",
        "what is the weather in paris",
        "tell me a joke",
        "thank you very much",
        "are you a robot",
        "how long is the nile?",
        "where is the nearest airport",
        "when is your birthday",
        "how much is a house in Germany",
        "I changed my mind about the weather",
        "今天天气怎么样",
        "你好",
        "你是机器人吗",
        "讲个笑话",
        "怎么做红烧肉",
        "中国有多少人口",
    ],
)
def test_small_talk_and_other_subjects_are_not_answered(text: str) -> None:
    """Sharing "how long is the" or 怎么 with a phrasing is not being about the same."""
    assert SHOP.match(text).outcome != "answer"


@pytest.mark.parametrize(
    "text", ["", " \n\t", "!?…。！", "😀🎉👍🏽", "\x00\x01\x1b[0m\ufeff", "<br><img src=x>", "12345"]
)
def test_a_text_without_words_matches_nothing(text: str) -> None:
    """There is nothing to compare, so there is no candidate either."""
    assert SHOP.match(text) == NO_MATCH


def test_nothing_matches_where_there_is_no_article() -> None:
    """A new desk answers nothing."""
    assert Snapshot.build([]).match("where is my order?") == NO_MATCH


def test_candidates_are_there_whatever_the_outcome() -> None:
    """A person may still pick what the machine would not send; the likeliest comes first."""
    match = SHOP.match("what is the weather in paris")
    confidences = [candidate.confidence for candidate in match.candidates]
    assert match.outcome == "none"
    assert 0 < len(confidences) <= MAX_CANDIDATES
    assert confidences == sorted(confidences, reverse=True)


def test_confidences_are_chances_of_exclusive_answers() -> None:
    """Each lies between 0 and 1, and together they do not pass 1."""
    for text in ("where is my order", "order", "my delivery", "取消", "退款什么时候到账"):
        confidences = [candidate.confidence for candidate in SHOP.match(text).candidates]
        assert all(0 <= confidence <= 1 for confidence in confidences)
        assert sum(confidences) <= 1.0001


def test_two_articles_with_the_same_phrasing_are_suggested_and_none_is_answered() -> None:
    """The question can't tell them apart, so a person must; the order of the articles breaks the tie."""
    snapshot = Snapshot.build([article("a", "how do I return this"), article("b", "how do I return this")])
    match = snapshot.match("how do I return this")
    assert match.outcome == "suggest"
    assert [candidate.article_id for candidate in match.candidates] == ["a", "b"]
    assert match.candidates[0].confidence == match.candidates[1].confidence


def test_a_phrasing_word_for_word_is_answered_even_if_it_is_only_a_greeting() -> None:
    """Whoever writes "hi" as a phrasing wants it answered."""
    snapshot = Snapshot.build([*ARTICLES, article("greeting", "hi", "你好")])
    assert [snapshot.match(text).outcome for text in ("Hi!", "你好。")] == ["answer", "answer"]


def test_the_target_precision_decides_what_is_answered() -> None:
    """The same confidence is enough for a lower target and too little for a higher one."""
    outcomes = [
        SHOP.match("how much is a house in Germany", target_precision=target).outcome
        for target in (0.5, 0.9, 0.99)
    ]
    assert outcomes == ["answer", "suggest", "suggest"]


def test_drafts_are_never_matched() -> None:
    """A draft is not published yet."""
    snapshot = Snapshot.build([article("draft", "where is my order", draft=True)])
    assert (len(snapshot), snapshot.match("where is my order")) == (0, NO_MATCH)


def test_a_title_is_a_phrasing_too() -> None:
    """An article without phrasings is found by its title; one without either is left out."""
    titled = Article(id="t", title="Gift wrapping", answer="A", phrasings=())
    snapshot = Snapshot.build([*ARTICLES, titled, article("empty", " ")])
    assert len(snapshot) == len(ARTICLES) + 1
    assert snapshot.match("gift wrapping?").candidates[0].article_id == "t"


def test_an_article_in_the_questions_language_goes_first_and_the_other_stays() -> None:
    """A brand name is the same in both; the language is detected, or given with the message."""
    snapshot = Snapshot.build(
        [
            *ARTICLES,
            article("english", "iPhone 15 Pro", language="en"),
            article("chinese", "iPhone 15 Pro", language="zh"),
        ]
    )
    order = [candidate.article_id for candidate in snapshot.match("iPhone 15 Pro 有吗").candidates]
    assert order[:2] == ["chinese", "english"]
    given = [
        snapshot.match("iPhone 15 Pro", tag).candidates[0].article_id
        for tag in ("en", "en-GB", "zh", "zh_CN")
    ]
    assert given == ["english", "english", "chinese", "chinese"]


def test_an_articles_language_is_detected_where_nobody_said_it() -> None:
    """The phrasings tell."""
    snapshot = Snapshot.build(
        [article("en", "what is the price of iPhone"), article("zh", "iPhone 价格是多少")]
    )
    best = [snapshot.match("iPhone", tag).candidates[0].article_id for tag in ("en", "zh")]
    assert best == ["en", "zh"]


def test_a_match_names_its_encoder() -> None:
    """So that a stored confidence can be read in the light of how it came about."""
    assert SHOP.match("where is my order").encoder == LEXICAL == "lexical-4"


def test_threads_may_share_a_snapshot() -> None:
    """It never changes, so eight threads get what one gets."""
    texts = [phrasing for article_ in ARTICLES for phrasing in article_.phrasings]
    alone = [SHOP.match(text) for text in texts]
    with ThreadPoolExecutor(8) as threads:
        assert list(threads.map(SHOP.match, texts)) == alone
