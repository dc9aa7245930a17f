"""Pins, wrap-ups and a queue's targets over HTTP: who may, what is shown, what is refused."""

import json
import re
from pathlib import Path
from typing import Any

from tests.eventually import eventually
from tests.integration.conftest import Desk
from tests.integration.test_http_tickets import STRANGE, shop_on

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
GUIDE = Path(__file__).parents[2] / "docs" / "ASSIGNMENT.md"


async def waiting(desk: Desk) -> Any:
    """A ticket that waits in a queue with targets and a wrap-up."""
    queue = {"id": "care", "name": "Care", "wrap_up_seconds": 600, "assignment": 5, "ownership": 60}
    made = await desk.ask("POST", "/api/v1/queues", queue)
    assert made.status == 201, made.body
    shop = await shop_on(desk)
    await shop.say("m-1", STRANGE)
    (ticket,) = await shop.tickets(1)
    return (await desk.ask("PATCH", f"/api/v1/tickets/{ticket['id']}", {"queue": "care"})).body


async def colleague(desk: Desk) -> str:
    """An agent's id."""
    body = {"name": "Ben", "email": "ben@example.org", "password": "long enough a word"}
    return str((await desk.ask("POST", "/api/v1/agents", body)).body["id"])


async def test_a_queue_s_clocks_stand_beside_the_others(desk: Desk) -> None:
    """With what is left of them; a calendar that there is not is refused."""
    ticket = await waiting(desk)
    clocks = {clock["metric"]: clock for clock in ticket["clocks"]}
    assert {"assignment", "ownership"} <= set(clocks)
    assert 290 < clocks["assignment"]["remaining_seconds"] <= 300
    refused = await desk.ask("PATCH", "/api/v1/queues/care", {"calendar": "lunar"})
    assert (refused.status, refused.body["errors"][0]["pointer"]) == (422, "/calendar")


async def test_a_customer_s_new_tier_is_their_tickets_tier(desk: Desk) -> None:
    """Of those that had the old one, with its promise; what a rule or a person had set otherwise stays."""
    for tier in ("gold", "silver"):
        assert (await desk.ask("POST", "/api/v1/tiers", {"id": tier, "name": tier})).status == 201
    policy = {"name": "Gold", "tiers": ["gold"], "first_response": 5}
    assert (await desk.ask("POST", "/api/v1/sla-policies", policy)).status == 201
    ticket = await waiting(desk)
    customer = f"/api/v1/customers/{ticket['customer_id']}"
    assert (await desk.ask("PATCH", customer, {"tier": "gold"})).status == 200
    raised = (await desk.ask("GET", f"/api/v1/tickets/{ticket['id']}")).body
    promised = {clock["metric"]: clock["remaining_seconds"] for clock in raised["clocks"]}
    assert raised["tier"] == "gold"
    assert 280 < promised["first_response"] <= 300


async def test_running_clocks_follow_a_policy_and_a_calendar_that_change(desk: Desk) -> None:
    """A policy's new target within moments; what was used by hours that have changed stays used."""
    hours = {"id": "shop", "name": "Shop", "tz": "UTC", "weekly": {day: [["00:00", "24:00"]] for day in DAYS}}
    assert (await desk.ask("POST", "/api/v1/calendars", hours)).status == 201
    policy = {"id": "all", "name": "All", "calendar": "shop", "first_response": 60}
    assert (await desk.ask("POST", "/api/v1/sla-policies", policy)).status == 201
    ticket = await waiting(desk)

    async def remaining() -> float:
        shown = (await desk.ask("GET", f"/api/v1/tickets/{ticket['id']}")).body["clocks"]
        return float(next(one["remaining_seconds"] for one in shown if one["metric"] == "first_response"))

    async def has_minutes(most: float) -> bool:
        return (most - 3) * 60 < await remaining() <= most * 60

    assert await has_minutes(60)
    await desk.ask("PATCH", "/api/v1/sla-policies/all", {"first_response": 30})
    assert await eventually(lambda: has_minutes(30))
    closed = await desk.ask("PATCH", "/api/v1/calendars/shop", {"weekly": dict.fromkeys(DAYS)})
    assert (closed.status, closed.body["weekly"], "earlier" in closed.body) == (200, {}, False)
    assert await eventually(lambda: has_minutes(30))
    assert await remaining() < 30 * 60


async def test_a_supervisor_pins_and_an_agent_may_not(desk: Desk) -> None:
    """What keeps the others from it is said; null lets them have it."""
    ticket, ben = await waiting(desk), await colleague(desk)
    path = f"/api/v1/tickets/{ticket['id']}"
    refused = await desk.ask("PATCH", path, {"pinned_to": ben}, role="agent")
    unknown = await desk.ask("PATCH", path, {"pinned_to": "agt_nobody"}, role="supervisor")
    assert (refused.status, unknown.status) == (403, 422)
    assert unknown.body["errors"][0]["pointer"] == "/pinned_to"
    pinned = await desk.ask("PATCH", path, {"pinned_to": ben}, role="supervisor")
    assert (pinned.status, pinned.body["pinned_to"]) == (200, ben)
    why = (await desk.ask("GET", f"{path}/assignment")).body
    assert (why["pinned_to"], why["expected_wait_seconds"]) == (ben, None)
    assert why["nobody"]["text"] == "pinned to Ben, who is offline"
    assert {one["agent_id"]: one["reason"] for one in why["nobody"]["agents"]}[ben] == "away"
    free = await desk.ask("PATCH", path, {"pinned_to": None}, role="supervisor")
    assert free.body["pinned_to"] is None


async def test_a_wrap_up_is_ended_by_whose_it_is_or_a_supervisor(desk: Desk) -> None:
    """Once; nobody else's."""
    ticket, ben = await waiting(desk), await colleague(desk)
    path = f"/api/v1/tickets/{ticket['id']}"
    await desk.ask("PATCH", path, {"assignee": ben})
    resolved = (await desk.ask("PATCH", path, {"status": "resolved"})).body
    assert resolved["wrap_up_until"] > resolved["updated_at"]
    own = f"/api/v1/tickets?assignee={ben}&wrapping_up="
    listed = [(await desk.ask("GET", own + wanted)).body["data"] for wanted in ("true", "false")]
    assert [[one["id"] for one in some] for some in listed] == [[ticket["id"]], []]
    other = await desk.ask("POST", f"{path}/wrap-up/end", role="agent")
    ended = await desk.ask("POST", f"{path}/wrap-up/end", role="supervisor")
    again = await desk.ask("POST", f"{path}/wrap-up/end", role="supervisor")
    assert (other.status, ended.status, again.status) == (403, 200, 409)
    assert (ended.body["wrap_up_until"], ended.body["status"]) == (None, "resolved")


async def test_a_vip_s_promise_is_set_up_as_the_guide_says(desk: Desk) -> None:
    """docs/ASSIGNMENT.md: its queue and its rule, as they stand there."""
    found = re.findall(r"```json\n(.*?)```", GUIDE.read_text(), re.DOTALL)
    queue, rule = (json.loads(one) for one in found if '"id": "vip' in one)
    shop = await shop_on(desk)
    await shop.say("m-1", STRANGE)
    (first,) = await shop.tickets(1)
    assert (await desk.ask("POST", "/api/v1/tiers", {"id": "gold", "name": "Gold"})).status == 201
    customer = f"/api/v1/customers/{first['customer_id']}"
    assert (await desk.ask("PATCH", customer, {"tier": "gold"})).status == 200
    assert (await desk.ask("POST", "/api/v1/queues", queue)).status == 201
    rules = {"publish": True, "note": "VIP", "rules": [rule]}
    published = await desk.ask("PUT", "/api/v1/routing/rules", rules)
    assert published.status == 200, published.body
    await shop.say("m-2", f"This is urgent! {STRANGE}", thread="c-2")
    _, second = await shop.tickets(2)
    promised = {clock["metric"]: clock["remaining_seconds"] for clock in second["clocks"]}
    assert (second["queue"], second["priority"]) == ("vip", "urgent")
    assert 290 < promised["assignment"] <= 300
