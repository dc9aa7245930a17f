"""What conditions can look at beyond the text: times, hours, history, scores, phrases nearly there."""

from datetime import timedelta
from typing import Any

import pytest
from msgspec.structs import replace

from router.decision import History, Hours
from router.rules.form import RuleErrors, parse
from router.rules.scores import problem as lists_problem
from router.rules.scores import reasons
from router.rules.text import folded
from tests.unit.router.rule_facts import AT, TICKET, context, facts, holds

CLOSED = Hours(open=False, time="21:05", weekday="sat")
AGO = replace(TICKET, created_at=AT - timedelta(hours=3))
LOOKS: list[tuple[str, dict[str, Any], str, Any, bool]] = [
    ("older than", {"ticket": AGO}, "ticket.created_at older_than", "2h", True),
    ("not that old", {"ticket": AGO}, "ticket.created_at older_than", "4h", False),
    ("newer than", {"ticket": AGO}, "ticket.created_at newer_than", "1d", True),
    ("no ticket, no age", {}, "ticket.created_at older_than", "1m", False),
    ("before", {}, "now before", "2026-11-22", True),
    ("after", {}, "now after", "2026-11-21T10:00:00Z", False),
    ("a date in an attribute", {}, "context.due before", "2026-01-01", False),
    ("closed", {"hours": {"office": CLOSED}}, "hours.office is", "closed", True),
    ("no such calendar", {}, "hours.office is", "closed", False),
    ("the weekday", {"hours": {"office": CLOSED}}, "weekday.office in", ["sat", "sun"], True),
    ("the time there", {"hours": {"office": CLOSED}}, "local_time.office after", "18:00", True),
    ("open tickets", {"history": History(open_tickets=2)}, "customer.open_tickets at_least", 2, True),
    ("never asked", {}, "customer.open_tickets at_least", 0, False),
    (
        "last contact",
        {"history": History(last_contact=AT - timedelta(days=9))},
        "customer.last_contact older_than",
        "1w",
        True,
    ),
    ("the longest wait", {"oldest": {"general": 90.0}}, "queue_oldest greater", 60, True),
    ("the expected wait", {"waits": {"general": 600}}, "expected_wait at_least", 600, True),
    ("reckoned by who waits", {"waits": {"": 60}}, "expected_wait is", 240, True),
    ("a wait nobody knows", {}, "expected_wait at_most", 600, False),
    ("what it was", {"ticket": TICKET, "before": AGO}, "previous.priority is", "high", True),
    ("who acts", {"actor": "agent"}, "actor is", "agent", True),
]


@pytest.mark.parametrize(
    ("changes", "looks", "value", "expected"), [one[1:] for one in LOOKS], ids=[one[0] for one in LOOKS]
)
def test_a_condition_looks_at_what_the_context_holds(
    changes: dict[str, Any], looks: str, value: Any, expected: bool
) -> None:
    """What is not there is a miss."""
    field, op = looks.split()
    assert holds({"field": field, "op": op, "value": value}, facts(**changes)) is expected


ALIKE: list[tuple[str, str, Any, bool]] = [
    ("misspelt", "I want my refnud now", "refund", False),
    ("with a lower score", "I want my refnud now", {"phrases": ["refund"], "score": 60}, True),
    ("a letter too many", "where is my trackking number", "tracking", True),
    ("another word", "where is my parcel", "refund", False),
    ("Chinese", "我想要退货退款谢谢", {"phrases": ["退货退钱"], "score": 75}, True),
]


@pytest.mark.parametrize(
    ("text", "value", "expected"), [one[1:] for one in ALIKE], ids=[one[0] for one in ALIKE]
)
def test_a_phrase_may_be_there_more_or_less(text: str, value: Any, expected: bool) -> None:
    """As alike as the rule asks."""
    assert holds({"field": "text", "op": "fuzzy", "value": value}, facts(text)) is expected


SCORES: list[tuple[str, str, int]] = [
    ("urgency", "Please, it is urgent, I need it today", 70),
    ("urgency", "麻烦加急，马上要用", 90),
    ("urgency", "Where is my parcel?", 0),
    ("complaint", "我要投诉,再不处理就找12315", 100),
    ("complaint", "This is unacceptable, I will call my lawyer", 100),
    ("complaint", "thanks", 0),
]


@pytest.mark.parametrize(("name", "text", "expected"), SCORES)
def test_a_score_is_what_its_phrases_weigh_together(name: str, text: str, expected: int) -> None:
    """A hundred at most."""
    assert facts(text).values[name] == expected


def test_a_score_has_reasons() -> None:
    """The phrases that were found, the heaviest first."""
    phrases = {"now": 10, "Right now": 40, "later": 5}
    assert list(reasons(phrases, folded("RIGHT  now")).items()) == [("right now", 40), ("now", 10)]


@pytest.mark.parametrize(
    "lists",
    [
        {"mood": {}},
        {"urgency": []},
        {"urgency": {"": 5}},
        {"urgency": {"now": 0}},
        {"urgency": {"now": True}},
    ],
)
def test_lists_that_make_no_score_are_refused(lists: Any) -> None:
    """With the reason."""
    assert lists_problem(lists)


WRONG: list[dict[str, Any]] = [
    {"field": "ticket.created_at", "op": "older_than", "value": "soon"},
    {"field": "now", "op": "before", "value": "tomorrow"},
    {"field": "local_time.office", "op": "after", "value": "6 pm"},
    {"field": "hours.office", "op": "is", "value": "ajar"},
    {"field": "text", "op": "fuzzy", "value": "a"},
    {"field": "text", "op": "fuzzy", "value": {"phrases": ["refund"], "score": 10}},
    {"field": "text", "op": "before", "value": "2026-01-01"},
]


@pytest.mark.parametrize("condition", WRONG)
def test_a_value_that_is_no_time_phrase_or_state_is_refused(condition: dict[str, Any]) -> None:
    """When it is saved."""
    with pytest.raises(RuleErrors):
        parse([{"id": "x", "stage": "act", "if": condition, "then": [{"tag": "x"}]}])


def test_contexts_are_the_same_without_what_nobody_asks_for() -> None:
    """A decision that looks at none of it stores none of it."""
    assert (context().history, context().hours, context().before) == (None, {}, None)
