"""Which rules could match: by the phrases in a text, the members of a list, the value of a field."""

from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

from router.rules.effects import AddTag, Effect, Set
from router.rules.fields import comparable
from router.rules.matching import Compiled
from router.rules.needs import Key, weigher
from router.rules.text import PhraseIndex, folded

ByValue = dict[Any, tuple[int, ...]]


class Phrases(NamedTuple):
    """A text's phrases: the slot to write those found in, the slot of the text, and the rules by phrase."""

    found: str
    text: str
    finder: PhraseIndex
    rules: ByValue


class RuleIndex:
    """The rules of a set by what they hang on; `always` are the numbers of those that hang on nothing."""

    def __init__(self, conditions: Sequence[Compiled | None]) -> None:
        """`conditions` in the order of the rules; a rule's number is its place."""
        self._named = {pair for one in conditions if one is not None for pair in one.phrases}
        weigh = weigher(pair for one in conditions if one is not None for pair in one.phrases)
        self.always: list[int] = []
        self._rules: dict[Key, list[int]] = {}
        for number, one in enumerate(conditions):
            keys = one.need(weigh) if one is not None else None
            if keys is None:
                self.always.append(number)
            for key in keys or ():
                self._rules.setdefault(key, []).append(number)

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

    def slots(self, kind: str) -> tuple[tuple[str, ByValue], ...]:
        """The rules by value for each slot of a kind: "?", "*", or "" for those of one value."""
        found: dict[str, ByValue] = {}
        for (slot, value), numbers in self._rules.items():
            if (slot[0] if slot[0] in "?*" else "") == kind:
                found.setdefault(slot, {})[value] = tuple(numbers)
        return tuple(sorted(found.items()))

    def woken(self, effects: Iterable[Effect], after: int) -> tuple[int, ...]:
        """The rules from number `after` on that hang on what the effects set."""
        keys: list[Key] = []
        for effect in effects:
            if isinstance(effect, Set):
                keys.append(("~" + effect.set, comparable(effect.to)))
                if isinstance(effect.to, str):
                    keys.append((effect.set, effect.to))
                if effect.set == "queue":
                    keys += [key for key in self._rules if key[0] == "queue_waiting"]
            elif isinstance(effect, AddTag):
                keys.append(("*tags", folded(effect.tag)))
        found = {number for key in keys for number in self._rules.get(key, ())}
        return tuple(sorted(number for number in found if number >= after))
