"""A stored decision made again from its stored context: the same, or with an input edited."""

from typing import Any, Final, NamedTuple

import msgspec

from bus.envelope import Inbound
from router.comparing import course, differences
from router.decide import decide
from router.decide_ticket import decide_ticket
from router.decision import Context, Decision
from router.rules.engine import RuleSet, Step
from router.rules.facts import Facts
from router.rules.why_not import WhyNot, why_not
from storage import restoring, rules
from storage.paging import Sql
from storage.restoring import Restored
from storage.rules import Version
from workers.deciding_code import deciding_code

UNREADABLE: Final = (
    "Another release stored the rules of version {}; this one can't read them: name another version."
)


class WrongEdit(ValueError):
    """An edit that leaves no message or context; the text says what is wrong."""


class Replayed(NamedTuple):
    """`same`: the decision is byte for byte the one that was stored. `lost`: inputs that are gone.

    `made_by` marks the code that made the stored one, "" where that was before marks were kept, `code` the
    code here. Where they are not the same, bytes may differ although nothing is wrong; what can be compared
    then is what came of it: `differences`, by name, from what to what.
    """

    stored: Decision
    decision: Decision
    same: bool
    made_by: str
    code: str
    differences: dict[str, tuple[Any, Any]]
    steps: tuple[Step, ...]
    lost: tuple[str, ...]
    why_not: WhyNot | None

    @property
    def differs(self) -> bool:
        """Whether it is another decision, as far as that can be told across a change of the code."""
        return bool(self.differences) or (not self.same and self.made_by == self.code)


class Stored(NamedTuple):
    """A decision and the rules to make it again with."""

    restored: Restored
    version: Version


def looked_up(sql: Sql, decision_id: str, version: int | None = None) -> Stored:
    """A decision by its id (`dec_12`), with the version that made it, or another. Raises `Missing`."""
    digits = decision_id.removeprefix("dec_")
    restored = restoring.get(sql, int(digits) if digits.isascii() and digits.isdecimal() else -1)
    number = restored.decision.rules_version if version is None else version
    return Stored(restored, rules.get(sql, number) if number else rules.NONE)


def replay(
    restored: Restored,
    compiled: RuleSet,
    *,
    message: dict[str, Any] | None = None,
    context: dict[str, Any] | None = None,
    queue: str | None = None,
) -> Replayed:
    """Decide it anew, with `message` and `context` merged into what is stored (RFC 7396).

    `queue` asks why it was not sent there.
    """
    try:
        inbound = _edited(restored.inbound, message, Inbound)
        seen = _edited(restored.context, context, Context)
    except (msgspec.ValidationError, TypeError) as error:
        raise WrongEdit(f"the edit does not fit: {error}") from None
    about_ticket = seen.event != "message"
    if about_ticket and seen.ticket is None:
        raise WrongEdit("the edit does not fit: rules about tickets need one")
    decision = (decide_ticket if about_ticket else decide)(inbound, seen, compiled)
    asked, spent = compiled.on(seen.event), frozenset(seen.spent)
    return Replayed(
        stored=restored.decision,
        decision=decision,
        same=restoring.encode(decision) == restored.encoded,
        made_by=restored.context.made_by,
        code=deciding_code(),
        differences=differences(course(restored.decision), course(decision)),
        steps=asked.explain(Facts(inbound, seen), spent),
        lost=restored.lost,
        why_not=why_not(asked, Facts(inbound, seen), queue, spent) if queue else None,
    )


def _edited(value: Any, changes: dict[str, Any] | None, kind: type[Any]) -> Any:
    if not changes:
        return value
    plain = msgspec.json.decode(msgspec.json.encode(value))
    return msgspec.json.decode(msgspec.json.encode(_merged(plain, changes)), type=kind)


def _merged(into: Any, changes: Any) -> Any:
    if not isinstance(changes, dict):
        return changes
    merged = dict(into) if isinstance(into, dict) else {}
    for name, change in changes.items():
        if change is None:
            merged.pop(name, None)
        else:
            merged[name] = _merged(merged.get(name), change)
    return merged
