"""A chat whose visitor went away goes on by e-mail, and comes back."""

from datetime import timedelta

import pytest

from storage import conversations
from tests.eventually import eventually
from tests.integration.conftest import Desk
from tests.integration.mailbox import Mailbox, opened, text_of
from tests.integration.test_widget_socket import said, site, visit
from tests.services.smtp import SmtpServer
from workers import continuing


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


async def test_who_has_seen_it_gets_no_mail(desk: Desk, box: Mailbox, impatient: None) -> None:
    """Nor who told no address; what a mark says was seen, and what was mailed, is not mailed again."""
    channel, _ = await site(desk)
    there, nameless = await visit(desk, channel), await visit(desk, channel)
    async with there.open() as tab, nameless.open() as other:
        await other.say(said("n1"))
        await other.until("message", author="system")
        await tab.say(said("c1", email="ann@example.org"))
        await tab.until("message", author="system")
        tickets = (await desk.ask("GET", f"/api/v1/tickets?channel={channel}")).body["data"]
        for ticket in tickets:
            await box.reply(ticket, "Seen at once.")
        shown = (await tab.until("message", author="agent"))[-1]
        await tab.say({"type": "read", "cursor": shown["cursor"]})

        async def over() -> bool:
            rows = await desk.parts.store.read(
                lambda sql: [conversations.get(sql, one["conversation_id"]).due_at for one in tickets]
            )
            return rows == [None, None]

        await eventually(over, 30)
    notes = [line for one in tickets for line in await box.messages(one["conversation_id"], 1)]
    assert ([line for line in notes if line["kind"] == "note"], box.smtp.taken()) == ([], [])
