"""What admins set up, over HTTP."""

from tests.integration.conftest import Desk


async def test_a_queue_is_created_read_changed_and_deleted(desk: Desk) -> None:
    """A queue goes through its life under the id that was chosen for it."""
    made = await desk.ask("POST", "/api/v1/queues", {"id": "refunds", "name": "Refunds"})
    assert (made.status, made.headers["ETag"]) == (201, '"v1"')
    assert made.body == {
        "id": "refunds",
        "name": "Refunds",
        "skills": [],
        "offer_seconds": 60,
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
