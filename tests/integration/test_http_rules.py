"""Rule sets over HTTP: checked, tested, published, gone back to, approved, compared, tried, explained."""

from typing import Any

import pytest

from gateway.settings import Settings
from tests.integration.conftest import Desk

RULES = "/api/v1/routing/rules"
GOLD: dict[str, Any] = {
    "id": "gold",
    "stage": "route",
    "if": {"field": "customer.tier", "op": "is", "value": "gold"},
    "then": [{"set": "queue", "to": "vip"}],
}
CASE = {"name": "gold", "message": {"text": "hello", "tier": "gold"}, "expect": {"queue": "vip"}}
FAILS = {"name": "nobody", "message": {"text": "hello"}, "expect": {"queue": "vip"}}


@pytest.fixture
async def furnished(desk: Desk) -> Desk:
    """A desk with two queues and the tier gold."""
    await desk.ask("POST", "/api/v1/queues", {"id": "general", "name": "General", "default": True})
    await desk.ask("POST", "/api/v1/queues", {"id": "vip", "name": "VIP"})
    await desk.ask("POST", "/api/v1/tiers", {"id": "gold", "name": "Gold", "order": 0})
    return desk


async def put(desk: Desk, **body: Any) -> Any:
    """Store or publish rules; what is answered."""
    return await desk.ask("PUT", RULES, {"rules": [GOLD], **body})


async def test_a_version_has_its_state_and_the_rules_their_sentences(furnished: Desk) -> None:
    """Draft, published, superseded; each rule in English and Chinese, with what it has done."""
    drafted = (await put(furnished, publish=False, note="one")).body
    await put(furnished, note="two")
    await put(furnished, note="three", rules=[GOLD, {**GOLD, "id": "late"}])
    shown = (await furnished.ask("GET", RULES)).body
    versions = (await furnished.ask("GET", f"{RULES}/versions")).body["data"]
    assert drafted["state"] == "draft"
    assert [(one["version"], one["state"], one["note"]) for one in versions] == [
        (3, "published", "three"),
        (2, "superseded", "two"),
        (1, "draft", "one"),
    ]
    assert shown["about"]["gold"] == {
        "hits": 0,
        "failed": 0,
        "last_fired_at": None,
        "en": "If the customer's tier is “gold”: set the queue to “vip”.",
        "zh": "如果客户等级是“gold”：将队列设为“vip”。",
    }


async def test_a_failing_test_stops_a_publish_unless_overruled_with_a_reason(furnished: Desk) -> None:
    """The reason is kept with the version."""
    refused = await put(furnished, cases=[CASE, FAILS])
    before = (await furnished.ask("GET", RULES)).body["version"]
    overruled = await put(furnished, cases=[CASE, FAILS], overrule="the test is old")
    assert refused.status == 422
    assert [(one["pointer"], one["code"]) for one in refused.body["errors"]] == [("/cases/1", "case")]
    assert (before, overruled.body["state"], overruled.body["overruled"]) == (
        0,
        "published",
        "the test is old",
    )


async def test_every_error_of_a_document_is_told_with_its_pointer(furnished: Desk) -> None:
    """In rules, lists and test cases; nothing changes."""
    wrong = await put(
        furnished,
        rules=[GOLD, {**GOLD, "id": "x", "then": [{"set": "queue", "to": ""}]}],
        lists={"urgency": {"now": 0}},
        cases=[{"message": {}, "expect": {"colour": "red"}}],
    )
    pointers = [one["pointer"] for one in wrong.body["errors"]]
    assert (wrong.status, pointers) == (422, ["/rules/1/then/0/to", "/lists", "/cases/0/expect/colour"])


async def test_what_is_odd_is_told_and_published_all_the_same(furnished: Desk) -> None:
    """A rule that can never be reached is a warning."""
    made = await put(
        furnished, rules=[GOLD, {**GOLD, "id": "late", "then": [{"set": "queue", "to": "general"}]}]
    )
    assert [(one["pointer"], one["code"], one["other"]) for one in made.body["warnings"]] == [
        ("/rules/1", "shadowed", "gold")
    ]


async def test_two_versions_are_compared_and_the_older_comes_back(furnished: Desk) -> None:
    """Rule by rule; publishing a superseded version is the way back."""
    await put(furnished)
    changed = {**GOLD, "name": "Gold customers"}
    await put(furnished, rules=[{**GOLD, "id": "new"}, changed])
    found = (await furnished.ask("GET", f"{RULES}/versions/1/diff/2")).body
    back = await furnished.ask("POST", f"{RULES}/versions/1/publish", {})
    assert found == {
        "added": ["new"],
        "removed": [],
        "changed": {"gold": ["name"]},
        "moved": [],
        "lists": False,
        "cases": False,
    }
    assert (back.body["version"], back.body["state"]) == (1, "published")
    assert (await furnished.ask("GET", RULES)).body["version"] == 1


async def test_a_change_somebody_else_has_made_meanwhile_is_not_overwritten(furnished: Desk) -> None:
    """If-Match names the version that was read."""
    await put(furnished)
    late = await furnished.ask("PUT", RULES, {"rules": []}, headers={"If-Match": '"v0"'})
    assert late.status == 412


async def test_rules_are_checked_and_tested_without_being_stored(furnished: Desk) -> None:
    """A draft in the body, or a stored version."""
    body = {"rules": [GOLD], "cases": [CASE, FAILS]}
    found = (await furnished.ask("POST", "/api/v1/routing/check", body, role="supervisor")).body
    versions = (await furnished.ask("GET", f"{RULES}/versions")).body["data"]
    assert found["failing"] == [{"pointer": "/1", "name": "nobody", "detail": "queue is general, not vip"}]
    assert versions == []


async def test_a_rule_that_is_checked_is_told_as_a_sentence(furnished: Desk) -> None:
    """Those that are asked for, in English and Chinese."""
    body = {"rules": [GOLD, {**GOLD, "id": "late"}], "tell": ["gold"]}
    found = (await furnished.ask("POST", "/api/v1/routing/check", body)).body
    assert found["sentences"] == {
        "gold": {
            "en": "If the customer's tier is “gold”: set the queue to “vip”.",
            "zh": "如果客户等级是“gold”：将队列设为“vip”。",
        }
    }
    assert [one["zh"] for one in found["warnings"]] == ["它与规则gold的内容相同。"]


async def test_what_rules_can_be_made_of_is_told(desk: Desk) -> None:
    """Fields with their kinds and values, operators by kind, effects by stage, each in two languages."""
    told = (await desk.ask("GET", "/api/v1/routing/grammar", role="supervisor")).body
    fields = {one["name"]: one for one in told["fields"]}
    assert fields["priority"]["choices"] == ["low", "normal", "high", "urgent"]
    assert (fields["context."]["family"], fields["text"]["zh"]) == (True, "消息文本")
    assert {"name": "is", "en": "is …", "zh": "是…"} in told["operators"]["choice"]
    assert [one["name"] for one in told["effects"]["sla"]] == ["set", "tag", "policy"]


async def test_a_message_is_simulated_against_a_draft(furnished: Desk) -> None:
    """With the trace of each stage, its default last."""
    body = {"text": "It is urgent, I need it today", "tier": "gold", "rules": [GOLD]}
    found = (await furnished.ask("POST", "/api/v1/routing/simulate", body)).body
    route = [(one["rule_id"], one["state"]) for one in found["trace"] if one["stage"] == "route"]
    assert (found["queue"], route) == ("vip", [("gold", "hit"), ("default", "not_reached")])
    assert found["scores"]["urgency"] == {"score": 70, "reasons": {"urgent": 50, "today": 20}}


async def test_a_trial_begins_and_is_stopped(furnished: Desk) -> None:
    """One shadow at a time."""
    await put(furnished, publish=False)
    begun = await furnished.ask("POST", "/api/v1/routing/trials", {"kind": "shadow", "version": 1})
    second = await furnished.ask("POST", "/api/v1/routing/trials", {"kind": "shadow", "version": 1})
    stopped = await furnished.ask("POST", f"/api/v1/routing/trials/{begun.body['id']}/stop")
    none = await furnished.ask("POST", "/api/v1/routing/trials", {"kind": "canary", "version": 9})
    assert (begun.status, begun.body["state"]) == (201, "running")
    assert (second.status, stopped.body["state"], none.status) == (409, "stopped", 422)


async def test_recipes_are_rule_sets_that_pass_their_own_tests(furnished: Desk) -> None:
    """In English and Chinese; their queues are to be made first."""
    for queue, skill in (("complaints", "chinese"),):
        await furnished.ask("POST", "/api/v1/queues", {"id": queue, "name": queue})
        await furnished.ask("POST", "/api/v1/skills", {"id": skill, "name": skill})
    recipes = (await furnished.ask("GET", "/api/v1/routing/recipes")).body["data"]
    failing = {}
    for recipe in recipes:
        if recipe["id"] == "after-hours":
            continue
        body = {"rules": recipe["rules"], "cases": recipe["cases"]}
        found = await furnished.ask("POST", "/api/v1/routing/check", body)
        failing[recipe["id"]] = found.body.get("failing", found.body)
    assert failing == {"complaint": [], "vip": [], "language": [], "acknowledgement": []}


class TestWithApproval:
    """A desk on which a second admin must approve."""

    @pytest.fixture
    def settings(self, settings: Settings) -> Settings:
        """The setting is on."""
        return settings.model_copy(update={"rules_approval": True})

    async def test_nobody_publishes_alone(self, furnished: Desk) -> None:
        """Who made a version can't approve it."""
        refused = await put(furnished)
        version = (await put(furnished, publish=False)).body["version"]
        alone = await furnished.ask("POST", f"{RULES}/versions/{version}/approve")
        early = await furnished.ask("POST", f"{RULES}/versions/{version}/publish", {})
        assert (refused.status, alone.status, early.status) == (409, 409, 409)
