"""What is odd about a set of rules, told before it is published: warnings, never errors.

Each finding is told only where it is certain from the rules and the desk's names alone; what depends on what
customers will write is not guessed at. The ten that there are:

    never         the condition can't hold: it contradicts itself, or excludes all there is
    shadowed      a rule before it in a first-match stage takes everything it could
    duplicate     the same condition and effects as a rule before it
    contradiction two rules for the same messages set the same thing to different values
    circle        rules about changes set each other off
    unheld        it asks for a skill or level that nobody holds
    no_queue      it sends to a queue that nobody works in, or leaves messages with none
    pointless     nothing follows from it: what it sets is set again by every message that it matches
    unreachable   a rule that always matches ends the stage before it
    silent        it replies to or answers what it discards
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final, Literal, NamedTuple

import msgspec

from router.rules.conditions import All, AnyOf, Comparison, Condition, Not
from router.rules.effects import AddTag, Answer, Drop, Require, SayReply, Set, Spam
from router.rules.form import FIRST_MATCH, STAGES, Rule
from router.rules.implication import allowed, implies, impossible, phrases
from router.rules.text import folded
from router.rules.wording import FINDINGS, Words, field_words, in_words

Kind = Literal[
    "never",
    "shadowed",
    "duplicate",
    "contradiction",
    "circle",
    "unheld",
    "no_queue",
    "pointless",
    "unreachable",
    "silent",
]
_ENOUGH: Final = 500
"""Rules of one stage that are compared with each other; past that only neighbours with a shared field are."""


class Finding(msgspec.Struct, frozen=True, kw_only=True):
    """A finding: `pointer` into the list of rules, `with_` the other rule where there is one.

    `detail` says it in English, `zh` in Simplified Chinese.
    """

    pointer: str
    code: Kind
    rule_id: str
    detail: str
    zh: str
    with_: str = ""


class Staff(NamedTuple):
    """Who is there: the best level of each skill, the queues somebody works in (None: all of them)."""

    skills: Mapping[str, int] = {}
    queues: frozenset[str] | None = None
    default_queue: str = ""


def analyse(rules: Sequence[Rule], staff: Staff | None = None) -> list[Finding]:
    """The findings, in the order of the rules."""
    on = [(number, rule) for number, rule in enumerate(rules) if rule.on]
    found = [*_each(on, staff), *_pairs(on), *_circles(on)]
    if staff is not None and not staff.default_queue:
        found += _homeless(on)
    return sorted(found, key=lambda one: (int(one.pointer.split("/")[1]), one.code))


def _warn(number: int, rule: Rule, code: Kind, said: Words, other: str = "") -> Finding:
    return Finding(pointer=f"/{number}", code=code, rule_id=rule.id, detail=said[0], zh=said[1], with_=other)


def _said(finding: str, *values: str | Words) -> Words:
    return in_words(FINDINGS[finding], *values)


def _each(rules: Sequence[tuple[int, Rule]], staff: Staff | None) -> Iterator[Finding]:
    for number, rule in rules:
        if rule.if_ is not None and (why := impossible(rule.if_)):
            yield _warn(number, rule, "never", _said("never", why))
        dropped = any(isinstance(one, Drop | Spam) for one in rule.then)
        if dropped and any(isinstance(one, SayReply | Answer) for one in rule.then):
            yield _warn(number, rule, "silent", _said("silent"))
        yield from _overwritten(number, rule)
        if staff is not None:
            yield from _staffed(number, rule, staff)


def _overwritten(number: int, rule: Rule) -> Iterator[Finding]:
    seen: dict[str, Any] = {}
    for effect in rule.then:
        if isinstance(effect, Set):
            if effect.set in seen and seen[effect.set] != effect.to:
                said = _said("pointless", field_words(effect.set), repr(effect.to))
                yield _warn(number, rule, "pointless", said)
            seen[effect.set] = effect.to


def _staffed(number: int, rule: Rule, staff: Staff) -> Iterator[Finding]:
    for effect in rule.then:
        if isinstance(effect, Require):
            need = effect.require
            best = staff.skills.get(need.skill, 0)
            if best < need.level:
                held = (str(best),) if best else ()
                said = _said("unheld_level" if best else "unheld", need.skill, str(need.level), *held)
                yield _warn(number, rule, "unheld", said)
    queue = _set_values(rule).get("queue")
    if queue is not None and staff.queues is not None and queue not in staff.queues:
        yield _warn(number, rule, "no_queue", _said("no_workers", str(queue)))


def _homeless(rules: Sequence[tuple[int, Rule]]) -> Iterator[Finding]:
    """No queue is the desk's default, and no rule that always matches gives one."""
    routing = [(number, rule) for number, rule in rules if rule.stage == "route"]
    if routing and not any(rule.if_ is None and "queue" in _sets(rule) for _, rule in routing):
        number, rule = routing[-1]
        yield _warn(number, rule, "no_queue", _said("no_default"))


def _pairs(rules: Sequence[tuple[int, Rule]]) -> Iterator[Finding]:
    for stage in STAGES:
        staged = [(number, rule) for number, rule in rules if rule.stage == stage]
        if len(staged) > _ENOUGH:
            yield from _duplicates(staged)
            continue
        for at, (number, rule) in enumerate(staged):
            before = [one for one in staged[:at] if set(rule.events) <= set(one[1].events)]
            finding = _beside(number, rule, before)
            if finding is not None:
                yield finding


def _duplicates(rules: Sequence[tuple[int, Rule]]) -> Iterator[Finding]:
    seen: dict[str, Rule] = {}
    for number, rule in rules:
        key = repr((rule.if_, rule.then, rule.events))
        if key in seen:
            yield _duplicate(number, rule, seen[key])
        seen.setdefault(key, rule)


def _duplicate(number: int, rule: Rule, other: Rule) -> Finding:
    return _warn(number, rule, "duplicate", _said("duplicate", other.id), other.id)


def _beside(number: int, rule: Rule, before: Sequence[tuple[int, Rule]]) -> Finding | None:
    first = rule.stage in FIRST_MATCH
    changed: set[str] = set()
    for _, other in reversed(before):
        changed |= _sets(other)
        if rule.if_ == other.if_ and rule.then == other.then:
            return _duplicate(number, rule, other)
        if first and other.if_ is None:
            return _warn(number, rule, "unreachable", _said("unreachable", other.id), other.id)
        # In a stage where the first counts, nothing is changed between the two: the other was tried before.
        if first and implies(rule.if_, other.if_):
            return _warn(number, rule, "shadowed", _said("shadowed", other.id), other.id)
        if not first and rule.if_ == other.if_ and _looks_at(rule.if_).isdisjoint(changed):
            for name, value in _set_values(rule).items():
                was = _set_values(other).get(name, value)
                if was != value:
                    said = _said("contradiction", other.id, field_words(name), repr(was), repr(value))
                    return _warn(number, rule, "contradiction", said, other.id)
    return None


def _set_values(rule: Rule) -> dict[str, Any]:
    return {one.set: one.to for one in rule.then if isinstance(one, Set)}


def _sets(rule: Rule) -> set[str]:
    named = {one.set for one in rule.then if isinstance(one, Set)}
    return named | ({"tags"} if any(isinstance(one, AddTag) for one in rule.then) else set())


def _looks_at(condition: Condition | None) -> set[str]:
    match condition:
        case Comparison():
            return {condition.field.removeprefix("ticket.")}
        case All():
            return set().union(*map(_looks_at, condition.all))
        case AnyOf():
            return set().union(*map(_looks_at, condition.any))
        case Not():
            return _looks_at(condition.not_)
        case _:
            return set()


def _circles(rules: Sequence[tuple[int, Rule]]) -> Iterator[Finding]:
    """Rules about changes, each of which makes a change that another waits for, round and round."""
    changing = [(number, rule) for number, rule in rules if "ticket_changed" in rule.events]
    wakes = {rule.id: [other.id for _, other in changing if _wakes(rule, other)] for _, rule in changing}
    for number, rule in changing:
        path = _way_back(rule.id, wakes)
        if path is not None and rule.id == min(path):
            said = _said("circle", " → ".join([*path, path[0]]))
            yield _warn(number, rule, "circle", said, path[-1])


def _wakes(rule: Rule, other: Rule) -> bool:
    for name, value in _set_values(rule).items():
        if any(_fits(one, value) for one in _comparisons(other.if_) if one.field in (name, f"ticket.{name}")):
            return True
    tags = [one.tag for one in rule.then if isinstance(one, AddTag)]
    named = [one for one in _comparisons(other.if_) if one.field in ("tags", "ticket.tags")]
    return any(folded(tag) in (phrases(one) or ()) for tag in tags for one in named)


def _fits(comparison: Comparison, value: Any) -> bool:
    fitting = allowed(comparison)
    if fitting is None:
        return False
    return value in fitting or (isinstance(value, str) and folded(value) in fitting)


def _comparisons(condition: Condition | None) -> Iterator[Comparison]:
    match condition:
        case Comparison():
            yield condition
        case All():
            for part in condition.all:
                yield from _comparisons(part)
        case AnyOf():
            for part in condition.any:
                yield from _comparisons(part)


def _way_back(start: str, wakes: Mapping[str, Sequence[str]]) -> list[str] | None:
    """The shortest way from a rule to itself."""
    ways = [[start]]
    seen: set[str] = set()
    while ways:
        way = ways.pop(0)
        for following in wakes[way[-1]]:
            if following == start:
                return way
            if following not in seen:
                seen.add(following)
                ways.append([*way, following])
    return None
