"""Pinned tickets: they wait for one agent, however long, and nobody else is offered them."""

import pytest

from router.assignment import Engine
from router.assignment_events import Declined, Event, Expired, Finished, Tick, Withdrawn
from tests.unit.router.test_assignment import agent, engine, offers, ticket, whys


def test_a_pinned_ticket_goes_to_its_agent_alone() -> None:
    """Whoever else is free; without the skill, because a person has chosen them. The offer says so."""
    desk = engine(agent("ann"), agent("bob", skills={}))
    given = desk.apply(ticket("t1", only="bob"))
    assert (offers(given), whys(given)) == ([("t1", "bob")], ["pinned to bob"])


@pytest.mark.parametrize(
    "bob",
    [agent("bob", online=False), agent("bob", capacity=2), agent("bob", channels={"email": 4})],
)
def test_it_waits_while_its_agent_can_not(bob: Event) -> None:
    """Away, full or not on its channel: it waits until that has changed, and no time brings it to others."""
    desk = engine(agent("ann"), bob)
    waits = desk.apply(ticket("t1", only="bob"))
    assert (offers(waits), waits.wake_at) == ([], None)
    assert offers(desk.apply(Tick(at=100_000))) == []
    assert offers(desk.apply(agent("bob", at=100_001))) == [("t1", "bob")]


def test_it_is_first_when_its_agent_has_room() -> None:
    """Before a better tier that waits for anybody."""
    desk = engine(agent("bob", capacity=3), ticket("t0"), ticket("t1", tier="normal", only="bob"))
    desk.apply(ticket("gold", promise_s=30))
    assert offers(desk.apply(Finished(at=30, ticket="t0", agent="bob"))) == [("t1", "bob")]


def test_an_agent_may_be_named_before_they_appear() -> None:
    """Nothing is offered to who was only named; then they come."""
    desk = engine(agent("ann"), ticket("t1", only="bob"))
    assert offers(desk.apply(ticket("t2", at=1))) == [("t2", "ann")]
    assert offers(desk.apply(agent("bob", at=2))) == [("t1", "bob")]


def test_who_declined_what_is_pinned_to_them_is_not_asked_again() -> None:
    """It waits on; pinned to another it is theirs."""
    desk = engine(agent("ann"), agent("bob"), ticket("t1", only="bob"))
    assert offers(desk.apply(Declined(at=1, ticket="t1", agent="bob"))) == []
    assert offers(desk.apply(Tick(at=10_000))) == []
    desk.apply(Withdrawn(at=10_001, ticket="t1"))
    assert offers(desk.apply(ticket("t1", at=10_001, only="ann", declined=("bob",)))) == [("t1", "ann")]


def test_who_missed_it_is_asked_again_after_the_cool_down() -> None:
    """`wake_at` says when."""
    desk = engine(agent("ann"), agent("bob"), ticket("t1", only="bob"))
    missed = desk.apply(Expired(at=60, ticket="t1", agent="bob"))
    assert (offers(missed), missed.wake_at) == ([], 240)
    assert offers(desk.apply(Tick(at=240))) == [("t1", "bob")]


def test_a_withdrawn_one_leaves_nothing_behind() -> None:
    """Its agent is then like any other."""
    desk: Engine = engine(agent("bob", online=False), ticket("t1", only="bob"), Withdrawn(at=1, ticket="t1"))
    assert offers(desk.apply(agent("bob", at=2))) == []
    assert offers(desk.apply(ticket("t2", at=3))) == [("t2", "bob")]
