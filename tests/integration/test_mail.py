"""E-mail with real servers: posted and fetched, threaded, answered over TLS, and never in a loop."""

from functools import partial
from typing import Any

import pytest

from router.values import Agent, Role
from storage import agents, dead_letters
from storage import mail as mails
from tests.eventually import eventually
from tests.integration.conftest import Desk
from tests.integration.mailbox import Mailbox, bounce, opened, text_of
from tests.integration.test_widget_socket import said, site, visit
from tests.services.smtp import SmtpServer, Taken
from workers import inbox
from workers.inbox import Words

ANN = "Ann <ann@example.org>"


@pytest.fixture
async def box(desk: Desk, smtp: SmtpServer) -> Mailbox:
    """A mailbox."""
    return await opened(desk, smtp)


async def test_a_mail_becomes_a_ticket_and_its_thread_stays_one(box: Mailbox) -> None:
    """Reply, answer to the reply, a changed subject, and a mail to others: one conversation."""
    await box.write(
        "The lamp is broken.\r\n\r\n-- \r\nAnn", message_id="<1@example.org>", cc="bob@example.org"
    )
    (ticket,) = await box.tickets(1)
    first = (await box.messages(ticket["conversation_id"], 1))[0]
    assert (ticket["subject"], first["text"]) == ("Lamp", "The lamp is broken.")
    await box.reply(ticket, "We send another.")
    (ours,) = await box.sent(1, "We send another.")
    assert str(ours.mail["In-Reply-To"]) == "<1@example.org>"
    assert (ours.recipients, str(ours.mail["Subject"])) == (
        ["ann@example.org", "bob@example.org"],
        "Re: Lamp",
    )
    quoted = (
        "Thank you!\r\n\r\nOn Mon, Jan 1, 2026 at 1:00 PM Desk <support@desk.example> wrote:\r\n> We send"
    )
    own = str(ours.mail["Message-ID"])
    await box.write(quoted, message_id="<2@example.org>", in_reply_to=own, subject="Re: Lamp and shade")
    await box.write(
        "Me too.", **{"from": "bob@example.org"}, message_id="<3@x>", references="<2@example.org>"
    )
    lines = await box.messages(ticket["conversation_id"], 5)
    said = [line["text"] for line in lines if line["author"] == "customer"]
    assert said == ["The lamp is broken.", "Thank you!", "Me too."]
    assert len(await box.tickets(1)) == 1


async def test_a_reply_goes_to_everybody_until_the_agent_names_others(box: Mailbox) -> None:
    """Who it goes to is told before, kept with the reply, and from then on those who were named take part."""
    await box.write(
        "Broken.", message_id="<1@example.org>", cc="Bob <bob@example.org>, Eva <eva@example.org>"
    )
    (ticket,) = await box.tickets(1)
    path = f"/api/v1/tickets/{ticket['number']}/recipients"
    told = (await box.desk.ask("GET", path, role="agent")).body
    assert told == {
        "forwards_from": box.id,
        "to": [{"name": "Ann", "email": "ann@example.org"}],
        "cc": [{"name": "Bob", "email": "bob@example.org"}, {"name": "Eva", "email": "eva@example.org"}],
    }
    copies = {"cc": ["carl@example.org", "bob@example.org"], "bcc": ["boss@desk.example"]}
    named = await box.reply(ticket, "To some.", **copies)
    assert named["details"] == {"to": ["ann@example.org"], **copies}
    assert (await box.sent(1, "To some."))[0].recipients == ["ann@example.org", *copies["cc"], *copies["bcc"]]
    after = (await box.desk.ask("GET", path)).body["cc"]
    assert [one["email"] for one in after] == ["bob@example.org", "carl@example.org"]
    await box.reply(ticket, "To Ann alone.", cc=[])
    assert (await box.sent(1, "To Ann alone."))[0].recipients == ["ann@example.org"]
    await box.reply(ticket, "To Bob.", to=["bob@example.org"], cc=[])
    assert (await box.sent(1, "To Bob."))[0].recipients == ["bob@example.org"]


async def test_what_is_no_address_is_refused_before_anything_is_sent(box: Mailbox) -> None:
    """With a pointer to it."""
    await box.write("Broken.", message_id="<1@example.org>")
    (ticket,) = await box.tickets(1)
    body = {"text": "Hello", "cc": ["bob@example.org", "bob"]}
    refused = await box.desk.ask("POST", f"/api/v1/tickets/{ticket['id']}/replies", body)
    assert (refused.status, refused.body["errors"][0]["pointer"]) == (422, "/cc/1")


async def forwarded(box: Mailbox, ticket: dict[str, Any]) -> Taken:
    """The ticket's first message, forwarded to a supplier."""
    first = (await box.messages(ticket["conversation_id"], 1))[0]
    body = {"message_id": first["id"], "to": ["repairs@supplier.example"], "text": "Can you mend it?"}
    answer = await box.desk.ask("POST", f"/api/v1/tickets/{ticket['id']}/forwards", body, role="agent")
    assert (answer.status, answer.body["kind"]) == (201, "note"), answer.body
    assert answer.body["details"]["forwarded"] == first["id"]
    (sent,) = await box.sent(1, "Can you mend it?")
    return sent


async def answered(box: Mailbox, sent: Taken, text: str, message_id: str = "<r@supplier.example>") -> None:
    """The supplier answers what was forwarded to them."""
    await box.write(
        text,
        **{"from": "Repairs <repairs@supplier.example>"},
        to=str(sent.mail["Reply-To"] or "support@desk.example"),
        subject="Re: Fwd: Lamp",
        message_id=message_id,
        in_reply_to=str(sent.mail["Message-ID"]),
    )


async def test_a_forwarded_message_s_answer_comes_into_the_ticket(box: Mailbox) -> None:
    """With its files, as notes on both ways; who was asked sees no more of the conversation than that."""
    await box.post(_with_file("ann@example.org", "The lamp is broken.", "lamp.txt", "a picture"))
    (ticket,) = await box.tickets(1)
    await box.reply(ticket, "We ask somebody.")
    sent = await forwarded(box, ticket)
    assert (sent.recipients, str(sent.mail["Subject"])) == (["repairs@supplier.example"], "Fwd: Lamp")
    assert (sent.mail["In-Reply-To"], sent.mail["References"]) == (None, None)
    said = text_of(sent).splitlines()
    assert said[:4] == ["Can you mend it?", "", "-" * 10 + " Forwarded message " + "-" * 10, f"From: {ANN}"]
    assert said[-1] == "The lamp is broken."
    assert [one.get_filename() for one in sent.mail.iter_attachments()] == ["lamp.txt"]
    path = f"/api/v1/tickets/{ticket['id']}"
    waiting = {"status": "waiting", "waiting_reason": "internal"}
    assert (await box.desk.ask("PATCH", path, waiting)).status == 200
    await answered(box, sent, "For 20 euros.")
    line = (await box.messages(ticket["conversation_id"], 5))[-1]
    mail = line["context"]["mail"]
    assert (line["text"], mail["from"]["name"], mail["answers_forward"]) == ("For 20 euros.", "Repairs", True)
    assert (line["kind"], line["author"], line["author_id"]) == ("note", "system", None)
    # Somebody has to look at it.
    assert (await box.desk.ask("GET", path)).body["status"] == "queued"
    await box.reply(ticket, "It costs 20 euros.")
    (reply,) = await box.sent(1, "It costs 20 euros.")
    assert reply.recipients == ["ann@example.org"]
    assert "supplier.example" not in str(reply.mail["References"])
    assert str(sent.mail["Message-ID"]) not in str(reply.mail["References"])


async def test_an_answer_to_a_forward_of_a_ticket_that_is_over_is_its_writer_s_own(box: Mailbox) -> None:
    """A ticket in their name that is linked to the one before; what they write next joins it."""
    await box.write("The lamp is broken.", message_id="<1@example.org>")
    (ticket,) = await box.tickets(1)
    sent = await forwarded(box, ticket)
    closed = await box.desk.ask("PATCH", f"/api/v1/tickets/{ticket['id']}", {"status": "closed"})
    assert closed.status == 200
    await answered(box, sent, "For 20 euros.")
    before, theirs = await box.tickets(2)
    assert (before["id"], theirs["previous_ticket_id"]) == (ticket["id"], ticket["id"])
    customer = (await box.desk.ask("GET", f"/api/v1/customers/{theirs['customer_id']}")).body
    assert (customer["email"], theirs["subject"]) == ("repairs@supplier.example", "Re: Fwd: Lamp")
    await answered(box, sent, "Or for 15.", "<r2@supplier.example>")
    lines = await box.messages(theirs["conversation_id"], 3)
    said = [line["text"] for line in lines if line["author"] == "customer"]
    assert said == ["For 20 euros.", "Or for 15."]
    await box.reply(theirs, "Then do.")
    assert (await box.sent(1, "Then do."))[0].recipients == ["repairs@supplier.example"]
    told = [line["text"] for line in await box.messages(ticket["conversation_id"], 1)]
    assert "For 20 euros." not in told


async def test_a_chat_is_forwarded_from_a_mailbox(box: Mailbox) -> None:
    """Without what the chat knows of the visitor but their name; the answer is a note that they never see."""
    visitor = await visit(box.desk, (await site(box.desk))[0])
    async with visitor.open() as tab:
        await tab.say(said("c1", "A person please, the lamp is broken", name="Ann", email="ann@example.org"))
        await tab.until("message", author="system")
        (ticket,) = (await box.desk.ask("GET", f"/api/v1/tickets?channel={visitor.channel_id}")).body["data"]
        told = (await box.desk.ask("GET", f"/api/v1/tickets/{ticket['id']}/recipients", role="agent")).body
        assert told == {"to": [], "cc": [], "forwards_from": box.id}
        sent = await forwarded(box, ticket)
        assert sent.recipients == ["repairs@supplier.example"]
        assert "From: Ann" in text_of(sent).splitlines()
        assert "ann@example.org" not in text_of(sent)
        await answered(box, sent, "For 20 euros.")

        async def noted() -> Any:
            lines = await box.messages(ticket["conversation_id"], 1)
            return [line["kind"] for line in lines if line["text"] == "For 20 euros."]

        assert await eventually(noted, 60) == ["note"]
        await box.reply(ticket, "It costs 20 euros.")
        await tab.until("message", text="It costs 20 euros.")
    lines = await box.messages(ticket["conversation_id"], 1)
    assert await visitor.shown() == [line["id"] for line in lines if line["kind"] == "public"]
    rows = (await box.desk.ask("GET", "/api/v1/ledger")).body["data"]
    assert [row["received"] for row in rows if row["received"]["open"] or row["difference"]] == []


async def test_nothing_is_forwarded_where_no_mailbox_sends(desk: Desk) -> None:
    """The page knows it before, and who asks all the same is told what to do."""
    visitor = await visit(desk, (await site(desk))[0])
    async with visitor.open() as tab:
        await tab.say(said("c1", "A person please"))
        await tab.until("message", author="system")
    (ticket,) = (await desk.ask("GET", "/api/v1/tickets")).body["data"]
    assert (await desk.ask("GET", f"/api/v1/tickets/{ticket['id']}/recipients")).body["forwards_from"] is None
    (first, *_) = (await desk.ask("GET", f"/api/v1/conversations/{ticket['conversation_id']}/messages")).body[
        "data"
    ]
    body = {"message_id": first["id"], "to": ["repairs@supplier.example"]}
    refused = await desk.ask("POST", f"/api/v1/tickets/{ticket['id']}/forwards", body)
    assert (refused.status, "set one up with smtp" in refused.body["detail"]) == (409, True)


async def test_a_forward_that_comes_back_blocks_only_whom_it_went_to(box: Mailbox) -> None:
    """The customer is still answered."""
    await box.write("The lamp is broken.", message_id="<1@example.org>")
    (ticket,) = await box.tickets(1)
    first = (await box.messages(ticket["conversation_id"], 1))[0]
    body = {"message_id": first["id"], "to": ["gone@supplier.example"], "text": "Can you mend it?"}
    forward = await box.desk.ask("POST", f"/api/v1/tickets/{ticket['id']}/forwards", body)
    (sent,) = await box.sent(1, "Can you mend it?")
    await box.delivery(ticket, forward.body["id"], "sent")
    await box.post(bounce(str(sent.mail["Message-ID"]), "gone@supplier.example"))
    await box.delivery(ticket, forward.body["id"], "failed")
    parts = box.desk.parts
    blocked = [
        await parts.store.read(partial(mails.blocked, channel_id=box.id, address=one, now=parts.clock()))
        for one in ("ann@example.org", "gone@supplier.example")
    ]
    assert blocked == ["", "it came back: 550 5.1.1 gone"]


def _with_file(sender: str, text: str, name: str, content: str) -> str:
    return (
        f"From: Ann <{sender}>\r\nTo: support@desk.example\r\nSubject: Lamp\r\nMessage-ID: <f@x>\r\n"
        "Content-Type: multipart/mixed; boundary=b\r\n\r\n"
        f"--b\r\nContent-Type: text/plain\r\n\r\n{text}\r\n"
        f"--b\r\nContent-Type: text/plain\r\nContent-Disposition: attachment; filename={name}\r\n\r\n"
        f"{content}\r\n--b--\r\n"
    )


async def test_a_very_long_text_is_shown_in_part_and_attached_whole(box: Mailbox) -> None:
    """The message says so, and nothing of it is lost."""
    lines = [f"Line {number} of a log that goes on and on" for number in range(60_000)]
    await box.write("\r\n".join(lines), message_id="<1@example.org>")
    (ticket,) = await box.tickets(1)
    first = (await box.messages(ticket["conversation_id"], 1))[0]
    assert (len(first["text"]), first["context"]["mail"]["cut"]) == (100_000, True)
    (file,) = first["attachments"]
    assert (file["name"], file["type"]) == ("message.txt", "text/plain")
    whole = await box.desk.ask("GET", file["url"])
    assert whole.body.decode().split("\n") == lines


async def test_a_mail_is_shown_as_it_was_formatted_and_can_do_nothing(box: Mailbox) -> None:
    """Pictures within it are shown, those elsewhere when asked for; scripts are gone and could not run."""
    await box.post(
        "From: Ann <ann@example.org>\r\nTo: support@desk.example\r\nSubject: Lamp\r\nMessage-ID: <h@x>\r\n"
        "Content-Type: multipart/related; boundary=b\r\n\r\n--b\r\nContent-Type: text/html\r\n\r\n"
        '<p><b>Broken</b><script>alert(1)</script><img src="cid:lamp@x"><img src="https://x.example/p.png">'
        "\r\n--b\r\nContent-Type: image/png\r\nContent-ID: <lamp@x>\r\n"
        "Content-Transfer-Encoding: base64\r\n\r\niVBORw==\r\n--b--\r\n"
    )
    (ticket,) = await box.tickets(1)
    first = (await box.messages(ticket["conversation_id"], 1))[0]
    path = f"/api/v1/messages/{first['id']}/html"
    page = await box.desk.ask("GET", path, role="agent")
    shown = page.body.decode()
    assert ("<b>Broken</b>" in shown, "script" in shown) == (True, False)
    assert ('src="data:image/png;base64,iVBORw=="' in shown, ' src="https://' in shown) == (True, False)
    policy = page.headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert ("sandbox" in policy, "script" in policy, "https:" in policy) == (True, False, False)
    asked = await box.desk.ask("GET", f"{path}?images=true", role="agent")
    assert ' src="https://x.example/p.png"' in asked.body.decode()
    assert "img-src data: https: http:;" in asked.headers["Content-Security-Policy"]
    assert (await box.desk.ask("GET", path, role=None)).status == 401
    assert (await box.desk.ask("GET", "/api/v1/messages/msg_x/html")).status == 404


async def test_the_same_mail_again_is_one(box: Mailbox) -> None:
    """By the hook twice."""
    first = await box.write("Once.", message_id="<1@example.org>")
    again = await box.write("Once.", message_id="<1@example.org>")
    assert (again["id"], again["duplicate"]) == (first["id"], True)


async def test_a_ticket_s_number_counts_only_for_those_who_take_part(box: Mailbox) -> None:
    """A stranger who names it begins a ticket of their own."""
    await box.write("The lamp is broken.", message_id="<1@example.org>")
    (ticket,) = await box.tickets(1)
    await box.write("Any news?", subject=f"Re: [#{ticket['number']}] Lamp", message_id="<9@example.org>")
    lines = await box.messages(ticket["conversation_id"], 3)
    assert [line["text"] for line in lines if line["author"] == "customer"][-1] == "Any news?"
    stranger = {"from": "eve@evil.example", "subject": f"[#{ticket['number']}] Lamp"}
    await box.write("Send it to me.", **stranger, message_id="<e@evil.example>")
    assert [one["subject"] for one in await box.tickets(2)] == ["Lamp", f"[#{ticket['number']}] Lamp"]


async def test_automatic_mail_is_kept_and_answered_by_nobody(box: Mailbox) -> None:
    """It opens no ticket; what cannot be read waits among the dead letters and can be put back."""
    await box.write("I am away.", auto_submitted="auto-replied", message_id="<a@example.org>")
    await box.post(b"From: a@b.c\r\nContent-Type: text/html\r\n\r\n" + b"<div>" * 30_000)
    await box.write("A real one.", message_id="<b@example.org>")
    tickets = await box.tickets(1)

    async def letters() -> Any:
        return (await box.desk.ask("GET", "/api/v1/deadletters")).body["data"]

    (letter,) = await eventually(letters)
    assert letter["error"] == "quarantined: its HTML is nested more than 1000 deep"
    assert len(tickets) == 1


async def test_agents_see_mail_that_can_t_be_read_and_supervisors_put_it_back(box: Mailbox) -> None:
    """Whose it is, why, and how it begins, as characters that do nothing."""
    evil = "<script>alert(1)</script> \x1b[2J \u202e\u200b gnp.exe"
    head = "From: Eve <eve@evil.example>\r\nSubject: Hi\r\nContent-Type: text/html\r\n\r\n"
    await box.post(f"{head}{evil}{'<div>' * 30_000}")

    async def look() -> Any:
        return (await box.desk.ask("GET", "/api/v1/quarantine", role="agent")).body["data"]

    (mail,) = await eventually(look)
    told = (mail["sender"], mail["subject"], mail["why"], mail["channel_name"])
    assert told == ("eve@evil.example", "Hi", "its HTML is nested more than 1000 deep", "Support")
    assert (await box.desk.ask("GET", "/api/v1/tickets/counts", role="agent")).body["quarantined"] == 1
    path = f"/api/v1/quarantine/{mail['id']}"
    seen = (await box.desk.ask("GET", path, role="agent")).body
    assert seen["beginning"].startswith("From: Eve <eve@evil.example>\nSubject: Hi\n")
    assert "<script>alert(1)</script> \ufffd[2J \ufffd\ufffd gnp.exe" in seen["beginning"]
    assert (len(seen["beginning"]) < 20_001, seen["cut"], seen["size"] > 150_000) == (True, True, True)
    letter = f"/api/v1/deadletters/{mail['id']}"
    asked = (("GET", f"{path}/raw"), ("POST", f"{letter}/replay"), ("DELETE", letter))
    assert [(await box.desk.ask(*one, role="agent")).status for one in asked] == [403, 403, 403]
    raw = await box.desk.ask("GET", f"{path}/raw", role="supervisor")
    assert (raw.status, raw.headers["Content-Disposition"]) == (200, f"attachment; filename={mail['id']}.eml")
    assert raw.body.startswith(b"From: Eve")
    assert (await box.desk.ask("POST", f"{letter}/replay", role="supervisor")).status == 200

    async def again() -> Any:
        return [one for one in await look() if one["id"] != mail["id"]]

    # It is read once more, and still can't be.
    assert [one["why"] for one in await eventually(again)] == [mail["why"]]


async def test_other_dead_letters_are_none_of_the_agents(box: Mailbox) -> None:
    """Whatever else was set aside is the supervisors' alone."""
    parts = box.desk.parts
    await parts.store.write(lambda tx: dead_letters.park(tx, "inbound.00", b"x", "msg_x", "boom"))
    assert (await box.desk.ask("GET", "/api/v1/quarantine", role="agent")).body["data"] == []
    (letter,) = (await box.desk.ask("GET", "/api/v1/deadletters")).body["data"]
    assert (await box.desk.ask("GET", f"/api/v1/quarantine/{letter['id']}", role="agent")).status == 404


async def test_a_server_s_words_are_shown_and_later_is_tried_again(box: Mailbox) -> None:
    """5xx fails with them; 4xx waits."""
    for who in ("never", "later"):
        await box.write("Hello", **{"from": f"{who}@example.org"}, message_id=f"<{who}@x>", subject=who)
    never, later = sorted(await box.tickets(2), key=lambda ticket: ticket["subject"], reverse=True)
    failed = await box.delivery(never, (await box.reply(never, "To nobody."))["id"], "failed")
    assert failed["error"] == "the mail server says 550 5.1.1 nobody of that name"
    await box.reply(later, "To somebody.")

    async def look() -> Any:
        # The desk's own answer is before it in the conversation, and waits first.
        told = [line["delivery"] for line in await box.messages(later["conversation_id"], 2)]
        return next((one for one in told if one and one["error"]), None)

    waiting = await eventually(look, 30)
    assert (waiting["state"], waiting["error"]) == (
        "queued",
        "the mail server says 451 4.2.1 come back later",
    )


async def test_a_bounce_fails_its_message_and_stops_automatic_mail(box: Mailbox) -> None:
    """Only with a Message-ID of ours: a made-up report does nothing."""
    await box.write("The lamp is broken.", message_id="<1@example.org>")
    (ticket,) = await box.tickets(1)
    message = await box.reply(ticket, "We send another.")
    (ours,) = await box.sent(1, "We send another.")
    await box.delivery(ticket, message["id"], "sent")
    for named in ("<forged.aaaaaaaaaaaaaaaa@desk.example>", str(ours.mail["Message-ID"])):
        await box.post(bounce(named, "ann@example.org"))
    failed = await box.delivery(ticket, message["id"], "failed")
    assert failed["error"] == "it came back: 550 5.1.1 gone"
    parts = box.desk.parts
    why = await parts.store.read(lambda sql: mails.blocked(sql, box.id, "ann@example.org", parts.clock()))
    assert why == "it came back: 550 5.1.1 gone"


_NAMES_THE_OTHER = ("Auto-Submitted", "X-Auto-Response-Suppress", "In-Reply-To", "References", "Message-ID")


@pytest.mark.parametrize("answer", [None, "We got this: {{ message.text }} We will answer soon."])
async def test_two_desks_that_face_each_other_fall_silent(
    desk: Desk, smtp: SmtpServer, answer: str | None
) -> None:
    """Each answers by itself, with the same words or with all the other has written, and gets the other's
    answers without any field that says so or names another mail: at most one goes each way."""
    if answer:
        rule = {"id": "echo", "name": "Echo", "stage": "respond", "then": [{"reply": answer}]}
        published = await desk.ask("PUT", "/api/v1/routing/rules", {"rules": [rule]})
        assert published.status == 200, published.body
    one = await opened(desk, smtp, address="one@desk.example")
    two = await opened(desk, smtp, address="two@desk.example")
    boxes = {"one@desk.example": one, "two@desk.example": two}
    await two.write("Hello desk", **{"from": "one@desk.example"}, message_id="<seed@x>")
    carried = 0

    async def held_back() -> list[str]:
        nonlocal carried
        for taken in smtp.taken()[carried:]:
            for name in _NAMES_THE_OTHER:
                del taken.mail[name]
            await boxes[taken.recipients[0]].post(taken.mail.as_bytes())
            carried += 1
        return [why for box in boxes.values() for why in await _failures(box)]

    (why,) = await eventually(held_back, 60)
    assert why.startswith("held back: ")
    # The seed came from nobody's mailbox, so the second is the first to speak by itself.
    senders = [str(taken.mail["From"]) for taken in smtp.taken()]
    assert senders == ["two@desk.example", "one@desk.example"]


async def _failures(box: Mailbox) -> list[str]:
    listed = (await box.desk.ask("GET", f"/api/v1/conversations?channel={box.id}")).body["data"]
    lines = [line for one in listed for line in await box.messages(one["id"], 1)]
    return [line["delivery"]["error"] for line in lines if (line["delivery"] or {}).get("state") == "failed"]


async def test_people_sign_what_they_write_and_programs_do_not(desk: Desk, smtp: SmtpServer) -> None:
    """Agent's and mailbox's signature below a reply by mail; neither is stored, nor read back as words."""
    box = await opened(desk, smtp, name="Lamps", signature="{{ mailbox.name }} Ltd.")
    agent = await desk.parts.store.write(
        lambda tx: agents.add(tx, Agent(id="agt_emma", name="Emma", email="emma@desk.example", role="agent"))
    )
    path = f"/api/v1/agents/{agent.agent.id}/signature"
    kept = await desk.ask("PUT", path, {"text": "{{ agent.name }}, repairs", "html": ""})
    assert (kept.status, kept.body["text"]) == (200, "{{ agent.name }}, repairs")
    await box.write("The lamp is broken.", message_id="<1@example.org>")
    (ticket,) = await box.tickets(1)
    (by_itself,) = await box.sent(1)
    assert "Lamps Ltd." not in text_of(by_itself)
    words = Words("We send another.")
    await desk.parts.store.write(
        lambda tx: inbox.reply(tx, ticket["id"], agent.agent.id, words, desk.parts.desk(tx.sql))
    )
    (sent,) = await box.sent(1, "We send another.")
    below = ["", "-- ", "Emma, repairs", "", "Lamps Ltd."]
    assert text_of(sent).splitlines() == ["We send another.", *below]
    introduced = "On Mon, Jan 1, 2026 at 1:00 PM Lamps <support@desk.example> wrote:"
    await box.write(
        f"Thanks!\r\n\r\n{introduced}\r\n{_quoted(sent)}",
        message_id="<2@x>",
        in_reply_to=str(sent.mail["Message-ID"]),
    )
    said = [line["text"] for line in await box.messages(ticket["conversation_id"], 4)]
    assert said[-2:] == ["We send another.", "Thanks!"]


def _quoted(sent: Taken) -> str:
    return "".join(f"> {line}\r\n" for line in text_of(sent).splitlines())


@pytest.mark.parametrize(
    ("role", "who", "status"), [("agent", "agt_x", 403), ("admin", "agt_x", 404), ("admin", "me", 403)]
)
async def test_nobody_signs_for_others(desk: Desk, role: Role, who: str, status: int) -> None:
    """But an admin; a token is nobody."""
    refused = await desk.ask("PUT", f"/api/v1/agents/{who}/signature", {"text": "x"}, role=role)
    assert refused.status == status


async def test_a_signature_that_is_no_template_is_refused(desk: Desk) -> None:
    """A mailbox's, too, with a pointer."""
    settings = {"address": "support@desk.example", "signature": "{{ customer.name }}"}
    body = {"kind": "email", "name": "Support", "settings": settings}
    refused = await desk.ask("POST", "/api/v1/channels", body)
    assert (refused.status, refused.body["errors"][0]["pointer"]) == (422, "/settings/signature")
