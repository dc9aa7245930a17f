"""Conditions compiled: each a closure over the values, the keys it hangs on, and why it failed."""

from collections.abc import Callable, Sequence
from functools import reduce
from typing import Any, Final

import msgspec

from router.rules.conditions import All, AnyOf, Cel, Comparison, Condition, Not
from router.rules.expression import expression
from router.rules.fields import Values, field_named
from router.rules.needs import Need, either, every, nothing
from router.rules.operators import Test, compile_leaf
from router.rules.roots import WHOLE, Parts, merged

_LONGEST_SHOWN: Final = 200
_MOST_SHOWN: Final = 20


class Failed(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A condition that did not hold: where it stands in the rule, what it wanted and what it found.

    `op` begins with "not " where the opposite was wanted, and is "cel" for an expression, whose `found` says
    what it came to or which error it ran into.
    """

    pointer: str
    field: str = ""
    op: str
    expected: Any = None
    found: Any = None


class Compiled:
    """A compiled condition; it can only hold where one of the keys of `need` is there.

    `phrases` are (field, phrase) pairs the test looks up, `asks` what its expressions ask of the names. `why`
    tells what decided it, whichever way it went. `cost` orders the parts of an `all` or `any`: cheap first.
    """

    __slots__ = ("asks", "cost", "need", "phrases", "test", "why")

    def __init__(
        self,
        test: Test,
        why: Callable[[Values], list[Failed]],
        *,
        need: Need = nothing,
        phrases: frozenset[tuple[str, str]] = frozenset(),
        asks: Parts = WHOLE,
        cost: int = 0,
    ) -> None:
        self.test = test
        self.why = why
        self.need = need
        self.phrases = phrases
        self.asks = asks
        self.cost = cost


def always(values: Values) -> bool:
    """The test of a rule without a condition."""
    return True


def compile_condition(
    condition: Condition, changing: frozenset[str] = frozenset(), pointer: str = "/if"
) -> Compiled:
    """Compile a checked condition.

    `changing` are the fields that rules of the set change: no text of theirs is indexed beforehand. `pointer`
    is the place in the rule.
    """
    match condition:
        case All():
            return _all(_parts(condition.all, changing, f"{pointer}/all"))
        case AnyOf():
            return _any(_parts(condition.any, changing, f"{pointer}/any"))
        case Not():
            return _not(compile_condition(condition.not_, changing, f"{pointer}/not"), pointer)
        case Cel():
            return _cel(condition.cel, pointer)
        case Comparison():
            return _comparison(condition, changing, pointer)


def _parts(conditions: Sequence[Condition], changing: frozenset[str], pointer: str) -> list[Compiled]:
    return [compile_condition(each, changing, f"{pointer}/{at}") for at, each in enumerate(conditions)]


def _comparison(condition: Comparison, changing: frozenset[str], pointer: str) -> Compiled:
    name, op, value = condition.field, condition.op, condition.value
    field = field_named(name)
    if field is None:
        raise ValueError(f"no field is named '{name}'")
    leaf = compile_leaf(name, field, op, value, fixed=name not in changing)

    def why(values: Values) -> list[Failed]:
        found = _shown(values[name])
        return [Failed(pointer=pointer, field=name, op=op, expected=value, found=found)]

    phrases = frozenset((name, phrase) for phrase in leaf.phrases)
    return Compiled(leaf.test, why, need=leaf.need, phrases=phrases, cost=int(leaf.slow))


def _cel(source: str, pointer: str) -> Compiled:
    compiled = expression(source)

    def why(values: Values) -> list[Failed]:
        return [Failed(pointer=pointer, op="cel", expected=source, found=compiled.evaluate(values)[1])]

    if compiled.equality is not None:
        slot, text = compiled.equality
        return Compiled(lambda values: values[slot] == text, why, need=compiled.need)
    return Compiled(compiled.holds, why, need=compiled.need, asks=compiled.parts, cost=2)


def _not(inner: Compiled, pointer: str) -> Compiled:
    test = inner.test

    def why(values: Values) -> list[Failed]:
        held = inner.why(values)
        return [msgspec.structs.replace(each, pointer=pointer, op=f"not {each.op}") for each in held]

    return Compiled(
        lambda values: not test(values), why, phrases=inner.phrases, asks=inner.asks, cost=inner.cost
    )


def _all(parts: list[Compiled]) -> Compiled:
    first, *rest = _cheap_first(parts)

    def test(values: Values) -> bool:
        if not first(values):
            return False
        for each in rest:  # noqa: SIM110 - a generator costs more than the tests
            if not each(values):
                return False
        return True

    def why(values: Values) -> list[Failed]:
        failing = [part for part in parts if not part.test(values)][:1]
        return _why(failing or parts, values)

    return Compiled(
        test,
        why,
        need=every([part.need for part in parts]),
        phrases=_phrases(parts),
        asks=_asks(parts),
        cost=max(part.cost for part in parts),
    )


def _any(parts: list[Compiled]) -> Compiled:
    tests = _cheap_first(parts)

    def test(values: Values) -> bool:
        for each in tests:  # noqa: SIM110 - a generator costs more than the tests
            if each(values):
                return True
        return False

    def why(values: Values) -> list[Failed]:
        holding = [part for part in parts if part.test(values)][:1]
        return _why(holding or parts, values)

    return Compiled(
        test,
        why,
        need=either([part.need for part in parts]),
        phrases=_phrases(parts),
        asks=_asks(parts),
        cost=max(part.cost for part in parts),
    )


def _why(parts: list[Compiled], values: Values) -> list[Failed]:
    return [failed for part in parts for failed in part.why(values)][:_MOST_SHOWN]


def _cheap_first(parts: list[Compiled]) -> list[Test]:
    return [part.test for part in sorted(parts, key=lambda part: part.cost)]


def _phrases(parts: list[Compiled]) -> frozenset[tuple[str, str]]:
    return frozenset().union(*(part.phrases for part in parts))


def _asks(parts: list[Compiled]) -> Parts:
    return reduce(merged, (part.asks for part in parts))


def _shown(value: Any) -> Any:
    if isinstance(value, str):
        return value[:_LONGEST_SHOWN]
    if isinstance(value, list | tuple):
        return [_shown(each) for each in value[:_MOST_SHOWN]]
    return value if value is None or isinstance(value, bool | int | float) else str(value)[:_LONGEST_SHOWN]
