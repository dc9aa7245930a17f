"""A rule compiled: once for all the sets it stands in, for as long as one of them is in use."""

from typing import Final
from weakref import WeakValueDictionary

import msgspec

from router.decision import Hit
from router.rules.fields import Values
from router.rules.form import Rule
from router.rules.matching import always, compile_condition
from router.rules.operators import Test
from router.rules.outcome import Outcome, compile_effect


class CompiledRule:
    """A rule's condition and effects, ready to run. `changing`: the fields that rules of its set change."""

    __slots__ = ("__weakref__", "condition", "effects", "hit", "rule", "test")

    def __init__(self, rule: Rule, changing: frozenset[str]) -> None:
        self.rule = rule
        self.condition = compile_condition(rule.if_, changing) if rule.if_ is not None else None
        self.test: Test = self.condition.test if self.condition else always
        self.effects = tuple(compile_effect(effect) for effect in rule.then)
        did = tuple(words for words, _ in self.effects)
        self.hit = Hit(rule_id=rule.id, stage=rule.stage, did=did)

    def apply(self, outcome: Outcome, values: Values) -> Hit:
        """Write the effects; the hit says so in words, and what failed."""
        wrong: list[tuple[int, str]] = []
        for at, (_, write) in enumerate(self.effects):
            if said := write(outcome, values):
                wrong.append((at, said))
        if not wrong:
            return self.hit
        did = list(self.hit.did)
        for at, said in wrong:
            did[at] = said
        return msgspec.structs.replace(self.hit, did=tuple(did))

    def failed(self, error: Exception) -> Hit:
        """The rule could not be run on this message: what it says of it."""
        return msgspec.structs.replace(self.hit, did=("skipped, it failed",), error=in_words(error))


# By the identity of the rule, which a compiled one holds on to: as long as an entry is there, so is its rule.
_IN_USE: Final[WeakValueDictionary[tuple[int, frozenset[str]], CompiledRule]] = WeakValueDictionary()


def compiled_rule(rule: Rule, changing: frozenset[str]) -> CompiledRule:
    """The rule compiled, or as it stands compiled in a set that is in use."""
    key = (id(rule), changing)
    known = _IN_USE.get(key)
    if known is None:
        known = _IN_USE[key] = CompiledRule(rule, changing)
    return known


def in_words(error: Exception) -> str:
    """A rule's failure for those who read traces."""
    return f"{type(error).__name__}: {error}".partition("\n")[0][:200]
