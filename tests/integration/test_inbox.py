"""What people do with tickets, what they are offered, and what the clock does, on a real store."""

from collections.abc import AsyncIterator, Callable
from datetime import timedelta
from pathlib import Path
from typing import Any, TypeVar

import pytest

from bus.envelope import decode_wake
from router.decision import OpenTicket
from router.desk import Desk
from router.lifecycle import Refused, agent_replied, assign, edit, move, snooze
from router.values import Ticket
from storage import agents, contacts, offers, tickets
from storage.messages import Message
from storage.offers import Offer
from storage.refusals import InUse
from storage.store import Missing, Tx
from tests.integration.office import ASKS, STRANGE, Office, joins, lines, office_in, office_on
from tests.services.servers import Servers
from workers import inbox
from workers.inbox import Newer, Words
from workers.offering import accept, give_back

T = TypeVar("T")


@pytest.fixture(params=["sqlite", "postgresql"])
async def office(request: pytest.FixtureRequest, tmp_path: Path, servers: Servers) -> AsyncIterator[Office]:
    """A furnished office, at each end of the store."""
    sqlite = request.param == "sqlite"
    async with office_in(tmp_path) if sqlite else office_on(servers.postgresql, tmp_path) as made:
        yield made


async def does(office: Office, deed: Callable[[Tx, Desk], T]) -> T:
    """A deed as a transaction of its own."""
    return await office.setup.write(lambda tx, setup: deed(tx, setup.desk))


async def change(
    office: Office, ticket: Ticket, how: Callable[..., Ticket], *args: Any, **rest: Any
) -> Ticket:
    """A step of a ticket's life, stored with what follows from it."""

    def deed(tx: Tx, desk: Desk) -> Ticket:
        before = tickets.lock(tx, ticket.id)
        return inbox.save(tx, before, how(before, *args, now=tx.now, desk=desk, **rest))

    return await does(office, deed)


async def asked(office: Office, text: str = STRANGE, **rest: Any) -> Ticket:
    """The ticket of a new customer's question."""
    known = {ticket.id for ticket in await office.tickets()}
    await office.say(text, **rest)
    (fresh,) = [ticket for ticket in await office.tickets() if ticket.id not in known]
    return fresh


async def reply(office: Office, ticket: Ticket, agent: str | None = "agt_1", **rest: Any) -> Message:
    """An agent's answer."""
    words = Words(rest.pop("text", "We are looking."), live=rest.pop("live", False))
    made, _ = await does(office, lambda tx, desk: inbox.reply(tx, ticket.id, agent, words, desk, **rest))
    return made


# --- replies and notes -------------------------------------------------------------------------------------


async def test_a_reply_is_stored_queued_and_heard_by_the_ticket(office: Office) -> None:
    """One commit: the line, its delivery, the wake, the owner, the clock, the events."""
    ticket = await asked(office)
    seq = (await office.events())[-1].seq
    office.clock.forward(minutes=10)
    made = await reply(office, ticket)
    after = await office.ticket()
    assert (after.status, after.assignee, after.first_replied_at) == ("open", "agt_1", office.clock.now)
    assert after.clocks["first_response"].state == "done"
    assert (made.author, made.author_id, made.position, made.kind) == ("agent", "agt_1", 3, "public")
    sent = await office.rows("deliveries", "position", "state", "message_id")
    assert sorted(sent)[1:] == [(3, "queued", made.id)]
    wakes = [decode_wake(body) for body in await office.rows("outbox", "body")]
    assert [wake.conversation_id for wake in wakes] == [ticket.conversation_id] * 2
    told = [(event.type, event.data) for event in await office.events(after=seq)]
    contact = made.contact_point_id
    assert told == [
        (
            "message.created",
            {"message_id": made.id, "author": "agent", "position": 3, "contact": contact, "kind": "public"},
        ),
        (
            "ticket.updated",
            {
                "status": "open",
                "assignee": "agt_1",
                "previous": {"status": "queued", "assignee": None},
                "actor": "agent",
            },
        ),
    ]


async def test_a_reply_on_a_live_channel_is_not_queued(office: Office) -> None:
    """The visitor's socket reads it from the store."""
    ticket = await asked(office, channel="ch_widget")
    await reply(office, ticket, live=True)
    assert await office.rows("deliveries", "message_id") == []


async def test_a_note_is_for_colleagues(office: Office) -> None:
    """It is a line of the conversation that is neither sent nor heard by a clock."""
    before = await asked(office)
    sent = await office.rows("deliveries", "message_id")
    office.clock.forward(minutes=1)
    made = await does(office, lambda tx, _desk: inbox.note(tx, before.id, "agt_1", Words("A roofer?")))
    after = await office.ticket()
    assert (made.kind, made.position, after.updated_at) == ("note", 3, office.clock.now)
    assert (after.status, after.clocks, after.version) == (before.status, before.clocks, before.version)
    assert await office.rows("deliveries", "message_id") == sent
    (event,) = (await office.events("message.created"))[2:]
    assert event.data["kind"] == "note"


async def test_a_reply_to_what_is_no_longer_the_last_word_is_held_back(office: Office) -> None:
    """The customer wrote meanwhile: the author is shown what, and nothing is stored."""
    ticket = await asked(office)
    seen = (await office.messages())[1].id
    await office.say("It is fixed", "Really")
    with pytest.raises(Newer) as newer:
        await reply(office, ticket, last_seen=seen)
    assert [message.text for message in newer.value.messages] == ["It is fixed", "Really"]
    assert [author for author, _ in await office.talk()].count("agent") == 0
    last = (await office.messages())[-1].id
    await reply(office, ticket, last_seen=last)
    assert (await office.talk())[-1] == ("agent", "We are looking.")


async def test_two_agents_do_not_answer_past_each_other(office: Office) -> None:
    """A colleague's reply is news as well; one's own and notes are not."""
    ticket = await asked(office)
    seen = (await office.messages())[-1].id
    await reply(office, ticket, "agt_1", last_seen=seen)
    await does(office, lambda tx, _desk: inbox.note(tx, ticket.id, "agt_2", Words("Ask Bob")))
    await reply(office, ticket, "agt_1", last_seen=seen)
    with pytest.raises(Newer, match="2 newer messages"):
        await reply(office, ticket, "agt_2", last_seen=seen)


@pytest.mark.parametrize("last_seen", ["msg_unknown", "of another conversation"])
async def test_a_last_seen_message_that_is_not_of_the_conversation_has_seen_nothing(
    office: Office, last_seen: str
) -> None:
    """Everything the customer said is new."""
    ticket = await asked(office)
    if last_seen != "msg_unknown":
        await office.say(STRANGE, who="bob")
        last_seen = (await office.messages())[-1].id
    with pytest.raises(Newer, match="1 newer messages"):
        await reply(office, ticket, last_seen=last_seen)


@pytest.mark.parametrize("status", ["closed", "merged"])
async def test_a_ticket_that_is_over_takes_no_reply(office: Office, status: Any) -> None:
    """Refused in words, and nothing is stored."""
    ticket = await asked(office)
    await change(office, ticket, move, status)
    with pytest.raises(Refused, match=f"ticket #1001 is {status}; open a new one"):
        await reply(office, ticket)
    assert len(await office.messages()) == 2


async def test_what_is_not_there_is_missing(office: Office) -> None:
    """Tickets and conversations alike."""
    with pytest.raises(Missing, match="there is no ticket tkt_9"):
        await does(office, lambda tx, desk: inbox.reply(tx, "tkt_9", "agt_1", Words("?"), desk))
    with pytest.raises(Missing, match="there is no conversation cv_9"):
        await does(office, lambda tx, desk: inbox.take_over(tx, "cv_9", "agt_1", desk))


# --- tickets by hand ---------------------------------------------------------------------------------------


async def test_an_agent_can_step_into_the_bot_s_conversation(office: Office) -> None:
    """It becomes a ticket of theirs, named for the first question, and the silence no longer counts."""
    await office.say(ASKS)
    (conversation,) = await office.conversations()
    ticket = await does(office, lambda tx, desk: inbox.take_over(tx, conversation.id, "agt_1", desk))
    assert (ticket.status, ticket.assignee, ticket.subject) == ("open", "agt_1", ASKS)
    (after,) = await office.conversations()
    assert (after.with_, after.ticket_id, after.due_at) == ("person", ticket.id, None)
    await office.say("Where is it now?")
    assert (await office.talk())[-1] == ("customer", "Where is it now?")
    with pytest.raises(Refused, match=f"conversation {conversation.id} is not with the bot"):
        await does(office, lambda tx, desk: inbox.take_over(tx, conversation.id, "agt_2", desk))


async def test_the_desk_can_write_first(office: Office) -> None:
    """A conversation with a person, a ticket, a message; the customer's answer joins it."""

    def deed(tx: Tx, desk: Desk) -> Ticket:
        contact = inbox.contact_at(tx, "ch_web", "carol")
        conversation = inbox.start_conversation(tx, contact, "Your order")
        request = OpenTicket(queue="general", subject="Your order", why="opened by hand")
        ticket = inbox.open_by_hand(tx, conversation, request, "agt_1", desk)
        return inbox.reply(tx, ticket.id, "agt_1", Words("It is ready."), desk)[1]

    ticket = await does(office, deed)
    assert (ticket.status, ticket.assignee, ticket.clocks["first_response"].state) == (
        "open",
        "agt_1",
        "done",
    )
    await office.say("Thank you", who="carol")
    assert await office.talk() == [("agent", "It is ready."), ("customer", "Thank you")]
    with pytest.raises(Refused, match="the customer has an open conversation on this channel"):
        await does(office, deed)


async def test_a_contact_is_found_before_one_is_made(office: Office) -> None:
    """One address is one contact point; it belongs to the customer it was made for."""
    await office.say(ASKS)
    (person,) = await office.rows("customers", "id")
    found = await does(office, lambda tx, _desk: inbox.contact_at(tx, "ch_web", "ann"))
    made = await does(office, lambda tx, _desk: inbox.contact_at(tx, "ch_widget", "ann-2", person))
    again = await does(office, lambda tx, _desk: contacts.of_customer(tx, "ch_widget", person))
    assert (found.customer_id, made.customer_id, again) == (person, person, made)
    assert len(await office.rows("customers", "id")) == 1


async def test_a_call_is_recorded_and_nothing_is_sent(office: Office) -> None:
    """A ticket with a note; the first answer was given on the phone. Two calls are two tickets."""
    await office.say(ASKS, channel="ch_widget")
    (person,) = await office.rows("customers", "id")
    request = OpenTicket(queue="general", subject="Called", why="opened by hand")

    def deed(tx: Tx, desk: Desk) -> Ticket:
        return inbox.log_contact(tx, person, request, Words("Wants a refund"), desk, agent_id="agt_1")

    first, second = await does(office, deed), await does(office, deed)
    assert (first.status, first.assignee, first.clocks["first_response"].state) == ("open", "agt_1", "done")
    assert first.conversation_id != second.conversation_id
    (line,) = await office.store.read(lambda sql: lines(sql, first.conversation_id))
    assert (line.kind, line.text) == ("note", "Wants a refund")
    assert await office.rows("deliveries", "message_id") == []
    with pytest.raises(
        Refused, match="ticket #1001 records a call or visit: no channel leads to the customer"
    ):
        await reply(office, first)


async def test_closing_a_ticket_closes_its_conversation(office: Office) -> None:
    """Resolving does not: the next message may still reopen it."""
    ticket = await asked(office)
    await change(office, ticket, move, "resolved")
    assert [one.with_ for one in await office.conversations()] == ["person"]
    await change(office, ticket, move, "closed")
    (conversation,) = await office.conversations()
    assert (conversation.with_, conversation.outcome) == ("closed", "resolved")


async def test_an_event_names_what_changed_and_only_that(office: Office) -> None:
    """With what it was before; a change that changes nothing tells nobody."""
    ticket = await asked(office)
    await change(office, ticket, edit, {"priority": "high", "tags": ("a",)})
    await change(office, ticket, lambda before, **_: before)
    told = await office.events("ticket.updated")
    was = {"priority": "normal", "tags": []}
    assert [event.data for event in told] == [{"priority": "high", "tags": ["a"], "previous": was}]


async def test_what_a_customer_writes_to_a_merged_ticket_reaches_the_other(office: Office) -> None:
    """Of the same customer, and only to one that is not over."""
    first = await asked(office, thread="one")
    second = await asked(office, thread="two")
    stranger = await asked(office, who="bob")
    merged = await does(office, lambda tx, desk: inbox.merge(tx, second.id, first.id, desk))
    assert (merged.status, merged.merged_into) == ("merged", first.id)
    await change(office, first, move, "resolved")
    await office.say("And it smells", thread="two")
    assert [ticket.status for ticket in await office.tickets()] == ["queued", "merged", "queued"]
    for source, into, why in (
        (first, first, "a ticket can't be merged into itself"),
        (first, stranger, "tickets of two customers can't be merged"),
        (first, second, "ticket #1002 is merged; merge into one that is still open"),
    ):
        with pytest.raises(Refused, match=why):
            await does(office, lambda tx, desk, a=source, b=into: inbox.merge(tx, a.id, b.id, desk))  # type: ignore[misc]


async def test_a_message_after_the_ticket_it_was_merged_into_closed_opens_a_linked_one(
    office: Office,
) -> None:
    """Nothing the customer writes is lost."""
    first, second = await asked(office, thread="one"), await asked(office, thread="two")
    await does(office, lambda tx, desk: inbox.merge(tx, second.id, first.id, desk))
    await change(office, first, move, "closed")
    third = await asked(office, "Hello? Anybody?", thread="two")
    assert (third.status, third.previous_ticket_id) == ("queued", first.id)


# --- offers ------------------------------------------------------------------------------------------------


async def online(office: Office, *names: str, **rest: Any) -> None:
    """Let these agents in."""
    for name in names:
        await office.store.write(joins(name, **rest))


async def pending(office: Office, ticket: Ticket) -> Offer:
    """The offer that is held out."""
    found = await office.store.read(lambda sql: offers.pending(sql, ticket.id))
    assert found is not None
    return found


async def states(office: Office) -> list[tuple[str, str]]:
    """(agent, state) of every offer, oldest first."""
    found = await office.rows("offers", "created_at", "agent_id", "state")
    return [(agent, state) for _, agent, state in sorted(found)]


async def test_a_waiting_ticket_is_offered(office: Office) -> None:
    """For as long as its queue says, with the reason; nothing more happens until it is answered."""
    await online(office, "agt_1")
    ticket = await asked(office)
    assert [await office.assign.step(), await office.assign.step()] == [1, 0]
    offer = await pending(office, ticket)
    assert (offer.agent_id, offer.expires_at) == ("agt_1", office.clock.now + timedelta(seconds=60))
    assert offer.why == (
        "calm, promise due in 3600 s, agents online with its rarest skill: 1; the only agent free to take it"
    )
    assert ((await office.ticket()).status, (await office.ticket()).assignee) == ("offered", None)
    (event,) = await office.events("offer.created")
    assert (event.ticket_id, event.data) == (ticket.id, {"agent": "agt_1", "why": offer.why})


async def test_with_nobody_online_everything_waits(office: Office) -> None:
    """Away and inactive agents are not there."""
    await online(office, "agt_1", presence="away")
    await online(office, "agt_2", active=False)
    await asked(office)
    assert await office.assign.step() == 0
    assert (await office.ticket()).status == "queued"


async def test_an_accepted_offer_is_the_agent_s_ticket(office: Office) -> None:
    """And the offer is over."""
    await online(office, "agt_1")
    ticket = await asked(office)
    await office.assign.step()
    offer = await pending(office, ticket)
    taken = await does(office, lambda tx, desk: accept(tx, offer, desk))
    assert (taken.status, taken.assignee) == ("open", "agt_1")
    assert await states(office) == [("agt_1", "accepted")]


async def test_a_declined_offer_goes_to_somebody_else(office: Office) -> None:
    """At its old age; whoever declined is not offered it again, until everybody has."""
    await online(office, "agt_1", "agt_2")
    ticket = await asked(office)
    await office.assign.step()
    office.clock.forward(seconds=20)
    offer = await pending(office, ticket)
    back = await does(office, lambda tx, desk: give_back(tx, offer, "declined", desk))
    assert (back.status, back.declined_by, back.waiting_since) == ("queued", ("agt_1",), ticket.waiting_since)
    await office.assign.step()
    office.clock.forward(seconds=1)
    second = await pending(office, ticket)
    assert second.agent_id == "agt_2"
    back = await does(office, lambda tx, desk: give_back(tx, second, "declined", desk))
    assert back.declined_by == ()
    assert await states(office) == [("agt_1", "declined"), ("agt_2", "declined")]
    told = [event.data for event in await office.events("notification") if event.data["kind"] == "declined"]
    assert [one["text"] for one in told] == ["#1001 was declined by everybody who can take it"]
    assert await office.assign.step() == 1


async def test_an_offer_that_nobody_answers_expires(office: Office) -> None:
    """The clock takes it back, the ticket keeps its age, and the agent is spared for a while."""
    await online(office, "agt_1")
    ticket = await asked(office)
    await office.assign.step()
    office.clock.forward(seconds=59)
    assert await office.clocks.step() == 0
    office.clock.forward(seconds=1)
    assert await office.clocks.step() == 1
    assert await states(office) == [("agt_1", "expired")]
    back = await office.ticket()
    assert (back.status, back.waiting_since, back.declined_by) == ("queued", ticket.waiting_since, ())
    office.clock.forward(seconds=179)
    assert await office.assign.step() == 0
    office.clock.forward(seconds=1)
    assert await office.assign.step() == 1


@pytest.mark.parametrize("how", ["taken", "answered", "resolved", "closed"])
async def test_an_offer_is_withdrawn_when_its_ticket_is_no_longer_to_be_had(office: Office, how: str) -> None:
    """Somebody took it, answered it, or ended it."""
    await online(office, "agt_1")
    ticket = await asked(office)
    await office.assign.step()
    match how:
        case "taken":
            await change(office, ticket, assign, "agt_2")
        case "answered":
            await reply(office, ticket, "agt_2")
        case status:
            await change(office, ticket, move, status)
    assert await states(office) == [("agt_1", "withdrawn")]
    (event,) = await office.events("offer.withdrawn")
    assert event.data == {"agent": "agt_1"}


async def test_the_customer_s_message_leaves_an_offer_standing(office: Office) -> None:
    """The ticket is still to be had."""
    await online(office, "agt_1")
    ticket = await asked(office)
    await office.assign.step()
    await office.say("Please hurry")
    assert (await pending(office, ticket)).agent_id == "agt_1"


async def test_a_queue_without_offers_assigns_at_once(office: Office) -> None:
    """The offer is there as accepted, so that it can be explained."""
    await office.rule({"stage": "route", "then": [{"set": "queue", "to": "billing"}]})
    await online(office, "agt_1")
    await asked(office)
    await office.assign.step()
    ticket = await office.ticket()
    assert (ticket.status, ticket.assignee) == ("open", "agt_1")
    assert await states(office) == [("agt_1", "accepted")]
    assert len(await office.events("offer.accepted")) == 1


async def test_the_best_tier_and_then_the_oldest_goes_first(office: Office) -> None:
    """As far as there is room: what agents hold and what they are offered counts."""
    await office.rule(
        {
            "stage": "enrich",
            "if": {"field": "sender.name", "op": "is", "value": "Gold"},
            "then": [{"set": "tier", "to": "gold"}],
        }
    )
    mine = await asked(office, who="first")
    await change(office, mine, assign, "agt_1")
    for who in ("old", "young", "gold"):
        office.clock.forward(minutes=5)
        await asked(office, who=who)
    await online(office, "agt_1", capacity=3)
    assert await office.assign.step() == 2
    assert [ticket.status for ticket in await office.tickets()] == ["open", "offered", "queued", "offered"]
    assert await office.assign.step() == 0
    await change(office, mine, move, "waiting")
    assert await office.assign.step() == 1


async def test_a_claim_makes_an_agent_the_last_to_be_idle(office: Office) -> None:
    """So that work goes round."""
    await online(office, "agt_1", "agt_2")
    first, second = await asked(office, who="one"), await asked(office, who="two")
    await office.assign.step()
    assert {(await pending(office, one)).agent_id for one in (first, second)} == {"agt_1", "agt_2"}
    assert await office.rows("agents", "load_version") == [1, 1]


async def test_an_agent_with_a_ticket_can_t_be_deleted(office: Office) -> None:
    """Somebody has to have it."""
    await online(office, "agt_1")
    ticket = await asked(office)
    await change(office, ticket, assign, "agt_1")
    with pytest.raises(InUse, match="Ticket 1001 is theirs"):
        await office.store.write(lambda tx: agents.remove(tx, "agt_1"))


async def test_what_a_deleted_agent_resolved_is_reopened_into_its_queue(office: Office) -> None:
    """Nobody would look at it where it was."""
    await online(office, "agt_1")
    ticket = await asked(office)
    await change(office, ticket, assign, "agt_1")
    await change(office, ticket, move, "resolved")
    await office.store.write(lambda tx: agents.remove(tx, "agt_1"))
    await office.say("It drips again")
    after = await office.ticket()
    assert (after.status, after.assignee) == ("queued", None)


# --- the clock ---------------------------------------------------------------------------------------------


async def test_each_step_of_a_promise_is_told_once(office: Office) -> None:
    """As an event with the metric and the percent; the clock comes to rest."""
    ticket = await asked(office)
    told = []
    for minutes in (29, 1, 15, 15):
        office.clock.forward(minutes=minutes)
        while await office.clocks.step():
            pass
        found = await office.events("sla.step")
        told.append([(event.data["metric"], event.data["percent"]) for event in found])
    first = "first_response"
    assert told == [
        [],
        [(first, 50)],
        [(first, 50), (first, 75)],
        [(first, 50), (first, 75), (first, 90), (first, 100)],
    ]
    assert {event.ticket_id for event in await office.events("sla.step")} == {ticket.id}
    assert (await office.ticket()).due_at == ticket.created_at + timedelta(minutes=300)


async def test_a_reply_in_time_keeps_the_promise(office: Office) -> None:
    """Nothing is told of the first response; the resolution still counts."""
    ticket = await asked(office)
    await reply(office, ticket)
    office.clock.forward(hours=2)
    assert await office.clocks.step() == 0
    assert (await office.ticket()).due_at == ticket.created_at + timedelta(minutes=300)


async def test_a_snoozed_ticket_comes_back(office: Office) -> None:
    """To its owner, with an event."""
    ticket = await asked(office)
    await change(office, ticket, assign, "agt_1")
    await change(office, ticket, snooze, office.clock.now + timedelta(minutes=20))
    office.clock.forward(minutes=20)
    await office.clocks.step()
    back = await office.ticket()
    assert (back.status, back.assignee, back.snoozed_until) == ("open", "agt_1", None)
    told = (await office.events("ticket.updated"))[-1].data
    assert told == {
        "status": "open",
        "waiting_reason": None,
        "previous": {"status": "waiting", "waiting_reason": "snoozed"},
        "actor": "clock",
    }


async def test_a_resolved_ticket_closes_with_its_conversation(office: Office) -> None:
    """After seven days without a word; one that was reopened does not."""
    quiet = await asked(office)
    lively = await asked(office, who="bob")
    for ticket in (quiet, lively):
        await change(office, ticket, agent_replied, "agt_1")
        await change(office, ticket, move, "resolved")
    office.clock.forward(days=3)
    await office.say("Not yet", who="bob")
    office.clock.forward(days=4)
    while await office.clocks.step():
        pass
    assert [ticket.status for ticket in await office.tickets()] == ["closed", "open"]
    assert sorted(one.with_ for one in await office.conversations()) == ["closed", "person"]


async def test_silence_after_an_answer_is_self_served(office: Office) -> None:
    """After a day the bot's conversation closes; one that went on does not."""
    await office.say(ASKS)
    office.clock.forward(hours=12)
    await office.say(ASKS, who="bob")
    office.clock.forward(hours=12)
    assert await office.clocks.step() == 1
    ann, bob = await office.conversations()
    assert (ann.with_, ann.outcome, bob.with_) == ("closed", "self_served", "bot")
    (event,) = await office.events("conversation.updated")
    assert (event.conversation_id, event.data) == (ann.id, {"outcome": "self_served"})
    assert await office.clocks.step() == 0


async def test_the_clock_comes_to_rest_whatever_was_due(office: Office) -> None:
    """Everything due at once: a second look finds nothing."""
    await online(office, "agt_1", capacity=1)
    await asked(office)
    await office.assign.step()
    snoozed = await asked(office, who="bob")
    await change(office, snoozed, snooze, office.clock.now + timedelta(hours=1))
    ended = await asked(office, who="carol")
    await change(office, ended, move, "resolved")
    await office.say(ASKS, who="dave")
    office.clock.forward(days=30)
    assert await office.clocks.step() > 0
    assert await office.clocks.step() == 0
    after = [ticket.status for ticket in await office.tickets()]
    assert after == ["queued", "queued", "closed"]
    assert await office.store.read(lambda sql: tickets.due(sql, office.clock.now, 10)) == []
