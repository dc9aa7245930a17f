"""What `kb evaluate` measures, on files small enough to work out by hand."""

import json
import random
from collections.abc import Mapping

import pytest

from knowledgebase.evaluation import Asked, Desk, drawn, mean, measured, misspelt, parse
from knowledgebase.jsonl import LineError
from knowledgebase.slips import slipped
from tests.unit.knowledgebase.shop import ARTICLES


def lines(*rows: Mapping[str, object]) -> list[bytes]:
    """The rows as a file has them."""
    return [json.dumps(row).encode() + b"\n" for row in rows]


ROWS = lines(
    *(
        {"text": f"{word} {number}", "label": word, "split": "test" if number > 3 else "train"}
        for word in ("alpha", "beta", "gamma", "delta", "epsilon")
        for number in range(6)
    )
)


def test_training_texts_become_articles_and_test_texts_are_asked() -> None:
    """A text without a label is unanswerable."""
    rows = parse([*ROWS, *lines({"text": "what else", "label": None, "split": "test"})])
    desk = drawn(rows, 3, 1_000, random.Random(1))
    assert [(one.id, len(one.phrasings)) for one in desk.articles] == [
        (label, 3) for label in ("alpha", "beta", "delta", "epsilon", "gamma")
    ]
    assert len(desk.questions) == 11
    assert [one.text for one in desk.questions if one.article is None] == ["what else"]


def test_where_every_text_has_a_label_a_fifth_of_the_labels_is_left_out() -> None:
    """Their questions become unanswerable."""
    desk = drawn(parse(ROWS), 10, 1_000, random.Random(1))
    away = {"alpha", "beta", "gamma", "delta", "epsilon"} - {one.id for one in desk.articles}
    assert len(away) == 1
    assert {one.text.split()[0] for one in desk.questions if one.article is None} == away


def test_pairs_that_mean_the_same_become_articles_and_others_hard_questions() -> None:
    """Texts join through the pairs they share."""
    rows = parse(
        lines(
            {"a": "one", "b": "uno", "same": True},
            {"a": "uno", "b": "eins", "same": True},
            {"a": "two", "b": "deux", "same": True},
            {"a": "three", "b": "tree", "same": False},
        )
    )
    desk = drawn(rows, 1, 10, random.Random(1))
    assert sorted(one.id for one in desk.articles) == ["other 0", "same 0", "same 1"]
    assert [one.text for one in desk.questions if one.article is None] == ["tree"]


@pytest.mark.parametrize(
    ("given", "line"),
    [
        ([], 1),
        ([b"\n", b"not JSON\n"], 2),
        (lines({"text": "a", "label": "x"}, {"text": "b"}), 2),
        (lines({"a": "x", "b": "y", "same": True}, {"a": "x", "b": "y"}), 2),
        ([b'{"text": "\xff", "label": null}'], 1),
    ],
)
def test_a_bad_file_is_refused_with_the_line(given: list[bytes], line: int) -> None:
    """No JSON, a key missing, bytes that are not UTF-8, nothing at all."""
    with pytest.raises(LineError) as caught:
        parse(given)
    assert caught.value.line == line


def test_the_figures_count_what_is_right() -> None:
    """Of three questions one is answered rightly, one has its article not first, one is refused."""
    desk = Desk(
        ARTICLES,
        (
            Asked("where is my order?", "order-status"),
            Asked("reset my password", "returns"),
            Asked("what is the weather in paris", None),
        ),
    )
    seconds = iter(range(100))
    found = measured(desk, None, 0.9, lambda: next(seconds) / 1_000)
    assert (found.questions, found.unanswerable, found.top_1, found.refused) == (3, 1, 0.5, 1.0)
    assert (found.precision, found.precision_after_labels, found.cpu_ms_mean) == (0.5, None, 1.0)
    assert mean([found, found]) == found


def test_slips_are_one_in_twelve_letters_or_eight_characters_and_repeatable() -> None:
    """A homophone sounds the same; two letters are too short for a slip."""
    assert slipped("ab", random.Random(1)) == "ab"
    assert slipped("where is my order", random.Random(3)) == slipped("where is my order", random.Random(3))
    desk = Desk((), (Asked("where is my order", "a"), Asked("怎么取消我的订单", "b")))
    asked = misspelt(desk, random.Random(5)).questions
    assert [one.article for one in asked] == ["a", "b"]
    assert all(one.text != other.text for one, other in zip(asked, desk.questions, strict=True))
