"""Which rules could match: by the phrases in a text, the members of a list, the value of a field."""

from bisect import bisect_left, bisect_right
from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

from router.rules.effects import AddTag, Effect, Set
from router.rules.fields import OF_QUEUE, comparable
from router.rules.matching import Compiled
from router.rules.needs import Key, weigher
from router.rules.patterns import PatternIndex
from router.rules.text import PhraseIndex, folded

ByValue = dict[Any, tuple[int, ...]]


class Phrases(NamedTuple):
    """A text's phrases: the slot to write those found in, the slot of the text, and the rules by phrase."""

    found: str
    text: str
    finder: PhraseIndex
    rules: ByValue


class Range(NamedTuple):
    """Numbers: the slot of a field, the bounds of the rules in order, and the rules in the same order."""

    field: str
    rising: bool
    bounds: list[float]
    rules: list[int]

    def reached(self, value: Any) -> list[int]:
        """The rules whose bound the value reaches."""
        if not isinstance(value, int | float) or isinstance(value, bool):
            return []
        if self.rising:
            return self.rules[: bisect_right(self.bounds, value)]
        return self.rules[bisect_left(self.bounds, value) :]


class RuleIndex:
    """The rules of a set by what they hang on; `always` are the numbers of those that hang on nothing."""

    def __init__(self, conditions: Sequence[Compiled | None]) -> None:
        """`conditions` in the order of the rules; a rule's number is its place."""
        self._named = Counter(pair for one in conditions if one is not None for pair in one.phrases)
        weigh = weigher(self._named)
        self.always: list[int] = []
        self._loose: dict[str, list[int]] = {}
        self._rules: dict[Key, list[int]] = {}
        for number, one in enumerate(conditions):
            keys = one.need(weigh) if one is not None else None
            if keys is None:
                self.always.append(number)
            for key in keys or ():
                self._rules.setdefault(key, []).append(number)
                if key[0][0] in "<>" or key[0] in OF_QUEUE:
                    self._loose.setdefault(key[0].lstrip("<>"), []).append(number)
        self._slots: dict[str, dict[str, ByValue]] = {}
        for (slot, value), numbers in self._rules.items():
            of_kind = self._slots.setdefault(slot[0] if slot[0] in "?*/<>" else "", {})
            of_kind.setdefault(slot, {})[value] = tuple(numbers)

    def phrases(self) -> tuple[Phrases, ...]:
        """The indexes to go over, one a text field that rules look for phrases in."""
        by_field: dict[str, list[str]] = {}
        for field, phrase in sorted(self._named):
            by_field.setdefault(field, []).append(phrase)
        slots = dict(self.slots("?"))
        return tuple(
            Phrases("?" + field, "~" + field, PhraseIndex(found), slots.get("?" + field, {}))
            for field, found in by_field.items()
        )

    def patterns(self) -> tuple[tuple[str, PatternIndex, ByValue], ...]:
        """The slot of a text, the patterns that rules hang on, and the rules by pattern."""
        slots = self.slots("/")
        return tuple(
            (slot[1:] if slot[1] == "$" else "=" + slot[1:], PatternIndex(by_pattern), by_pattern)
            for slot, by_pattern in slots
        )

    def ranges(self) -> tuple[Range, ...]:
        """The bounds that rules set for numbers, a field at a time."""
        found = []
        for rising in (True, False):
            for slot, by_bound in self.slots(">" if rising else "<"):
                pairs = sorted((bound, number) for bound, numbers in by_bound.items() for number in numbers)
                bounds, numbers = [bound for bound, _ in pairs], [number for _, number in pairs]
                found.append(Range(slot[1:], rising, bounds, numbers))
        return tuple(found)

    def slots(self, kind: str) -> tuple[tuple[str, ByValue], ...]:
        """The rules by value for each slot of a kind: "?", "*", "/", ">", "<", or "" for the plain ones."""
        return tuple(sorted(self._slots.get(kind, {}).items()))

    def woken(self, effects: Iterable[Effect], after: int) -> tuple[int, ...]:
        """The rules from number `after` on that hang on what the effects set."""
        keys: list[Key] = []
        found: set[int] = set()
        for effect in effects:
            if isinstance(effect, Set):
                keys.append(("~" + effect.set, comparable(effect.to)))
                if isinstance(effect.to, str):
                    keys.append((effect.set, effect.to))
                found.update(self._loose.get(effect.set, ()))
                if effect.set == "queue":
                    for field in OF_QUEUE:
                        found.update(self._loose.get(field, ()))
            elif isinstance(effect, AddTag):
                keys.append(("*tags", folded(effect.tag)))
        for key in keys:
            found.update(self._rules.get(key, ()))
        return tuple(sorted(number for number in found if number >= after))
