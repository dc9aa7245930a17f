"""A desk simulated on a stated load: theory where it holds, and what a change would bring."""

import random
from datetime import UTC, datetime

import pytest
from msgspec.structs import replace

from router.desk import Desk
from router.queueing import mean_wait
from router.values import Agent, Policy, Queue
from router.what_if import Extra, stated, what_if

MONDAY = datetime(2026, 6, 1, tzinfo=UTC)
DESK = Desk(
    queues={"general": Queue(id="general", name="General")},
    policies={"all": Policy(id="all", name="All", first_response=5)},
    default_queue="general",
)


def people(count: int) -> list[Agent]:
    """Agents who take one ticket at a time."""
    return [Agent(id=f"a{number}", name=f"A{number}", capacity=1) for number in range(count)]


def test_a_stated_load_waits_as_erlang_c_says() -> None:
    """Ten agents at 80 %, in 100 hours; occupancy and fairness are as they must be."""
    worked = stated(DESK, MONDAY, hours=100, per_hour=48, handling=600, draw=random.Random(3).random)
    found = what_if(DESK, worked, people(10), [], 600)
    assert found.tiers[0].mean_wait / 60 == pytest.approx(mean_wait(10, 8, 10), rel=0.35)
    assert found.occupancy == pytest.approx(0.8, abs=0.05)
    assert found.fairness > 0.99
    assert (found.unserved, sum(one.tickets for one in found.tiers)) == (0, len(worked))


def test_one_more_agent_breaks_fewer_promises() -> None:
    """Also one who is there for some hours of the day only."""
    worked = stated(DESK, MONDAY, hours=48, per_hour=28, handling=600, draw=random.Random(1).random)
    now = what_if(DESK, worked, people(5), [], 600)
    noon = what_if(DESK, worked, people(5), [Extra(skills={}, begin=12, end=16)], 600)
    whole = what_if(DESK, worked, people(5), [Extra(skills={})], 600)
    assert now.breaches > noon.breaches > whole.breaches


def test_wrapping_up_takes_time_and_a_pin_keeps_nobody_waiting() -> None:
    """Two minutes after each ticket are a fifth more work of the same people."""
    worked = stated(DESK, MONDAY, hours=48, per_hour=28, handling=600, draw=random.Random(1).random)
    wraps = replace(DESK, queues={"general": Queue(id="general", name="General", wrap_up_seconds=120)})
    plain = what_if(DESK, worked, people(6), [], 600)
    pinned = [replace(one, ticket=replace(one.ticket, pinned_to="nobody")) for one in worked]
    wrapped = what_if(wraps, pinned, people(6), [], 600)
    assert (plain.unserved, wrapped.unserved) == (0, 0)
    assert wrapped.occupancy == pytest.approx(1.2 * plain.occupancy, rel=0.02)


def test_nothing_came() -> None:
    """Then nothing is told."""
    assert what_if(DESK, [], people(1), [], 600).tiers == ()
