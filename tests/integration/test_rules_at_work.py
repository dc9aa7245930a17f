"""Rules at work on a real store: about tickets, as time passes, calling out, replayed, tried."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from functools import partial
from ipaddress import ip_network
from pathlib import Path
from typing import Any

import pytest

from bus.envelope import Message
from channels.webhook.signature import Verifier, verify
from gateway import callbacks, explaining
from gateway.rule_sets import checked
from router.decision import Actor
from router.lifecycle import edit
from router.rules.recipes import RECIPES
from storage import (
    messages,
    questions,
    restoring,
    rule_calls,
    rule_counts,
    rule_trials,
    rules,
    setup,
    tickets,
)
from storage.store import Tx
from tests.integration.office import ASKS, MONDAY, STRANGE, Office, office_in, office_on
from tests.integration.receiver import receiving
from tests.services.servers import Servers
from workers import inbox
from workers.backtest import Backtest
from workers.callouts import Caller
from workers.deciding_code import deciding_code
from workers.rule_watch import RuleWatch, watch_canary
from workers.setup import Setup, compiled_version
from workers.ticket_rules import TicketRules

KEY = b"k" * 32
CHANGED = {"events": ["ticket_changed"]}


@pytest.fixture(params=["sqlite", "postgresql"])
async def office(request: pytest.FixtureRequest, tmp_path: Path, servers: Servers) -> AsyncIterator[Office]:
    """A furnished office, at each end of the store."""
    sqlite = request.param == "sqlite"
    async with office_in(tmp_path) if sqlite else office_on(servers.postgresql, tmp_path) as made:
        yield made


def rule(condition: dict[str, Any] | None, *then: dict[str, Any], **more: Any) -> dict[str, Any]:
    """A rule; without a condition it always matches."""
    made = {"stage": "enrich", "then": list(then), **more}
    return made if condition is None else made | {"if": condition}


def when(field: str, op: str, value: Any) -> dict[str, Any]:
    """A comparison."""
    return {"field": field, "op": op, "value": value}


async def settle(office: Office) -> None:
    """Let the rules about tickets follow the log to its end."""
    worker = TicketRules(setup=office.setup)
    while await worker.step():
        pass


async def change(office: Office, by: Actor = "agent", **changes: Any) -> None:
    """Somebody edits the only ticket."""
    ticket_id = (await office.ticket()).id

    def step(tx: Tx, setup: Setup) -> None:
        before = tickets.lock(tx, ticket_id)
        inbox.save(tx, before, edit(before, changes, tx.now, setup.desk), actor=by)

    await office.setup.write(step)


async def draft(office: Office, *given: dict[str, Any]) -> int:
    """Store these rules as a draft; its version."""
    named = [{"id": f"d{number}", "stage": "act", **one} for number, one in enumerate(given, 1)]
    return await office.store.write(lambda tx: rules.add(tx, named, "", "test", publish=False))


async def begin(office: Office, kind: rule_trials.Kind, version: int, **settings: Any) -> str:
    """Begin a trial with everything that comes from now on."""

    def step(tx: Tx) -> str:
        current = rules.published(tx.sql)
        if kind == "canary":
            tx.emit("rules.published", version=version)
        return rule_trials.add(
            tx,
            kind,
            version=version,
            against=current.version if current else 0,
            settings=settings,
            cursor=restoring.last(tx.sql),
            total=0,
            author="test",
        )

    return await office.store.write(step)


# --- about tickets ---------------------------------------------------------------------------------------


async def test_a_rule_hears_of_a_ticket_once_it_is_there(office: Office) -> None:
    """So an acknowledgement can name its number; it is said once."""
    number = {"reply": "Your number is {{ ticket.number }}."}
    await office.rule(rule(None, number, {"tag": "told"}, stage="act", events=["ticket_created"]))
    await settle(office)
    await office.say(STRANGE)
    await office.say("And the floor, too")
    await settle(office)
    assert [text for author, text in await office.talk() if "Your number" in text] == ["Your number is 1001."]
    assert (await office.ticket()).tags == ("told",)
    assert (await office.store.read(rule_counts.every))["r1"].hits == 1


async def test_an_acknowledgement_tells_how_many_wait(office: Office) -> None:
    """The recipe's, as it is: the ticket's number and who waits, and no time that nobody can know."""
    (recipe,) = (one for one in RECIPES if one.id == "acknowledgement")
    await office.rule(*recipe.rules)
    await settle(office)
    await office.say(STRANGE)
    await office.say(STRANGE, who="bob")
    await settle(office)
    talks = [await office.talk(one) for one in await office.conversations()]
    said = sorted(
        text.partition(" Meanwhile")[0] for talk in talks for _, text in talk if "Your ticket is" in text
    )
    assert said == [f"Your ticket is #{number}. Tickets waiting in this queue: 2." for number in (1001, 1002)]


async def test_a_rule_of_changes_sees_what_was_before(office: Office) -> None:
    """And a customer's next message is no such change."""
    rose = {"all": [when("previous.priority", "is", "normal"), when("priority", "is", "urgent")]}
    await office.rule(rule(rose, {"tag": "risen"}, **CHANGED))
    await office.say(STRANGE)
    await change(office, subject="The ceiling")
    await settle(office)
    before = (await office.ticket()).tags
    await change(office, priority="urgent")
    await settle(office)
    assert (before, (await office.ticket()).tags) == ((), ("risen",))


async def test_a_rule_of_changes_asks_who_made_them(office: Office) -> None:
    """A program with a token, an agent, or the clock."""
    await office.rule(rule(when("actor", "is", "api"), {"tag": "by a program"}, **CHANGED))
    await office.say(STRANGE)
    found = []
    for actor in ("agent", "clock", "api"):
        await change(office, by=actor, subject=f"Changed by {actor}")
        await settle(office)
        found.append((await office.ticket()).tags)
    assert found == [(), (), ("by a program",)]


async def test_a_rule_about_new_tickets_asks_who_opened_them(office: Office) -> None:
    """A customer whom the bot can't help, an agent who steps in, or a program with a token."""
    actors = ("customer", "agent", "api")
    await office.rule(
        *(rule(when("actor", "is", one), {"tag": one}, events=["ticket_created"]) for one in actors)
    )
    await settle(office)
    await office.say(STRANGE)
    for who, agent in (("bob", "agt_1"), ("eve", None)):
        await office.say(ASKS, who=who)
        (asked,) = [one.id for one in await office.conversations() if one.with_ == "bot"]
        desk = (await office.setup.get()).desk
        await office.store.write(partial(inbox.take_over, conversation_id=asked, agent_id=agent, desk=desk))
    await settle(office)
    assert [one.tags for one in await office.tickets()] == [(one,) for one in actors]


async def test_rules_that_set_each_other_off_come_to_an_end(office: Office) -> None:
    """Each fires once in a chain of changes."""
    await office.rule(
        rule(when("type", "is", "b"), {"set": "type", "to": "a"}, {"tag": "b-a"}, **CHANGED),
        rule(when("type", "is", "a"), {"set": "type", "to": "b"}, {"tag": "a-b"}, **CHANGED),
    )
    await office.say(STRANGE)
    await change(office, type="a")
    await settle(office)
    ticket = await office.ticket()
    updates = [one.data.get("cause") for one in await office.events("ticket.updated")]
    assert (ticket.type, ticket.tags) == ("a", ("a-b", "b-a"))
    assert [one["rules"] for one in updates if one] == [["r2"], ["r2", "r1"]]


async def test_a_chain_of_changes_ends_at_ten(office: Office) -> None:
    """However many rules there are that follow from one another."""
    kinds = [(f"t{number}", f"t{number + 1}") for number in range(15)]
    steps = [rule(when("type", "is", one), {"set": "type", "to": other}, **CHANGED) for one, other in kinds]
    await office.rule(*reversed(steps))
    await office.say(STRANGE)
    await change(office, type="t0")
    await settle(office)
    assert (await office.ticket()).type == "t10"


async def test_a_rule_of_time_fires_once_for_each_time_that_it_begins_to_hold(office: Office) -> None:
    """Not each time somebody looks; again when the condition ceased in between."""
    waits = {"all": [when("ticket.created_at", "older_than", "30m"), when("type", "is_not", "calm")]}
    await office.rule(rule(waits, {"notify": "everyone"}, stage="act", events=["time"]))
    await office.say(STRANGE)
    worker = TicketRules(setup=office.setup)
    told = []
    for minutes, type_ in ((10, ""), (30, ""), (5, ""), (5, "calm"), (5, "")):
        office.clock.forward(minutes=minutes)
        if type_ != (await office.ticket()).type:
            await change(office, type=type_)
        while await worker.pass_time():
            pass
        told.append(len(await office.events("notification")))
    assert told == [0, 1, 1, 1, 2]
    assert (await office.store.read(rule_counts.every))["r1"].hits == 2


async def test_a_failing_rule_of_time_is_counted_once_for_each_ticket(office: Office) -> None:
    """Not each time somebody looks; the others fire, and it does once it fails no more."""
    version = await office.rule(*(rule(None, {"tag": tag}, events=["time"]) for tag in "ab"))
    await office.say(STRANGE)
    timed = (await office.setup.reload()).rules.on("time")
    broken, whole = timed._compiled[0], timed._compiled[0].test
    assert timed.version == version
    broken.test = raises
    for _ in range(2):
        await pass_time(office)
    counted, tags = await office.store.read(rule_counts.every), (await office.ticket()).tags
    broken.test = whole
    for _ in range(2):
        await pass_time(office)
    mended = await office.store.read(rule_counts.every)
    assert ([counted[one][:2] for one in ("r1", "r2")], tags) == ([(0, 1), (1, 0)], ("b",))
    assert [mended[one][:2] for one in ("r1", "r2")] == [(1, 1), (1, 0)]
    assert (await office.ticket()).tags == ("b", "a")


def raises(values: object) -> bool:
    """A comparison with a fault of its own."""
    raise RuntimeError("broken")


async def pass_time(office: Office) -> None:
    """A round of the rules of time."""
    worker = TicketRules(setup=office.setup)
    while await worker.pass_time():
        pass


# --- what follows from messages --------------------------------------------------------------------------


async def test_spam_closes_the_ticket_and_a_snooze_puts_it_off(office: Office) -> None:
    """Both are for the ticket that the message reached."""
    await office.rule(
        rule(when("text", "contains", "later"), {"snooze": "2h"}, stage="act"),
        rule(when("text", "contains", "casino"), {"spam": True}, stage="act"),
    )
    await office.say(STRANGE)
    await office.say("Do it later")
    asleep = await office.ticket()
    await office.say("Come to our casino")
    assert (asleep.status, asleep.waiting_reason) == ("waiting", "snoozed")
    assert (asleep.snoozed_until - office.clock.now).total_seconds() == 7200  # type: ignore[operator]
    assert (await office.ticket()).status == "closed"


async def test_rules_know_what_a_customer_has_open(office: Office) -> None:
    """It is read for them, because one of them asks."""
    await office.rule(rule(when("customer.open_tickets", "at_least", 1), {"tag": "again"}))
    await office.say(STRANGE)
    await office.say("One more thing", thread="other")
    assert [one.tags for one in await office.tickets()] == [(), ("again",)]


async def test_a_call_is_signed_and_made_until_it_is_answered(office: Office) -> None:
    """With the same id each time; an address inside is not called unless it is allowed."""
    async with AsyncExitStack() as stack:
        posts = await stack.enter_async_context(receiving())
        allowed = [ip_network("127.0.0.0/8")]
        http = await stack.enter_async_context(callbacks.session(allowed))
        posts.answer("/hook", 500)
        await office.rule(rule(None, {"webhook": {"url": f"{posts.url}/hook", "team": "a"}}, stage="act"))
        await office.say(STRANGE)
        caller = Caller(store=office.store, http=http, key=KEY, random=lambda: 0.0)
        made = [await caller.step()]
        made.append(await caller.step())
        office.clock.forward(seconds=10)
        made.append(await caller.step())
        guarded = await stack.enter_async_context(callbacks.session([]))
        await office.say("again")
        await Caller(store=office.store, http=guarded, key=KEY, random=lambda: 0.0).step()
    calls = await office.store.read(lambda sql: rule_calls.listed(sql, 10))
    first, second = posts.at("/hook")
    verify(Verifier((KEY,)), second.headers, second.body, office.clock.now.timestamp())
    assert made == [1, 0, 1]
    assert first.id == second.id
    assert [(one.state, one.attempts) for one in calls] == [("queued", 1), ("done", 2)]
    assert "not a public address" in calls[0].error


# --- made again ------------------------------------------------------------------------------------------


async def test_a_decision_is_made_again_byte_for_byte(office: Office) -> None:
    """From its stored context and rules; with an input edited, or by a draft, it changes as it should."""
    to_billing = [{"set": "queue", "to": "billing"}]
    await office.rule(
        {"stage": "route", "if": when("customer.tier", "is", "gold"), "then": to_billing},
        {"stage": "act", "then": [{"reply": "{{ sender.name }}, {{ message.text }}"}]},
    )
    await office.say(ASKS, Message(text=STRANGE, subject="Roof", language="en"))
    await office.rule()
    version = await draft(office, {"stage": "route", "then": to_billing})
    stored = await office.store.read(lambda sql: restoring.after(sql, 0, 10))
    made = [
        await office.store.read(partial(explaining.looked_up, decision_id=f"dec_{one.seq}")) for one in stored
    ]
    again = [explaining.replay(one.restored, compiled_version(one.version)) for one in made]
    last = made[-1]
    edited = explaining.replay(
        last.restored,
        compiled_version(last.version),
        context={"customer": {"tier": "gold"}},
        queue="billing",
    )
    by_draft = await office.store.read(
        partial(explaining.looked_up, decision_id=f"dec_{last.restored.seq}", version=version)
    )
    drafted = explaining.replay(by_draft.restored, compiled_version(by_draft.version))
    assert [one.same for one in again] == [True, True]
    queues = [queue_of(one.decision) for one in (again[-1], edited, drafted)]
    assert queues == ["general", "billing", "billing"]
    assert (edited.same, drafted.same) == (False, False)
    assert (edited.differences["queue"], edited.differs) == (("general", "billing"), True)
    assert {one.made_by for one in again} == {deciding_code()}


async def test_a_decision_about_a_ticket_is_made_again_byte_for_byte(office: Office) -> None:
    """Of time and of changes, one for each run in which a rule fired, whatever was said since."""
    late = when("ticket.created_at", "older_than", "30m")
    old = {"all": [late, when("text", "contains", "purple")]}
    await office.rule(
        rule(old, {"set": "priority", "to": "urgent"}, events=["time"]),
        rule(late, {"set": "queue", "to": "billing"}, stage="route", events=["time"]),
        rule(when("previous.priority", "is", "normal"), {"tag": "risen"}, **CHANGED),
    )
    await settle(office)
    await office.say(STRANGE)
    (conversation,) = await office.conversations()
    for minutes in (10, 30, 10):
        office.clock.forward(minutes=minutes)
        await pass_time(office)
        await settle(office)
    (message,) = [one for one in await office.messages() if one.author == "customer"]
    await office.store.write(lambda tx: reworded(tx, message.id))
    of_message, *about = await office.decisions(conversation)
    made = [
        await office.store.read(partial(explaining.looked_up, decision_id=f"dec_{one.seq}")) for one in about
    ]
    again = [explaining.replay(one.restored, compiled_version(one.version)) for one in made]
    fresh = {"ticket": {"created_at": office.clock.now.isoformat()}}
    edited = explaining.replay(made[0].restored, compiled_version(made[0].version), context=fresh)
    assert [(one.made.context.event, one.made.decision.why) for one in about] == [
        ("time", "rules about time that passed"),
        ("ticket_changed", "rules about a change of the ticket"),
    ]
    assert [one.same for one in again] == [True, True]
    assert [(step.rule_id, step.state) for step in again[0].steps if step.rule_id != "default"] == [
        ("r1", "hit"),
        ("r2", "hit"),
    ]
    assert (edited.decision.effects, edited.differences["queue"]) == ((), ("billing", ""))
    ticket = await office.ticket()
    assert (ticket.priority, ticket.queue, ticket.tags) == ("urgent", "billing", ("risen",))
    # What is tried on decided messages, and what was asked of the bot, leaves them out.
    assert [one.seq for one in await office.store.read(lambda sql: restoring.after(sql, 0, 9))] == [
        of_message.seq
    ]
    assert await office.store.read(lambda sql: restoring.count(sql, 0)) == 1
    assert len(await office.store.read(lambda sql: questions.exposures(sql, MONDAY))) == 1


def reworded(tx: Tx, message_id: str) -> None:
    """The message says something else from now on, as after an edit."""
    said = {"at": tx.now, "text": STRANGE}
    messages.amend(tx, message_id, "Never mind", {"earlier": [said], "edited": True})


def queue_of(decision: Any) -> str:
    """Where its ticket goes."""
    return next((one.queue for one in decision.effects if hasattr(one, "queue")), "")


# --- tried -----------------------------------------------------------------------------------------------


async def test_a_shadow_counts_what_it_would_do_otherwise_and_does_nothing(office: Office) -> None:
    """On what has come in since it began."""
    await office.say(STRANGE, who="early")
    version = await draft(office, rule(when("text", "contains", "parcel"), {"spam": True}, stage="act"))
    trial = await begin(office, "shadow", version)
    await office.say(ASKS, who="ann")
    await office.say(STRANGE, who="bob")
    await RuleWatch(store=office.store).step()
    found = await office.store.read(lambda sql: rule_trials.get(sql, trial))
    assert found.report["counts"] == {"messages": 2, "different": 1, "answers_lost": 1}
    assert len(await office.tickets()) == 2


async def test_a_backtest_says_from_where_to_where(office: Office) -> None:
    """With examples, the load of each queue, and what could not be restored."""
    await office.rule({"stage": "route", "then": [{"set": "queue", "to": "general"}]})
    for number in range(12):
        await office.say(STRANGE, who=f"u{number}")
    published = await office.store.read(rules.published)
    assert published is not None
    compiled = checked([{"id": "x", "stage": "route", "then": [{"set": "queue", "to": "billing"}]}]).compiled
    test = Backtest(compiled_version(published), compiled)
    for one in await office.store.read(lambda sql: restoring.after(sql, 0, 100)):
        test.take(one)
    report = test.report()
    assert report["moves"] == {"queue: general → billing": 12}
    assert report["load"] == {"published general 09": 12, "draft billing 09": 12}
    assert len(report["examples"]["queue: general → billing"]) == 10
    assert report["lost"] == {}


async def test_a_canary_decides_for_its_share_and_sticks_to_it(office: Office) -> None:
    """A fifth of a thousand conversations, within what chance allows; each always the same way."""
    await office.rule({"stage": "act", "then": [{"tag": "old"}]})
    version = await draft(office, {"then": [{"tag": "new"}]})
    await begin(office, "canary", version, share=0.2, errors=0.5, handovers=0.5)
    setup = await office.setup.reload()
    chosen = [setup.rules_for(f"cv_{number}").version == version for number in range(1000)]
    again = [setup.rules_for(f"cv_{number}").version == version for number in range(1000)]
    assert chosen == again
    assert 160 <= sum(chosen) <= 240


async def test_lanes_that_find_the_setup_changed_read_it_once(office: Office) -> None:
    """Who waited for another lane's reading takes what it found."""
    await office.rule(rule(None, {"tag": "old"}))
    before = await office.setup.reload()
    await office.rule(rule(None, {"tag": "new"}))
    one, other = await asyncio.gather(office.setup.reload(before), office.setup.reload(before))
    assert one is other
    assert one.rules.version == before.rules.version + 1


async def test_a_version_that_is_known_is_not_read_again(office: Office) -> None:
    """Versions never change: what admins change besides reads no rules."""
    await office.rule(rule(None, {"tag": "old"}))
    version = (await office.setup.reload()).rules.version
    known = await office.store.read(partial(setup.load, known={version}))
    anew = await office.store.read(setup.load)
    assert (known.rules, known.unknown) == (version, ())
    assert [one.version for one in anew.unknown] == [version]


async def test_a_canary_that_hands_over_more_is_rolled_back(office: Office) -> None:
    """And from the next message on the published rules decide alone."""
    await office.rule()
    version = await draft(office, {"stage": "respond", "then": [{"handover": True}]})
    trial = await begin(office, "canary", version, share=0.5, errors=0.5, handovers=0.2, least=10)
    for number in range(60):
        await office.say(ASKS, who=f"u{number}")
    while await office.store.write(partial(watch_canary, trial_id=trial)):
        pass
    found = await office.store.read(lambda sql: rule_trials.get(sql, trial))
    await office.say(STRANGE, who="after")
    setup = await office.setup.get()
    assert (found.state, setup.canary) == ("rolled_back", None)
    assert found.report["why"].startswith("the rate of hand-overs is 100.0% with the draft and 0.0% without")


async def test_hits_are_counted_beside_the_path(office: Office) -> None:
    """How often, and when last."""
    await office.rule(rule(when("text", "contains", "purple"), {"tag": "x"}))
    await office.say(STRANGE)
    at = office.clock.now
    office.clock.forward(hours=1)
    await office.say(ASKS, who="bob")
    watch = RuleWatch(store=office.store)
    while await watch.count():
        pass
    assert await office.store.read(rule_counts.every) == {"r1": rule_counts.Count(1, 0, at)}
