"""The assignment engine: who is offered what, in which order, and what must never happen."""

from collections import Counter
from dataclasses import dataclass, field
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from router.assignment import Engine
from router.assignment_events import (
    AgentChanged,
    AssignmentError,
    Config,
    Declined,
    Event,
    Expired,
    Finished,
    Offer,
    Requeued,
    Result,
    Tick,
    TicketWaits,
    Withdrawn,
)
from router.assignment_order import SECOND, Key, urgency_key


def agent(name: str, at: float = 0, **parts: Any) -> AgentChanged:
    given: dict[str, Any] = {"skills": {"G": 3}, "channels": {"chat": 4}, "capacity": 12, "online": True}
    return AgentChanged(at=at, id=name, **(given | parts))


def ticket(name: str, at: float = 0, **parts: Any) -> TicketWaits:
    given: dict[str, Any] = {
        "skills": {"G": 1},
        "tier": "gold",
        "channel": "chat",
        "units": 3,
        "promise_s": 300,
    }
    return TicketWaits(at=at, id=name, **(given | parts))


def engine(*events: Event) -> Engine:
    fresh = Engine()
    for event in (Config(at=0, tiers=("gold", "silver", "normal")), *events):
        fresh.apply(event)
    return fresh


def offers(result: Result) -> list[tuple[str, str]]:
    return [(offer.ticket, offer.agent) for offer in result.offers]


def whys(result: Result) -> list[str]:
    return [offer.why for offer in result.offers]


def test_a_ticket_goes_to_an_agent_who_may_take_it() -> None:
    """Online, skilled enough, on the channel and with room."""
    desk = engine(
        agent("off", online=False),
        agent("novice", skills={"G": 2}),
        agent("mail", channels={"email": 4}),
        agent("small", capacity=2),
        agent("right", skills={"G": 3, "R": 1}),
    )
    assert offers(desk.apply(ticket("t1", skills={"G": 3}))) == [("t1", "right")]


def test_room_ends_at_the_channel_limit_and_at_the_capacity() -> None:
    """Two chats at once fill the channel though units are left; mail still fits, up to the units."""
    desk = engine(agent("a1", channels={"chat": 2, "email": 6}, capacity=8))
    assert offers(desk.apply(ticket("t1", units=1))) == [("t1", "a1")]
    assert offers(desk.apply(ticket("t2", units=1))) == [("t2", "a1")]
    assert offers(desk.apply(ticket("t3", units=1))) == []
    assert offers(desk.apply(ticket("m1", units=6, channel="email"))) == [("m1", "a1")]
    assert offers(desk.apply(ticket("m2", units=1, channel="email"))) == []


def test_a_ticket_nobody_can_take_holds_up_no_other() -> None:
    """The big one waits; the small one behind it is offered."""
    desk = engine(agent("a1", capacity=4), ticket("first", units=3), ticket("big", at=1, units=3))
    assert offers(desk.apply(ticket("small", at=2, units=1, tier="normal"))) == [("small", "a1")]


def test_the_queue_is_drained_at_once() -> None:
    """An agent who appears is offered all that fits."""
    desk = engine(ticket("t1"), ticket("t2"), ticket("t3"), ticket("t4"), ticket("t5"))
    assert offers(desk.apply(agent("a1"))) == [("t1", "a1"), ("t2", "a1"), ("t3", "a1"), ("t4", "a1")]


def test_urgent_tickets_go_by_tier_and_then_by_promise() -> None:
    """With one agent and ten minutes a ticket, all of these would be late by the time someone is free."""
    desk = engine(
        ticket("n1", tier="normal"), ticket("s1", at=7, tier="silver"), ticket("g1", at=8), ticket("g2", at=9)
    )
    given = desk.apply(agent("a1", at=10))
    assert offers(given) == [("g1", "a1"), ("g2", "a1"), ("s1", "a1"), ("n1", "a1")]
    assert whys(given)[0] == (
        "urgent, promise due in 298 s, tier gold; the only agent free to take it; "
        "before ticket s1: better tier"
    )


def test_calm_tickets_go_by_rarest_skill_and_then_by_promise() -> None:
    """Hours are left: who alone can do refunds gets refunds first, whatever the tier."""
    desk = engine(
        ticket("g1", promise_s=90_000),
        ticket("r1", at=5, skills={"R": 1}, tier="normal", promise_s=90_000),
        ticket("g2", at=6, promise_s=80_000),
        agent("b", at=8, skills={"G": 1}, capacity=0),
    )
    given = desk.apply(agent("a1", at=9, skills={"G": 3, "R": 1}))
    assert offers(given) == [("r1", "a1"), ("g2", "a1"), ("g1", "a1")]
    assert whys(given)[0] == (
        "calm, promise due in 89996 s, agents online with its rarest skill: 1; "
        "the only agent free to take it; before ticket g2: rarer skill"
    )


def test_urgent_comes_before_calm() -> None:
    """A normal ticket near its promise goes before a gold one with all the time in the world."""
    desk = engine(ticket("calm", promise_s=90_000), ticket("urgent", tier="normal"))
    assert offers(desk.apply(agent("a1", capacity=3))) == [("urgent", "a1")]


@pytest.mark.parametrize(
    ("target", "left", "urgent"),
    [(1000, 501, False), (1000, 500, True), (100, 100, True), (9000, 1201, False), (9000, 1200, True)],
)
def test_a_ticket_is_urgent_with_half_its_target_left(target: int, left: int, urgent: bool) -> None:
    """From when someone is likely free; but no less than one mean handling time, no more than three."""
    key = urgency_key(
        due=1020 + left, target=target, handling=400, now=1000, wait=20, tier=1, rarity=7, ticket="t"
    )
    assert key == ((0, 1, 0, 1020 + left, "t") if urgent else (1, 7, 1, 1020 + left, "t"))


def test_a_broken_promise_is_renewed() -> None:
    """At 310 the old ticket's promise ended at 300 and ends again at 600; the younger one's is nearer."""
    desk = engine(ticket("old"), ticket("young", at=100))
    given = desk.apply(agent("a1", at=310, capacity=3))
    assert offers(given) == [("young", "a1")]
    later = engine(ticket("old"), ticket("young", at=100)).apply(agent("a1", at=590))
    assert offers(later) == [("old", "a1"), ("young", "a1")]
    assert whys(later)[0].startswith("urgent, promise missed, renewed to end in 10 s, tier gold;")


def test_mean_handling_time_is_learned() -> None:
    """Twenty tickets done at once bring the mean to 300 s, and what would have been urgent is calm."""
    desk = engine(agent("a1", capacity=3))
    for number in range(20):
        desk.apply(ticket(f"q{number}"))
        desk.apply(Finished(at=0, ticket=f"q{number}", agent="a1"))
    desk.apply(agent("a1", capacity=0))
    desk.apply(ticket("gold", promise_s=700))
    desk.apply(ticket("first", tier="normal", promise_s=590))
    # 300 s from now someone is free: 400 s are then left of gold's 700, and 290 of the other's 590.
    assert offers(desk.apply(agent("a1", capacity=3))) == [("first", "a1")]


def test_the_agent_who_ties_up_least_scarce_skill_is_chosen() -> None:
    """A generalist takes the general ticket; the only refunds person stays free."""
    desk = engine(agent("a1", skills={"G": 3, "R": 5}), agent("a2"))
    given = desk.apply(ticket("t1"))
    assert offers(given) == [("t1", "a2")]
    assert whys(given)[0].endswith("chosen over a1: ties up less scarce skill")


def test_then_the_least_busy_for_their_capacity() -> None:
    """Three of twelve units is less than three of six."""
    desk = engine(agent("a1", capacity=6), ticket("t1"), agent("a2", at=1), agent("a3", at=1, online=False))
    desk.apply(ticket("t2", at=2))
    given = desk.apply(ticket("t3", at=3, units=1))
    assert offers(given) == [("t3", "a2")]
    assert whys(given)[0].endswith("chosen over a1: less busy (25% against 50%)")


def test_then_the_longest_idle_and_then_the_id() -> None:
    """Nobody has worked: the first id. Then who finished earlier."""
    desk = engine(agent("a2"), agent("a1"))
    first = desk.apply(ticket("t1", at=1))
    assert (offers(first), whys(first)[0].split("; ")[1]) == ([("t1", "a1")], "chosen over a2: first by id")
    desk.apply(Finished(at=2, ticket="t1", agent="a1"))
    second = desk.apply(ticket("t2", at=3))
    assert (offers(second), whys(second)[0].split("; ")[1]) == (
        [("t2", "a2")],
        "chosen over a1: idle longer",
    )


def test_who_missed_an_offer_cools_down() -> None:
    """For 180 s nothing is offered to them, and the engine says when to look again."""
    desk = engine(agent("a1"), ticket("t1"))
    missed = desk.apply(Expired(at=60, ticket="t1", agent="a1"))
    assert missed == Result(offers=(), wake_at=240)
    assert desk.apply(Tick(at=239.999)) == Result(offers=(), wake_at=240)
    again = desk.apply(Tick(at=240))
    assert (offers(again), again.wake_at) == ([("t1", "a1")], None)


def test_who_missed_an_offer_is_the_last_choice_for_a_while() -> None:
    """Until 600 s after it a busier colleague comes first."""
    desk = engine(agent("a1"), ticket("t1"))
    desk.apply(Expired(at=0, ticket="t1", agent="a1"))
    desk.apply(agent("a2", at=1))
    given = desk.apply(ticket("t2", at=599))
    assert offers(given) == [("t2", "a2")]
    assert whys(given)[0].endswith("chosen over a1: a1 missed an offer lately")
    assert offers(desk.apply(ticket("t3", at=600))) == [("t3", "a1")]


def test_a_declined_ticket_goes_to_others_only() -> None:
    """Its agent gets the next ticket, never this one again."""
    desk = engine(agent("a1"), ticket("t1"))
    declined = desk.apply(Declined(at=1, ticket="t1", agent="a1"))
    assert declined == Result(offers=(), wake_at=None)
    assert offers(desk.apply(ticket("t2", at=2))) == [("t2", "a1")]
    assert offers(desk.apply(agent("a2", at=3))) == [("t1", "a2")]


def test_wake_at_is_given_only_when_a_tick_could_bring_an_offer() -> None:
    """Not when nothing waits, nor when what waits is beyond the agent who cools down."""
    desk = engine(agent("a1"), ticket("t1"))
    desk.apply(Expired(at=0, ticket="t1", agent="a1"))
    assert desk.apply(Withdrawn(at=1, ticket="t1")).wake_at is None
    assert desk.apply(ticket("other", at=2, skills={"X": 1})).wake_at is None
    assert desk.apply(ticket("t2", at=3)).wake_at == 180
    assert desk.apply(agent("a1", at=4, online=False)).wake_at is None


def test_a_requeued_ticket_keeps_its_age() -> None:
    """Taken from an agent who left, it comes before what arrived after it first did."""
    desk = engine(agent("a1"), ticket("t1"))
    desk.apply(agent("a1", at=5, online=False))
    desk.apply(ticket("t2", at=6))
    desk.apply(Requeued(at=7, ticket="t1", agent="a1"))
    assert offers(desk.apply(agent("a2", at=8))) == [("t1", "a2"), ("t2", "a2")]


def test_work_goes_on_while_its_agent_is_away() -> None:
    """Going offline frees no room; coming back with less capacity takes nothing more."""
    desk = engine(agent("a1", capacity=6), ticket("t1"))
    desk.apply(agent("a1", at=1, online=False))
    desk.apply(ticket("t2", at=2))
    assert offers(desk.apply(agent("a1", at=3, capacity=5))) == []
    assert offers(desk.apply(agent("a1", at=4, capacity=6))) == [("t2", "a1")]


def test_a_withdrawn_ticket_frees_the_room_it_held() -> None:
    """Whether it waited or was with someone, it is gone."""
    desk = engine(agent("a1", capacity=3), ticket("t1"), ticket("t2"), ticket("t3"))
    desk.apply(Withdrawn(at=1, ticket="t2"))
    assert offers(desk.apply(Withdrawn(at=2, ticket="t1"))) == [("t3", "a1")]


def test_an_agent_who_learns_is_seen_anew() -> None:
    """A skill added opens what waited for it; one taken away closes it."""
    desk = engine(agent("a1"), ticket("t1", skills={"R": 2}), ticket("t2", skills={"R": 2}))
    assert offers(desk.apply(agent("a1", at=1, skills={"R": 2}, capacity=3))) == [("t1", "a1")]
    desk.apply(agent("a1", at=2, capacity=3))
    assert offers(desk.apply(Finished(at=3, ticket="t1", agent="a1"))) == []


def test_thousands_of_different_needs_come_and_go() -> None:
    """What was needed once and forgotten is found again, by agents old and new."""
    desk = engine(agent("a1", capacity=3, skills={f"S{n}": 1 for n in range(100)}))
    for number in range(4500):
        skills = {f"S{number % 100}": 1, f"S{(number // 100 + number % 100 + 1) % 100}": 1}
        assert offers(desk.apply(ticket(f"t{number}", skills=skills))) == [(f"t{number}", "a1")]
        desk.apply(Finished(at=0, ticket=f"t{number}", agent="a1"))
    desk.apply(agent("a2", skills={"S0": 1, "S1": 1}))
    assert offers(desk.apply(ticket("again", skills={"S0": 1, "S1": 1}))) == [("again", "a2")]


@pytest.mark.parametrize(
    ("event", "error"),
    [
        (Config(at=0, tiers=("gold",)), "config comes first, and once"),
        (Tick(at=8), "time goes back: 8 after 9"),
        (ticket("t2", at=9, tier="lead"), "no such tier: 'lead'"),
        (ticket("t1", at=9), "ticket 't1' is here already"),
        (Finished(at=9, ticket="t9", agent="a1"), "no such ticket: 't9'"),
        (Finished(at=9, ticket="t1", agent="a9"), "ticket 't1' is not with agent 'a9'"),
        (Declined(at=9, ticket="t0", agent="a1"), "ticket 't0' is not with agent 'a1'"),
        (Withdrawn(at=9, ticket="t9"), "no such ticket: 't9'"),
    ],
)
def test_an_event_that_cannot_be_changes_nothing(event: Event, error: str) -> None:
    """It is refused with what is wrong, and the engine goes on as if it had not come."""
    history = (agent("a1", capacity=3), ticket("t1"), ticket("t0", at=9))
    desk = engine(*history)
    with pytest.raises(AssignmentError) as caught:
        desk.apply(event)
    assert str(caught.value) == error
    follow = Finished(at=9, ticket="t1", agent="a1")
    assert desk.apply(follow) == engine(*history).apply(follow)


def test_the_first_event_is_the_config() -> None:
    """Without tiers nothing can be placed; a tier twice is no order."""
    with pytest.raises(AssignmentError, match="config comes first"):
        Engine().apply(Tick(at=0))
    with pytest.raises(AssignmentError, match="listed twice"):
        Engine().apply(Config(at=0, tiers=("gold", "gold")))


@dataclass
class Model:
    """What an observer knows from events and offers alone."""

    agents: dict[str, AgentChanged] = field(default_factory=dict)
    waiting: dict[str, TicketWaits] = field(default_factory=dict)
    held: dict[str, tuple[str, TicketWaits]] = field(default_factory=dict)
    declined: set[tuple[str, str]] = field(default_factory=set)
    missed: dict[str, float] = field(default_factory=dict)

    def happen(self, event: Event) -> None:
        match event:
            case AgentChanged():
                self.agents[event.id] = event
            case TicketWaits():
                self.waiting[event.id] = event
            case Withdrawn():
                self.waiting.pop(event.ticket, None)
                self.held.pop(event.ticket, None)
            case Expired() | Declined() | Requeued() | Finished():
                _, spec = self.held.pop(event.ticket)
                if not isinstance(event, Finished):
                    self.waiting[event.ticket] = spec
                if isinstance(event, Declined):
                    self.declined.add((event.ticket, event.agent))
                if isinstance(event, Expired):
                    self.missed[event.agent] = event.at

    def may_take(self, name: str, spec: TicketWaits, now: float) -> bool:
        who = self.agents[name]
        mine = [held for holder, held in self.held.values() if holder == name]
        on_channel = Counter(held.channel for held in mine)[spec.channel]
        return (
            who.online
            and all(who.skills.get(skill, 0) >= level for skill, level in spec.skills.items())
            and on_channel < who.channels.get(spec.channel, 0)
            and sum(held.units for held in mine) + spec.units <= who.capacity
            and (spec.id, name) not in self.declined
            and now >= self.missed.get(name, -1e9) + 180
        )

    def check(self, given: tuple[Offer, ...], now: float) -> None:
        for offer in given:
            spec = self.waiting.pop(offer.ticket)  # waits, so it is with nobody
            assert self.may_take(offer.agent, spec, now)
            self.held[offer.ticket] = (offer.agent, spec)
        left = [
            (t, a) for t, spec in self.waiting.items() for a in self.agents if self.may_take(a, spec, now)
        ]
        assert left == []

    def could_later(self, now: float) -> float | None:
        ends = [
            self.missed[name] + 180
            for name in self.missed
            if now < self.missed[name] + 180
            and any(self.may_take(name, spec, self.missed[name] + 180) for spec in self.waiting.values())
        ]
        return min(ends, default=None)


SKILLS = st.dictionaries(st.sampled_from("GRX"), st.integers(1, 5), max_size=3)
STEPS = st.sampled_from(
    ["agent", "ticket", "ticket", "ticket", "expired", "declined", "finished", "requeued"]
)


def draw_event(data: st.DataObject, model: Model, now: float, number: int) -> Event:
    kind = data.draw(STEPS)
    if kind == "agent":
        return AgentChanged(
            at=now,
            id=data.draw(st.sampled_from(["a1", "a2", "a3", "a4"])),
            skills=data.draw(SKILLS),
            channels={"chat": data.draw(st.integers(0, 3)), "email": data.draw(st.integers(0, 3))},
            capacity=data.draw(st.integers(0, 8)),
            online=data.draw(st.booleans()),
        )
    if kind == "ticket":
        return TicketWaits(
            at=now,
            id=f"t{number}",
            skills=data.draw(SKILLS),
            tier=data.draw(st.sampled_from(["gold", "silver"])),
            channel=data.draw(st.sampled_from(["chat", "email"])),
            units=data.draw(st.integers(1, 4)),
            promise_s=data.draw(st.sampled_from([50, 300.5, 5000])),
        )
    if kind == "requeued" and model.waiting and data.draw(st.booleans()):
        return Withdrawn(at=now, ticket=data.draw(st.sampled_from(sorted(model.waiting))))
    if not model.held:
        return Tick(at=now)
    name = data.draw(st.sampled_from(sorted(model.held)))
    returned: dict[str, type[Expired | Declined | Finished | Requeued]] = {
        "expired": Expired,
        "declined": Declined,
        "finished": Finished,
        "requeued": Requeued,
    }
    return returned[kind](at=now, ticket=name, agent=model.held[name][0])


@settings(max_examples=60)
@given(st.data())
def test_whatever_happens_limits_hold_and_nothing_placeable_waits(data: st.DataObject) -> None:
    """Only agents who may take a ticket are offered it, once at a time; none that could be offered is left;
    the engine wakes exactly when time alone changes that; and the same events give the same offers."""
    model, now = Model(), 0.0
    history: list[Event] = [Config(at=0, tiers=("gold", "silver"))]
    desk = Engine()
    desk.apply(history[0])
    results = []
    for number in range(data.draw(st.integers(1, 40))):
        now += data.draw(st.sampled_from([0, 0.25, 7, 100, 400]))
        event = draw_event(data, model, now, number)
        history.append(event)
        model.happen(event)
        results.append(desk.apply(event))
        model.check(results[-1].offers, now)
        assert results[-1].wake_at == model.could_later(now)
    again = Engine()
    assert [again.apply(event) for event in history][1:] == results


def test_the_bucketed_order_is_the_plain_order() -> None:
    """Tickets leave one by one just as sorting all of them by their urgency would have it."""
    tiers = {"gold": 0, "silver": 1, "normal": 2}
    waiting = [
        ticket(
            f"t{n:03}",
            at=n * 7,
            tier=("gold", "silver", "normal")[n % 3],
            units=1,
            promise_s=(300, 1900, 5000)[n * 5 % 7 % 3],
            skills=({"G": 1}, {"R": 1}, {"G": 1, "R": 1})[n % 2 + (n % 5 == 0)],
        )
        for n in range(120)
    ]
    now = 900
    mates = [agent("b1", at=0, capacity=0), agent("b2", at=0, capacity=0, skills={"R": 1, "G": 1})]
    desk = engine(*mates, *waiting)

    def key(spec: TicketWaits) -> Key:
        age, target = now - spec.at, spec.promise_s
        due = spec.at + target * max(1, -(-age // target))
        holders = 2 if "R" in spec.skills else 3
        return urgency_key(
            due=int(due * SECOND),
            target=int(target * SECOND),
            handling=600 * SECOND,
            now=now * SECOND,
            wait=600 * SECOND // holders,
            tier=tiers[spec.tier],
            rarity=holders,
            ticket=spec.id,
        )

    given = desk.apply(agent("a1", at=now, skills={"G": 1, "R": 1}, channels={"chat": 200}, capacity=200))
    assert [offer.ticket for offer in given.offers] == [spec.id for spec in sorted(waiting, key=key)]
