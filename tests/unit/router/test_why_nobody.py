"""Why a ticket waits, agent by agent, and how long it will likely be."""

import random
from datetime import datetime, timedelta

from router.calendar import parse
from router.desk import Desk
from router.expected_wait import expected_wait
from router.pull import Seen
from router.values import Agent, Queue, Requirement
from router.why_nobody import Taken, why_nobody
from tests.bench import scenarios
from tests.unit.router.test_pull import DESK, NOW, ticket

NEEDS = (Requirement(skill="refunds", level=2),)
FULL = [Taken("general", "")] * 5
CALENDARS = {"tuesday": parse({"tz": "UTC", "weekly": {"tue": [["09:00", "17:00"]]}})}


def seen(name: str, *, missed: datetime | None = None, **rest: object) -> Seen:
    """An agent who is there and can do refunds."""
    parts = {"id": name, "name": name.title(), "presence": "online", "skills": {"refunds": 3}} | rest
    return Seen(agent=Agent(**parts), idle_since=NOW, missed_at=missed)  # type: ignore[arg-type]


def test_each_agent_has_what_keeps_them() -> None:
    """Unskilled, away, full, resting, or declined; and when the next shift begins."""
    desk = Desk(queues=DESK.queues, calendars=CALENDARS, default_queue="general")
    people = [
        seen("ann", skills={"refunds": 1}),
        seen("bob", presence="away", shift="tuesday"),
        seen("cat"),
        seen("dan", missed=NOW - timedelta(seconds=30)),
        seen("eve"),
        seen("fay", queues=("billing",)),
    ]
    found = why_nobody(ticket(skills=NEEDS, declined_by=("eve",)), desk, people, {"cat": FULL}, NOW, kind="")
    assert [(one.agent_id, one.reason, one.detail) for one in found.agents] == [
        ("ann", "unskilled", "lacks refunds 2"),
        ("bob", "away", "is away"),
        ("cat", "full", "has 5 of 5 units"),
        ("dan", "missed", "missed an offer, is asked again in 150 s"),
        ("eve", "declined", "has declined it"),
        ("fay", "unskilled", "lacks the queue general"),
    ]
    assert found.next_shift == datetime(2026, 6, 2, 9, tzinfo=NOW.tzinfo)
    assert found.text == (
        "4 could take it: 1 not there, 1 full, 1 missed an offer lately, 1 declined it; "
        "the next shift begins 2026-06-02 09:00 UTC"
    )


def test_every_limit_is_told() -> None:
    """Units that the ticket takes, tickets at once by its channel and of its queue."""
    queue = Queue(id="chats", name="Chats", units={"widget": 3}, most_each=1)
    desk = Desk(queues={"chats": queue, "other": Queue(id="other", name="Other")})
    people = [
        seen("ann"),
        seen("bob", channels={"widget": 1}, capacity=9),
        seen("cat", capacity=9),
        seen("dan"),
    ]
    taken = {
        "ann": [Taken("other", "email")] * 3,
        "bob": [Taken("other", "widget")],
        "cat": [Taken("chats", "email")],
        "dan": [Taken("other", "email")],
    }
    found = why_nobody(ticket(queue="chats"), desk, people, taken, NOW, kind="widget")
    assert [(one.agent_id, one.reason, one.detail) for one in found.agents] == [
        ("ann", "full", "has 3 of 5 units, and it takes 3"),
        ("bob", "full", "has 1 of 1 at once by widget"),
        ("cat", "full", "has 1 of 1 at once of the queue Chats"),
        ("dan", "", "is free and will be asked"),
    ]


def test_nobody_has_the_skill() -> None:
    """Then nothing but that is said."""
    desk = Desk(queues=DESK.queues)
    found = why_nobody(ticket(skills=NEEDS), desk, [seen("ann", skills={})], {}, NOW, kind="")
    assert (found.text, found.next_shift) == ("nobody has the skills it needs", None)


def test_what_is_pinned_waits_for_one() -> None:
    """Whatever they can do; the others are told apart, and who works here no more is not named."""
    desk = Desk(queues=DESK.queues, calendars=CALENDARS)
    people = [seen("ann"), seen("bob", skills={}, presence="away", shift="tuesday")]
    found = why_nobody(ticket(skills=NEEDS, pinned_to="bob"), desk, people, {}, NOW, kind="")
    assert [(one.agent_id, one.reason) for one in found.agents] == [("ann", "pinned"), ("bob", "away")]
    assert found.text == "pinned to Bob, who is away; the next shift begins 2026-06-02 09:00 UTC"
    left = why_nobody(ticket(pinned_to="eve"), desk, people, {}, NOW, kind="")
    assert left.text == "pinned to somebody who works here no more"


def test_four_of_five_wait_no_longer_than_is_said() -> None:
    """On replay of a busy desk: each ticket is told what the last 1,000 before it tell."""
    arrivals = list(scenarios.poisson(random.Random(5), 18.5, (0, 40), scenarios.general, (0, 0, 1)))
    served = scenarios.served_by(arrivals, 20)
    waits = [(one.ticket.at, one.ticket.at + one.wait) for one in served]
    told = []
    for number in range(1500, len(waits), 4):
        begun, had = waits[number]
        known = [one for one in waits[number - 1000 : number] if one[1] < begun]
        ahead = sum(one[1] > begun for one in waits[number - 300 : number])
        said = expected_wait(known, ahead)
        if ahead and said is not None:
            told.append(had - begun <= said)
    assert 0.75 <= sum(told) / len(told) <= 0.85


def test_too_little_is_known() -> None:
    """Then nothing is said."""
    assert expected_wait([(0, 10)] * 9, 0) is None
    assert expected_wait([(float(n), n + 0.5) for n in range(10)], 0) == 0.5
