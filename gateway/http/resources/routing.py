"""Routing rules over HTTP: the published set, its versions, checks, tests, publishing, recipes."""

import asyncio
from typing import Any

import msgspec
from pydantic import JsonValue

from gateway import rule_sets
from gateway.http.call import Call, Rendered
from gateway.http.cursor import ListQuery, Page
from gateway.http.cursor import decode as decode_cursor
from gateway.http.cursor import encode as encode_cursor
from gateway.http.endpoint import Api
from gateway.http.problems import Conflict, Fault, Invalid
from gateway.http.resources.rule_models import (
    CheckOut,
    DifferenceOut,
    Draft,
    NewRules,
    Publication,
    RecipeOut,
    RulesOut,
    VersionOut,
    WarningOut,
    about,
    sentence,
    shown,
)
from gateway.rule_sets import CasesFail, Checked, NotApproved, Wrong
from router.rules.analysis import Finding
from router.rules.cases import Failing
from router.rules.differing import difference
from router.rules.recipes import RECIPES
from storage import audit, rule_counts, rules
from storage.paging import Sql
from storage.store import Missing, Tx

api = Api("Routing")
# A thousand rules are about half a megabyte.
LIMIT = 8_000_000
_UNCHANGED = "No rule was changed; see errors."


@api.read("/api/v1/routing/rules", role="supervisor", summary="The published rules")
def get_rules(sql: Sql, call: Call) -> RulesOut:
    """The version that decides now, with each rule's hits and the rule as a sentence."""
    version = rules.published(sql)
    if version is None:
        return shown(rules.NONE._replace(lists=rule_sets.lists_of(sql)), created_at=None)
    lists = rule_sets.lists_of(sql)
    return shown(version._replace(lists=lists), about=about(version.rules, rule_counts.every(sql)))


@api.asynchronous("PUT", "/api/v1/routing/rules", role="admin", limit=LIMIT, summary="Store or publish rules")
async def put_rules(call: Call, body: NewRules) -> Rendered[RulesOut]:
    """A new version; with one bad rule, or a failing test, nothing changes and every fault is named."""
    current = await call.parts.store.read(rules.published)
    lists: Any = body.lists if body.lists is not None else (current.lists if current else {})
    cases: Any = body.cases if body.cases is not None else (current.cases if current else [])
    document = await _checked(body.rules, lists, cases)

    def _put(tx: Tx) -> RulesOut:
        newest = rules.published(tx.sql)
        call.expect(newest.version if newest else 0)
        _named(tx.sql, document)
        number = rules.add(tx, body.rules, body.note, call.actor, publish=False, lists=lists, cases=cases)
        if body.publish:
            _publish(tx, call, number, document, body.overrule)
        action = "rules.published" if body.publish else "rules.drafted"
        audit.record(tx, call.actor, action, str(number), note=body.note, rules=len(body.rules))
        warnings = _warnings(rule_sets.findings(tx.sql, document.rules))
        return shown(rules.get(tx.sql, number), warnings=warnings)

    return await call.write(_put)


@api.read("/api/v1/routing/rules/versions", role="supervisor", summary="Versions, newest first")
def list_versions(sql: Sql, call: Call, query: ListQuery) -> Page[VersionOut]:
    """Who changed the rules, when and why."""
    before = decode_cursor(query.cursor, int) if query.cursor else None
    found = rules.listed(sql, before, query.limit + 1)
    page = found[: query.limit]
    rest = encode_cursor(page[-1].version) if len(found) > query.limit else None
    shown_ = [VersionOut(count=len(one.rules), **one._asdict()) for one in page]
    return Page[VersionOut](data=shown_, next_cursor=rest)


@api.read("/api/v1/routing/rules/versions/{version}", role="supervisor", summary="A version")
def get_version(sql: Sql, call: Call, version: str) -> RulesOut:
    """One version, whole."""
    found = rules.get(sql, _number(version))
    return shown(found._replace(lists=rule_sets.in_force(found.lists)))


@api.read(
    "/api/v1/routing/rules/versions/{version}/diff/{other}",
    role="supervisor",
    summary="What leads from a version to another",
)
def diff_rules(sql: Sql, call: Call, version: str, other: str) -> DifferenceOut:
    """Rules added, removed, changed and moved, by id; 0 is the empty set."""
    before, after = (_version(sql, _number(one)) for one in (version, other))
    found = difference(before.rules, after.rules)
    was, now = (rule_sets.in_force(one.lists) for one in (before, after))
    return DifferenceOut(**found._asdict(), lists=was != now, cases=before.cases != after.cases)


@api.asynchronous(
    "POST",
    "/api/v1/routing/rules/versions/{version}/publish",
    role="admin",
    summary="Publish a draft, or go back to a version that was superseded",
)
async def publish_rules(call: Call, version: str, body: Publication) -> Rendered[RulesOut]:
    """It decides from the next message on; tests that fail stop it, unless overruled with a reason."""
    number = _number(version)
    stored = await call.parts.store.read(lambda sql: rules.get(sql, number))
    document = await _checked(stored.rules, stored.lists, stored.cases)

    def _step(tx: Tx) -> RulesOut:
        newest = rules.published(tx.sql)
        call.expect(newest.version if newest else 0)
        _named(tx.sql, document)
        _publish(tx, call, number, document, body.overrule)
        audit.record(tx, call.actor, "rules.published", str(number), before=newest.version if newest else 0)
        return shown(rules.get(tx.sql, number))

    return await call.write(_step)


@api.write(
    "POST",
    "/api/v1/routing/rules/versions/{version}/approve",
    role="admin",
    summary="Approve a draft somebody else has made",
)
def approve_rules(tx: Tx, call: Call, version: str) -> RulesOut:
    """The second pair of eyes, where the setting `rules_approval` asks for one."""
    number = _number(version)
    if not rule_sets.approve(tx, number, call.actor):
        raise Conflict("Who made a version can't approve it: somebody else must.")
    audit.record(tx, call.actor, "rules.approved", str(number))
    return shown(rules.get(tx.sql, number))


@api.asynchronous(
    "POST", "/api/v1/routing/check", role="supervisor", limit=LIMIT, summary="Check and test rules"
)
async def check_rules(call: Call, body: Draft) -> CheckOut:
    """Every error, everything odd, every failing test; nothing is stored."""
    document = await looked_up(call, body)

    def _query(sql: Sql) -> CheckOut:
        return CheckOut(
            warnings=_warnings(rule_sets.findings(sql, document.rules)),
            failing=[_failing(one) for one in rule_sets.failing_cases(sql, document)],
            cases=len(document.cases),
            sentences={one.id: sentence(one) for one in document.rules if one.id in body.tell},
        )

    return await call.parts.store.read(_query)


@api.read("/api/v1/routing/recipes", role="supervisor", summary="Rules to start from")
def list_recipes(sql: Sql, call: Call) -> Page[RecipeOut]:
    """In English and Chinese, with test cases."""
    return Page[RecipeOut](data=[RecipeOut(**one._asdict()) for one in RECIPES], next_cursor=None)


async def looked_up(call: Call, body: Draft) -> Checked:
    """The rules of a draft, or of the version it names, checked; the published ones where it names none."""
    if body.rules is not None:
        lists: Any = body.lists
        if lists is None:
            lists = await call.parts.store.read(rule_sets.lists_of)
        document = await _checked(body.rules, lists, body.cases or [])
        await call.parts.store.read(lambda sql: _named(sql, document))
        return document
    try:
        stored = await call.parts.store.read(lambda sql: _version(sql, body.version))
    except Missing as error:
        raise Invalid.at("/version", "unknown", f"There is no version {body.version}.") from error
    return await asyncio.to_thread(rule_sets.stored, stored)


async def _checked(document: list[dict[str, Any]], lists: Any, cases: Any) -> Checked:
    """Off the loop: ten thousand rules take a second."""
    try:
        return await asyncio.to_thread(rule_sets.checked, document, lists, cases)
    except Wrong as wrong:
        raise _refused(wrong) from None


def _named(sql: Sql, document: Checked) -> None:
    try:
        rule_sets.check_names(sql, document.rules)
    except Wrong as wrong:
        raise _refused(wrong) from None


def _refused(wrong: Wrong) -> Invalid:
    faults = [Fault(error.pointer, error.code, error.detail) for error in wrong.errors]
    return Invalid(*faults, detail=_UNCHANGED)


def _publish(tx: Tx, call: Call, number: int, document: Checked, overrule: str) -> None:
    second = call.parts.settings.rules_approval
    try:
        rule_sets.publish(tx, number, document, actor=call.actor, overrule=overrule, second_approver=second)
    except NotApproved:
        raise Conflict(
            "A second admin must approve: store it with publish false, and have somebody else POST …/approve."
        ) from None
    except CasesFail as stopped:
        faults = [
            Fault(f"/cases{one.pointer}", "case", f"{one.name}: {one.detail}") for one in stopped.failing
        ]
        why = "Tests fail: nothing was published. `overrule` takes a reason to."
        raise Invalid(*faults, detail=why) from None


def _version(sql: Sql, number: int | None) -> rules.Version:
    if number is None:
        return rules.published(sql) or rules.NONE
    return rules.NONE if number == 0 else rules.get(sql, number)


def _number(version: str) -> int:
    return int(version) if version.isascii() and version.isdecimal() and len(version) < 10 else -1


def _warnings(found: list[Finding]) -> list[WarningOut]:
    return [
        WarningOut(
            pointer=f"/rules{one.pointer}",
            code=one.code,
            rule_id=one.rule_id,
            detail=one.detail,
            zh=one.zh,
            other=one.with_,
        )
        for one in found
    ]


def _failing(one: Failing) -> dict[str, JsonValue]:
    found: dict[str, JsonValue] = msgspec.to_builtins(one)
    return found
