"""The analysis of a set of rules: what is odd is told, and nothing is told of the demo's rules."""

from typing import Any

import pytest

from gateway.demo import content
from router.rules.analysis import Staff, analyse
from router.rules.form import parse

STAFF = Staff(skills={"billing": 3}, queues=frozenset({"refunds", "orders"}), default_queue="orders")
REFUND = {"field": "text", "op": "contains", "value": "refund"}
MONEY = {"field": "text", "op": "contains_any", "value": ["Refund", "money back"]}
SMALL = {"field": "attachments", "op": "greater", "value": 5}
LARGE = {"field": "attachments", "op": "greater", "value": 1}
GOLD = {"field": "customer.tier", "op": "is", "value": "gold"}
METALS = {"field": "customer.tier", "op": "in", "value": ["gold", "silver"]}
TO_REFUNDS = [{"set": "queue", "to": "refunds"}]
TO_ORDERS = [{"set": "queue", "to": "orders"}]


def rule(
    stage: str, condition: dict[str, Any] | None, then: list[dict[str, Any]], **more: Any
) -> dict[str, Any]:
    """A rule; without a condition it always matches."""
    made = {"stage": stage, "then": then, **more}
    return made if condition is None else made | {"if": condition}


CASES: list[tuple[str, list[dict[str, Any]], list[tuple[str, str, str]]]] = [
    (
        "it contradicts itself",
        [rule("route", {"all": [GOLD, {"not": METALS}]}, TO_REFUNDS)],
        [("/0", "never", "")],
    ),
    (
        "no number is in both bounds",
        [
            rule(
                "enrich", {"all": [SMALL, {"field": "attachments", "op": "less", "value": 3}]}, [{"tag": "x"}]
            )
        ],
        [("/0", "never", "")],
    ),
    (
        "shadowed by the same with more phrases",
        [rule("route", MONEY, TO_REFUNDS), rule("route", REFUND, TO_ORDERS)],
        [("/1", "shadowed", "r0")],
    ),
    (
        "shadowed by a wider range",
        [rule("route", LARGE, TO_REFUNDS), rule("route", {"all": [SMALL, REFUND]}, TO_ORDERS)],
        [("/1", "shadowed", "r0")],
    ),
    (
        "shadowed by a longer list",
        [rule("route", METALS, TO_REFUNDS), rule("route", GOLD, TO_ORDERS)],
        [("/1", "shadowed", "r0")],
    ),
    (
        "behind one that always matches",
        [rule("route", None, TO_REFUNDS), rule("route", GOLD, TO_ORDERS)],
        [("/1", "unreachable", "r0")],
    ),
    (
        "two that contradict each other",
        [
            rule("enrich", REFUND, [{"set": "type", "to": "refund"}]),
            rule("enrich", REFUND, [{"set": "type", "to": "billing"}]),
        ],
        [("/1", "contradiction", "r0")],
    ),
    (
        "two that set each other off",
        [
            rule(
                "enrich",
                {"field": "type", "op": "is", "value": "a"},
                [{"set": "type", "to": "b"}],
                events=["ticket_changed"],
            ),
            rule(
                "enrich",
                {"field": "type", "op": "is", "value": "B"},
                [{"set": "type", "to": "a"}],
                events=["ticket_changed"],
            ),
        ],
        [("/0", "circle", "r1")],
    ),
    (
        "a skill that nobody holds at that level",
        [rule("route", GOLD, [{"require": {"skill": "billing", "level": 4}}])],
        [("/0", "unheld", "")],
    ),
    (
        "a queue that nobody works in",
        [rule("route", GOLD, [{"set": "queue", "to": "attic"}])],
        [("/0", "no_queue", "")],
    ),
    (
        "said twice",
        [rule("enrich", REFUND, [{"tag": "x"}]), rule("enrich", REFUND, [{"tag": "x"}])],
        [("/1", "duplicate", "r0")],
    ),
    (
        "a reply to what is discarded",
        [rule("act", REFUND, [{"reply": "Hello"}, {"discard": "spam"}])],
        [("/0", "silent", "")],
    ),
    (
        "set twice by itself",
        [rule("enrich", REFUND, [{"set": "type", "to": "a"}, {"set": "type", "to": "b"}])],
        [("/0", "pointless", "")],
    ),
]


@pytest.mark.parametrize(("rules", "expected"), [case[1:] for case in CASES], ids=[case[0] for case in CASES])
def test_what_is_odd_is_told(rules: list[dict[str, Any]], expected: list[tuple[str, str, str]]) -> None:
    """Each finding has its place, its name, and the other rule where there is one."""
    named = [{"id": f"r{number}", **each} for number, each in enumerate(rules)]
    found = analyse(parse(named), STAFF)
    assert [(one.pointer, one.code, one.with_) for one in found] == expected
    assert all(one.detail.endswith(".") and one.zh.endswith("。") for one in found)


def test_what_is_odd_is_told_in_two_languages() -> None:
    """With the names of the rules and the fields."""
    (first, second) = analyse(parse([{"id": "r0", **CASES[0][1][0]}, {"id": "r1", **CASES[1][1][0]}]))
    assert [first.detail, first.zh] == [
        "It can never match: a part of it is denied by another.",
        "它永远不会匹配：其中一部分被另一部分否定。",
    ]
    assert [second.detail, second.zh] == [
        "It can never match: no number is in both bounds of attachments.",
        "它永远不会匹配：没有数同时满足附件数量的两个界限。",
    ]


def test_a_message_may_be_left_without_a_queue() -> None:
    """Where no queue is the desk's default and no rule takes all."""
    rules = parse([{"id": "r0", **rule("route", GOLD, TO_REFUNDS)}])
    found = analyse(rules, STAFF._replace(default_queue=""))
    assert [(one.pointer, one.code) for one in found] == [("/0", "no_queue")]


OUTCOMES = ["answer", "suggest", "none"]
QUIET: list[tuple[str, list[dict[str, Any]]]] = [
    ("a narrower rule first", [rule("route", GOLD, TO_REFUNDS), rule("route", METALS, TO_ORDERS)]),
    ("other events", [
        rule("route", None, TO_REFUNDS, events=["ticket_changed"]),
        rule("route", GOLD, TO_ORDERS),
    ]),
    ("one that is off", [rule("route", None, TO_REFUNDS, on=False), rule("route", GOLD, TO_ORDERS)]),
    ("all of them apply", [rule("enrich", METALS, [{"tag": "a"}]), rule("enrich", GOLD, [{"tag": "b"}])]),
    ("more phrases later", [rule("route", REFUND, TO_REFUNDS), rule("route", MONEY, TO_ORDERS)]),
    ("a status that may be absent", [
        rule("enrich", {"not": {"field": "match.outcome", "op": "in", "value": OUTCOMES}}, [{"tag": "x"}]),
    ]),
]  # fmt: skip


@pytest.mark.parametrize("rules", [case[1] for case in QUIET], ids=[case[0] for case in QUIET])
def test_what_is_right_is_not_told(rules: list[dict[str, Any]]) -> None:
    """No false alarm."""
    named = [{"id": f"r{number}", **each} for number, each in enumerate(rules)]
    assert analyse(parse(named), STAFF) == []


def test_nothing_is_odd_about_the_demo_s_rules() -> None:
    """The demo desk starts without a warning."""
    assert analyse(parse(content.rules())) == []
