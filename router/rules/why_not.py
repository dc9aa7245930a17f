"""Why a message did not go to a queue: the rule that came nearest to sending it there, and its obstacle."""

from collections.abc import Sequence
from typing import Final

import msgspec

from router.rules.effects import Set
from router.rules.engine import DEFAULT, RuleSet, Step
from router.rules.facts import Facts
from router.rules.form import Rule
from router.rules.matching import Failed

_NEAREST: Final = {"not_reached": 0, "hit": 0, "spent": 0, "miss": 1, "failed": 2, "off": 3}


class WhyNot(msgspec.Struct, frozen=True, kw_only=True):
    """`rule_id` is the nearest rule, "" where none sends there; `instead` the one that decided, if any."""

    queue: str
    why: str
    rule_id: str = ""
    instead: str = ""
    failed: tuple[Failed, ...] = ()


def why_not(rules: RuleSet, facts: Facts, queue: str, spent: frozenset[str] = frozenset()) -> WhyNot:
    """The answer, for a message whose rules are run anew on `facts`."""
    steps = {step.rule_id: step for step in rules.explain(facts, spent) if step.rule_id != DEFAULT}
    sending = [steps[rule.id] for rule in rules.rules if _sends(rule, queue)]
    instead = _decided(rules.rules, steps)
    if instead is not None and _sends(instead, queue):
        return WhyNot(queue=queue, rule_id=instead.id, why=f"rule {instead.id} sent it there")
    if not sending:
        return WhyNot(queue=queue, instead=_id(instead), why=f"no rule sends anything to {queue}")
    nearest = min(sending, key=lambda step: (_NEAREST[step.state], len(step.failed)))
    return WhyNot(
        queue=queue,
        rule_id=nearest.rule_id,
        instead=_id(instead),
        why=f"rule {nearest.rule_id} would have sent it there, but {_stopped(nearest, instead)}",
        failed=nearest.failed,
    )


def _sends(rule: Rule, queue: str) -> bool:
    return any(isinstance(one, Set) and one.set == "queue" and one.to == queue for one in rule.then)


def _decided(rules: Sequence[Rule], steps: dict[str, Step]) -> Rule | None:
    """The last rule that set the queue."""
    hit = [
        rule
        for rule in rules
        if steps[rule.id].state == "hit"
        and any(isinstance(one, Set) and one.set == "queue" for one in rule.then)
    ]
    order = list(steps)
    return max(hit, key=lambda rule: order.index(rule.id), default=None)


def _stopped(step: Step, instead: Rule | None) -> str:
    match step.state:
        case "off":
            return "it is off"
        case "failed":
            return f"it failed: {step.error}"
        case "not_reached":
            return f"rule {instead.id} matched before it" if instead else "an earlier rule matched before it"
        case "spent":
            return "it had had its effect before"
        case "hit":
            return f"rule {_id(instead)} set another queue after it"
        case _:
            return "; ".join(_said(failed) for failed in step.failed) or "its condition did not hold"


def _said(failed: Failed) -> str:
    if failed.op == "cel":
        return f"the expression {failed.expected} was {failed.found}"
    return f"{failed.field} {failed.op} {failed.expected!r} did not hold: it was {failed.found!r}"


def _id(rule: Rule | None) -> str:
    return rule.id if rule is not None else ""
