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
from functools import cached_property, reduce
from typing import Final, Literal, NamedTuple

import msgspec

from router.decision import Event, Hit
from router.rules.compiled import CompiledRule, compiled_rule, in_words
from router.rules.conditions import fields_of
from router.rules.effects import AddTag, SayReply, Set
from router.rules.facts import Facts
from router.rules.fields import OF_QUEUE, Values
from router.rules.form import FIRST_MATCH, STAGES, Rule, Stage
from router.rules.index import RuleIndex
from router.rules.matching import Failed
from router.rules.outcome import Outcome
from router.rules.roots import ASKED, WHOLE, merged
from router.rules.scores import DEFAULT_LISTS, LISTS, Lists
from router.rules.template import asked_by

DEFAULT: Final = "default"
State = Literal["hit", "miss", "spent", "not_reached", "off", "failed"]


class Step(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What became of one rule. `failed`: the comparisons that decided a miss, with what they found. `spent`:
    it holds and had had its effect before.

    The last of each stage is its default, which always matches: `rule_id` is DEFAULT.
    """

    rule_id: str
    name: str
    stage: Stage
    state: State
    did: tuple[str, ...] = ()
    failed: tuple[Failed, ...] = ()
    error: str = ""


class Holding(NamedTuple):
    """The ids of the rules whose conditions hold, and what is said of those that failed."""

    rules: frozenset[str]
    failed: tuple[Hit, ...]


class _Placed:
    """A rule that is on, in its place: `number` among them, stage by stage.

    A run goes on at `next` once the rule has matched: the rule after it, or the next stage's first. `wakes`
    are the later rules that hang on what it sets.
    """

    __slots__ = ("next", "number", "ready", "rule", "test", "wakes")

    def __init__(self, ready: CompiledRule, number: int) -> None:
        self.ready = ready
        self.rule = ready.rule
        self.test = ready.test
        self.number = number
        self.next = number + 1
        self.wakes: tuple[int, ...] = ()


class RuleSet:
    """Compiled rules; immutable: one serves any number of messages. `version` is carried, not used.

    These are the rules for one `event`; `on` gives those for another. `looks_at` are the fields they name,
    replies among them.
    """

    def __init__(
        self, rules: tuple[Rule, ...], version: int, lists: Lists = DEFAULT_LISTS, event: Event = "message"
    ) -> None:
        self.version = version
        self.lists = lists
        self._event = event
        self._others: dict[Event, RuleSet] = {}
        self._all = rules
        self.rules = rules = tuple(rule for rule in rules if event in rule.events)
        self._compiled: list[_Placed] = []
        changing = _changing(rules)
        for stage in STAGES:
            staged = [rule for rule in rules if rule.on and rule.stage == stage]
            first = len(self._compiled)
            ready = (compiled_rule(rule, changing) for rule in staged)
            self._compiled += [_Placed(one, first + at) for at, one in enumerate(ready)]
            if stage in FIRST_MATCH:
                for one in self._compiled[first:]:
                    one.next = len(self._compiled)
        conditions = [one.ready.condition for one in self._compiled]
        index = RuleIndex(conditions)
        for one in self._compiled:
            one.wakes = index.woken(one.rule.then, one.next)
        self._always = index.always
        self._phrases = index.phrases()
        self._patterns = index.patterns()
        self._ranges = index.ranges()
        self._members = index.slots("*")
        self._exact = index.slots("")
        self._asked = reduce(merged, (one.asks for one in conditions if one is not None and one.asks), WHOLE)

    def on(self, event: Event) -> "RuleSet":
        """The rules for another event; compiled when first asked for."""
        if event == self._event:
            return self
        if event not in self._others:
            self._others[event] = RuleSet(self._all, self.version, self.lists, event)
        return self._others[event]

    @cached_property
    def looks_at(self) -> frozenset[str]:
        """What conditions, expressions and replies name: `customer.tier`, or `customer` as a whole."""
        named = {name for one in self._compiled if one.rule.if_ for name in fields_of(one.rule.if_)}
        asked = {f"{name}.{part}" for name, parts in self._asked.items() for part in parts}
        whole = {name for name, parts in self._asked.items() if not parts}
        said = {
            name
            for one in self._compiled
            for effect in one.rule.then
            if isinstance(effect, SayReply)
            for name in asked_by(effect.reply)
        }
        return frozenset(named | asked | whole | said)

    def run(self, facts: Facts, spent: frozenset[str] = frozenset()) -> Outcome:
        """What the rules make of a message. Never raises on any text; writes into `facts` what rules set.

        Rules in `spent` (by id) have had their effect: where they hold they end their stage as they would,
        and do nothing.
        """
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
            try:
                if not rule.test(values):
                    continue
                if spent and rule.rule.id in spent:
                    at = rule.next
                    continue
                hit = rule.ready.apply(outcome, values)
            except Exception as error:
                hits.append(rule.ready.failed(error))
            else:
                hits.append(hit)
                at = rule.next
                for woken in rule.wakes:
                    place = bisect_left(queue, woken)
                    if place == len(queue) or queue[place] != woken:
                        queue.insert(place, woken)
        outcome.hits = tuple(hits)
        return outcome

    def holding(self, facts: Facts) -> Holding:
        """Whose conditions hold on the facts as they are; nothing is done."""
        self._reach(facts.values)
        rules: set[str] = set()
        failed: list[Hit] = []
        for one in self._compiled:
            try:
                if one.test(facts.values):
                    rules.add(one.rule.id)
            except Exception as error:  # as in a run: it is skipped, and the others go on
                failed.append(one.ready.failed(error))
        return Holding(frozenset(rules), tuple(failed))

    def explain(self, facts: Facts, spent: frozenset[str] = frozenset()) -> tuple[Step, ...]:
        """What became of each rule, stage by stage: the hits are those of `run` on the same facts."""
        values = facts.values
        outcome = Outcome()
        self._reach(values)
        by_id = {step.rule_id: step for step in self._steps(outcome, values, spent)}
        steps: list[Step] = []
        for stage in STAGES:
            of_stage = [rule for rule in self.rules if rule.stage == stage]
            steps += [by_id.get(rule.id) or _step(rule, "off") for rule in of_stage]
            steps.append(_default(stage, steps, outcome, values))
        return tuple(steps)

    def _steps(self, outcome: Outcome, values: Values, spent: frozenset[str]) -> Iterator[Step]:
        at = 0
        for rule in self._compiled:
            if rule.number < at:
                yield _step(rule.rule, "not_reached")
                continue
            try:
                if not rule.test(values):
                    why = rule.ready.condition.why(values) if rule.ready.condition else []
                    yield _step(rule.rule, "miss", failed=tuple(why))
                elif rule.rule.id in spent:
                    yield _step(rule.rule, "spent")
                    at = rule.next
                else:
                    yield _step(rule.rule, "hit", did=rule.ready.apply(outcome, values).did)
                    at = rule.next
            except Exception as error:
                yield _step(rule.rule, "failed", error=in_words(error))

    def _reach(self, values: Values) -> set[int]:
        """Go over the texts once; the numbers of the rules that could match by what is there now."""
        values[ASKED] = self._asked
        values[LISTS] = self.lists
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


def compile_rules(rules: tuple[Rule, ...], version: int, lists: Lists = DEFAULT_LISTS) -> RuleSet:
    """Compile rules that `router.rules.form.parse` accepted.

    About 40 µs a rule, 20 µs of them the index; what is the same in a set that is in use is taken from it.
    """
    return RuleSet(rules, version, lists)


def _default(stage: Stage, steps: list[Step], outcome: Outcome, values: Values) -> Step:
    """What holds where no rule of the stage matched."""
    taken = stage in FIRST_MATCH and any(
        step.stage == stage and step.state in ("hit", "spent") for step in steps
    )
    did = {
        "route": () if outcome.queue else (f"leave it in queue {values['queue']}",),
        "sla": () if outcome.policy else ("the policy by tier and priority",),
        "respond": ("the bot or the ticket's agent answers",),
    }
    state: State = "not_reached" if taken else "hit"
    said = () if taken else did.get(stage, ())
    return Step(rule_id=DEFAULT, name="Default", stage=stage, state=state, did=said)


def _changing(rules: tuple[Rule, ...]) -> frozenset[str]:
    """The fields that some rule changes."""
    effects = [effect for rule in rules if rule.on for effect in rule.then]
    changing = {effect.set for effect in effects if isinstance(effect, Set)}
    if any(isinstance(effect, AddTag) for effect in effects):
        changing.add("tags")
    return frozenset(changing | {*OF_QUEUE} if "queue" in changing else changing)


def _step(
    rule: Rule,
    state: State,
    *,
    did: tuple[str, ...] = (),
    failed: tuple[Failed, ...] = (),
    error: str = "",
) -> Step:
    return Step(
        rule_id=rule.id,
        name=rule.name,
        stage=rule.stage,
        state=state,
        did=did,
        failed=failed,
        error=error,
    )
