"""The form of rules: what is accepted comes back as it was written, what is wrong is named by its place."""

from typing import Any

import pytest

from router.rules.form import ALLOWED, STAGES, RuleErrors, parse

VIP_EFFECTS: list[dict[str, Any]] = [
    {"set": "queue", "to": "refunds"},
    {"set": "priority", "to": "urgent"},
    {"require": {"skill": "billing", "level": 3}},
]
VIP = {
    "id": "vip-refund",
    "name": "VIP refunds",
    "stage": "route",
    "on": True,
    "if": {
        "all": [
            {"field": "text", "op": "contains_any", "value": ["refund", "退款"]},
            {"not": {"field": "channel", "op": "is", "value": "ch_1"}},
            {"cel": "customer.tier == 'gold'"},
        ]
    },
    "then": VIP_EFFECTS,
}
EVERY_EFFECT: dict[str, list[dict[str, Any]]] = {
    "enrich": [
        {"set": "language", "to": "zh"},
        {"set": "tier", "to": "gold"},
        {"set": "type", "to": "return"},
        {"set": "fields.order", "to": {"any": ["thing", 1, None]}},
        {"require": {"skill": "zh"}},
        {"tag": "x"},
    ],
    "route": VIP_EFFECTS,
    "sla": [{"policy": "pol_1"}, {"set": "policy", "to": "pol_1"}],
    "respond": [{"reply": "Hi"}, {"answer": "art_1"}, {"handover": True}, {"skip_bot": True}],
    "act": [
        {"notify": "agt_1"},
        {"notify": ["agt_1", "agt_2"]},
        {"notify": {"queue": "refunds"}},
        {"webhook": "https://example.org/x?y=1"},
        {"webhook": {"url": "http://example.org", "headers": {}}},
        {"discard": "spam"},
        {"reply": "{{ message.text }}"},
    ],
}


def errors(*rules: Any) -> list[tuple[str, str]]:
    """Pointer and code of each error in a set of rules."""
    with pytest.raises(RuleErrors) as raised:
        parse(list(rules))
    return [(error.pointer, error.code) for error in raised.value.errors]


def rule(**changes: Any) -> dict[str, Any]:
    """A correct rule with some parts replaced."""
    return {"id": "r1", "stage": "act", "then": [{"tag": "x"}]} | changes


def test_a_rule_comes_back_as_it_was_written() -> None:
    """What is stored is what the admin wrote, no default added."""
    assert [each.document() for each in parse([VIP, rule()])] == [VIP, rule()]


@pytest.mark.parametrize("stage", STAGES)
def test_each_stage_takes_its_effects(stage: str) -> None:
    """Every effect of every stage is read and written back."""
    written = rule(stage=stage, then=EVERY_EFFECT[stage])
    assert [each.document() for each in parse([written])] == [written]


def test_rules_keep_their_order() -> None:
    """The order of a document is the order of its rules."""
    assert [each.id for each in parse([rule(id="b"), rule(id="a")])] == ["b", "a"]


LEAF = {"field": "text", "op": "is", "value": "x"}
NESTED: dict[str, Any] = {"not": {"not": {"not": {"not": LEAF}}}}
WRONG: list[tuple[str, dict[str, Any], tuple[str, str]]] = [
    ("no such field", {"if": {"field": "txt", "op": "is", "value": "x"}}, ("/0/if/field", "field")),
    ("a family without key", {"if": {"field": "context.", "op": "exists"}}, ("/0/if/field", "field")),
    ("no such operator", {"if": {"field": "text", "op": "equals", "value": "x"}}, ("/0/if/op", "operator")),
    ("not its operator", {"if": {"field": "text", "op": "less", "value": 3}}, ("/0/if/op", "operator")),
    (
        "ids have no phrases",
        {"if": {"field": "queue", "op": "contains", "value": "x"}},
        ("/0/if/op", "operator"),
    ),
    ("tags have no equality", {"if": {"field": "tags", "op": "is", "value": "x"}}, ("/0/if/op", "operator")),
    ("a number as text", {"if": {"field": "text", "op": "is", "value": 3}}, ("/0/if/value", "value")),
    (
        "a text as number",
        {"if": {"field": "attachments", "op": "less", "value": "3"}},
        ("/0/if/value", "value"),
    ),
    (
        "a yes as number",
        {"if": {"field": "attachments", "op": "is", "value": True}},
        ("/0/if/value", "value"),
    ),
    ("no such priority", {"if": {"field": "priority", "op": "is", "value": "top"}}, ("/0/if/value", "value")),
    ("no such kind", {"if": {"field": "kind", "op": "in", "value": ["mail"]}}, ("/0/if/value", "value")),
    ("a blank phrase", {"if": {"field": "text", "op": "contains", "value": " "}}, ("/0/if/value", "value")),
    ("one for a list", {"if": {"field": "text", "op": "in", "value": "x"}}, ("/0/if/value", "value")),
    ("an empty list", {"if": {"field": "text", "op": "contains_any", "value": []}}, ("/0/if/value", "value")),
    (
        "201 phrases",
        {"if": {"field": "text", "op": "contains_any", "value": [str(n) for n in range(201)]}},
        ("/0/if/value", "value"),
    ),
    ("a value too many", {"if": {"field": "text", "op": "exists", "value": "x"}}, ("/0/if/value", "value")),
    ("no value", {"if": {"field": "text", "op": "is"}}, ("/0/if", "missing")),
    (
        "a look-ahead",
        {"if": {"field": "text", "op": "matches", "value": "(?=a)"}},
        ("/0/if/value", "pattern"),
    ),
    (
        "a back-reference",
        {"if": {"field": "text", "op": "matches", "value": r"(a)\1"}},
        ("/0/if/value", "pattern"),
    ),
    (
        "a long pattern",
        {"if": {"field": "text", "op": "matches", "value": "a" * 1001}},
        ("/0/if/value", "pattern"),
    ),
    (
        "a costly pattern",
        {"if": {"field": "text", "op": "matches", "value": ".{1000}z"}},
        ("/0/if/value", "pattern"),
    ),
    ("a broken expression", {"if": {"cel": "1 +"}}, ("/0/if/cel", "cel")),
    ("nested macros", {"if": {"cel": "tags.all(t, tags.all(u, t == u))"}}, ("/0/if/cel", "cel")),
    ("no condition", {"if": {}}, ("/0/if", "condition")),
    ("a text for a condition", {"if": "text is x"}, ("/0/if", "condition")),
    ("all of nothing", {"if": {"all": []}}, ("/0/if/all", "length")),
    ("101 conditions", {"if": {"any": [LEAF] * 101}}, ("/0/if/any", "length")),
    ("five deep", {"if": {"not": NESTED}}, ("/0/if/not/not/not/not", "too_deep")),
    ("an unknown key", {"if": LEAF | {"case": True}}, ("/0/if/case", "extra_forbidden")),
    ("two conditions in one", {"if": {"all": [LEAF], "any": [LEAF]}}, ("/0/if/any", "extra_forbidden")),
    ("no such stage", {"stage": "rout"}, ("/0/stage", "literal_error")),
    ("on as text", {"on": "yes"}, ("/0/on", "bool_type")),
    ("an id with spaces", {"id": "a b"}, ("/0/id", "string_pattern_mismatch")),
    ("a key with a slash", {"a/b": 1}, ("/0/a~1b", "extra_forbidden")),
    ("no effects", {"then": []}, ("/0/then", "length")),
    ("21 effects", {"then": [{"tag": str(n)} for n in range(21)]}, ("/0/then", "length")),
    ("no such effect", {"then": [{"shout": "x"}]}, ("/0/then/0", "effect")),
    ("two effects in one", {"then": [{"tag": "x", "reply": "y"}]}, ("/0/then/0/reply", "extra_forbidden")),
    ("an effect elsewhere", {"then": [{"tag": "x"}, {"handover": True}]}, ("/0/then/1", "stage")),
    ("what can't be set", {"then": [{"set": "text", "to": "x"}]}, ("/0/then/0/set", "target")),
    ("set to no priority", {"then": [{"set": "priority", "to": "top"}]}, ("/0/then/0/to", "value")),
    ("set to a number", {"then": [{"set": "queue", "to": 3}]}, ("/0/then/0/to", "value")),
    ("set to nothing", {"then": [{"set": "queue"}]}, ("/0/then/0/to", "missing")),
    (
        "level 6",
        {"stage": "route", "then": [{"require": {"skill": "a", "level": 6}}]},
        ("/0/then/0/require/level", "less_than_equal"),
    ),
    (
        "level as text",
        {"stage": "route", "then": [{"require": {"skill": "a", "level": "3"}}]},
        ("/0/then/0/require/level", "int_type"),
    ),
    ("an open tag", {"then": [{"reply": "{{ message.text"}]}, ("/0/then/0/reply", "template")),
    (
        "not a handover",
        {"stage": "respond", "then": [{"handover": False}]},
        ("/0/then/0/handover", "literal_error"),
    ),
    ("another scheme", {"then": [{"webhook": "file:///etc/passwd"}]}, ("/0/then/0/webhook", "value")),
    ("nobody to notify", {"then": [{"notify": []}]}, ("/0/then/0/notify", "value")),
    ("70 KB", {"then": [{"reply": "x" * 70_000}]}, ("/0", "too_large")),
    ("not JSON", {"then": [{"notify": {"a": object()}}]}, ("/0", "json")),
]


@pytest.mark.parametrize(("label", "changes", "expected"), WRONG, ids=[case[0] for case in WRONG])
def test_what_is_wrong_is_named_by_its_place(
    label: str, changes: dict[str, Any], expected: tuple[str, str]
) -> None:
    """An error points at the part that is wrong, and at nothing else."""
    assert errors(rule(**changes)) == [expected], label


def test_every_error_of_the_whole_set_is_said() -> None:
    """One go shows everything there is to mend."""
    first = rule(
        **{"if": {"all": [{"field": "txt", "op": "is", "value": 1}, {"cel": "("}]}}, then=[{"reply": "{%"}]
    )
    assert errors(first, "rule", rule(stage="route", then=[{"answer": "a"}, {"policy": ""}])) == [
        ("/0/if/all/0/field", "field"),
        ("/0/if/all/1/cel", "cel"),
        ("/0/then/0/reply", "template"),
        ("/1", "model_type"),
        ("/2/then/1/policy", "string_too_short"),
        ("/2/then/0", "stage"),
        ("/2/then/1", "stage"),
        ("/2/id", "duplicate"),
    ]


def test_four_deep_is_allowed() -> None:
    """Nesting has room for what people write."""
    assert len(parse([rule(**{"if": NESTED})])) == 1


@pytest.mark.parametrize("document", [None, {}, "x", 3])
def test_a_set_of_rules_is_a_list(document: Any) -> None:
    """Anything else is refused whole."""
    with pytest.raises(RuleErrors) as raised:
        parse(document)
    assert [(error.pointer, error.code) for error in raised.value.errors] == [("", "list")]


def test_a_set_has_at_most_10_000_rules() -> None:
    """A longer list is refused before any rule is looked at."""
    with pytest.raises(RuleErrors) as raised:
        parse([{}] * 10_001)
    assert [(error.pointer, error.code) for error in raised.value.errors] == [("", "too_many")]


def test_a_bottomless_document_is_refused() -> None:
    """Nesting is counted before anything walks down it."""
    bottomless: Any = "x"
    for _ in range(50_000):
        bottomless = {"not": bottomless}
    assert errors(rule(**{"if": bottomless})) == [("/0", "too_deep")]


def test_the_stages_and_their_effects() -> None:
    """Tags and values may be set anywhere; the rest belongs to its stage."""
    assert {stage: sorted(ALLOWED[stage] - {"set", "tag"}) for stage in STAGES} == {
        "enrich": ["require"],
        "route": ["require"],
        "sla": ["policy"],
        "respond": ["answer", "handover", "reply", "skip_bot"],
        "act": ["discard", "notify", "reply", "snooze", "spam", "webhook"],
    }
