"""The intake transaction on a real store: what a batch of envelopes becomes."""

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from bus.envelope import Action, Attachment, Delete, Edit, Message, Option, Receipt, decode_wake
from knowledgebase.match import NO_MATCH, Candidate, Match
from router.decide import decide
from router.lifecycle import move
from router.rules.engine import compile_rules
from router.rules.form import parse
from router.values import Customer
from storage import agents, contacts, customers, deliveries, rules
from storage.store import Tx
from tests.integration.office import ASKS, PARCEL, REFUND, STRANGE, Office, joins, office_in, office_on
from tests.services.servers import Servers
from workers import inbox
from workers.intake import Frozen, NeedsMatch, Taken, take_in


@pytest.fixture(params=["sqlite", "postgresql"])
async def office(request: pytest.FixtureRequest, tmp_path: Path, servers: Servers) -> AsyncIterator[Office]:
    """A furnished office, at each end of the store."""
    sqlite = request.param == "sqlite"
    async with office_in(tmp_path) if sqlite else office_on(servers.postgresql, tmp_path) as made:
        yield made


def contact_of(who: str) -> Any:
    """A query for the customer behind an address of the website."""

    def step(tx: Tx) -> Customer:
        found = contacts.find(tx, [("ch_web", who)])["ch_web", who]
        return contacts.customers(tx, [found.customer_id])[found.customer_id]

    return step


# --- the first message -------------------------------------------------------------------------------------


async def test_a_first_message_makes_a_customer_a_conversation_and_a_decision(office: Office) -> None:
    """Everything is there from one commit on, with the platform's own ids and bytes."""
    file = Attachment(name="a.png", type="image/png", size=3, blob="00" * 32)
    envelope = office.envelope(
        Message(text=ASKS, html="<p>hi</p>", subject="Parcel", attachments=(file,)),
        id="ext-7",
        sender={"email": "ann@example.org", "attributes": {"plan": "pro"}, "verified": True},
        context={"page": "/cart"},
        raw=b"{}",
        thread="c-42",
    )
    assert await office.take(envelope) == Taken(stored=1, duplicates=0, outgoing=True)
    (conversation,) = await office.conversations()
    assert (conversation.thread, conversation.with_, conversation.position) == ("c-42", "bot", 2)
    customer = await office.store.write(contact_of("ann"))
    assert (customer.name, customer.email, customer.attributes) == ("Ann", "ann@example.org", {"plan": "pro"})
    assert await office.rows("contact_points", "address", "verified") == [("ann", True)]
    asked, answered = await office.messages()
    assert (asked.id, asked.external_id, asked.position) == (envelope.id, "ext-7", 1)
    assert (asked.author, asked.author_id, asked.attachments) == ("customer", customer.id, (file,))
    assert (asked.raw, asked.html) == (b"{}", "<p>hi</p>")
    assert asked.details == {"language": "en", "context": {"page": "/cart"}, "subject": "Parcel"}
    assert (answered.author, answered.text, answered.position) == ("bot", "It is on its way.", 2)
    (stored,) = await office.decisions(conversation)
    assert stored.made.message_id == envelope.id
    assert stored.made.decision.why == "answers with 'Where is my parcel?', confidence 1.00"


async def test_a_stored_decision_can_be_made_again(office: Office) -> None:
    """Its context and rule-set version are enough: the same message gives the same decision."""
    await office.rule({"then": [{"tag": "seen"}, {"reply": "Hello {{ customer.name }}"}]})
    envelopes = [office.envelope(ASKS), office.envelope(STRANGE), office.envelope("and now?")]
    await office.take(*envelopes)
    (conversation,) = await office.conversations()
    version, documents = (await office.rows("rule_versions", "version", "rules"))[0]
    compiled = compile_rules(parse(documents), version)
    stored = await office.decisions(conversation)
    assert [one.made.message_id for one in stored] == [envelope.id for envelope in envelopes]
    for envelope, one in zip(envelopes, stored, strict=True):
        assert decide(envelope, one.made.context, compiled) == one.made.decision


async def test_an_answer_is_queued_for_delivery_and_the_outbox_wakes_its_sender(office: Office) -> None:
    """The delivery row, one wake a conversation, and an event for each message, in order."""
    await office.say(ASKS, "How do refunds work?")
    (conversation,) = await office.conversations()
    lines = await office.messages()
    sent = await office.rows("deliveries", "message_id", "state", "position")
    assert sorted(sent, key=lambda row: row[2]) == [
        (lines[1].id, "queued", 2),
        (lines[3].id, "queued", 4),
    ]
    (body,) = await office.rows("outbox", "body")
    wake = decode_wake(body)
    assert (wake.channel_id, wake.conversation_id) == ("ch_web", conversation.id)
    told = await office.events("message.created")
    assert [(one.data["message_id"], one.data["author"]) for one in told] == [
        (line.id, line.author) for line in lines
    ]
    assert {one.conversation_id for one in told} == {conversation.id}


async def test_a_widget_s_visitor_reads_from_the_store(office: Office) -> None:
    """Nothing has to be sent, so there is neither a delivery nor a wake; the event is there."""
    await office.say(ASKS, channel="ch_widget")
    assert await office.talk() == [("customer", ASKS), ("bot", "It is on its way.")]
    assert (await office.rows("deliveries", "message_id"), await office.rows("outbox", "seq")) == ([], [])
    assert len(await office.events("message.created")) == 2


# --- once ------------------------------------------------------------------------------------------------


async def test_a_message_is_taken_in_once(office: Office) -> None:
    """Inside a batch and across batches; the first one counts."""
    first, again = office.envelope("hello", id="x"), office.envelope("hello again", id="x")
    assert await office.take(first, again, first) == Taken(stored=1, duplicates=2, outgoing=True)
    assert await office.take(again) == Taken(stored=0, duplicates=1, outgoing=False)
    assert [line.text for line in await office.messages() if line.author == "customer"] == ["hello"]
    assert len(await office.tickets()) == 1


async def test_the_same_id_on_another_channel_is_another_message(office: Office) -> None:
    """Platforms number as they like."""
    taken = await office.take(
        office.envelope("hello", id="x"), office.envelope("hello", id="x", channel="ch_widget")
    )
    assert taken.stored == 2


# --- order -----------------------------------------------------------------------------------------------


async def test_lines_stand_in_the_order_in_which_they_came(office: Office) -> None:
    """Each message with what it brought, positions without a gap, whoever writes in between."""
    batch = [
        office.envelope(f"{who} {STRANGE} {turn}", who=who) for turn in range(3) for who in ("ann", "bob")
    ]
    await office.take(*batch[:3])
    await office.take(*batch[3:])
    for conversation in await office.conversations():
        lines = [line for line in await office.messages() if line.conversation_id == conversation.id]
        assert [line.position for line in lines] == [1, 2, 3, 4]
        assert [line.text[-1] for line in lines if line.author == "customer"] == ["0", "1", "2"]
        assert conversation.position == 4


# --- tickets -----------------------------------------------------------------------------------------------


async def test_without_an_answer_a_ticket_is_opened_and_its_number_told(office: Office) -> None:
    """The ticket waits in the default queue with its clocks running."""
    await office.say(STRANGE)
    ticket = await office.ticket()
    (conversation,) = await office.conversations()
    assert (ticket.number, ticket.queue, ticket.status, ticket.subject) == (
        1001,
        "general",
        "queued",
        STRANGE,
    )
    assert (conversation.with_, conversation.ticket_id) == ("person", ticket.id)
    assert sorted(ticket.clocks) == ["first_response", "resolution"]
    assert ticket.due_at == office.clock.now + timedelta(minutes=30)
    assert (await office.talk())[1] == (
        "system",
        "I've passed this on to our team. Your ticket number is #1001; someone will answer you here.",
    )
    (event,) = await office.events("ticket.created")
    assert (event.ticket_id, event.data["number"], event.data["queue"]) == (ticket.id, 1001, "general")


async def test_two_messages_of_a_new_customer_in_one_batch_are_one_conversation(office: Office) -> None:
    """The second sees what the first left: one customer, and one ticket about all that was said in one go."""
    await office.say(STRANGE, "Please hurry", sender={"attributes": {"seen": "twice"}})
    (conversation,) = await office.conversations()
    assert [author for author, _ in await office.talk()] == ["customer", "customer", "system"]
    made = [stored.made for stored in await office.decisions(conversation)]
    assert [one.decision.why for one in made] == [
        "a newer message follows: the bot speaks to both",
        "opens a ticket: the knowledge base has no answer",
    ]
    ticket = await office.ticket()
    assert (ticket.id, ticket.subject) == (made[1].ticket_id, STRANGE)
    assert len(await office.rows("customers", "id")) == 1


async def test_a_message_reopens_a_resolved_ticket(office: Office) -> None:
    """It is the same ticket and the same conversation."""
    await office.say(STRANGE)
    desk = (await office.setup.get()).desk
    before = await office.ticket()
    after = move(before, "resolved", office.clock.now, desk)
    await office.store.write(lambda tx: inbox.save(tx, before, after))
    office.clock.forward(days=2)
    await office.say("Still purple")
    ticket = await office.ticket()
    assert (ticket.status, ticket.waiting_since) == ("queued", before.waiting_since)
    (event,) = (await office.events("ticket.updated"))[1:]
    assert event.data == {"status": "queued", "by": "customer"}


async def test_after_a_closed_ticket_another_is_opened_and_linked(office: Office) -> None:
    """Another conversation begins with the bot; its ticket names the one before."""
    await office.say(STRANGE)
    desk = (await office.setup.get()).desk
    first = await office.ticket()
    after = move(first, "closed", office.clock.now, desk)
    await office.store.write(lambda tx: inbox.save(tx, first, after))
    office.clock.forward(days=1)
    await office.say(f"{STRANGE} again")
    old, new = await office.conversations()
    assert (old.with_, old.outcome, new.with_) == ("closed", "resolved", "person")
    assert (await office.tickets())[1].previous_ticket_id == first.id


async def test_a_conversation_that_closes_within_a_batch_has_a_successor(office: Office) -> None:
    """Thanks end the first; what comes after them begins another, in the same commit."""
    await office.say(ASKS)
    await office.say("Thanks!", STRANGE)
    first, second = await office.conversations()
    assert (first.with_, first.outcome, second.with_) == ("closed", "self_served", "person")
    assert [author for author, _ in await office.talk(first)] == ["customer", "bot", "customer", "bot"]
    assert (await office.talk(second))[0] == ("customer", STRANGE)


async def test_a_new_conversation_that_closes_within_its_batch_has_one_too(office: Office) -> None:
    """Neither was stored before."""
    await office.say(ASKS, "Thanks!", STRANGE)
    states = sorted((one.with_, one.outcome, one.position) for one in await office.conversations())
    assert states == [("closed", "self_served", 4), ("person", "", 2)]


# --- the bot -----------------------------------------------------------------------------------------------


async def test_after_an_answer_the_conversation_waits_for_silence(office: Office) -> None:
    """Until it counts as self-served; a person who takes over ends that."""
    await office.say(ASKS)
    (conversation,) = await office.conversations()
    assert conversation.due_at == office.clock.now + timedelta(hours=24)
    await office.say("That did not help")
    (conversation,) = await office.conversations()
    assert (conversation.with_, conversation.due_at) == ("person", None)


async def test_a_suggestion_s_button_is_understood_in_the_next_batch(office: Office) -> None:
    """What was offered is stored with the conversation."""
    envelope = office.envelope("parcel money")
    found = tuple(Candidate(article_id=one.id, title=one.title, confidence=0.5) for one in (PARCEL, REFUND))
    match = Match(outcome="suggest", candidates=found, encoder="test")
    known = office.knowledge.articles
    await office.setup.write(
        lambda tx, setup: take_in(tx, [envelope], Frozen(setup, known, {envelope.id: match}, {}))
    )
    (conversation,) = await office.conversations()
    assert conversation.offered == ("article:art_parcel", "article:art_refund", "person")
    assert (await office.messages())[1].options[0] == Option(
        value="article:art_parcel", label="Where is my parcel?"
    )
    await office.say(Action(value="article:art_refund", text="How do refunds work?"))
    assert (await office.talk())[2:] == [("customer", "How do refunds work?"), ("bot", "Within 14 days.")]
    await office.say(Action(value="article:art_parcel", text="Where is my parcel?"))
    assert (await office.talk())[-1] == ("bot", "It is on its way.")


async def test_a_message_that_needs_a_match_and_has_none_stops_the_batch(office: Office) -> None:
    """Nothing is stored; the ids say what to match. Messages for people need none."""
    await office.say(STRANGE, who="bob")
    before = len(await office.messages())
    new, joins_ = office.envelope("hello"), office.envelope("more", who="bob")
    setup = await office.setup.get()
    with pytest.raises(NeedsMatch) as needed:
        await office.store.write(lambda tx: take_in(tx, [joins_, new], Frozen(setup, {}, {}, {})))
    assert needed.value.ids == (new.id,)
    assert len(await office.messages()) == before
    await office.store.write(lambda tx: take_in(tx, [joins_], Frozen(setup, {}, {}, {})))
    assert len(await office.messages()) == before + 1


async def test_an_automatic_message_is_kept_and_nothing_follows(office: Office) -> None:
    """No answer and no ticket, and it needs no match."""
    envelope = office.envelope(Message(text="Out of office", automatic=True))
    setup = await office.setup.get()
    await office.store.write(lambda tx: take_in(tx, [envelope], Frozen(setup, {}, {}, {})))
    assert await office.talk() == [("customer", "Out of office")]
    assert (await office.messages())[0].details == {"automatic": True}
    assert await office.tickets() == []


# --- rules -------------------------------------------------------------------------------------------------


async def test_a_rule_s_reply_is_sent_as_it_is(office: Office) -> None:
    """Also where the customer's own words look like the notice's place for a number."""
    await office.rule({"then": [{"reply": "{{ message.text }}"}]})
    await office.say("what is {ticket.number}?")
    assert await office.talk() == [
        ("customer", "what is {ticket.number}?"),
        ("system", "what is {ticket.number}?"),
    ]
    assert (await office.ticket()).number == 1001


async def test_what_rules_set_is_stored_with_the_ticket(office: Office) -> None:
    """And a notification is an event."""
    await office.rule(
        {"stage": "route", "then": [{"set": "queue", "to": "billing"}, {"set": "priority", "to": "high"}]},
        {"then": [{"tag": "odd"}, {"notify": "leads"}]},
    )
    await office.say(STRANGE)
    ticket = await office.ticket()
    assert (ticket.queue, ticket.priority, ticket.tags) == ("billing", "high", ("odd",))
    (event,) = await office.events("notification")
    assert (event.ticket_id, event.data) == (
        ticket.id,
        {
            "to": "leads",
            "kind": "rule",
            "text": STRANGE,
            "agents": [],
        },
    )


async def test_a_discarded_message_is_kept_with_the_reason(office: Office) -> None:
    """Nobody is told and nothing is opened."""
    await office.rule({"then": [{"discard": "spam"}]})
    await office.say("Buy gold")
    assert await office.talk() == [("customer", "Buy gold")]
    assert (await office.messages())[0].details["discarded"] == "spam"
    assert await office.tickets() == []


async def test_rules_published_meanwhile_are_the_ones_that_decide(office: Office) -> None:
    """A setup that was loaded before they were published is loaded again, never used."""
    stale = await office.setup.get()
    version = await office.rule({"then": [{"reply": "New rules"}]})
    assert office.setup.current is stale
    await office.say(STRANGE)
    assert (await office.talk())[1:] == [("system", "New rules")]
    (conversation,) = await office.conversations()
    (stored,) = await office.decisions(conversation)
    assert stored.made.decision.rules_version == version


async def test_rules_published_again_and_again_are_caught_up_with(office: Office) -> None:
    """Each retry loads the newest; the one in force as the transaction begins is used."""
    for number in range(3):
        await office.rule({"then": [{"reply": f"Rules {number}"}]})
        await office.say(STRANGE, who=f"customer {number}")
    said = [line.text for line in await office.messages() if line.author == "system"]
    assert said == ["Rules 0", "Rules 1", "Rules 2"]


async def test_a_draft_decides_nothing(office: Office) -> None:
    """Until it is published."""
    draft = [{"id": "r1", "stage": "act", "then": [{"reply": "Draft"}]}]
    await office.store.write(lambda tx: rules.add(tx, draft, "", "test", publish=False))
    await office.say(STRANGE)
    assert "Draft" not in [text for _, text in await office.talk()]


# --- customers -------------------------------------------------------------------------------------------


async def test_attributes_are_learned_and_kept(office: Office) -> None:
    """New ones are added, changed ones replaced, others stay; a message that brings none changes nothing."""
    await office.say("one", sender={"attributes": {"plan": "free", "seats": 1}})
    await office.say("two", "three", sender={"attributes": {"plan": "pro"}})
    await office.say("four")
    customer = await office.store.write(contact_of("ann"))
    assert customer.attributes == {"plan": "pro", "seats": 1}
    assert await office.rows("customers", "version") == [2]


async def test_the_customer_s_tier_is_the_ticket_s(office: Office) -> None:
    """The tier that people gave the customer counts for the next ticket."""
    await office.say(ASKS)
    (person,) = await office.rows("customers", "id")
    await office.store.write(lambda tx: set_tier(tx, person, "gold"))
    await office.say("agent")
    assert (await office.ticket()).tier == "gold"


def set_tier(tx: Tx, customer_id: str, tier: str) -> None:
    """What an agent does in the customer's card."""
    customers.save(tx, replace(customers.get(tx.sql, customer_id).customer, tier=tier))


# --- edits, withdrawals, receipts --------------------------------------------------------------------------


async def test_an_edit_changes_what_a_message_says_and_keeps_what_it_said(office: Office) -> None:
    """Agents see both; nothing is decided anew."""
    await office.say(STRANGE, id="m1")
    at = office.clock.forward(minutes=1)
    await office.say(Edit(target="m1", text="Green paint"), id="e1")
    line = (await office.messages())[0]
    assert line.text == "Green paint"
    assert line.details["earlier"] == [{"at": at.isoformat().replace("+00:00", "Z"), "text": STRANGE}]
    assert line.details["edited"] is True
    (event,) = await office.events("message.updated")
    assert (event.data["message_id"], event.ticket_id) == (line.id, (await office.ticket()).id)
    assert len(await office.messages()) == 2


async def test_an_edit_reaches_a_message_of_the_same_batch(office: Office) -> None:
    """The platform may send both at once."""
    await office.take(
        office.envelope(STRANGE, id="m1"),
        office.envelope(Edit(target="m1", text="Green"), id="e1"),
        office.envelope(Edit(target="m1", text="Blue"), id="e2"),
    )
    line = (await office.messages())[0]
    assert (line.text, [one["text"] for one in line.details["earlier"]]) == ("Blue", [STRANGE, "Green"])


async def test_of_many_edits_the_last_are_kept(office: Office) -> None:
    """So that a message does not grow without end."""
    await office.say(STRANGE, id="m1")
    for batch in range(3):
        edits = [Edit(target="m1", text=f"{batch}.{number}") for number in range(15)]
        await office.say(*edits)
    earlier = (await office.messages())[0].details["earlier"]
    assert (len(earlier), earlier[-1]["text"]) == (20, "2.13")


async def test_a_withdrawn_message_is_empty_and_keeps_what_it_said(office: Office) -> None:
    """Also where its conversation is closed: none is opened by it."""
    await office.say(ASKS, id="m1")
    await office.say("Thanks!")
    await office.say(Delete(target="m1"))
    line = (await office.messages())[0]
    assert (line.text, line.details["withdrawn"], line.details["earlier"][0]["text"]) == ("", True, ASKS)
    assert len(await office.conversations()) == 1


@pytest.mark.parametrize("event", [Edit(target="m1", text="Hacked"), Delete(target="m1")])
async def test_nobody_changes_somebody_else_s_message(office: Office, event: Edit | Delete) -> None:
    """Neither a known customer nor a stranger; and it makes nobody a customer."""
    await office.say(STRANGE, id="m1")
    await office.say(STRANGE, who="bob")
    await office.take(office.envelope(event, who="bob"), office.envelope(event, who="eve"))
    assert (await office.messages())[0].text == STRANGE
    assert sorted(await office.rows("contact_points", "address")) == ["ann", "bob"]


async def test_an_edit_of_an_unknown_message_is_nothing(office: Office) -> None:
    """It is taken in and forgotten, once."""
    edit = office.envelope(Edit(target="never", text="?"))
    assert await office.take(edit) == Taken(stored=1, duplicates=0, outgoing=False)
    assert await office.take(edit) == Taken(stored=0, duplicates=1, outgoing=False)
    assert await office.conversations() == []


async def test_a_receipt_is_the_delivery_s_and_begins_nothing(office: Office) -> None:
    """What the platform could not deliver after all has failed; no conversation is opened for it."""
    await office.say(ASKS)
    (conversation,) = await office.conversations()

    def sent(tx: Tx) -> None:
        (claim,) = deliveries.claim(tx, "me", [conversation.id])
        outcome = deliveries.Outcome(claim, "sent", tx.now, external_id="wamid-1")
        deliveries.finish(tx, "me", [outcome])

    await office.store.write(sent)
    await office.say("Thanks!")
    await office.take(office.envelope(Receipt(target="wamid-1", state="failed"), who="stranger"))
    states = dict(await office.rows("deliveries", "position", "state"))
    assert states == {2: "failed", 4: "queued"}
    assert len(await office.conversations()) == 1
    assert await office.rows("contact_points", "address") == ["ann"]


# --- whole or not at all -----------------------------------------------------------------------------------


async def test_a_batch_that_fails_leaves_nothing(office: Office) -> None:
    """What came before stays, and the same customer's next message finds nothing in its way."""
    await office.say(STRANGE)
    setup = await office.setup.get()
    good, bad = office.envelope(STRANGE, who="bob"), office.envelope(STRANGE, context={"page": object()})
    frozen = Frozen(setup, {}, {good.id: NO_MATCH, bad.id: NO_MATCH}, {})
    with pytest.raises(Exception, match="Encoding objects of type object is unsupported"):
        await office.store.write(lambda tx: take_in(tx, [good, bad], frozen))
    assert len(await office.messages()) == 2
    assert await office.rows("contact_points", "address") == ["ann"]
    await office.say(STRANGE, who="bob")
    assert len(await office.tickets()) == 2


async def test_an_agent_who_is_online_changes_nothing_for_the_intake(office: Office) -> None:
    """Assigning is another worker's: the ticket waits."""
    await office.store.write(joins("agt_1"))
    await office.say(STRANGE)
    assert (await office.ticket()).status == "queued"
    assert len(await office.store.read(agents.active)) == 1
