"""A chat whose visitor went away goes on by e-mail, and comes back."""

from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace
from pydantic import SecretStr

from gateway.settings import Settings
from gateway.waiting import Waiting, Waits
from router.values import Agent
from storage import agents, conversations, visitors
from storage.paging import Sql
from storage.store import Tx
from tests.eventually import eventually
from tests.integration.conftest import Desk
from tests.integration.mailbox import Mailbox, bounce, opened, text_of
from tests.integration.office import STRANGE, office_in
from tests.integration.test_widget_socket import said, site, visit
from tests.services.servers import Servers
from tests.services.smtp import SmtpServer
from workers import continuing


@pytest.fixture(params=["sqlite", "postgresql"])
def settings(request: pytest.FixtureRequest, tmp_path: Path) -> Settings:
    """Settings of a desk on either store."""
    if request.param == "sqlite":
        return Settings(data=tmp_path / "desk")
    servers: Servers = request.getfixturevalue("servers")
    database = SecretStr(servers.postgresql.new_database())
    return Settings(data=tmp_path / "desk", database_url=database)


@pytest.fixture
async def box(desk: Desk, smtp: SmtpServer) -> Mailbox:
    """A mailbox."""
    return await opened(desk, smtp)


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """A visitor counts as away after a moment."""
    monkeypatch.setattr(continuing, "AWAY", timedelta(seconds=0.2))


async def test_a_chat_goes_on_by_mail_and_comes_back(desk: Desk, box: Mailbox, impatient: None) -> None:
    """What a visitor who left has missed is mailed once; their answer joins the chat and is mailed to."""
    visitor = await visit(desk, (await site(desk))[0])
    async with visitor.open() as tab:
        await tab.say(said("c1", "A person please", name="Ann", email="ann@example.org"))
        await tab.until("message", author="system")
    (ticket,) = (await desk.ask("GET", f"/api/v1/tickets?channel={visitor.channel_id}")).body["data"]
    await box.reply(ticket, "We send another lamp.")
    (missed,) = await box.sent(1, "We send another lamp.")
    assert missed.recipients == ["ann@example.org"]
    assert "You had left the chat before you could see this:" in text_of(missed)
    ours = str(missed.mail["Message-ID"])
    await box.write("Thank you, <b>blue</b> please.", in_reply_to=ours, message_id="<9@example.org>")
    lines = await box.messages(ticket["conversation_id"], 5)
    assert lines[-1]["author"] == "customer"
    assert lines[-1]["text"] == "Thank you, <b>blue</b> please."
    # In the chat, too, where neither the note nor what was mailed shows twice.
    async with visitor.open() as tab:
        await tab.until("message", text="Thank you, <b>blue</b> please.")
    assert len(await visitor.shown()) == len(lines) - 1
    await box.reply(ticket, "Blue it is.")
    (after,) = await box.sent(1, "Blue it is.")
    assert "another lamp" not in text_of(after)
    rows = (await desk.ask("GET", "/api/v1/ledger")).body["data"]
    assert [row["received"] for row in rows if row["received"]["open"] or row["difference"]] == []
    assert len(box.smtp.taken()) == 2


async def test_a_mail_that_comes_back_is_told_to_agents_and_no_other_follows(
    desk: Desk, box: Mailbox, impatient: None
) -> None:
    """The visitor, who may be there again, sees nothing of it."""
    visitor = await visit(desk, (await site(desk))[0])
    async with visitor.open() as tab:
        await tab.say(said("c1", "A person please", name="Ann", email="ann@example.org"))
        await tab.until("message", author="system")
    (ticket,) = (await desk.ask("GET", f"/api/v1/tickets?channel={visitor.channel_id}")).body["data"]
    await box.reply(ticket, "We send another lamp.")
    (missed,) = await box.sent(1, "We send another lamp.")
    await box.post(bounce(str(missed.mail["Message-ID"]), "ann@example.org"))
    assert await noted(box, ticket, "We send another lamp.") == "it came back: 550 5.1.1 gone"
    await box.reply(ticket, "It is on its way.")
    why = await noted(box, ticket, "It is on its way.")
    assert why == "held back: mail to this address it came back: 550 5.1.1 gone"
    lines = await box.messages(ticket["conversation_id"], 1)
    assert await visitor.shown() == [line["id"] for line in lines if line["kind"] == "public"]
    assert [line["author"] for line in lines if line["kind"] == "public"][-1] == "agent"
    assert len(box.smtp.taken()) == 1


async def noted(box: Mailbox, ticket: dict[str, Any], text: str) -> str:
    """Why the note by which a chat went on with these words was not delivered, once it says so."""

    async def look() -> str:
        for line in await box.messages(ticket["conversation_id"], 1):
            if line["kind"] == "note" and text in line["text"] and line["delivery"]["state"] == "failed":
                return str(line["delivery"]["error"])
        return ""

    return await eventually(look, 60)


async def test_who_has_seen_it_gets_no_mail(desk: Desk, box: Mailbox) -> None:
    """Nor who told no address."""
    channel, _ = await site(desk)
    there, nameless = await visit(desk, channel), await visit(desk, channel)
    read, write = desk.parts.store.read, desk.parts.store.write
    async with there.open() as tab, nameless.open() as other:
        await other.say(said("n1"))
        await other.until("message", author="system")
        await tab.say(said("c1", email="ann@example.org"))
        await tab.until("message", author="system")
        tickets = (await desk.ask("GET", f"/api/v1/tickets?channel={channel}")).body["data"]
        ids = [ticket["conversation_id"] for ticket in tickets]
        for ticket in tickets:
            await box.reply(ticket, "Seen at once.")
        shown = (await tab.until("message", author="agent"))[-1]
        await tab.say({"type": "read", "cursor": shown["cursor"]})

        async def seen() -> bool:
            return any([await read(partial(visitors.read_up_to, conversation_id=one)) for one in ids])

        await eventually(seen, 60)

    def ten_minutes_later(tx: Tx) -> None:
        conversations.save(tx, [replace(conversations.lock(tx, one), due_at=tx.now) for one in ids])

    await write(ten_minutes_later)

    async def over() -> bool:
        found = [await read(partial(conversations.get, conversation_id=one)) for one in ids]
        return not any(one.due_at for one in found)

    await eventually(over, 60)
    lines = [line for one in ids for line in await box.messages(one, 1)]
    assert ([line for line in lines if line["kind"] == "note"], box.smtp.taken()) == ([], [])


async def test_who_waits_is_told_for_how_long(desk: Desk) -> None:
    """As long as nobody has it; unknown where nothing is, and over once somebody has."""
    visitor = await visit(desk, (await site(desk))[0])
    body = {"name": "Ana", "email": "ana@example.org", "role": "agent", "password": "correct horse battery"}
    agent = (await desk.ask("POST", "/api/v1/agents", body)).body
    async with visitor.open() as tab:
        await tab.say(said("c1"))
        (told,) = [one for one in await tab.until("wait") if one["type"] == "wait"]
        (ticket,) = (await desk.ask("GET", "/api/v1/tickets")).body["data"]
        await desk.ask("PATCH", f"/api/v1/tickets/{ticket['id']}", {"assignee": agent["id"]})
        over = (await tab.until("wait"))[-1]
    assert told == {"type": "wait", "waiting": True, "seconds": None}
    assert over == {"type": "wait", "waiting": False, "seconds": None}


async def test_a_wait_is_as_long_as_is_usual_where_waits_are_few(tmp_path: Path) -> None:
    """A usual handling time for each that waits, shared by who is online; more wait, longer waits."""
    async with office_in(tmp_path) as office:
        await office.say(STRANGE, who="first", channel="ch_widget")
        office.clock.forward(minutes=1)
        await office.say(STRANGE, who="second", channel="ch_widget")
        ana = Agent(id="agt_1", name="Ana", email="ana@example.org", presence="online")
        await office.store.write(lambda tx: agents.add(tx, ana))

        def wait(sql: Sql, who: str) -> Waiting | None:
            contact = visitors.contact_point(sql, "ch_widget", who)
            return Waits().of_contact(sql, contact, office.clock.now) if contact else None

        found = [await office.store.read(partial(wait, who=who)) for who in ("first", "second", "nobody")]
    assert found == [Waiting(600), Waiting(1200), None]
