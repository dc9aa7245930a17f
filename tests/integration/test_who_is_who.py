"""Who is who: customers are joined by a proven identity or an agent, never by a guess, and can be parted."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from tests.integration.conftest import Desk
from tests.integration.office import STRANGE, Office, office_in

CUSTOMERS = "/api/v1/customers"


@pytest.fixture
async def office(tmp_path: Path) -> AsyncIterator[Office]:
    """A furnished office."""
    async with office_in(tmp_path) as made:
        yield made


async def owners(office: Office) -> dict[str, str]:
    """The customer behind each address."""
    return dict(await office.rows("contact_points", "address", "customer_id"))


async def test_names_and_mail_addresses_that_are_alike_join_nobody(office: Office) -> None:
    """The same name and the same e-mail address, told by nobody who could prove it, are two customers."""
    told = {"sender": {"name": "Ann", "email": "ann@example.org"}}
    await office.say(STRANGE, who="a", **told)
    await office.say(STRANGE, who="b", channel="ch_widget", **told)
    found = await owners(office)
    assert found["a"] != found["b"]


@pytest.mark.parametrize("together", [True, False])
async def test_one_identity_that_was_proven_is_one_customer(office: Office, together: bool) -> None:
    """On two channels, in one batch or in two; each message stays with the contact point it came from."""
    one = office.envelope(STRANGE, who="a", sender={"identity": "telegram:7"})
    other = office.envelope(STRANGE, who="b", channel="ch_widget", sender={"identity": "telegram:7"})
    if together:
        await office.take(one, other)
    else:
        await office.take(one)
        await office.take(other)
    found = await owners(office)
    customers = await office.rows("customers", "id")
    said = await office.rows("conversations", "contact_point_id")
    assert (found["a"], len(customers), len(set(said))) == (found["b"], 1, 2)


async def two(desk: Desk) -> tuple[dict[str, Any], dict[str, Any]]:
    """Two customers with a ticket each, as the desk shows the tickets."""
    made = await desk.ask("POST", "/api/v1/channels", {"kind": "webhook", "name": "Shop"})
    tickets = []
    for address in ("u-1", "u-2"):
        body = {"contact": address, "channel_id": made.body["id"], "subject": address, "text": "hello"}
        answer = await desk.ask("POST", "/api/v1/tickets", body | {"direction": "outbound"})
        assert answer.status == 201, answer.body
        tickets.append(answer.body)
    return tickets[0], tickets[1]


async def customer_of(desk: Desk, ticket: dict[str, Any]) -> str:
    """Whose ticket it is now."""
    id_: str = (await desk.ask("GET", f"/api/v1/tickets/{ticket['id']}")).body["customer_id"]
    return id_


async def test_an_agent_joins_two_customers_and_parts_them_again(desk: Desk) -> None:
    """Tickets go along both ways; what one lacked the other gave; it is in the audit log."""
    first, second = await two(desk)
    kept, gone = first["customer_id"], second["customer_id"]
    await desk.ask("PATCH", f"{CUSTOMERS}/{gone}", {"email": "ann@example.org", "tags": ["vip"]})
    joined = await desk.ask("POST", f"{CUSTOMERS}/{kept}/join", {"customer_id": gone}, role="agent")
    assert joined.status == 200, joined.body
    assert (joined.body["email"], joined.body["tags"], len(joined.body["contact_points"])) == (
        "ann@example.org",
        ["vip"],
        2,
    )
    assert [await customer_of(desk, one) for one in (first, second)] == [kept, kept]
    assert (await desk.ask("GET", f"{CUSTOMERS}/{gone}")).status == 404
    contact = next(one["id"] for one in joined.body["contact_points"] if one["address"] == "u-2")
    parted = await desk.ask("POST", f"{CUSTOMERS}/{kept}/part", {"contact_point_id": contact})
    assert parted.status == 201, parted.body
    assert [await customer_of(desk, one) for one in (first, second)] == [kept, parted.body["id"]]
    actions = [one["action"] for one in (await desk.ask("GET", "/api/v1/audit")).body["data"]]
    assert {"customer.joined", "customer.parted"} <= set(actions)


async def test_what_can_t_be_joined_or_parted_is_refused(desk: Desk) -> None:
    """Themselves, nobody, somebody else's contact point, the only one."""
    first, second = await two(desk)
    mine, theirs = first["customer_id"], second["customer_id"]
    only = (await desk.ask("GET", f"{CUSTOMERS}/{mine}")).body["contact_points"][0]["id"]
    answers = [
        await desk.ask("POST", f"{CUSTOMERS}/{mine}/join", {"customer_id": mine}),
        await desk.ask("POST", f"{CUSTOMERS}/{mine}/join", {"customer_id": "cus_none"}),
        await desk.ask("POST", f"{CUSTOMERS}/{theirs}/part", {"contact_point_id": only}),
        await desk.ask("POST", f"{CUSTOMERS}/{mine}/part", {"contact_point_id": only}),
    ]
    assert [answer.status for answer in answers] == [409, 404, 404, 409]
