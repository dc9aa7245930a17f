"""What admins set up, over HTTP."""

from typing import Any

from tests.integration.conftest import Desk

STAMPS = {"version", "created_at", "updated_at"}


async def test_a_queue_is_created_read_changed_and_deleted(desk: Desk) -> None:
    """A queue goes through its life under the id that was chosen for it."""
    made = await desk.ask("POST", "/api/v1/queues", {"id": "refunds", "name": "Refunds"})
    assert (made.status, made.headers["ETag"]) == (201, '"v1"')
    assert made.body == {
        "id": "refunds",
        "name": "Refunds",
        "names": {},
        "skills": [],
        "offer_seconds": 60,
        "steps": [],
        "units": {},
        "most_each": 0,
        "hold_seconds": 30,
        "hurry": False,
        "wrap_up_seconds": 0,
        "calendar": "",
        "assignment": None,
        "ownership": None,
        "default": False,
        "version": 1,
        "created_at": made.body["created_at"],
        "updated_at": made.body["created_at"],
    }
    changed = await desk.ask("PATCH", "/api/v1/queues/refunds", {"offer_seconds": 0})
    assert changed.body == made.body | {
        "offer_seconds": 0,
        "version": 2,
        "updated_at": changed.body["updated_at"],
    }
    assert (await desk.ask("GET", "/api/v1/queues/refunds")).body == changed.body
    assert (await desk.ask("DELETE", "/api/v1/queues/refunds")).status == 204
    assert (await desk.ask("GET", "/api/v1/queues/refunds")).status == 404


async def test_every_kind_keeps_what_it_is_given(desk: Desk) -> None:
    """What is posted is what is read, for each kind."""
    hours = [["09:00", "12:00"], ["13:00", "18:00"]]
    needed = [{"skill": "billing", "level": 2}]
    given: list[tuple[str, dict[str, Any]]] = [
        ("skills", {"id": "billing", "name": "Billing", "description": "Invoices", "reserve": 1}),
        (
            "queues",
            {
                "id": "billing",
                "name": "账单",
                "skills": needed,
                "offer_seconds": 0,
                "steps": [
                    {
                        "after_seconds": 60.0,
                        "skills": needed,
                        "queue": "",
                        "anybody": True,
                        "alert": True,
                    }
                ],
                "units": {"widget": 3},
                "most_each": 2,
                "hold_seconds": 10.0,
                "hurry": True,
                "wrap_up_seconds": 30.0,
                "calendar": "",
                "assignment": 5.0,
                "ownership": 60.0,
                "default": True,
            },
        ),
        ("tiers", {"id": "gold", "name": "Gold", "order": 0}),
        ("fields", {"id": "why", "name": "Reason", "on": "ticket", "type": "choice", "choices": ["late"]}),
        (
            "calendars",
            {
                "id": "shop",
                "name": "Shop",
                "tz": "Asia/Shanghai",
                "weekly": {"mon": hours, "sat": [["22:00", "02:00"]]},
                "holidays": ["2026-10-01"],
                "special_hours": {"2026-10-10": hours},
                "country": "CN",
            },
        ),
        (
            "sla-policies",
            {
                "id": "gold",
                "name": "Gold",
                "calendar": "shop",
                "tiers": ["gold"],
                "priorities": ["urgent"],
                "first_response": 5.0,
                "next_response": None,
                "resolution": 480.0,
                "pause_on": ["customer"],
            },
        ),
        ("ticket-types", {"id": "refund", "name": "Refund", "description": ""}),
    ]
    kept = []
    for kind, document in given:
        document["names"] = {"zh": "黄金"}
        made = await desk.ask("POST", f"/api/v1/{kind}", document)
        listed = await desk.ask("GET", f"/api/v1/{kind}")
        assert (made.status, listed.body) == (201, {"data": [made.body], "next_cursor": None})
        kept.append((kind, {name: value for name, value in made.body.items() if name not in STAMPS}))
    assert kept == given


async def test_what_is_not_there_can_not_be_referred_to(desk: Desk) -> None:
    """Unknown skills, calendars, tiers and zones, and choices without their type, are 422 at their place."""
    cases: list[tuple[str, dict[str, Any], str]] = [
        ("queues", {"name": "a", "skills": [{"skill": "none"}]}, "/skills/0/skill"),
        ("queues", {"name": "a", "id": "No Slug"}, "/id"),
        ("sla-policies", {"name": "a", "calendar": "none"}, "/calendar"),
        ("sla-policies", {"name": "a", "tiers": ["none"]}, "/tiers/0"),
        ("sla-policies", {"name": "a", "first_response": 0}, "/first_response"),
        ("calendars", {"name": "a", "tz": "Mars/Base"}, "/tz"),
        ("calendars", {"name": "a", "tz": "UTC", "country": "XX"}, "/country"),
        ("calendars", {"name": "a", "tz": "UTC", "weekly": {"mon": [["9:00", "17:00"]]}}, "/weekly/mon/0/0"),
        ("calendars", {"name": "a", "tz": "UTC", "weekly": {"noday": []}}, "/weekly/noday/[key]"),
        ("fields", {"name": "a", "type": "choice"}, ""),
    ]
    told = []
    for kind, document, _ in cases:
        answer = await desk.ask("POST", f"/api/v1/{kind}", document)
        told.append((answer.status, answer.body["errors"][0]["pointer"]))
    assert told == [(422, pointer) for _, _, pointer in cases]


async def test_an_id_comes_from_the_name_where_it_can(desk: Desk) -> None:
    """Rules can call a queue by its name; a name that is no slug, or taken, gets a made id."""
    first = await desk.ask("POST", "/api/v1/queues", {"name": "Late Parcels"})
    second = await desk.ask("POST", "/api/v1/queues", {"name": "late-parcels"})
    third = await desk.ask("POST", "/api/v1/queues", {"name": "退款"})
    assert first.body["id"] == "late-parcels"
    assert second.body["id"].startswith("que_")
    assert third.body["id"].startswith("que_")


async def test_names_and_ids_are_unique_within_a_kind(desk: Desk) -> None:
    """A second one is 409; another kind may use the same id."""
    await desk.ask("POST", "/api/v1/queues", {"id": "billing", "name": "Billing"})
    id_again = await desk.ask("POST", "/api/v1/queues", {"id": "billing", "name": "Other"})
    name_again = await desk.ask("POST", "/api/v1/queues", {"id": "other", "name": "Billing"})
    skill = await desk.ask("POST", "/api/v1/skills", {"id": "billing", "name": "Billing"})
    assert (id_again.status, name_again.status, skill.status) == (409, 409, 201)


async def test_what_is_in_use_stays(desk: Desk) -> None:
    """A skill that a queue needs can't be deleted; the answer names the queue."""
    await desk.ask("POST", "/api/v1/skills", {"name": "billing"})
    await desk.ask("POST", "/api/v1/queues", {"name": "invoices", "skills": [{"skill": "billing"}]})
    answer = await desk.ask("DELETE", "/api/v1/skills/billing")
    assert (answer.status, answer.body["detail"]) == (409, "The skill billing is used by the queue invoices.")


async def test_what_a_step_leads_to_stays(desk: Desk) -> None:
    """A queue and a skill that a step of another queue names."""
    await desk.ask("POST", "/api/v1/skills", {"name": "welding"})
    await desk.ask("POST", "/api/v1/queues", {"name": "repairs"})
    step = {"after_seconds": 60, "queue": "repairs", "skills": [{"skill": "welding"}]}
    await desk.ask("POST", "/api/v1/queues", {"name": "frames", "steps": [step]})
    queue, skill = [
        await desk.ask("DELETE", f"/api/v1/{path}") for path in ("queues/repairs", "skills/welding")
    ]
    assert (queue.status, queue.body["detail"]) == (409, "The queue repairs is used by the queue frames.")
    assert (skill.status, skill.body["detail"]) == (409, "The skill welding is used by the queue frames.")


async def test_one_queue_is_the_default(desk: Desk) -> None:
    """Making another one the default takes it from the first."""
    await desk.ask("POST", "/api/v1/queues", {"name": "a", "default": True})
    await desk.ask("POST", "/api/v1/queues", {"name": "b", "default": True})
    listed = (await desk.ask("GET", "/api/v1/queues")).body["data"]
    assert [(queue["id"], queue["default"]) for queue in listed] == [("a", False), ("b", True)]
    assert (await desk.parts.setup.reload()).desk.default_queue == "b"


async def test_every_change_is_audited(desk: Desk) -> None:
    """The audit names who did what to what, newest first."""
    await desk.ask("POST", "/api/v1/tiers", {"name": "gold"})
    await desk.ask("PATCH", "/api/v1/tiers/gold", {"order": 2})
    await desk.ask("DELETE", "/api/v1/tiers/gold")
    await desk.ask("DELETE", "/api/v1/tiers/gold")
    acts = (await desk.ask("GET", "/api/v1/audit?target=gold")).body["data"]
    assert [(act["action"], act["target"], act["detail"].get("order")) for act in acts] == [
        ("tier.deleted", "gold", None),
        ("tier.updated", "gold", 2),
        ("tier.created", "gold", 0),
    ]
    assert {act["actor"][:4] for act in acts} == {"tok_"}
