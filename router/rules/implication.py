"""What follows from a condition: whether it can hold at all, and whether another holds wherever it does.

Everything told here is certain; where it can't be told from the conditions alone, the answer is no.
"""

from collections.abc import Iterator, Sequence
from typing import Any, Final

from router.rules.conditions import All, AnyOf, Cel, Comparison, Condition, Not
from router.rules.fields import field_named
from router.rules.text import folded
from router.rules.wording import REASONS, Words, field_words, in_words


def impossible(condition: Condition) -> Words | None:
    """Why a condition can't hold, in English and Chinese; None where it may."""
    match condition:
        case All():
            return _contradicting(condition.all) or next(
                (why for part in condition.all if (why := impossible(part))), None
            )
        case AnyOf():
            reasons = [impossible(part) for part in condition.any]
            return reasons[0] if all(reasons) else None
        case Not():
            return REASONS["denies"] if _certain(condition.not_) else None
        case Cel():
            return None
        case Comparison():
            return None if allowed(condition) != frozenset() else REASONS["empty"]


def _certain(condition: Condition) -> bool:
    """Whether it holds on any message."""
    match condition:
        case Comparison():
            choices = _choices(condition.field)
            return bool(choices) and allowed(condition) == choices and condition.field not in _OPTIONAL
        case All():
            return all(map(_certain, condition.all))
        case AnyOf():
            return any(map(_certain, condition.any))
        case Not():
            return impossible(condition.not_) is not None
        case _:
            return False


_OPTIONAL: Final = frozenset(
    {"match.outcome", "ticket.status", "ticket.priority", "ticket.waiting_reason", "previous.status"}
    | {"previous.priority"}
)


def _contradicting(parts: Sequence[Condition]) -> Words | None:
    """Two parts of an `all` that exclude each other."""
    flat = list(_flat(parts))
    for at, one in enumerate(flat):
        for other in flat[at + 1 :]:
            if (why := _exclude(one, other)) is not None:
                return why
    return None


def _flat(parts: Sequence[Condition]) -> Iterator[Condition]:
    for part in parts:
        if isinstance(part, All):
            yield from _flat(part.all)
        else:
            yield part


def _exclude(one: Condition, other: Condition) -> Words | None:
    for held, denied in ((one, other), (other, one)):
        if isinstance(denied, Not) and implies(held, denied.not_):
            return REASONS["denied"]
    if not isinstance(one, Comparison) or not isinstance(other, Comparison) or one.field != other.field:
        return None
    if one.op.startswith("not_") and implies(other, _positive(one)):
        return in_words(REASONS["opposed"], field_words(one.field))
    if other.op.startswith("not_") and implies(one, _positive(other)):
        return in_words(REASONS["opposed"], field_words(one.field))
    return _no_overlap(one, other)


def _positive(condition: Comparison) -> Comparison:
    op = {"not_in": "in", "not_contains": "contains", "not_exists": "exists"}[condition.op]
    return condition.model_copy(update={"op": op})


def _no_overlap(one: Comparison, other: Comparison) -> Words | None:
    mine, theirs = allowed(one), allowed(other)
    if mine is not None and theirs is not None and not mine & theirs:
        return in_words(REASONS["both"], field_words(one.field))
    low, high = _range(one), _range(other)
    if low is not None and high is not None and (max(low[0], high[0]) > min(low[1], high[1])):
        return in_words(REASONS["bounds"], field_words(one.field))
    return None


def _choices(name: str) -> frozenset[Any] | None:
    field = field_named(name)
    return frozenset(field.choices) if field is not None and field.choices else None


def allowed(condition: Comparison) -> frozenset[Any] | None:
    """The values that satisfy it, where they are few and known; None where they are not."""
    field, value = field_named(condition.field), condition.value
    if field is None or field.kind in ("list", "any"):
        return None
    fold = folded if field.kind == "text" else lambda each: each
    choices = _choices(condition.field)
    match condition.op:
        case "is":
            return frozenset({fold(value)})
        case "in":
            return frozenset(map(fold, value))
        case "is_not" if choices:
            return choices - {value}
        case "not_in" if choices:
            return choices - frozenset(value)
        case "at_least" | "greater" | "at_most" | "less" if field.kind == "priority":
            return _ranked(condition.op, str(value), field.choices)
        case _:
            return None


def _ranked(op: str, value: str, order: Sequence[str]) -> frozenset[Any]:
    at = order.index(value)
    first = {"at_least": at, "greater": at + 1}.get(op, 0)
    last = {"at_most": at + 1, "less": at}.get(op, len(order))
    return frozenset(order[first:last])


def _range(condition: Comparison) -> tuple[float, float] | None:
    field, value = field_named(condition.field), condition.value
    if field is None or field.kind not in ("number", "any") or isinstance(value, bool):
        return None
    if not isinstance(value, int | float):
        return None
    step = 1e-9
    ranges = {
        "is": (value, value),
        "greater": (value + step, float("inf")),
        "at_least": (value, float("inf")),
        "less": (float("-inf"), value - step),
        "at_most": (float("-inf"), value),
    }
    return ranges.get(condition.op)


def implies(narrow: Condition | None, wide: Condition | None) -> bool:
    """Whether `wide` certainly holds on every message that `narrow` holds on."""
    if narrow is None or wide is None or narrow == wide:
        return wide is None or narrow == wide or _certain(wide)
    if isinstance(wide, AnyOf) and any(implies(narrow, part) for part in wide.any):
        return True
    match narrow, wide:
        case _, All():
            return all(implies(narrow, part) for part in wide.all)
        case AnyOf(), _:
            return all(implies(part, wide) for part in narrow.any)
        case All(), _:
            return any(implies(part, wide) for part in narrow.all)
        case Not(), Not():
            return implies(wide.not_, narrow.not_)
        case Comparison(), Comparison():
            return narrow.field == wide.field and _comparison_implies(narrow, wide)
    return False


def _comparison_implies(narrow: Comparison, wide: Comparison) -> bool:
    mine, theirs = allowed(narrow), allowed(wide)
    if mine is not None and theirs is not None:
        return mine <= theirs
    inner, outer = _range(narrow), _range(wide)
    if inner is not None and outer is not None:
        return outer[0] <= inner[0] and inner[1] <= outer[1]
    if wide.op == "exists":
        return narrow.op in _PRESENT
    return _phrases_imply(narrow, wide)


_PRESENT: Final = frozenset(
    {"contains", "contains_any", "contains_all", "matches", "starts_with", "ends_with", "greater", "at_least"}
)


def _phrases_imply(narrow: Comparison, wide: Comparison) -> bool:
    wanted, found = phrases(narrow), phrases(wide)
    if wanted is None or found is None:
        return False
    if wide.op == "contains_all" or (wide.op == "contains" and len(found) == 1):
        # Each phrase that is looked for must be certain: one of an `all`, or the only one of an `any`.
        certain = wanted if narrow.op == "contains_all" or len(wanted) == 1 else frozenset()
        return found <= certain
    return bool(wanted & found) if narrow.op == "contains_all" else wanted <= found


def phrases(condition: Comparison) -> frozenset[str] | None:
    match condition.op:
        case "contains":
            return frozenset({folded(condition.value)})
        case "contains_any" | "contains_all":
            return frozenset(map(folded, condition.value))
        case _:
            return None
