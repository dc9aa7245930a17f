"""The operators: which a field takes, with what values, and the test each one compiles to.

Texts compare without case, width and amounts of white space; phrases are found by `router.rules.text`; ids,
choices and numbers compare exactly. `not_…` and `is_not` are the plain opposite, so they hold where a value
is absent. A value of another type than the operator compares is a miss, never an error.
"""

import math
import operator
from collections.abc import Callable
from typing import Any, Final, NamedTuple

from router.rules import fuzzy, times
from router.rules.fields import Field, Kind, Values
from router.rules.needs import Need, at_least, at_most, every, nothing, one_of
from router.rules.patterns import pattern, pattern_problem
from router.rules.text import folded, occurs
from router.values import PRIORITIES

Test = Callable[[Values], bool]

MOST_VALUES: Final = 200

_EQUAL = ("is", "is_not", "in", "not_in")
_PRESENT = ("exists", "not_exists")
_PHRASE = ("contains", "not_contains", "contains_any", "contains_all")
_EDGE = ("starts_with", "ends_with", "matches")
_ORDER = ("greater", "less", "at_least", "at_most")
_FUZZY = ("fuzzy",)
_TIME = ("before", "after")
_AGE = ("older_than", "newer_than")

OPERATORS: Final = (*_EQUAL, *_PHRASE, *_EDGE, *_FUZZY, *_ORDER, *_TIME, *_AGE, *_PRESENT)
BY_KIND: Final[dict[Kind, tuple[str, ...]]] = {
    "text": (*_EQUAL, *_PHRASE, *_EDGE, *_FUZZY, *_PRESENT),
    "id": (*_EQUAL, *_PRESENT),
    "choice": (*_EQUAL, *_PRESENT),
    "priority": (*_EQUAL, *_ORDER, *_PRESENT),
    "number": (*_EQUAL, *_ORDER, *_PRESENT),
    "list": (*_PHRASE, *_PRESENT),
    "time": (*_TIME, *_AGE, *_PRESENT),
    "hour": (*_TIME, *_PRESENT),
    "any": OPERATORS,
}
_LISTS: Final = frozenset({"in", "not_in", "contains_any", "contains_all"})
_OPPOSITES: Final = {
    "is_not": "is",
    "not_in": "in",
    "not_contains": "contains",
    "not_exists": "exists",
}
_COMPARE: Final = {
    "greater": operator.gt,
    "less": operator.lt,
    "at_least": operator.ge,
    "at_most": operator.le,
}
_ABSENT: Final[tuple[Any, ...]] = (None, "", (), [])
_RANK: Final = {priority: float(rank) for rank, priority in enumerate(PRIORITIES)}


class Leaf(NamedTuple):
    """A compiled comparison; `phrases` are those the test expects to find under "?" + field."""

    test: Test
    need: Need = nothing
    phrases: frozenset[str] = frozenset()
    slow: bool = False


def problem(field: Field, op: str, value: Any) -> str | None:
    """What is wrong with the value of a comparison, in words; None where it is right."""
    if op in _PRESENT:
        return None if value is None or value is True else f"'{op}' takes no value"
    if op == "matches":
        return pattern_problem(value)
    if op == "fuzzy":
        return fuzzy.problem(value)
    if op in _TIME or op in _AGE:
        return times.problem(field.kind, op, value)
    if op not in _LISTS:
        return _single_problem(field, op, value)
    if not isinstance(value, list) or not 1 <= len(value) <= MOST_VALUES:
        return f"'{op}' takes a list of 1 to {MOST_VALUES} values"
    return next((said for each in value if (said := _single_problem(field, op, each))), None)


def _single_problem(field: Field, op: str, value: Any) -> str | None:
    if (op in _ORDER and field.kind != "priority") or field.kind == "number":
        finite = isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
        return None if finite else f"'{op}' takes a number here"
    if field.kind == "any" and op in _EQUAL and isinstance(value, bool | int | float):
        return None
    if not isinstance(value, str):
        return f"'{op}' takes a text here"
    if field.choices and value not in field.choices:
        return f"one of {', '.join(field.choices)}"
    if op not in _EQUAL and not folded(value):
        return f"'{op}' takes a text that is not blank"
    return None


def compile_leaf(name: str, field: Field, op: str, value: Any, *, fixed: bool) -> Leaf:
    """The test of a comparison `problem` found nothing wrong with. `fixed`: no rule changes the field."""
    if op in _OPPOSITES:
        positive = compile_leaf(name, field, _OPPOSITES[op], value, fixed=fixed)
        test = positive.test
        return positive._replace(test=lambda values: not test(values), need=nothing)
    if op in ("is", "in"):
        return _equal(name, field, value if op == "in" else [value])
    if op in _COMPARE:
        return _ordered(name, field, op, value)
    if op in _PHRASE:
        return _phrase(name, field, op, value, fixed=fixed)
    return _other(name, field, op, value, fixed=fixed)


def _other(name: str, field: Field, op: str, value: Any, *, fixed: bool) -> Leaf:
    match op:
        case "exists":
            return Leaf(lambda values: values[name] not in _ABSENT)
        case "matches":
            search, seen = pattern(value).search, "=" + name
            need = one_of([("/" + name, value)]) if fixed else nothing
            return Leaf(lambda values: search(values[seen]) is not None, need, slow=True)
        case "fuzzy":
            return Leaf(fuzzy.test("~" + name, value), slow=True)
        case "starts_with" | "ends_with":
            return _edge("~" + name, op, folded(value))
        case _:
            return Leaf(times.test(name, field.kind, op, value))


def _phrase(name: str, field: Field, op: str, value: Any, *, fixed: bool) -> Leaf:
    phrases = frozenset(folded(each) for each in (value if isinstance(value, list) else [value]))
    if fixed and field.kind in ("text", "any"):
        return _indexed("?" + name, op, phrases)
    leaf = _contains("~" + name, op, phrases)
    if field.kind != "list":
        return leaf
    keys = [one_of([("*" + name, phrase)]) for phrase in sorted(phrases)]
    return leaf._replace(
        need=every(keys) if op == "contains_all" else one_of(("*" + name, each) for each in phrases)
    )


def _equal(name: str, field: Field, expected: list[Any]) -> Leaf:
    if field.kind == "any":
        return _equal_any("~" + name, expected)
    slot = "~" + name if field.kind == "text" else name
    wanted = frozenset(folded(each) if field.kind == "text" else each for each in expected)
    need = one_of((slot, each) for each in wanted)
    if len(wanted) == 1:
        (only,) = wanted
        return Leaf(lambda values: values[slot] == only, need)
    return Leaf(lambda values: values[slot] in wanted, need)


def _equal_any(slot: str, expected: list[Any]) -> Leaf:
    # True equals 1 in Python; here a number and a yes are different things.
    wanted = {(isinstance(each, bool), comparable) for each in expected for comparable in [_fold(each)]}

    def test(values: Values) -> bool:
        value = values[slot]
        return not isinstance(value, tuple) and (isinstance(value, bool), value) in wanted

    return Leaf(test, one_of((slot, each) for _, each in wanted))


def _fold(value: Any) -> Any:
    return folded(value) if isinstance(value, str) else value


def _ordered(name: str, field: Field, op: str, value: Any) -> Leaf:
    compare = _COMPARE[op]
    if field.kind == "priority":
        within = frozenset(each for each, rank in _RANK.items() if compare(rank, _RANK[value]))
        return Leaf(lambda values: values[name] in within, one_of((name, each) for each in within))

    def test(values: Values) -> bool:
        x = values[name]
        return isinstance(x, int | float) and not isinstance(x, bool) and compare(x, value)

    return Leaf(test, at_least(name, value) if op in ("greater", "at_least") else at_most(name, value))


def _edge(slot: str, op: str, edge: str) -> Leaf:
    at = str.startswith if op == "starts_with" else str.endswith
    return Leaf(lambda values: isinstance(x := values[slot], str) and at(x, edge))


def _indexed(slot: str, op: str, phrases: frozenset[str]) -> Leaf:
    """Phrases in a text that the rule set's index has gone through: `values[slot]` is the set it found."""
    if op == "contains_all":
        need = every([one_of([(slot, phrase)]) for phrase in sorted(phrases)])
        return Leaf(lambda values: phrases <= values[slot], need, phrases)
    need = one_of((slot, phrase) for phrase in phrases)
    return Leaf(lambda values: not phrases.isdisjoint(values[slot]), need, phrases)


def _contains(slot: str, op: str, phrases: frozenset[str]) -> Leaf:
    every_or_any = all if op == "contains_all" else any

    def test(values: Values) -> bool:
        value = values[slot]
        if isinstance(value, str):
            return every_or_any(occurs(phrase, value) for phrase in phrases)
        return isinstance(value, tuple) and every_or_any(phrase in value for phrase in phrases)

    return Leaf(test)
