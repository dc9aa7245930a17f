"""Who is told of what: a row for each person, in the commit of what they are told of."""

from collections.abc import AsyncIterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection

from router.lifecycle import agent_replied, assign, pin
from router.notices import KINDS, words
from storage import agents, catalogue, notifications, offers, tickets
from storage.notifications import Notification
from storage.prepared import raw
from storage.store import Tx
from tests.integration.office import STRANGE, Office, joins, office_in, office_on
from tests.services.servers import Servers
from workers import inbox, notices
from workers.intake import Frozen, take_in
from workers.offering import accept, give_back


@pytest.fixture(params=["sqlite", "postgresql"])
async def office(request: pytest.FixtureRequest, tmp_path: Path, servers: Servers) -> AsyncIterator[Office]:
    """An office with an agent and two supervisors, one of them of billing, at each end of the store."""
    sqlite = request.param == "sqlite"
    async with office_in(tmp_path) if sqlite else office_on(servers.postgresql, tmp_path) as made:
        await made.store.write(joins("ana", queues=("general",)))
        await made.store.write(joins("sue", role="supervisor", presence="offline"))
        await made.store.write(joins("bill", role="supervisor", presence="offline", queues=("billing",)))
        yield made


async def told(office: Office, *kinds: str) -> list[tuple[str, str, str]]:
    """(agent, kind, title) of what was told of these kinds, oldest first; people by name within a moment."""

    def query(sql: Connection) -> list[Notification]:
        return list(notifications.listed(sql, None, None, 1000, kinds=kinds or KINDS).items)

    found = sorted(await office.store.read(query), key=lambda one: (one.created_at, one.agent_id, one.kind))
    return [(one.agent_id, one.kind, words(one.kind, one.details, "en").title) for one in found]


async def fires(office: Office, **later: float) -> None:
    """Time goes by, and the clock looks."""
    office.clock.forward(**later)
    while await office.clocks.step():
        pass


async def given(office: Office, agent: str = "ana") -> None:
    """The only ticket is the agent's."""
    ticket, desk = await office.ticket(), (await office.setup.get()).desk
    await office.store.write(lambda tx: inbox.save(tx, ticket, assign(ticket, agent, tx.now, desk)))


async def test_each_step_of_a_promise_tells_whom_it_concerns(office: Office) -> None:
    """At 75 % the agent, at 90 % the supervisors, at 100 % both, each once."""
    await office.say(STRANGE)
    await given(office)
    for minutes in (30, 15, 0, 9, 6, 30):
        await fires(office, minutes=minutes)
    assert await told(office) == [
        ("ana", "sla_risk", "#1001: 75 % of the time for the first reply is used"),
        ("bill", "sla_alarm", "#1001: 90 % of the time for the first reply is used"),
        ("sue", "sla_alarm", "#1001: 90 % of the time for the first reply is used"),
        ("ana", "sla_breach", "#1001: the first reply is late"),
        ("bill", "sla_breach", "#1001: the first reply is late"),
        ("sue", "sla_breach", "#1001: the first reply is late"),
    ]


async def test_a_jump_of_the_clock_tells_each_level_once(office: Office) -> None:
    """A desk that was off meanwhile tells late, and not again."""
    await office.say(STRANGE)
    await given(office)
    await fires(office, hours=2)
    await fires(office, hours=1)
    found = [(agent, kind) for agent, kind, title in await told(office) if "first reply" in title]
    assert sorted(found) == [
        ("ana", "sla_breach"),
        ("ana", "sla_risk"),
        ("bill", "sla_alarm"),
        ("bill", "sla_breach"),
        ("sue", "sla_alarm"),
        ("sue", "sla_breach"),
    ]


async def test_an_answer_in_time_tells_nobody(office: Office) -> None:
    """The first reply's clock has stopped before its step."""
    await office.say(STRANGE)
    await given(office)
    office.clock.forward(minutes=40)
    ticket, desk = await office.ticket(), (await office.setup.get()).desk
    await office.store.write(lambda tx: inbox.save(tx, ticket, agent_replied(ticket, "ana", tx.now, desk)))
    await fires(office, minutes=60)
    assert await told(office) == []


async def test_at_risk_in_nobody_s_hands_tells_who_it_is_offered_to(office: Office) -> None:
    """They can take it at once."""
    await office.say(STRANGE)
    office.clock.forward(minutes=44, seconds=30)
    await office.assign.step()
    await fires(office, seconds=30)
    assert [agent for agent, _, _ in await told(office, "sla_risk")] == ["ana"]


async def test_at_risk_while_it_only_waits_tells_who_can_give_it_away(office: Office) -> None:
    """The supervisors, or whom it is pinned to."""
    await office.say(STRANGE)
    await fires(office, minutes=45)
    said = "#1001: 75 % of the time for the first reply is used, and nobody has it"
    assert await told(office) == [("bill", "sla_risk", said), ("sue", "sla_risk", said)]


async def test_at_risk_while_it_waits_for_one_tells_that_one(office: Office) -> None:
    """Nobody else is offered it."""
    await office.say(STRANGE)
    ticket, desk = await office.ticket(), (await office.setup.get()).desk
    await office.store.write(lambda tx: inbox.save(tx, ticket, pin(ticket, "ana", tx.now, desk)))
    await fires(office, minutes=45)
    assert [agent for agent, _, _ in await told(office)] == ["ana"]


async def test_a_step_that_is_skipped_is_told(office: Office) -> None:
    """Nobody of the team is there, others are asked at once: told once, not again at the step's time."""
    await office.store.write(joins("bob", queues=("billing",)))
    steps = [
        {"after_seconds": 600, "skills": [{"skill": "rare", "level": 1}], "alert": True},
        {"after_seconds": 1200, "queue": "billing", "alert": True},
    ]
    body = {"default": True, "offer_seconds": 60, "steps": steps}
    await office.store.write(lambda tx: catalogue.save(tx, "queue", "general", "General", body))
    await office.store.write(lambda tx: agents.set_presence(tx, "ana", "away"))
    await office.say(STRANGE)
    assert await office.assign.step() == 1
    said = "#1001 in General: nobody who is there could take it, so others are asked"
    assert await told(office, "queue_step") == [("bill", "queue_step", said), ("sue", "queue_step", said)]
    for minutes in (10, 10, 10):
        await fires(office, minutes=minutes)
        await office.assign.step()
    assert len(await told(office, "queue_step")) == 2


async def test_nobody_there_at_all_is_told_in_time(office: Office) -> None:
    """A night in which no step could be served is no alarm for each ticket at once."""
    steps = [{"after_seconds": 600, "anybody": True, "alert": True}]
    body = {"default": True, "offer_seconds": 60, "steps": steps}
    await office.store.write(lambda tx: catalogue.save(tx, "queue", "general", "General", body))
    for one in ("ana", "bill", "sue"):
        await office.store.write(lambda tx, one=one: agents.set_presence(tx, one, "offline"))  # type: ignore[misc]
    await office.say(STRANGE)
    await office.assign.step()
    assert await told(office, "queue_step") == []
    await fires(office, minutes=10)
    assert len(await told(office, "queue_step")) == 2


async def test_supervisors_of_the_queue_come_before_all(office: Office) -> None:
    """Those of billing for what waits there."""
    await office.rule({"stage": "route", "then": [{"set": "queue", "to": "billing"}]})
    await office.say(STRANGE)
    await fires(office, minutes=54)
    assert [agent for agent, _, _ in await told(office, "sla_alarm")] == ["bill"]


async def test_a_step_of_a_queue_that_alerts_is_told_once(office: Office) -> None:
    """When the ticket gets there, and not while somebody has it."""
    steps = [{"after_seconds": 600, "anybody": True, "alert": True}, {"after_seconds": 1200, "alert": True}]
    body = {"default": True, "offer_seconds": 60, "steps": steps}
    await office.store.write(lambda tx: catalogue.save(tx, "queue", "general", "General", body))
    await office.say(STRANGE)
    await fires(office, minutes=9)
    assert await told(office, "queue_step") == []
    for minutes in (1, 1):
        await fires(office, minutes=minutes)
    said = "#1001 has waited 10 min in General and nobody has it"
    assert await told(office, "queue_step") == [("bill", "queue_step", said), ("sue", "queue_step", said)]
    await given(office)
    await fires(office, minutes=30)
    assert len(await told(office, "queue_step")) == 2


async def test_a_queue_that_hurries_opens_its_next_step_at_risk(office: Office) -> None:
    """At 90 % of the promise a neighbour's agent may have it, long before the step's own time."""
    await office.store.write(joins("bob", queues=("billing",)))
    body = {
        "default": True,
        "offer_seconds": 0,
        "hurry": True,
        "steps": [{"skills": [{"skill": "rare", "level": 1}]}, {"after_seconds": 36_000, "queue": "billing"}],
    }
    await office.store.write(lambda tx: catalogue.save(tx, "queue", "general", "General", body))
    await office.store.write(joins("rae", queues=("general",), skills={"rare": 1}, capacity=0))
    await office.say(STRANGE)
    office.clock.forward(minutes=53, seconds=59)
    assert await office.assign.step() == 0
    office.clock.forward(seconds=1)
    assert await office.assign.step() == 1
    assert (await office.ticket()).assignee == "bob"


async def test_an_offer_is_told_and_read_once_it_is_answered(office: Office) -> None:
    """One that lapsed stays unread: its agent may wonder."""
    await office.say(STRANGE)
    ticket, desk = await office.ticket(), (await office.setup.get()).desk
    unread = []
    for answer in ("expired", "accepted"):
        await office.assign.step()
        offer = await office.store.read(lambda sql: offers.pending(sql, ticket.id))
        assert offer is not None
        unread.append(await office.store.read(lambda sql: notifications.unread(sql, "ana", KINDS)))
        if answer == "accepted":
            await office.store.write(partial(accept, offer=offer, desk=desk))
        else:
            await office.store.write(partial(give_back, offer=offer, state="expired", desk=desk))
        office.clock.forward(minutes=15)
    assert await told(office, "offer") == [("ana", "offer", "#1001 is offered to you")] * 2
    unread.append(await office.store.read(lambda sql: notifications.unread(sql, "ana", KINDS)))
    assert unread == [1, 2, 0]


async def test_what_the_next_step_may_have_is_not_declined_by_everybody(office: Office) -> None:
    """Ana is alone in her queue; Bob of billing may have it in a minute: until then she is spared."""
    await office.store.write(joins("bob", queues=("billing",)))
    for one in ("bill", "sue"):
        await office.store.write(lambda tx, one=one: agents.leave(tx, agents.get(tx.sql, one).agent, "ana"))  # type: ignore[misc]
    body = {"default": True, "offer_seconds": 60, "steps": [{"after_seconds": 60, "queue": "billing"}]}
    await office.store.write(lambda tx: catalogue.save(tx, "queue", "general", "General", body))
    await office.say(STRANGE)
    desk = (await office.setup.reload()).desk
    for who in ("ana", "bob"):
        await office.assign.step()
        offer = await office.store.read(partial(offers.pending, ticket_id=(await office.ticket()).id))
        assert offer is not None
        assert offer.agent_id == who
        await office.store.write(partial(give_back, offer=offer, state="declined", desk=desk))
        ticket = await office.ticket()
        assert ticket.declined_by == (("ana",) if who == "ana" else ())
        office.clock.forward(seconds=60)


async def test_a_queue_s_new_step_alerts_what_waits_already(office: Office) -> None:
    """Within moments, by the ticket's age."""
    await office.say(STRANGE)
    await fires(office, minutes=12)
    steps = [{"after_seconds": 600, "anybody": True, "alert": True}]
    body = {"default": True, "offer_seconds": 60, "steps": steps}
    await office.store.write(lambda tx: catalogue.save(tx, "queue", "general", "General", body))
    await fires(office, seconds=1)
    assert len(await told(office, "queue_step")) == 2


async def test_what_everybody_declined_is_told(office: Office) -> None:
    """To the supervisors, who may know why."""
    await office.say(STRANGE)
    ticket = await office.ticket()
    await office.store.write(
        lambda tx: notices.declined_by_all(tx, tickets.lock(tx, ticket.id), agents.active(tx.sql))
    )
    said = "#1001 was declined by everybody who can take it"
    assert await told(office) == [("bill", "declined", said), ("sue", "declined", said)]


@pytest.mark.parametrize(
    ("to", "who"),
    [
        ("everyone", ["ana", "bill", "sue"]),
        ("supervisors", ["bill", "sue"]),
        ("queue:billing", ["bill"]),
        ({"agent": "ana"}, ["ana"]),
        (["ana", "queue:general", "supervisor"], ["ana", "bill", "sue"]),
        ("leads", []),
    ],
)
async def test_a_rule_tells_each_person_it_means_once(office: Office, to: Any, who: list[str]) -> None:
    """With its words, or the customer's."""
    await office.rule({"then": [{"notify": to}]})
    await office.say(STRANGE)
    assert await told(office) == [(name, "rule", STRANGE) for name in who]


async def test_what_is_read_is_counted_no_more(office: Office) -> None:
    """Some, or all up to one; only one's own."""
    await office.rule({"then": [{"notify": "everyone"}]})
    for text in ("One", "Two", "Three"):
        await office.say(text)
        office.clock.forward(seconds=1)
    mine = await office.store.read(lambda sql: notifications.listed(sql, "ana", None, 10, kinds=KINDS).items)
    assert [one.details["text"] for one in mine] == ["Three", "Two", "One"]

    async def count(name: str) -> int:
        return await office.store.read(lambda sql: notifications.unread(sql, name, KINDS))

    await office.store.write(lambda tx: notifications.read(tx, "ana", ids=[mine[0].id]))
    assert (await count("ana"), await count("sue")) == (2, 3)
    await office.store.write(lambda tx: notifications.read(tx, "ana", up_to=mine[1].id))
    assert await count("ana") == 0
    assert [event.data for event in await office.events("notification.read")] == [{"agent": "ana"}] * 2


async def test_what_is_old_is_forgotten(office: Office) -> None:
    """After ninety days."""
    await office.rule({"then": [{"notify": "ana"}]})
    await office.say(STRANGE)
    office.clock.forward(days=91)
    await office.store.write(notifications.prune)
    assert await told(office) == []


async def test_a_message_that_tells_nobody_touches_no_notification(tmp_path: Path) -> None:
    """Whom a message concerns is asked only where a rule tells somebody."""
    async with office_in(tmp_path) as office:
        setup, statements = await office.setup.get(), list[str]()
        said = office.envelope(STRANGE)
        matches = await office.knowledge.match({said.id: STRANGE})

        def taken(tx: Tx) -> None:
            raw(tx.sql).set_trace_callback(statements.append)
            try:
                take_in(tx, [said], Frozen(setup, office.knowledge.articles, matches, {}))
            finally:
                raw(tx.sql).set_trace_callback(None)

        await office.store.write(taken)
        assert len(await office.tickets()) == 1
    assert statements
    assert [one for one in statements if "notification" in one or "FROM agents" in one] == []
