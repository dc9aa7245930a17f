"""Articles and questions as JSON lines."""

import pytest

from knowledgebase.article import Article
from knowledgebase.jsonl import LineError, Question, parse_articles, parse_question


def test_an_article_line_gives_an_article() -> None:
    """Title, answer, language and tags may be left out; blank lines and unknown keys are passed over."""
    lines: list[str | bytes] = [
        '{"id":"a","phrasings":["where is my order","我的订单在哪"]}',
        "",
        b'{"id":"b","title":"T","answer":"A","phrasings":[],"language":"zh","tags":["x"],"draft":true,"more":1}\n',
    ]
    assert list(parse_articles(lines)) == [
        Article(id="a", title="", answer="", phrasings=("where is my order", "我的订单在哪")),
        Article(id="b", title="T", answer="A", phrasings=(), language="zh", tags=("x",), draft=True),
    ]


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("{", "line 2: Input data was truncated"),
        ('{"phrasings":[]}', "line 2: Object missing required field `id`"),
        ('{"id":"b"}', "line 2: Object missing required field `phrasings`"),
        ('{"id":"","phrasings":[]}', "line 2: Expected `str` of length >= 1 - at `$.id`"),
        ('{"id":"b","phrasings":"x"}', "line 2: Expected `array`, got `str` - at `$.phrasings`"),
        ('{"id":"b","phrasings":[1]}', "line 2: Expected `str`, got `int` - at `$.phrasings[0]`"),
        ('{"id":"a","phrasings":[]}', "line 2: article 'a' is there already"),
    ],
)
def test_a_line_that_is_no_article_is_named(line: str, expected: str) -> None:
    """The error says which line and what is wrong with it."""
    with pytest.raises(LineError) as caught:
        list(parse_articles(['{"id":"a","phrasings":["x"]}', line]))
    assert (str(caught.value), caught.value.line) == (expected, 2)


def test_bytes_that_are_no_text_are_named() -> None:
    """A file in another encoding fails at its first such line."""
    with pytest.raises(LineError, match=r"^line 1: "):
        list(parse_articles([b'{"id":"a","phrasings":["\xff"]}']))


def test_a_question_line_gives_a_question() -> None:
    """The language may be left out or null."""
    assert parse_question('{"text":"hi"}') == Question(text="hi")
    assert parse_question(b'{"text":"hi","language":null}') == Question(text="hi")
    assert parse_question('{"text":"hi","language":"zh"}') == Question(text="hi", language="zh")


def test_a_line_that_is_no_question_is_named() -> None:
    """The caller says which line it is at."""
    with pytest.raises(LineError, match=r"^line 7: Object missing required field `text`$"):
        parse_question("{}", 7)
