"""The form of a rule document: what admins write, checked as a whole, with every error named by its place.

    Rule         id, name, note, stage, on, events, if (a condition; left out: always), then (effects)
    Condition    {"all": […]} | {"any": […]} | {"not": …} | {"cel": "…"} | {"field", "op", "value"}
    Effect       {"set", "to"} | {"tag"} | {"require"} | {"reply"} | {"answer"} | {"handover"} | {"skip_bot"}
                 | {"discard"} | {"policy"} | {"notify"} | {"webhook"} | {"snooze"} | {"spam"}

Names of queues, skills, policies, tiers and articles are not looked up here: rules know no store.
"""

import re
from typing import Annotated, Any, Final, Literal, get_args
from weakref import WeakValueDictionary

import msgspec
from pydantic import Field, ValidationError

from router.decision import Event
from router.rules.conditions import Condition
from router.rules.effects import Effect, effect_key
from router.rules.parts import Part

Stage = Literal["enrich", "route", "sla", "respond", "act"]
STAGES: Final[tuple[Stage, ...]] = get_args(Stage)
FIRST_MATCH: Final[frozenset[Stage]] = frozenset({"route", "sla", "respond"})
"""Stages of which only the first rule that matches applies; of the others every one does."""

MOST_RULES: Final = 10_000
LARGEST_RULE: Final = 64 * 1024
DEEPEST: Final = 4
_DEEPEST_DOCUMENT: Final = 24
_MOST_EFFECTS: Final = 20
_MOST_PARTS: Final = 100

_EVERYWHERE: Final = frozenset({"set", "tag"})
ALLOWED: Final[dict[Stage, frozenset[str]]] = {
    # `require` here too: of several rules that ask for skills, in `route` only the first would count.
    "enrich": _EVERYWHERE | {"require"},
    "route": _EVERYWHERE | {"require"},
    "sla": _EVERYWHERE | {"policy"},
    "respond": _EVERYWHERE | {"reply", "answer", "handover", "skip_bot"},
    "act": _EVERYWHERE | {"reply", "notify", "webhook", "discard", "snooze", "spam"},
}


class RuleError(msgspec.Struct, frozen=True, kw_only=True):
    """One error: `pointer` (RFC 6901) into the list of rules, a code for programs, the reason in words."""

    pointer: str
    code: str
    detail: str


class RuleErrors(ValueError):
    """A document is no set of rules; `errors` holds all that is wrong with it."""

    def __init__(self, errors: tuple[RuleError, ...]) -> None:
        super().__init__("; ".join(f"{error.pointer}: {error.detail}" for error in errors[:5]))
        self.errors = errors


class Rule(Part):
    """One rule. Inside a stage rules go in the order of the document."""

    id: Annotated[str, Field(min_length=1, max_length=100, pattern=r"^[^\s\x00-\x1f]+$")]
    name: Annotated[str, Field(max_length=200)] = ""
    stage: Stage
    note: Annotated[str, Field(max_length=2_000)] = ""
    on: bool = True
    events: Annotated[tuple[Event, ...], Field(min_length=1)] = ("message",)
    if_: Condition | None = Field(default=None, alias="if")
    then: tuple[Effect, ...]

    def document(self) -> dict[str, Any]:
        """The rule as it was written, ready for JSON."""
        return self.model_dump(mode="json", by_alias=True, exclude_unset=True)


# A version differs from the one before by a few rules: those that are the same are checked and compiled once.
_IN_USE: Final[WeakValueDictionary[bytes, Rule]] = WeakValueDictionary()


def parse(document: Any) -> tuple[Rule, ...]:
    """The rules of a document (a list, as JSON gives it). Raises `RuleErrors` with every error there is."""
    if not isinstance(document, list):
        raise RuleErrors((RuleError(pointer="", code="list", detail="a set of rules is a list"),))
    if len(document) > MOST_RULES:
        raise RuleErrors((RuleError(pointer="", code="too_many", detail=f"at most {MOST_RULES} rules"),))
    rules: list[Rule] = []
    errors: list[RuleError] = []
    places: dict[str, int] = {}
    for number, raw in enumerate(document):
        rule, wrong = _parse_rule(number, raw)
        errors += wrong
        if rule is not None:
            rules.append(rule)
        name = raw.get("id") if isinstance(raw, dict) else None
        if isinstance(name, str) and (first := places.setdefault(name, number)) != number:
            detail = f"rule {first + 1} has the id '{name[:100]}' already"
            errors.append(RuleError(pointer=f"/{number}/id", code="duplicate", detail=detail))
    if errors:
        raise RuleErrors(tuple(errors))
    return tuple(rules)


def _parse_rule(number: int, raw: Any) -> tuple[Rule | None, list[RuleError]]:
    at = f"/{number}"
    try:
        encoded = msgspec.json.encode(raw)
    except RecursionError:
        return None, [_too_deep(at)]
    except (TypeError, ValueError, OverflowError) as error:
        return None, [RuleError(pointer=at, code="json", detail=f"can't be written as JSON: {error}")]
    if len(encoded) > LARGEST_RULE:
        detail = f"a rule takes at most {LARGEST_RULE // 1024} KB"
        return None, [RuleError(pointer=at, code="too_large", detail=detail)]
    if (known := _IN_USE.get(encoded)) is not None:
        return known, []
    if _deeper_than(raw, _DEEPEST_DOCUMENT):
        return None, [_too_deep(at)]
    errors = _misplaced(at, raw)
    if isinstance(raw, dict):
        errors += _misshapen(f"{at}/if", raw.get("if"), DEEPEST)
    try:
        rule = Rule.model_validate_json(encoded)
    except ValidationError as invalid:
        found = [_from_pydantic(at, error["loc"], error["type"], error["msg"]) for error in invalid.errors()]
        return None, found + errors
    if not errors:
        _IN_USE[encoded] = rule
    return rule, errors


def _too_deep(at: str) -> RuleError:
    return RuleError(pointer=at, code="too_deep", detail="nested too deeply")


def _misplaced(at: str, raw: Any) -> list[RuleError]:
    """Too many effects or none, and those that the rule's stage has no use for."""
    stage, effects = (raw.get("stage"), raw.get("then")) if isinstance(raw, dict) else (None, None)
    if not isinstance(effects, list):
        return []
    errors = _miscounted(f"{at}/then", effects, _MOST_EFFECTS, "effects")
    if stage not in STAGES:
        return errors
    return errors + [
        RuleError(
            pointer=f"{at}/then/{place}",
            code="stage",
            detail=f"'{key}' is not for stage '{stage}', which takes {', '.join(sorted(ALLOWED[stage]))}",
        )
        for place, effect in enumerate(effects)
        if (key := effect_key(effect)) is not None and key not in ALLOWED[stage]
    ]


def _misshapen(at: str, condition: Any, left: int) -> list[RuleError]:
    """Conditions nested too deeply, or lists of them that are empty or too long."""
    if not isinstance(condition, dict):
        return []
    nested = [key for key in ("all", "any", "not") if key in condition]
    if nested and left == 0:
        return [RuleError(pointer=at, code="too_deep", detail=f"all, any and not go at most {DEEPEST} deep")]
    errors: list[RuleError] = []
    for key in nested:
        inner = condition[key]
        if isinstance(inner, list):
            errors += _miscounted(f"{at}/{key}", inner, _MOST_PARTS, "conditions")
            for place, part in enumerate(inner):
                errors += _misshapen(f"{at}/{key}/{place}", part, left - 1)
        else:
            errors += _misshapen(f"{at}/{key}", inner, left - 1)
    return errors


def _miscounted(at: str, parts: list[Any], most: int, what: str) -> list[RuleError]:
    if 1 <= len(parts) <= most:
        return []
    return [RuleError(pointer=at, code="length", detail=f"1 to {most} {what}")]


def _deeper_than(raw: Any, most: int) -> bool:
    level = [raw]
    for _ in range(most):
        inner: list[Any] = []
        for part in level:
            if isinstance(part, dict):
                inner.extend(part.values())
            elif isinstance(part, list | tuple):
                inner.extend(part)
        if not inner:
            return False
        level = inner
    return True


def _from_pydantic(at: str, place: tuple[int | str, ...], code: str, detail: str) -> RuleError:
    # Tags of the unions are written <so>, to be told from keys of the document.
    parts = [str(part) for part in place if not re.fullmatch(r"<\w+>", str(part))]
    pointer = "".join("/" + part.replace("~", "~0").replace("/", "~1") for part in parts)
    return RuleError(pointer=at + pointer, code=code, detail=detail)
