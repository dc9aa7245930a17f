"""A ticket's ETag: what counts as an edit, so that two people don't undo each other's."""

from typing import Any

import pytest

from tests.integration.conftest import Desk


async def recorded(desk: Desk) -> Any:
    """A new ticket, of a call."""
    customer = (await desk.ask("POST", "/api/v1/customers", {"name": "Ann"})).body["id"]
    body = {"customer_id": customer, "subject": "Called", "text": "Hello", "direction": "log"}
    made = await desk.ask("POST", "/api/v1/tickets", body)
    assert made.status == 201, made.body
    return await desk.ask("GET", f"/api/v1/tickets/{made.body['id']}")


@pytest.mark.parametrize("first", [{"status": "resolved"}, {"priority": "high"}, {"tags": ["x"]}])
async def test_a_change_from_an_older_version_is_refused(desk: Desk, first: dict[str, Any]) -> None:
    """Whatever the first one changed, its status alone included."""
    ticket = await recorded(desk)
    path, seen = f"/api/v1/tickets/{ticket.body['id']}", {"If-Match": ticket.headers["ETag"]}
    assert (await desk.ask("PATCH", path, first, headers=seen)).status == 200
    late = await desk.ask("PATCH", path, {"status": "waiting"}, headers=seen)
    assert (late.status, late.headers["ETag"] == ticket.headers["ETag"]) == (412, False)


async def test_a_change_that_changes_nothing_is_no_version(desk: Desk) -> None:
    """Saying what is so already is no edit."""
    ticket = await recorded(desk)
    path = f"/api/v1/tickets/{ticket.body['id']}"
    same = await desk.ask("PATCH", path, {"status": ticket.body["status"]})
    assert (same.status, same.headers["ETag"]) == (200, ticket.headers["ETag"])
