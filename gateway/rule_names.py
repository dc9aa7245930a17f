"""Names in rules that stand for nothing on this desk; rules themselves know no store."""

from collections.abc import Iterator, Sequence

from router.rules.conditions import fields_of
from router.rules.effects import Answer, Require, Set, UsePolicy
from router.rules.fields import calendar_of
from router.rules.form import Rule, RuleError
from storage import articles, catalogue
from storage.catalogue import Kind
from storage.paging import Sql


def unknown_names(sql: Sql, rules: Sequence[Rule]) -> list[RuleError]:
    """An error for each effect that could not be carried out, with its pointer into the list of rules."""
    return list(_unknown(sql, rules))


def _unknown(sql: Sql, rules: Sequence[Rule]) -> Iterator[RuleError]:
    kinds: tuple[Kind, ...] = ("queue", "tier", "policy", "skill", "calendar")
    known: dict[str, frozenset[str]] = {kind: catalogue.ids(sql, kind) for kind in kinds}
    known["article"] = articles.answering_ids(sql)
    for index, rule in enumerate(rules):
        for place, effect in enumerate(rule.then):
            where = f"/{index}/then/{place}"
            match effect:
                case Set(set=kind, to=to) if kind in kinds and to not in known[kind]:
                    yield _error(f"{where}/to", kind, str(to))
                case Require(require=need) if need.skill not in known["skill"]:
                    yield _error(f"{where}/require/skill", "skill", need.skill)
                case UsePolicy(policy=name) if name not in known["policy"]:
                    yield _error(f"{where}/policy", "policy", name)
                case Answer(answer=name) if name not in known["article"]:
                    yield _error(f"{where}/answer", "published article", name)
        for field in fields_of(rule.if_) if rule.if_ is not None else ():
            calendar = calendar_of(field)
            if calendar is not None and calendar not in known["calendar"]:
                yield _error(f"/{index}/if", "calendar", calendar)


def _error(pointer: str, what: str, name: str) -> RuleError:
    return RuleError(pointer=pointer, code="unknown", detail=f"There is no {what} {name}.")
