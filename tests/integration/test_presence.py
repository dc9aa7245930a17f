"""Agents who come and go: what they have in hand waits again, goes to another, or stays with them."""

from collections.abc import AsyncIterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from router.lifecycle import Refused, assign
from router.values import Ticket
from storage import agents, catalogue, customers, drafts, offers, tickets
from storage.drafts import Draft
from storage.store import Tx
from tests.integration.office import STRANGE, Office, joins, office_in
from workers import inbox, presence
from workers.inbox import Words


@pytest.fixture
async def office(tmp_path: Path) -> AsyncIterator[Office]:
    """An office on SQLite."""
    async with office_in(tmp_path) as made:
        yield made


async def mine(office: Office, who: str, agent: str = "agt_1") -> Ticket:
    """A ticket of this customer's that the agent works on."""
    await office.say(STRANGE, "A person, please", who=who)
    desk = (await office.setup.get()).desk
    fresh = (await office.tickets())[-1]

    def give(tx: Tx) -> None:
        before = tickets.lock(tx, fresh.id)
        inbox.save(tx, before, assign(before, agent, tx.now, desk))

    await office.store.write(give)
    return fresh


async def says(office: Office, step: Any, *given: Any, **rest: Any) -> Any:
    """A step that is given the desk."""
    desk = (await office.setup.get()).desk
    return await office.store.write(lambda tx: step(tx, *given, desk, **rest))


async def chosen(office: Office, name: str = "agt_1") -> str:
    """Where the agent is."""
    return (await office.store.read(lambda sql: agents.get(sql, name))).agent.presence


async def statuses(office: Office) -> list[tuple[str, str | None]]:
    """(status, assignee) of every ticket."""
    return [(one.status, one.assignee) for one in await office.tickets()]


async def test_who_loses_the_connection_is_gone_after_a_while(office: Office) -> None:
    """After a minute: what was not answered waits again, the rest stays; back is back."""
    await office.store.write(joins("agt_1"))
    await office.store.write(partial(agents.seen, agent_id="agt_1"))
    await mine(office, "ann")
    answered = await mine(office, "bob")
    await says(office, lambda tx, desk: inbox.reply(tx, answered.id, "agt_1", Words("Here you are"), desk))
    office.clock.forward(seconds=59)
    await office.clocks.step()
    assert await chosen(office) == "online"
    office.clock.forward(seconds=2)
    await office.clocks.step()
    assert await chosen(office) == "offline"
    assert await statuses(office) == [("queued", None), ("open", "agt_1")]
    await office.store.write(partial(agents.seen, agent_id="agt_1"))
    assert await chosen(office) == "online"


async def test_who_went_by_themselves_stays_away(office: Office) -> None:
    """Also with the desk open in a tab; and who never had one is never lost."""
    await office.store.write(joins("agt_1"))
    await office.store.write(joins("agt_2"))
    await office.store.write(lambda tx: agents.set_presence(tx, "agt_1", "offline"))
    await office.store.write(partial(agents.seen, agent_id="agt_1"))
    office.clock.forward(hours=1)
    await office.clocks.step()
    assert [await chosen(office), await chosen(office, "agt_2")] == ["offline", "online"]


async def test_away_and_give_back(office: Office) -> None:
    """Everything in hand waits again at its age, offers too."""
    await office.store.write(joins("agt_1"))
    first = await mine(office, "ann")
    office.clock.forward(minutes=5)
    await office.say(STRANGE, "A person, please", who="bob")
    await office.assign.step()
    assert await says(office, presence.give_back_all, "agt_1") == 2
    assert await statuses(office) == [("queued", None), ("queued", None)]
    assert (await office.tickets())[0].waiting_since == first.waiting_since
    assert await office.rows("offers", "state") == ["withdrawn"]


async def test_a_shift_ends(office: Office) -> None:
    """Its agent is set away and keeps what they have; nobody is set online."""
    spec = {"tz": "UTC", "weekly": {"mon": [["08:00", "09:30"]]}}
    await office.store.write(lambda tx: catalogue.add(tx, "calendar", "early", "Early", spec))
    await office.store.write(joins("agt_1", shift="early"))
    await mine(office, "ann")
    await office.clocks.step()
    assert await chosen(office) == "online"
    office.clock.forward(minutes=31)
    await office.clocks.step()
    assert await chosen(office) == "away"
    assert await statuses(office) == [("open", "agt_1")]


async def test_who_misses_offer_after_offer_is_set_away(office: Office) -> None:
    """Three in a row."""
    await office.store.write(joins("agt_1"))
    await office.say(STRANGE, "A person, please", who="ann")
    for expected in ("online", "online", "away"):
        assert await office.assign.step() == 1
        office.clock.forward(seconds=61)
        await office.clocks.step()
        assert await chosen(office) == expected
        office.clock.forward(seconds=180)


async def test_an_agent_leaves_for_good(office: Office) -> None:
    """Tickets and customers are another's, offers wait again; what was written keeps the name."""
    for name in ("agt_1", "agt_2"):
        await office.store.write(joins(name, role="admin"))
    await office.store.write(lambda tx: agents.set_password(tx, "agt_2", "hash"))
    ticket = await mine(office, "ann")
    owned = await office.store.read(lambda sql: customers.get(sql, ticket.customer_id))
    await office.store.write(lambda tx: customers.save(tx, replace(owned.customer, owner="agt_1")))
    await says(office, lambda tx, desk: inbox.reply(tx, ticket.id, "agt_1", Words("Hello"), desk))
    assert await says(office, presence.offboard, "agt_1", "agt_2") == (1, 1, 0)
    assert await statuses(office) == [("open", "agt_2")]
    gone = await office.store.read(lambda sql: agents.get(sql, "agt_1"))
    assert (gone.agent.active, gone.agent.presence) == (False, "offline")
    kept = await office.store.read(lambda sql: customers.get(sql, ticket.customer_id))
    assert kept.customer.owner == "agt_2"
    assert [one.author_id for one in await office.messages() if one.author == "agent"] == ["agt_1"]
    with pytest.raises(Refused, match="to another agent, who is active"):
        await says(office, presence.offboard, "agt_2", "agt_1")


async def test_what_a_leaver_had_begun_to_write_is_another_s(office: Office) -> None:
    """Below the heir's own, and as a note where either is one; also on tickets that are not the leaver's."""
    for name in ("agt_1", "agt_2"):
        await office.store.write(joins(name, role="admin"))
    await office.store.write(lambda tx: agents.set_password(tx, "agt_2", "hash"))
    alone, both, mixed = [(await mine(office, who, "agt_2")).id for who in ("ann", "bob", "cleo")]
    for draft in (
        Draft(alone, "agt_1", "reply", "Dear Ann"),
        Draft(both, "agt_1", "reply", "Regards"),
        Draft(both, "agt_2", "reply", "Dear Bob"),
        Draft(mixed, "agt_1", "note", "She is right."),
        Draft(mixed, "agt_2", "reply", "Dear Cleo"),
    ):
        await office.store.write(partial(drafts.keep, draft=draft))
    assert await says(office, presence.offboard, "agt_1", "agt_2") == (0, 0, 3)
    found = [
        await office.store.read(partial(drafts.find, ticket_id=one, agent_id="agt_2"))
        for one in (alone, both, mixed)
    ]
    assert [(one.kind, one.text, one.version) for one in found if one] == [
        ("reply", "Dear Ann", 1),
        ("reply", "Dear Bob\n\nRegards", 2),
        ("note", "Dear Cleo\n\nShe is right.", 2),
    ]
    assert await office.store.read(partial(drafts.tickets_of, agent_id="agt_1")) == []


async def test_pending_offers_are_told_apart(office: Office) -> None:
    """An offer to one agent stays while another gives back."""
    for name in ("agt_1", "agt_2"):
        await office.store.write(joins(name))
    await office.say(STRANGE, "A person, please", who="ann")
    await office.assign.step()
    await says(office, presence.give_back_all, "agt_2")
    ticket = await office.ticket()
    found = await office.store.read(lambda sql: offers.pending(sql, ticket.id))
    assert found is not None
    assert (ticket.status, found.agent_id) == ("offered", "agt_1")
