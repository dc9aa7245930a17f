"""Holds, steps, reserves, fairness, limits of queues, and a desk whose state is told before it begins."""

from typing import Any

import pytest

from router.assignment import Engine
from router.assignment_events import (
    Alert,
    AssignmentError,
    Config,
    Declined,
    Event,
    Expired,
    Fairness,
    Finished,
    Hold,
    Requeued,
    Step,
    Taken,
    Tick,
    Withdrawn,
)
from tests.unit.router.test_assignment import agent, engine, offers, ticket, whys

OWNER = Hold(agent="ann", seconds=60, why="kept for the customer's owner")
BOB = Hold(agent="bob", seconds=30)
STEPS = (Step(after_s=60, skills={"G": 2}), Step(after_s=120, skills={}))


def configured(*events: Event, **settings: Any) -> Engine:
    desk = Engine()
    for event in (Config(at=0, tiers=("gold", "silver", "normal"), **settings), *events):
        desk.apply(event)
    return desk


def test_a_held_ticket_goes_to_its_agent_before_all() -> None:
    """However busy they are, while they have room; the offer says why."""
    desk = engine(agent("ann"), agent("bob"), Taken(at=0, ticket="x", agent="ann", channel="chat", units=3))
    given = desk.apply(ticket("t1", holds=(OWNER, BOB)))
    assert (offers(given), whys(given)) == ([("t1", "ann")], ["kept for the customer's owner"])


def test_a_hold_is_bounded_and_the_next_one_follows() -> None:
    """Ann is full: kept for her for 60 s, then for Bob, who is full too, for 30; then anybody's."""
    desk = engine(agent("ann", capacity=3), agent("bob", capacity=3), ticket("a"), ticket("b"), agent("cat"))
    waits = desk.apply(ticket("t1", at=10, holds=(OWNER, BOB)))
    assert (offers(waits), waits.wake_at) == ([], 70)
    assert desk.apply(Tick(at=70)).wake_at == 100
    assert offers(desk.apply(Tick(at=100))) == [("t1", "cat")]


def test_who_it_is_kept_for_gets_it_when_they_have_room() -> None:
    """Before what waits for anybody, however urgent."""
    desk = engine(agent("ann", capacity=3), ticket("a"), ticket("t1", at=5, tier="normal", holds=(OWNER,)))
    desk.apply(ticket("gold", at=6, promise_s=30))
    assert offers(desk.apply(Finished(at=30, ticket="a", agent="ann"))) == [("t1", "ann")]


@pytest.mark.parametrize(
    "gone",
    [
        agent("ann", at=20, online=False),
        agent("ann", at=20, skills={}),
        Expired(at=20, ticket="a", agent="ann"),
    ],
)
def test_nothing_is_kept_for_who_could_not_take_it(gone: Event) -> None:
    """Who goes, unlearns or misses an offer lets go of what was kept for them."""
    desk = engine(agent("ann", capacity=3), ticket("a"), ticket("t1", holds=(OWNER,)))
    desk.apply(agent("bob", at=1))
    assert ("t1", "bob") in offers(desk.apply(gone))


def test_nothing_is_kept_for_the_absent_nor_for_who_declined() -> None:
    """The first hold that can be kept counts."""
    desk = engine(agent("ann", online=False), agent("bob"), agent("cat"))
    assert offers(desk.apply(ticket("t1", holds=(OWNER, BOB)))) == [("t1", "bob")]
    assert offers(desk.apply(Declined(at=1, ticket="t1", agent="bob"))) == [("t1", "cat")]


def test_a_step_widens_who_may_take_it() -> None:
    """Level 4, after a minute level 2, after two anybody."""
    desk = engine(agent("expert", skills={"G": 5}, capacity=0), agent("good"), agent("new", skills={"G": 1}))
    waits = desk.apply(ticket("t1", skills={"G": 4}, steps=STEPS))
    assert (offers(waits), waits.wake_at) == ([], 60)
    assert offers(desk.apply(Tick(at=59))) == []
    assert offers(desk.apply(Tick(at=60))) == [("t1", "good")]


def test_a_step_that_nobody_present_could_serve_is_skipped() -> None:
    """Nobody there has level 4: who has 2 is asked at once; when they go, anybody."""
    desk = engine(agent("good", capacity=3), agent("new", skills={"G": 1}))
    assert offers(desk.apply(ticket("t1", skills={"G": 4}, steps=STEPS))) == [("t1", "good")]
    assert offers(desk.apply(ticket("t2", skills={"G": 4}, steps=STEPS))) == []
    assert offers(desk.apply(agent("good", at=1, online=False))) == [("t2", "new")]


def test_a_step_that_alerts_is_said_when_it_is_reached_early() -> None:
    """By the number of the step; not where nobody could serve that one either, and not in its own time."""
    steps = (Step(after_s=60, skills={"G": 2}, alert=True), Step(after_s=120, skills={}, alert=True))
    desk = engine(agent("new", skills={}))
    skipped = desk.apply(ticket("t1", skills={"G": 4}, steps=steps))
    assert (offers(skipped), skipped.alerts) == ([("t1", "new")], (Alert(ticket="t1", step=2),))
    assert engine().apply(ticket("t1", skills={"G": 4}, steps=steps)).alerts == ()
    slow = engine(agent("expert", skills={"G": 5}, capacity=0), agent("good", skills={"G": 2}, capacity=0))
    assert slow.apply(ticket("t1", skills={"G": 4}, steps=steps)).alerts == ()
    assert slow.apply(Tick(at=60)).alerts == ()


def test_whom_a_ticket_waited_for_first_may_still_take_it() -> None:
    """A step adds, it takes nobody's place."""
    desk = engine(agent("expert", skills={"G": 5}, capacity=3), ticket("a"))
    desk.apply(ticket("t1", skills={"G": 4}, steps=STEPS))
    desk.apply(Tick(at=130))
    assert offers(desk.apply(Finished(at=131, ticket="a", agent="expert"))) == [("t1", "expert")]


def test_a_reserve_keeps_the_last_specialists() -> None:
    """Of two who know refunds one is kept for them, until more than one has room."""
    both = {"G": 3, "R": 3}
    desk = configured(agent("r1", skills=both), agent("r2", skills=both, capacity=3), reserve={"R": 1})
    assert offers(desk.apply(ticket("t1"))) == [("t1", "r1")]
    assert offers(desk.apply(ticket("t2"))) == [("t2", "r2")]
    assert offers(desk.apply(ticket("t3"))) == []
    assert offers(desk.apply(ticket("refund", skills={"R": 1}))) == [("refund", "r1")]
    assert offers(desk.apply(Finished(at=3, ticket="t2", agent="r2"))) == [("t3", "r2")]


def test_nobody_is_offered_more_than_is_fair() -> None:
    """Two in a minute; the third waits until the first is a minute old, and the engine says so."""
    desk = configured(agent("a1"), fairness=Fairness(most=2, seconds=60))
    desk.apply(ticket("t1", at=1))
    desk.apply(ticket("t2", at=5))
    waits = desk.apply(ticket("t3", at=9))
    assert (offers(waits), waits.wake_at) == ([], 61)
    assert offers(desk.apply(Tick(at=61))) == [("t3", "a1")]


def test_a_queue_has_a_limit_for_each_agent() -> None:
    """One of billing at once; other queues have their own room."""
    desk = engine(agent("a1", queues={"billing": 1}))
    assert offers(desk.apply(ticket("t1", queue="billing"))) == [("t1", "a1")]
    assert offers(desk.apply(ticket("t2", queue="billing"))) == []
    assert offers(desk.apply(ticket("t3", queue="sales"))) == [("t3", "a1")]
    assert offers(desk.apply(Finished(at=1, ticket="t1", agent="a1"))) == [("t2", "a1")]


def test_cool_down_and_last_choice_are_settings() -> None:
    """Ten seconds and twenty."""
    desk = configured(agent("a1"), ticket("t1"), cool_down_s=10, last_choice_s=20)
    assert desk.apply(Expired(at=0, ticket="t1", agent="a1")).wake_at == 10
    assert offers(desk.apply(Tick(at=10))) == [("t1", "a1")]
    desk.apply(agent("a2", at=11))
    assert offers(desk.apply(ticket("t2", at=19))) == [("t2", "a2")]
    assert offers(desk.apply(ticket("t3", at=20, skills={"G": 3}, units=1))) == [("t3", "a1")]


def test_a_desk_is_told_whole_before_the_first_offer() -> None:
    """Ages, promises, who holds what and who missed an offer are as they were."""
    desk = configured(handled_s=0, handled=20)
    for event in (
        ticket("young", at=1000, since=900, quiet=True),
        ticket("old", at=1000, since=100, promise_s=1200, quiet=True),
        ticket("promised", at=1000, since=990, promise_at=1001, quiet=True),
        agent("busy", at=1000, idle_since=10, quiet=True),
        agent("missed", at=1000, missed_at=900, quiet=True),
        agent("idle", at=1000, idle_since=500, capacity=6, quiet=True),
        Taken(at=1000, ticket="held", agent="busy", channel="chat", units=12, since=400, quiet=True),
    ):
        assert offers(desk.apply(event)) == []
    given = desk.apply(Tick(at=1000))
    assert (offers(given), given.wake_at) == ([("promised", "idle"), ("young", "idle")], 1080)
    assert offers(desk.apply(Finished(at=1001, ticket="held", agent="busy"))) == [("old", "busy")]


def test_what_was_taken_by_hand_takes_room_beyond_any_limit() -> None:
    """Also what waited; nothing more is offered until there is room again."""
    desk = engine(agent("a1", capacity=3), ticket("t1"), ticket("t2"))
    desk.apply(Taken(at=1, ticket="t2", agent="a1"))
    desk.apply(ticket("t3", at=2))
    assert offers(desk.apply(Finished(at=3, ticket="t1", agent="a1"))) == []
    assert offers(desk.apply(Requeued(at=4, ticket="t2", agent="a1"))) == [("t2", "a1")]


@pytest.mark.parametrize(
    ("event", "error"),
    [
        (Taken(at=0, ticket="t1", agent="a1"), "ticket 't1' is with agent 'a1'"),
        (Taken(at=0, ticket="t9", agent="a9"), "no such agent: 'a9'"),
        (Requeued(at=0, ticket="mail", agent="a1"), "what ticket 'mail' needs was never told"),
        (ticket("t2", since=1), "since is in the future"),
        (agent("a2", idle_since=1), "idle_since is in the future"),
        (agent("a2", missed_at=1), "missed_at is in the future"),
    ],
)
def test_what_cannot_be_is_refused(event: Event, error: str) -> None:
    """With what is wrong; nothing has changed."""
    desk = engine(agent("a1"), ticket("t1"), Taken(at=0, ticket="mail", agent="a1"))
    with pytest.raises(AssignmentError) as caught:
        desk.apply(event)
    assert str(caught.value) == error
    assert offers(desk.apply(Withdrawn(at=0, ticket="mail"))) == []
