"""The engine: a set of rules compiled once, run on every message, and able to explain itself.

Stages go in order. In `enrich` and `act` every rule that matches applies; in `route`, `sla` and `respond` the
first one. Within a stage the order is that of the document, and a rule sees what those before it set.

A run does not try every rule. Rules that hang on a phrase in the text, on a tag or on the value of a field
are found by it: one pass over the text tells which phrases of all the rules are in it, and a rule that sets a
field or a tag wakes those that hang on it. So a thousand rules cost little more than the few that could
match.
"""

from bisect import bisect_left
from collections.abc import Iterator
from functools import reduce
from typing import Literal

import msgspec

from router.decision import Hit
from router.rules.effects import AddTag, Set
from router.rules.facts import Facts
from router.rules.fields import Values
from router.rules.form import FIRST_MATCH, STAGES, Rule, Stage
from router.rules.index import RuleIndex
from router.rules.matching import Failed, always, compile_condition
from router.rules.operators import Test
from router.rules.outcome import Outcome, compile_effect
from router.rules.roots import ASKED, WHOLE, merged


class Step(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What became of one rule. `failed`: the comparisons that decided a miss, with what they found."""

    rule_id: str
    name: str
    stage: Stage
    state: Literal["hit", "miss", "not_reached", "off"]
    did: tuple[str, ...] = ()
    failed: tuple[Failed, ...] = ()


class _Compiled:
    """A rule that is on, compiled; `number` is its place among them, stage by stage.

    A run goes on at `next` once the rule has matched: the rule after it, or the next stage's first. `wakes`
    are the later rules that hang on what it sets.
    """

    __slots__ = ("condition", "effects", "hit", "next", "number", "rule", "test", "wakes")

    def __init__(self, rule: Rule, number: int, changing: frozenset[str]) -> None:
        self.rule = rule
        self.number = number
        self.next = number + 1
        self.wakes: tuple[int, ...] = ()
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


class RuleSet:
    """Compiled rules; immutable: one serves any number of messages. `version` is carried, not used."""

    def __init__(self, rules: tuple[Rule, ...], version: int) -> None:
        self.version = version
        self.rules = rules
        self._compiled: list[_Compiled] = []
        changing = _changing(rules)
        for stage in STAGES:
            staged = [rule for rule in rules if rule.on and rule.stage == stage]
            first = len(self._compiled)
            self._compiled += [_Compiled(rule, first + at, changing) for at, rule in enumerate(staged)]
            if stage in FIRST_MATCH:
                for one in self._compiled[first:]:
                    one.next = len(self._compiled)
        index = RuleIndex([one.condition for one in self._compiled])
        for one in self._compiled:
            one.wakes = index.woken(one.rule.then, one.next)
        self._always = index.always
        self._phrases = index.phrases()
        self._patterns = index.patterns()
        self._ranges = index.ranges()
        self._members = index.slots("*")
        self._exact = index.slots("")
        self._asked = reduce(merged, (one.condition.asks for one in self._compiled if one.condition), WHOLE)

    def run(self, facts: Facts) -> Outcome:
        """What the rules make of a message. Never raises on any text; writes into `facts` what rules set."""
        values = facts.values
        outcome = Outcome()
        hits: list[Hit] = []
        queue = [*self._always, *self._reach(values)]
        queue.sort()
        rules, at = self._compiled, 0
        for number in queue:  # it grows behind the number in hand
            if number < at:
                continue
            rule = rules[number]
            if rule.test(values):
                hits.append(rule.apply(outcome, values))
                at = rule.next
                for woken in rule.wakes:
                    place = bisect_left(queue, woken)
                    if place == len(queue) or queue[place] != woken:
                        queue.insert(place, woken)
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
        at = 0
        for rule in self._compiled:
            if rule.number < at:
                yield _step(rule.rule, "not_reached")
            elif rule.test(values):
                yield _step(rule.rule, "hit", did=rule.apply(outcome, values).did)
                at = rule.next
            else:
                why = rule.condition.why(values) if rule.condition else []
                yield _step(rule.rule, "miss", failed=tuple(why))

    def _reach(self, values: Values) -> set[int]:
        """Go over the texts once; the numbers of the rules that could match by what is there now."""
        values[ASKED] = self._asked
        reached: set[int] = set()
        for found_in, text, index, by_phrase in self._phrases:
            value = values[text]
            values[found_in] = found = index.find(value) if value.__class__ is str else index.among(value)
            for phrase in found:
                if (numbers := by_phrase.get(phrase)) is not None:
                    reached.update(numbers)
        for seen, patterns, by_pattern in self._patterns:
            for matching in patterns.find(values[seen]):
                reached.update(by_pattern[matching])
        for bounds in self._ranges:
            reached.update(bounds.reached(values[bounds.field]))
        for slot, by_value in self._exact:
            if (numbers := by_value.get(values[slot])) is not None:
                reached.update(numbers)
        for slot, by_member in self._members:
            for member in values[slot]:
                if (numbers := by_member.get(member)) is not None:
                    reached.update(numbers)
        return reached


def compile_rules(rules: tuple[Rule, ...], version: int) -> RuleSet:
    """Compile rules that `router.rules.form.parse` accepted; about 20 µs a rule."""
    return RuleSet(rules, version)


def _changing(rules: tuple[Rule, ...]) -> frozenset[str]:
    """The fields that some rule changes."""
    effects = [effect for rule in rules if rule.on for effect in rule.then]
    changing = {effect.set for effect in effects if isinstance(effect, Set)}
    if any(isinstance(effect, AddTag) for effect in effects):
        changing.add("tags")
    return frozenset(changing | {"queue_waiting"} if "queue" in changing else changing)


def _step(
    rule: Rule,
    state: Literal["hit", "miss", "not_reached", "off"],
    *,
    did: tuple[str, ...] = (),
    failed: tuple[Failed, ...] = (),
) -> Step:
    return Step(rule_id=rule.id, name=rule.name, stage=rule.stage, state=state, did=did, failed=failed)
