"""Agents and customers over HTTP."""

from storage import audit
from tests.integration.conftest import Desk

AGENTS, CUSTOMERS = "/api/v1/agents", "/api/v1/customers"


async def test_an_agent_is_created_changed_and_deleted(desk: Desk) -> None:
    """Skills merge by name, an e-mail address is one agent's, and a password never comes back."""
    await desk.ask("POST", "/api/v1/skills", {"name": "billing"})
    await desk.ask("POST", "/api/v1/skills", {"name": "returns"})
    given = {"name": "Ann", "email": "Ann@Example.org", "password": "correct horse", "skills": {"billing": 3}}
    made = await desk.ask("POST", AGENTS, given)
    assert made.status == 201
    assert made.body == {
        "id": made.body["id"],
        "name": "Ann",
        "email": "ann@example.org",
        "role": "agent",
        "presence": "offline",
        "skills": {"billing": 3},
        "queues": [],
        "capacity": 5,
        "channels": {},
        "stand_in": "",
        "shift": "",
        "active": True,
        "version": 1,
        "created_at": made.body["created_at"],
        "updated_at": made.body["created_at"],
    }
    path = f"{AGENTS}/{made.body['id']}"
    changed = await desk.ask("PATCH", path, {"skills": {"returns": 5, "billing": None}, "capacity": 8})
    assert (changed.body["skills"], changed.body["capacity"]) == ({"returns": 5}, 8)
    assert (await desk.ask("POST", AGENTS, given)).status == 409
    assert (await desk.ask("DELETE", path)).status == 204
    assert (await desk.ask("GET", path)).status == 404
    acts = await desk.parts.store.read(lambda sql: audit.listed(sql, None, 100))
    assert "correct horse" not in str(acts)


async def test_what_an_agent_refers_to_must_be_there(desk: Desk) -> None:
    """Unknown skills and queues, levels past 5 and short passwords are 422, each at its place."""
    given = {"name": "Ann", "email": "ann@example.org", "skills": {"juggling": 1}, "queues": ["nowhere"]}
    unknown = await desk.ask("POST", AGENTS, given)
    wrong = await desk.ask(
        "POST", AGENTS, {"name": "", "email": "ann", "skills": {"a": 6}, "password": "short"}
    )
    assert [fault["pointer"] for fault in unknown.body["errors"]] == ["/skills/juggling", "/queues/0"]
    assert [fault["pointer"] for fault in wrong.body["errors"]] == [
        "/name",
        "/email",
        "/skills/a",
        "/password",
    ]


async def test_the_last_admin_stays(desk: Desk) -> None:
    """Nobody can lock everybody out."""
    given = {"name": "Ada", "email": "ada@example.org", "role": "admin", "password": "correct horse"}
    path = f"{AGENTS}/{(await desk.ask('POST', AGENTS, given)).body['id']}"
    demoted = await desk.ask("PATCH", path, {"role": "agent"})
    deleted = await desk.ask("DELETE", path)
    assert (demoted.status, deleted.status) == (409, 409)
    assert (await desk.ask("GET", path)).body["role"] == "admin"


async def test_a_token_is_no_agent(desk: Desk) -> None:
    """/agents/me is for those who have signed in."""
    assert (await desk.ask("PATCH", f"{AGENTS}/me", {"presence": "online"})).status == 403


async def test_a_customer_is_created_changed_filtered_and_deleted(desk: Desk) -> None:
    """Attributes merge; a list is narrowed by address and tier."""
    await desk.ask("POST", "/api/v1/tiers", {"name": "gold"})
    given = {
        "name": "李华",
        "email": "li@example.org",
        "tier": "gold",
        "language": "zh",
        "timezone": "Asia/Shanghai",
        "country": "cn",
        "attributes": {"orders": 3, "plan": {"name": "pro"}},
        "tags": ["vip"],
    }
    made = await desk.ask("POST", CUSTOMERS, given)
    await desk.ask("POST", CUSTOMERS, {"name": "Bob", "email": "bob@example.org"})
    assert made.body == given | {
        "id": made.body["id"],
        "country": "CN",
        "phone": "",
        "company": "",
        "owner": None,
        "contact_points": [],
        "version": 1,
        "created_at": made.body["created_at"],
        "updated_at": made.body["created_at"],
    }
    path = f"{CUSTOMERS}/{made.body['id']}"
    changed = await desk.ask("PATCH", path, {"attributes": {"orders": 4, "plan": None}, "tags": []})
    assert (changed.body["attributes"], changed.body["tags"]) == ({"orders": 4}, [])
    found = (await desk.ask("GET", f"{CUSTOMERS}?email=li@example.org&tier=gold")).body["data"]
    assert found == [changed.body]
    assert (await desk.ask("DELETE", "/api/v1/tiers/gold")).status == 409
    assert (await desk.ask("DELETE", path)).status == 204


async def test_what_a_customer_refers_to_must_be_there(desk: Desk) -> None:
    """Unknown tier and owner, and attributes that do not fit their field, are 422 each at its place."""
    await desk.ask(
        "POST", "/api/v1/fields", {"id": "orders", "name": "Orders", "on": "customer", "type": "number"}
    )
    given = {"name": "Ann", "tier": "platinum", "owner": "agt_nobody", "attributes": {"orders": "three"}}
    unknown = await desk.ask("POST", CUSTOMERS, given)
    wrong = await desk.ask(
        "POST", CUSTOMERS, {"timezone": "Mars/Base", "country": "China", "attributes": {"a": 2**60}}
    )
    assert [fault["pointer"] for fault in unknown.body["errors"]] == ["/tier", "/owner", "/attributes/orders"]
    assert [fault["pointer"] for fault in wrong.body["errors"]] == ["/timezone", "/country", "/attributes"]
