"""The same request sent twice has one effect and one answer."""

import asyncio

from tests.integration.conftest import Desk

CUSTOMERS = "/api/v1/customers"


async def test_twenty_equal_requests_at_once_have_one_effect(desk: Desk) -> None:
    """All get the answer of the one that ran."""
    headers = {"Idempotency-Key": "k-1"}
    await desk.token("admin")
    asked = [desk.ask("POST", CUSTOMERS, {"name": "Ann"}, headers=headers) for _ in range(20)]
    answers = await asyncio.gather(*asked)
    assert {answer.status for answer in answers} == {201}
    assert len({str(answer.body) for answer in answers}) == 1
    assert {answer.headers["ETag"] for answer in answers} == {'"v1"'}
    assert len((await desk.ask("GET", CUSTOMERS)).body["data"]) == 1


async def test_a_key_belongs_to_one_request(desk: Desk) -> None:
    """The same key with another body, or on another path, is 422 and does nothing."""
    headers = {"Idempotency-Key": "k-1"}
    await desk.ask("POST", CUSTOMERS, {"name": "Ann"}, headers=headers)
    body = await desk.ask("POST", CUSTOMERS, {"name": "Bob"}, headers=headers)
    path = await desk.ask("POST", "/api/v1/tiers", {"name": "Ann"}, headers=headers)
    assert (body.status, body.body["errors"][0]["code"]) == (422, "idempotency_key_reused")
    assert path.status == 422
    assert [one["name"] for one in (await desk.ask("GET", CUSTOMERS)).body["data"]] == ["Ann"]


async def test_a_key_belongs_to_one_principal(desk: Desk) -> None:
    """Two callers may use the same key."""
    headers = {"Idempotency-Key": "k-1"}
    first = await desk.ask("POST", CUSTOMERS, {"name": "Ann"}, headers=headers, role="agent")
    second = await desk.ask("POST", CUSTOMERS, {"name": "Ann"}, headers=headers, role="admin")
    assert first.body["id"] != second.body["id"]


async def test_a_failure_is_not_kept(desk: Desk) -> None:
    """What failed may be tried again with the same key once it can succeed."""
    headers, body = {"Idempotency-Key": "k-1"}, {"name": "Ann", "tier": "gold"}
    before = await desk.ask("POST", CUSTOMERS, body, headers=headers)
    await desk.ask("POST", "/api/v1/tiers", {"name": "gold"})
    after = await desk.ask("POST", CUSTOMERS, body, headers=headers)
    assert (before.status, after.status) == (422, 201)


async def test_an_answer_with_a_secret_is_kept_sealed(desk: Desk) -> None:
    """The same token comes again, and the database does not hold it readably."""
    headers = {"Idempotency-Key": "k-1"}
    first = await desk.ask("POST", "/api/v1/tokens", {"name": "ci"}, headers=headers)
    second = await desk.ask("POST", "/api/v1/tokens", {"name": "ci"}, headers=headers)
    assert first.body == second.body
    folder = desk.parts.settings.data
    stored = b"".join(path.read_bytes() for path in folder.glob("frontdesk.db*"))
    assert b"idempotency" in stored
    assert first.body["token"].encode() not in stored


async def test_a_malformed_key_is_refused(desk: Desk) -> None:
    """A key is 1 to 255 printable characters."""
    answer = await desk.ask("POST", CUSTOMERS, {"name": "Ann"}, headers={"Idempotency-Key": "k" * 256})
    assert (answer.status, answer.body["errors"][0]["code"]) == (422, "bad_idempotency_key")
