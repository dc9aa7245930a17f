"""What an agent has begun to write on a ticket: theirs alone, on every device, until it is sent."""

from typing import Any

import pytest

from gateway.passwords import make_hash
from router.values import Agent
from storage import agents
from tests.integration.conftest import Answer, Desk

PASSWORD = "correct horse"


class Writer:
    """An agent who has signed in."""

    def __init__(self, desk: Desk, session: Answer, agent_id: str) -> None:
        self.desk, self.id = desk, agent_id
        cookie = session.headers["Set-Cookie"].partition(";")[0]
        self._headers = {"Cookie": cookie, "X-CSRF-Token": session.body["csrf"]}

    async def ask(self, method: str, path: str, body: Any = None, **headers: str) -> Answer:
        """One request in the agent's name."""
        self.desk.client.cookie_jar.clear()
        return await self.desk.ask(method, path, body, role=None, headers=self._headers | headers)

    async def texts(self, path: str) -> tuple[int, str | None]:
        """The status and the text of the draft."""
        found = await self.ask("GET", f"{path}/draft")
        return found.status, found.body.get("text")


async def signed_in(desk: Desk, name: str) -> Writer:
    """A new agent."""
    agent = Agent(id=f"agt_{name}", name=name, email=f"{name}@example.org", role="agent")
    hashed = make_hash(PASSWORD)
    await desk.parts.store.write(lambda tx: agents.add(tx, agent, hashed))
    given = {"email": agent.email, "password": PASSWORD}
    return Writer(desk, await desk.ask("POST", "/api/v1/session", given, role=None), agent.id)


@pytest.fixture
async def ann(desk: Desk) -> Writer:
    """An agent."""
    return await signed_in(desk, "ann")


async def ticket_on(desk: Desk, customer: str | None = None) -> Any:
    """A ticket that the customer can be written on."""
    channel = await desk.ask("POST", "/api/v1/channels", {"kind": "webhook", "name": "Shop"})
    to = {"customer_id": customer} if customer else {}
    opening = {"direction": "outbound", "channel_id": channel.body["id"], "contact": "u-7", "text": "Hello"}
    made = await desk.ask("POST", "/api/v1/tickets", opening | to)
    assert made.status == 201, made.body
    return made.body


async def test_a_draft_is_kept_until_it_is_sent(desk: Desk, ann: Writer) -> None:
    """As it was typed; a note that is sent ends no reply, and the reply ends it."""
    path = f"/api/v1/tickets/{(await ticket_on(desk))['number']}"
    assert await ann.texts(path) == (404, None)
    kept = await ann.ask("PUT", f"{path}/draft", {"kind": "reply", "text": " Dear Bob,\n"})
    assert (kept.status, kept.body) == (200, {"kind": "reply", "text": " Dear Bob,\n", "version": 1})
    assert await ann.texts(path) == (200, " Dear Bob,\n")
    assert (await ann.ask("POST", f"{path}/notes", {"text": "He is impatient."})).status == 201
    assert await ann.texts(path) == (200, " Dear Bob,\n")
    assert (await ann.ask("POST", f"{path}/replies", {"text": "Dear Bob"})).status == 201
    assert await ann.texts(path) == (404, None)


async def test_a_draft_of_a_note_ends_with_the_note(desk: Desk, ann: Writer) -> None:
    """And a reply leaves it."""
    path = f"/api/v1/tickets/{(await ticket_on(desk))['id']}"
    await ann.ask("PUT", f"{path}/draft", {"kind": "note", "text": "Ask Emma"})
    assert (await ann.ask("POST", f"{path}/replies", {"text": "A moment, please."})).status == 201
    assert await ann.texts(path) == (200, "Ask Emma")
    assert (await ann.ask("POST", f"{path}/notes", {"text": "Ask Emma."})).status == 201
    assert await ann.texts(path) == (404, None)


async def test_a_draft_is_its_agent_s_alone(desk: Desk, ann: Writer) -> None:
    """Colleagues are told who has begun and not what; a token has none."""
    path = f"/api/v1/tickets/{(await ticket_on(desk))['id']}"
    bob = await signed_in(desk, "bob")
    await ann.ask("PUT", f"{path}/draft", {"kind": "reply", "text": "Ann's"})
    assert await bob.texts(path) == (404, None)
    await bob.ask("PUT", f"{path}/draft", {"kind": "reply", "text": "Bob's"})
    assert (await bob.ask("DELETE", f"{path}/draft")).status == 204
    assert await ann.texts(path) == (200, "Ann's")
    seen = await bob.ask("GET", f"{path}/drafts")
    assert seen.body == {"data": [{"agent_id": ann.id, "name": "ann"}]}
    assert (await desk.ask("GET", f"{path}/draft")).status == 403
    body = {"kind": "reply", "text": "A program's"}
    assert (await desk.ask("PUT", f"{path}/draft", body)).status == 403


async def test_two_devices_do_not_overwrite_each_other(desk: Desk, ann: Writer) -> None:
    """Who names the version they know is told that there is another, also when they knew of none."""
    path = f"/api/v1/tickets/{(await ticket_on(desk))['id']}/draft"
    statuses = []
    for known, text in (('"v0"', "One"), ('"v0"', "Two"), ('"v1"', "Three"), ('"v1"', "Four")):
        body = {"kind": "reply", "text": text}
        statuses.append((await ann.ask("PUT", path, body, **{"If-Match": known})).status)
    stale = await ann.ask("DELETE", path, **{"If-Match": '"v1"'})
    kept = await ann.ask("GET", path)
    assert (statuses, stale.status) == ([200, 412, 200, 412], 412)
    assert (kept.body["text"], kept.headers["ETag"]) == ("Three", '"v2"')


async def test_what_is_no_draft_is_refused(desk: Desk, ann: Writer) -> None:
    """By its fields, on a ticket that is not there, and on one that is over."""
    ticket = await ticket_on(desk)
    path = f"/api/v1/tickets/{ticket['id']}/draft"
    wrong = [
        ({"kind": "letter", "text": "Hello"}, "/kind"),
        ({"kind": "reply", "text": ""}, "/text"),
        ({"kind": "reply", "text": "a" * 100_001}, "/text"),
        ({"kind": "reply", "text": "Hello", "html": "<p>"}, "/html"),
    ]
    for body, pointer in wrong:
        refused = await ann.ask("PUT", path, body)
        assert (refused.status, refused.body["errors"][0]["pointer"]) == (422, pointer)
    good = {"kind": "reply", "text": "Hello"}
    nowhere = "/api/v1/tickets/tkt_none/draft"
    assert (await ann.ask("GET", nowhere)).status == 404
    assert (await ann.ask("PUT", nowhere, good)).status == 404
    assert (await ann.ask("DELETE", nowhere)).status == 404
    await ann.ask("PUT", path, good)
    closed = await ann.ask("PATCH", f"/api/v1/tickets/{ticket['id']}", {"status": "closed"})
    assert closed.status == 200, closed.body
    assert (await ann.ask("GET", path)).status == 404
    assert (await ann.ask("PUT", path, good)).status == 409


async def test_drafts_follow_a_merger(desk: Desk, ann: Writer) -> None:
    """To the ticket that goes on, below what the agent had begun there."""
    going = await ticket_on(desk)
    ending = await ticket_on(desk, going["customer_id"])
    for ticket, text in ((going, "Dear Bob"), (ending, "And one more thing")):
        await ann.ask("PUT", f"/api/v1/tickets/{ticket['id']}/draft", {"kind": "reply", "text": text})
    merged = await ann.ask("POST", f"/api/v1/tickets/{ending['id']}/merge", {"into": going["id"]})
    assert merged.status == 200, merged.body
    assert await ann.texts(f"/api/v1/tickets/{going['id']}") == (200, "Dear Bob\n\nAnd one more thing")
    assert await ann.texts(f"/api/v1/tickets/{ending['id']}") == (404, None)
