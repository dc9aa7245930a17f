"""Pins, wrap-ups and a queue's targets over HTTP: who may, what is shown, what is refused."""

import json
import re
from pathlib import Path
from typing import Any

from tests.integration.conftest import Desk
from tests.integration.test_http_tickets import STRANGE, shop_on

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
    other = await desk.ask("POST", f"{path}/wrap-up/end", role="agent")
    ended = await desk.ask("POST", f"{path}/wrap-up/end", role="supervisor")
    again = await desk.ask("POST", f"{path}/wrap-up/end", role="supervisor")
    assert (other.status, ended.status, again.status) == (403, 200, 409)
    assert (ended.body["wrap_up_until"], ended.body["status"]) == (None, "resolved")


async def test_a_vip_s_promise_is_set_up_as_the_guide_says(desk: Desk) -> None:
    """docs/ASSIGNMENT.md: its queue and its rule, as they stand there."""
    queue, rule = (json.loads(one) for one in re.findall(r"```json\n(.*?)```", GUIDE.read_text(), re.DOTALL))
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
