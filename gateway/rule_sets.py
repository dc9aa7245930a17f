"""A rule set on its way to being the one that decides, for API and CLI: checked, tested, warned of."""

from collections.abc import Sequence
from typing import Any, NamedTuple

from gateway.rule_names import unknown_names
from router.rules.analysis import Finding, Staff, analyse
from router.rules.cases import Case, Failing, failing, parse_cases
from router.rules.engine import RuleSet, compile_rules
from router.rules.form import Rule, RuleError, RuleErrors, parse
from router.rules.scores import DEFAULT_LISTS
from router.rules.scores import problem as lists_problem
from storage import agents, audit, rules
from storage.catalogue import load_desk
from storage.paging import Sql
from storage.rules import Version
from storage.store import Tx


class Checked(NamedTuple):
    """A document in which nothing is wrong, compiled."""

    rules: tuple[Rule, ...]
    compiled: RuleSet
    cases: tuple[Case, ...]


class Wrong(Exception):
    """A document is no rule set; `errors` have pointers into the whole document."""

    def __init__(self, errors: Sequence[RuleError]) -> None:
        super().__init__(f"{len(errors)} errors")
        self.errors = tuple(errors)


class NotApproved(Exception):
    """Nobody but its author has looked at a draft, and this desk's rules ask for a second pair of eyes."""


class CasesFail(Exception):
    """Test cases stop a publish that gave no reason to overrule them."""

    def __init__(self, failing: Sequence[Failing]) -> None:
        super().__init__(f"{len(failing)} test cases fail")
        self.failing = tuple(failing)


def checked(
    document: list[dict[str, Any]],
    lists: dict[str, Any] | None = None,
    cases: list[Any] | None = None,
    version: int = 0,
) -> Checked:
    """The parts of a document; pure, and seconds of work where it is large. Raises `Wrong`."""
    errors: list[RuleError] = []
    parsed: tuple[Rule, ...] = ()
    try:
        parsed = parse(document)
    except RuleErrors as refused:
        errors += [_at("/rules", error) for error in refused.errors]
    if lists and (why := lists_problem(lists)):
        errors.append(RuleError(pointer="/lists", code="value", detail=why))
    known, wrong = parse_cases(cases or [])
    errors += [_at("/cases", error) for error in wrong]
    if errors:
        raise Wrong(errors)
    return Checked(parsed, compile_rules(parsed, version, {**DEFAULT_LISTS, **(lists or {})}), known)


def check_names(sql: Sql, parsed: Sequence[Rule]) -> None:
    """Raises `Wrong` where a rule names what the desk does not have."""
    if errors := unknown_names(sql, parsed):
        raise Wrong([_at("/rules", error) for error in errors])


def findings(sql: Sql, parsed: Sequence[Rule]) -> list[Finding]:
    """What is odd about the rules on this desk."""
    return analyse(parsed, staff(sql))


def staff(sql: Sql) -> Staff | None:
    """Who could take what the rules ask for; None while nobody is there at all."""
    people = agents.active(sql)
    if not people:
        return None
    skills: dict[str, int] = {}
    for person in people:
        for skill, level in person.skills.items():
            skills[skill] = max(level, skills.get(skill, 0))
    queues = frozenset(queue for person in people for queue in person.queues)
    # Who is in no queue works in all of them.
    everywhere = any(not person.queues for person in people)
    return Staff(skills, None if everywhere else queues, load_desk(sql).default_queue)


def failing_cases(sql: Sql, document: Checked) -> list[Failing]:
    """The test cases that the rules fail on this desk."""
    return failing(document.cases, document.compiled, load_desk(sql).default_queue)


def publish(
    tx: Tx, number: int, document: Checked, *, actor: str, overrule: str = "", second_approver: bool = False
) -> None:
    """Make a stored version the one that decides. Raises `NotApproved`, `CasesFail`."""
    version = rules.get(tx.sql, number)
    # What decided before was approved then.
    if second_approver and version.state == "draft" and not version.approved_by:
        raise NotApproved
    failing = failing_cases(tx.sql, document)
    if failing and not overrule:
        raise CasesFail(failing)
    rules.make_current(tx, number, overruled=overrule if failing else "")
    if failing:
        audit.record(tx, actor, "rules.overruled", str(number), reason=overrule, failing=len(failing))


def approve(tx: Tx, number: int, actor: str) -> bool:
    """Keep that somebody has looked at a version and would publish it; False for its author, who can't."""
    version = rules.get(tx.sql, number)
    if version.author == actor:
        return False
    rules.approve(tx, number, actor)
    return True


def stored(version: Version) -> Checked:
    """A stored version's parts."""
    return checked(version.rules, version.lists, version.cases, version.version)


def lists_of(sql: Sql) -> dict[str, dict[str, int]]:
    """The phrase lists that are in force: the published version's, else those to begin with."""
    current = rules.published(sql)
    return in_force(current.lists if current else {})


def in_force(own: rules.Lists) -> rules.Lists:
    """A version's own phrase lists, and those to begin with where it has none."""
    return {name: dict(own.get(name, phrases)) for name, phrases in DEFAULT_LISTS.items()}


def _at(where: str, error: RuleError) -> RuleError:
    return RuleError(pointer=where + error.pointer, code=error.code, detail=error.detail)
