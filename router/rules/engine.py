"""The engine: a set of rules compiled once, run on every message, and able to explain itself.

Stages go in order. In `enrich` and `act` every rule that matches applies; in `route`, `sla` and `respond` the
first one. Within a stage the order is that of the document, and a rule sees what those before it set.

A run does not try every rule. Rules that hang on a phrase in the text, or on the value of a field that no
rule changes, are found by it: one pass over the text tells which phrases of all the rules are in it. So
a thousand rules cost little more than the few that could match.
"""

from collections.abc import Iterator
from typing import Any, Literal

import msgspec

from router.decision import Hit
from router.rules.effects import AddTag, Set
from router.rules.facts import Facts
from router.rules.fields import Values
from router.rules.form import FIRST_MATCH, STAGES, Rule, Stage
from router.rules.matching import Compiled, Failed, always, compile_condition
from router.rules.operators import Test
from router.rules.outcome import Outcome, compile_effect
from router.rules.text import PhraseIndex


class Step(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What became of one rule. `failed`: the comparisons that decided a miss, with what they found."""

    rule_id: str
    name: str
    stage: Stage
    state: Literal["hit", "miss", "not_reached", "off"]
    did: tuple[str, ...] = ()
    failed: tuple[Failed, ...] = ()


class _Compiled:
    """A rule that is on, compiled; `number` is its place among them, stage by stage."""

    __slots__ = ("condition", "effects", "hit", "number", "rule", "test")

    def __init__(self, rule: Rule, number: int, changing: frozenset[str]) -> None:
        self.rule = rule
        self.number = number
        self.condition: Compiled | None = None
        if rule.if_ is not None:
            self.condition = compile_condition(rule.if_, changing)
        self.test: Test = self.condition.test if self.condition else always
        self.effects = tuple(compile_effect(effect) for effect in rule.then)
        did = tuple(words for words, _ in self.effects)
        self.hit = Hit(rule_id=rule.id, stage=rule.stage, did=did)

    def apply(self, outcome: Outcome, values: Values) -> Hit:
        """Write the effects; the hit says so in words, and what failed."""
        wrong = [write(outcome, values) for _, write in self.effects]
        if not any(wrong):
            return self.hit
        did = tuple(bad or words for bad, words in zip(wrong, self.hit.did, strict=True))
        return msgspec.structs.replace(self.hit, did=did)


class _Group:
    """The rules of one stage; `always` are those that are tried on every message."""

    __slots__ = ("always", "first", "numbers", "rules", "stage")

    def __init__(self, stage: Stage, rules: list[_Compiled]) -> None:
        self.stage = stage
        self.first = stage in FIRST_MATCH
        self.rules = rules
        unkeyed = [rule for rule in rules if rule.condition is None or rule.condition.keys is None]
        self.always = [(rule.test, rule) for rule in unkeyed]
        self.numbers = {rule.number for rule in unkeyed}


class RuleSet:
    """Compiled rules; immutable: one serves any number of messages. `version` is carried, not used."""

    def __init__(self, rules: tuple[Rule, ...], version: int) -> None:
        self.version = version
        self.rules = rules
        self._groups: list[_Group] = []
        self._compiled: list[_Compiled] = []
        changing = _changing(rules)
        for stage in STAGES:
            group: list[_Compiled] = []
            for rule in rules:
                if rule.on and rule.stage == stage:
                    group.append(_Compiled(rule, len(self._compiled) + len(group), changing))
            if group:
                self._groups.append(_Group(stage, group))
                self._compiled += group
        self._indexes = _indexes(self._compiled)
        self._keyed = _keyed(self._compiled)

    def run(self, facts: Facts) -> Outcome:
        """What the rules make of a message. Never raises on any text; writes into `facts` what rules set."""
        values = facts.values
        outcome = Outcome()
        hits: list[Hit] = []
        reached = self._reach(values)
        for group in self._groups:
            for test, rule in self._candidates(group, reached) if reached else group.always:
                if test(values):
                    hits.append(rule.apply(outcome, values))
                    if group.first:
                        break
        outcome.hits = tuple(hits)
        return outcome

    def explain(self, facts: Facts) -> tuple[Step, ...]:
        """What became of each rule, stage by stage: the hits are those of `run` on the same facts."""
        values = facts.values
        outcome = Outcome()
        self._reach(values)
        by_id = {step.rule_id: step for step in self._steps(outcome, values)}
        ordered = sorted(self.rules, key=lambda rule: STAGES.index(rule.stage))
        return tuple(by_id.get(rule.id) or _step(rule, "off") for rule in ordered)

    def _steps(self, outcome: Outcome, values: Values) -> Iterator[Step]:
        for group in self._groups:
            closed = False
            for rule in group.rules:
                if closed:
                    yield _step(rule.rule, "not_reached")
                elif rule.test(values):
                    yield _step(rule.rule, "hit", did=rule.apply(outcome, values).did)
                    closed = group.first
                else:
                    why = rule.condition.why(values) if rule.condition else []
                    yield _step(rule.rule, "miss", failed=tuple(why))

    def _reach(self, values: Values) -> set[int]:
        """Go over the text once; the numbers of the keyed rules that could match."""
        for field, index in self._indexes:
            values["?" + field] = index.find(values["~" + field])
        reached: set[int] = set()
        for slot, rules in self._keyed:
            value = values[slot]
            if slot[0] != "?":
                reached.update(rules.get(value, ()))
            elif value:
                for phrase in value:
                    reached.update(rules.get(phrase, ()))
        return reached

    def _candidates(self, group: _Group, reached: set[int]) -> list[tuple[Test, _Compiled]]:
        low, high = group.rules[0].number, group.rules[-1].number
        keyed = [number for number in reached if low <= number <= high]
        if not keyed:
            return group.always
        rules = [self._compiled[number] for number in sorted(group.numbers.union(keyed))]
        return [(rule.test, rule) for rule in rules]


def compile_rules(rules: tuple[Rule, ...], version: int) -> RuleSet:
    """Compile rules that `router.rules.form.parse` accepted; about 20 µs a rule."""
    return RuleSet(rules, version)


def _changing(rules: tuple[Rule, ...]) -> frozenset[str]:
    """The fields that some rule changes, so that a run can't look them up beforehand."""
    effects = [effect for rule in rules if rule.on for effect in rule.then]
    changing = {effect.set for effect in effects if isinstance(effect, Set)}
    if any(isinstance(effect, AddTag) for effect in effects):
        changing.add("tags")
    return frozenset(changing | {"queue_waiting"} if "queue" in changing else changing)


def _indexes(rules: list[_Compiled]) -> list[tuple[str, PhraseIndex]]:
    phrases: dict[str, set[str]] = {}
    for rule in rules:
        for field, phrase in rule.condition.phrases if rule.condition else ():
            phrases.setdefault(field, set()).add(phrase)
    return [(field, PhraseIndex(found)) for field, found in sorted(phrases.items())]


def _keyed(rules: list[_Compiled]) -> list[tuple[str, dict[Any, list[int]]]]:
    """For each slot of the values, the rules that hang on each of its values."""
    keyed: dict[str, dict[Any, list[int]]] = {}
    for rule in rules:
        for slot, value in (rule.condition.keys if rule.condition else None) or ():
            keyed.setdefault(slot, {}).setdefault(value, []).append(rule.number)
    return sorted(keyed.items())


def _step(
    rule: Rule,
    state: Literal["hit", "miss", "not_reached", "off"],
    *,
    did: tuple[str, ...] = (),
    failed: tuple[Failed, ...] = (),
) -> Step:
    return Step(rule_id=rule.id, name=rule.name, stage=rule.stage, state=state, did=did, failed=failed)
