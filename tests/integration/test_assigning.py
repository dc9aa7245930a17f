"""The assign worker: it follows the desk, claims what the engine chose, and logs what it was told."""

import json
import random
from collections import Counter
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from router.assignment_stream import Session
from router.lifecycle import assign, edit, end_wrap_up, move, pin
from router.values import Ticket
from storage import agents, assignment, catalogue, offers, tickets
from storage.refusals import InUse
from storage.store import Tx
from tests.integration.office import MONDAY, STRANGE, Office, joins, office_in
from workers import inbox
from workers.assign import AssignWorker
from workers.offering import accept, give_back
from workers.presence import offboard


@pytest.fixture
async def office(tmp_path: Path) -> AsyncIterator[Office]:
    """An office on SQLite."""
    async with office_in(tmp_path) as made:
        yield made


async def opened(office: Office, name: str, **rest: Any) -> Ticket:
    """A ticket that waits in the queue that assigns at once."""
    parts: dict[str, Any] = {
        "id": f"tkt_{name}",
        "number": 1000 + len(await office.tickets()),
        "conversation_id": f"cv_{name}",
        "customer_id": f"cus_{name}",
        "channel_id": "ch_web",
        "created_at": office.clock.now,
        "updated_at": office.clock.now,
        "waiting_since": office.clock.now,
        "queue": "billing",
    }
    ticket = Ticket(**parts | rest)

    def add(tx: Tx) -> None:
        tickets.add(tx, [ticket])
        tx.emit("ticket.created", ticket=ticket.id)

    await office.store.write(add)
    return ticket


async def changed(office: Office, ticket_id: str, step: Any, *given: Any) -> None:
    """Change a ticket as people do."""
    desk = (await office.setup.get()).desk

    def change(tx: Tx) -> None:
        before = tickets.lock(tx, ticket_id)
        inbox.save(tx, before, step(before, *given, tx.now, desk))

    await office.store.write(change)


async def holders(office: Office) -> dict[str, str]:
    """Who has each ticket."""
    return {one.id: one.assignee for one in await office.tickets() if one.assignee}


def another(office: Office, owner: str) -> AssignWorker:
    """A worker of another process."""
    return AssignWorker(store=office.store, setup=office.setup, clock=office.clock, owner=owner, alone=False)


async def test_a_better_tier_is_served_first(office: Office) -> None:
    """Also one that was raised while it waited; room for one at a time."""
    await opened(office, "plain")
    await opened(office, "silver", tier="silver")
    await opened(office, "raised")
    await office.store.write(joins("agt_1", capacity=0))
    await office.assign.step()
    await changed(office, "tkt_raised", edit, {"tier": "gold"})
    await office.store.write(
        lambda tx: agents.save(tx, replace(agents.get(tx.sql, "agt_1").agent, capacity=1))
    )
    order = []
    for _ in range(3):
        await office.assign.step()
        (mine,) = [one for one in await office.tickets() if one.status == "open"]
        order.append(mine.id)
        await changed(office, mine.id, move, "resolved")
    assert order == ["tkt_raised", "tkt_silver", "tkt_plain"]


async def test_a_ticket_that_waits_for_its_customer_takes_no_room(office: Office) -> None:
    """It takes it again when they write; where there is none it waits again, at its old age."""
    await office.store.write(joins("agt_1", capacity=1, queues=("general",)))
    await office.say(STRANGE, "A person, please", who="ann")
    office.clock.forward(seconds=1)
    await office.say(STRANGE, "A person, please", who="bob")
    assert await office.assign.step() == 1
    first, _ = await office.tickets()
    offer = await office.store.read(lambda sql: offers.pending(sql, first.id))
    desk = (await office.setup.get()).desk
    assert offer is not None
    await office.store.write(lambda tx: accept(tx, offer, desk))
    await changed(office, first.id, move, "waiting")
    assert await office.assign.step() == 1
    await office.say("Here I am again", who="ann")
    assert (await office.tickets())[0].status == "open"
    await office.assign.step()
    await office.assign.step()
    back = (await office.tickets())[0]
    assert (back.status, back.assignee, back.waiting_since) == ("queued", None, first.waiting_since)
    await office.store.write(joins("agt_2", capacity=1, queues=("general",)))
    assert await office.assign.step() == 0
    office.clock.forward(seconds=31)
    assert await office.assign.step() == 1
    found = await office.store.read(lambda sql: offers.of_ticket(sql, first.id))
    assert [one.agent_id for one in found] == ["agt_1", "agt_2"]


async def test_what_is_given_by_hand_counts_beyond_the_limit(office: Office) -> None:
    """Nothing more is offered until there is room."""
    await office.store.write(joins("agt_1", capacity=1))
    for name in ("a", "b"):
        await opened(office, name)
        await changed(office, f"tkt_{name}", assign, "agt_1")
    await opened(office, "c")
    assert await office.assign.step() == 0
    await changed(office, "tkt_a", move, "resolved")
    assert await office.assign.step() == 0
    await changed(office, "tkt_b", move, "resolved")
    assert await office.assign.step() == 1


async def test_a_claim_that_no_longer_holds_is_not_made(office: Office) -> None:
    """The agent went away and the ticket was taken after the engine chose: both are looked at again."""
    await office.store.write(joins("agt_1"))
    await opened(office, "a")
    await opened(office, "b")
    worker = office.assign
    log = worker._log

    async def meanwhile(keep: Any) -> None:
        await log(keep)
        await office.store.write(lambda tx: agents.set_presence(tx, "agt_1", "away"))
        worker._log = log  # type: ignore[method-assign]

    worker._log = meanwhile  # type: ignore[method-assign]
    assert await worker.step() == 0
    assert await holders(office) == {}
    assert await worker.step() == 0
    await office.store.write(lambda tx: agents.set_presence(tx, "agt_1", "online"))
    assert await worker.step() == 2


async def test_one_process_assigns_and_another_takes_over(office: Office) -> None:
    """Within the time its lease lasts; the late first one stores nothing more."""
    first, second = another(office, "one"), another(office, "two")
    await office.store.write(joins("agt_1"))
    await opened(office, "a")
    assert [await first.step(), await second.step()] == [1, 0]
    await opened(office, "b")
    assert await second.step() == 0
    office.clock.forward(seconds=3)
    assert await second.step() == 1
    await opened(office, "c")
    assert [await first.step(), await second.step()] == [0, 1]


async def test_the_lease_is_renewed_while_a_desk_is_read(office: Office, monkeypatch: Any) -> None:
    """However long that takes; one that was overtaken all the same assigns nothing."""
    monkeypatch.setattr("workers.assign._AT_A_TIME", 1)
    first, second = another(office, "one"), another(office, "two")
    await first.step()
    first._began = None
    await office.store.write(joins("agt_1"))
    for name in ("a", "b", "c"):
        await opened(office, name)
    renew, pause = first._lead, 2.0

    async def slowly() -> bool:
        office.clock.forward(seconds=pause)
        assert await second.step() == (pause > 3)
        return await renew()

    first._lead = slowly  # type: ignore[method-assign]
    assert await first.step() == 3
    await opened(office, "d")
    first._began, pause = None, 4.0
    assert await first.step() == 0
    assert await holders(office) == {f"tkt_{name}": "agt_1" for name in "abcd"}


async def test_a_second_owner_fences_the_first_off(office: Office) -> None:
    """Its engine has chosen already when the epoch is raised: the claim is refused and nothing is stored."""
    first, second = another(office, "one"), another(office, "two")
    await office.store.write(joins("agt_1"))
    await first.step()
    await opened(office, "a")
    office.clock.forward(seconds=0.5)
    late = first._claim_all

    async def overtaken(chosen: Any, keep: Any) -> int:
        office.clock.forward(seconds=4)
        assert await second.step() == 1
        return await late(chosen, keep)

    first._claim_all = overtaken  # type: ignore[method-assign]
    assert await first.step() == 0
    assert Counter(state for state in await office.rows("offers", "state")) == {"accepted": 1}
    # Nor is kept what it was told for that: the lines of a single claim are stored with it.
    assert await office.rows("assignment_log", "begins") == [True, True]


async def test_the_customers_owner_comes_before_all(office: Office) -> None:
    """Though busier; the offer says why."""
    await office.store.write(joins("agt_1"))
    await office.store.write(joins("agt_2"))
    await opened(office, "x")
    await office.assign.step()
    assert await holders(office) == {"tkt_x": "agt_1"}
    await changed(office, "tkt_x", move, "resolved")
    office.clock.forward(minutes=1)
    await opened(office, "y", customer_id="cus_x")
    await office.assign.step()
    found = await office.store.read(lambda sql: offers.of_ticket(sql, "tkt_y"))
    assert [(one.agent_id, one.why) for one in found] == [("agt_1", "served this customer last")]


async def test_a_day_is_replayed_to_identical_offers(office: Office) -> None:
    """Tickets come, are offered, taken, declined, missed, resolved; agents come and go."""
    chance = random.Random(7)
    for number in range(4):
        await office.store.write(joins(f"agt_{number}", capacity=2))
    for hour in range(120):
        office.clock.forward(seconds=chance.uniform(5, 60))
        if chance.random() < 0.6:
            tier = chance.choice(("gold", "silver", ""))
            await opened(office, f"{hour:03}", tier=tier, queue=chance.choice(("general", "billing")))
        await _somebody_does_something(office, chance)
        await office.clocks.step()
        await office.assign.step()
    made = await office.rows("offers", "created_at", "ticket_id", "agent_id", "why")
    lines = await office.store.read(assignment.logged)
    session = Session()
    answers = [session.feed(line.decode()) for line in lines]
    replayed = [(one["ticket"], one["agent"], one["why"]) for answer in answers for one in answer["offers"]]
    assert len(replayed) > 30
    assert Counter(replayed) == Counter(line[1:] for line in made)
    assert [answer for answer in answers if "error" in answer] == []


async def _somebody_does_something(office: Office, chance: random.Random) -> None:
    desk = (await office.setup.get()).desk
    pending = [one for one in await office.tickets() if one.status == "offered"]
    working = [one for one in await office.tickets() if one.status == "open"]
    for ticket in pending:
        offer = await office.store.read(lambda sql, key=ticket.id: offers.pending(sql, key))  # type: ignore[misc]
        draw = chance.random()
        if offer is not None and draw < 0.5:
            await office.store.write(lambda tx, one=offer: accept(tx, one, desk))  # type: ignore[misc]
        elif offer is not None and draw < 0.6:
            await office.store.write(lambda tx, one=offer: give_back(tx, one, "declined", desk))  # type: ignore[misc]
    if working and chance.random() < 0.5:
        await changed(office, chance.choice(working).id, move, chance.choice(("resolved", "waiting")))
    if chance.random() < 0.05:
        who, there = f"agt_{chance.randrange(4)}", chance.random() < 0.5
        await office.store.write(lambda tx: agents.set_presence(tx, who, "online" if there else "away"))


async def test_a_run_that_takes_over_knows_what_the_last_one_learned(office: Office) -> None:
    """Mean handling time goes on; a missed offer still counts."""
    await office.store.write(joins("agt_1"))
    for number in range(3):
        await opened(office, f"{number}")
        await office.assign.step()
        office.clock.forward(seconds=100)
        await changed(office, f"tkt_{number}", move, "resolved")
        await office.assign.step()
    office.clock.forward(seconds=5)
    fresh = another(office, "two")
    await fresh.step()
    first = json.loads((await office.store.read(assignment.logged))[0])
    assert (first["handled"], round(first["handled_s"])) == (3, 300)
    assert MONDAY + timedelta(seconds=305) == office.clock.now


async def pinned(office: Office, ticket_id: str, agent: str | None) -> None:
    """Pin a ticket, as a supervisor does."""
    await changed(office, ticket_id, pin, agent)


async def test_a_pinned_ticket_waits_for_its_agent(office: Office) -> None:
    """However free the others are; unpinned it is anybody's."""
    await office.store.write(joins("agt_1"))
    await office.store.write(joins("agt_2", presence="away"))
    await opened(office, "a", pinned_to="agt_2")
    await opened(office, "b", pinned_to="agt_2")
    assert await office.assign.step() == 0
    await office.store.write(lambda tx: agents.set_presence(tx, "agt_2", "online"))
    assert await office.assign.step() == 2
    await changed(office, "tkt_b", assign, None)
    await office.store.write(lambda tx: agents.set_presence(tx, "agt_2", "away"))
    assert await office.assign.step() == 0
    await pinned(office, "tkt_b", None)
    assert await office.assign.step() == 1
    assert await holders(office) == {"tkt_a": "agt_2", "tkt_b": "agt_1"}


async def test_who_declines_what_is_pinned_to_them_leaves_it_to_the_supervisor(office: Office) -> None:
    """Who is told; nobody is asked meanwhile."""
    await office.store.write(joins("agt_1"))
    await office.store.write(joins("sup_1", role="supervisor", presence="away"))
    await opened(office, "a", queue="general", pinned_to="agt_1")
    assert await office.assign.step() == 1
    offer = await office.store.read(lambda sql: offers.pending(sql, "tkt_a"))
    desk = (await office.setup.get()).desk
    assert offer is not None
    await office.store.write(lambda tx: give_back(tx, offer, "declined", desk))
    assert await office.assign.step() == 0
    told = [event.data for event in await office.events("notification") if event.data["kind"] == "declined"]
    assert [one["text"] for one in told] == ["#1000 was declined by the agent it is pinned to"]
    await pinned(office, "tkt_a", "agt_1")
    assert await office.assign.step() == 1


async def test_a_pin_goes_with_who_leaves_to_their_heir(office: Office) -> None:
    """And an agent for whom a ticket waits can't be deleted."""
    await office.store.write(joins("agt_1", presence="away"))
    await office.store.write(joins("agt_2"))
    await opened(office, "a", pinned_to="agt_1")
    with pytest.raises(InUse, match="Ticket 1000 is theirs"):
        await office.store.write(lambda tx: agents.remove(tx, "agt_1"))
    desk = (await office.setup.get()).desk
    await office.store.write(lambda tx: offboard(tx, "agt_1", "agt_2", desk))
    assert await office.assign.step() == 1
    assert await holders(office) == {"tkt_a": "agt_2"}


async def test_a_ticket_that_is_wrapped_up_takes_room(office: Office) -> None:
    """Until the time is over, also for an assigner that begins meanwhile, or until its agent ends it."""
    wraps = {"offer_seconds": 0, "wrap_up_seconds": 60}
    await office.store.write(lambda tx: catalogue.save(tx, "queue", "billing", "Billing", wraps))
    await office.setup.reload()
    await office.store.write(joins("agt_1", capacity=1))
    for name in ("a", "b", "c"):
        await opened(office, name)
    assert await office.assign.step() == 1
    await changed(office, "tkt_a", move, "resolved")
    assert await office.rows("offers", "state") == ["wrap_up"]
    assert [await office.assign.step(), await another(office, "two").step()] == [0, 0]
    office.clock.forward(seconds=60)
    await office.clocks.step()
    assert await office.rows("offers", "state") == ["done"]
    office.clock.forward(seconds=4)
    assert await office.assign.step() == 1
    await changed(office, "tkt_b", move, "resolved")
    assert await office.assign.step() == 0
    await changed(office, "tkt_b", end_wrap_up)
    assert await office.assign.step() == 1
    assert sorted(await office.rows("offers", "state")) == ["accepted", "done", "done"]


async def test_a_customer_who_writes_ends_the_wrap_up(office: Office) -> None:
    """The ticket is open again, and what was accepted is worked on."""
    wraps = {"offer_seconds": 0, "wrap_up_seconds": 60, "default": True}
    await office.store.write(lambda tx: catalogue.save(tx, "queue", "general", "General", wraps))
    await office.setup.reload()
    await office.store.write(joins("agt_1"))
    await office.say(STRANGE, "A person, please")
    assert await office.assign.step() == 1
    await changed(office, (await office.ticket()).id, move, "resolved")
    assert await office.rows("offers", "state") == ["wrap_up"]
    await office.say("One more thing")
    again = await office.ticket()
    assert (again.status, again.assignee, again.wrap_up_until) == ("open", "agt_1", None)
    assert await office.rows("offers", "state") == ["accepted"]


async def test_a_vip_is_promised_an_agent_in_five_minutes(office: Office) -> None:
    """The supervisor hears before it is broken: at 75 % and 90 %, and again when it is."""
    await office.store.write(lambda tx: catalogue.add(tx, "queue", "vip", "VIP", {"assignment": 5}))
    await office.rule({"stage": "route", "then": [{"set": "queue", "to": "vip"}]})
    await office.setup.reload()
    await office.store.write(joins("sup_1", role="supervisor", presence="away"))
    await office.say(STRANGE, "A person, please")
    told = []
    for seconds in (224, 1, 45, 30):
        office.clock.forward(seconds=seconds)
        await office.clocks.step()
        found = [event.data for event in await office.events("notification")]
        told.append([(one["kind"], one["text"]) for one in found])
    risk = ("sla_risk", "#1001: 75 % of the time for the hand-over to an agent is used, and nobody has it")
    alarm = ("sla_alarm", "#1001: 90 % of the time for the hand-over to an agent is used")
    late = ("sla_breach", "#1001: the hand-over to an agent is late")
    assert told == [[], [risk], [risk, alarm], [risk, alarm, late]]
