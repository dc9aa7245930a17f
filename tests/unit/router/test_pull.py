"""Who is offered what, from agents and tickets as they are stored."""

from datetime import UTC, datetime, timedelta
from typing import Any

from router.desk import Desk
from router.pull import Room, offers
from router.sla import start
from router.values import Agent, Queue, Requirement, Ticket, Tier

NOW = datetime(2026, 6, 1, 12, tzinfo=UTC)
DESK = Desk(
    queues={one: Queue(id=one, name=one) for one in ("general", "billing")},
    tiers={
        "gold": Tier(id="gold", name="Gold", order=0),
        "silver": Tier(id="silver", name="Silver", order=1),
    },
    default_queue="general",
)


def ago(minutes: float) -> datetime:
    """So many minutes before now."""
    return NOW - timedelta(minutes=minutes)


def ticket(name: str, minutes: float = 10, **rest: Any) -> Ticket:
    """A ticket that has waited for so many minutes."""
    since = ago(minutes)
    parts: dict[str, Any] = {
        "id": name,
        "number": 1,
        "conversation_id": f"con_{name}",
        "customer_id": "cus_1",
        "channel_id": "ch_1",
        "created_at": since,
        "updated_at": since,
        "waiting_since": since,
        "queue": "general",
    }
    return Ticket(**parts | rest)


def room(name: str, *, held: int = 0, idle: float = 30, **rest: Any) -> Room:
    """An agent who is online, with tickets in hand, and nothing new for so many minutes."""
    return Room(agent=Agent(**{"id": name, "name": name} | rest), held=held, idle_since=ago(idle))


def offered(rooms: list[Room], tickets: list[Ticket], desk: Desk = DESK) -> dict[str, str]:
    """Whom each ticket is offered to, in the order in which they are offered."""
    return {offer.ticket: offer.agent for offer in offers(desk, rooms, tickets, NOW)}


def test_with_nobody_online_nothing_is_offered() -> None:
    """The tickets wait."""
    assert offered([], [ticket("t1")]) == {}


def test_with_nothing_waiting_nothing_is_offered() -> None:
    """The agents wait."""
    assert offered([room("a1")], []) == {}


def test_the_best_tier_goes_first_then_the_oldest() -> None:
    """Whatever the order they are read in; a tier that nobody defined comes after all others."""
    waiting = [
        ticket("none-old", 300),
        ticket("silver", 20, tier="silver"),
        ticket("gold-new", 1, tier="gold"),
        ticket("unknown", 400, tier="platinum"),
        ticket("gold-old", 5, tier="gold"),
    ]
    one_each = [room("a1", capacity=3)]
    assert list(offered(one_each, waiting)) == ["gold-old", "gold-new", "silver"]
    assert list(offered([room("a1", capacity=9)], waiting)) == [
        "gold-old",
        "gold-new",
        "silver",
        "unknown",
        "none-old",
    ]


def test_tickets_of_one_instant_go_in_the_order_of_their_ids() -> None:
    """So that the same desk gives the same offers."""
    assert list(offered([room("a1")], [ticket("t2"), ticket("t1")])) == ["t1", "t2"]


def test_a_ticket_goes_to_an_agent_with_its_skills_at_their_levels() -> None:
    """A level too low is not enough, and one skill of two is not either."""
    needs = (Requirement(skill="chinese", level=3), Requirement(skill="billing"))
    rooms = [
        room("low", skills={"chinese": 2, "billing": 5}, idle=90),
        room("half", skills={"chinese": 5}, idle=90),
        room("fit", skills={"chinese": 3, "billing": 1}),
    ]
    assert offered(rooms, [ticket("t1", skills=needs)]) == {"t1": "fit"}
    assert offered(rooms[:2], [ticket("t1", skills=needs)]) == {}


def test_a_ticket_that_nobody_can_take_holds_up_no_other() -> None:
    """Not even one of a better tier."""
    hard = ticket("hard", 90, tier="gold", skills=(Requirement(skill="chinese"),))
    assert offered([room("a1")], [hard, ticket("easy")]) == {"easy": "a1"}


def test_an_agent_gets_no_more_than_fits() -> None:
    """What they hold counts; the best tickets are those that fit."""
    waiting = [ticket("t1", 30), ticket("t2", 20), ticket("t3", 10)]
    assert offered([room("a1", held=3, capacity=5)], waiting) == {"t1": "a1", "t2": "a1"}
    assert offered([room("a1", held=5, capacity=5)], waiting) == {}
    assert offered([room("a1", held=7, capacity=5)], waiting) == {}


def test_the_least_busy_comes_first_then_the_longest_idle() -> None:
    """For their capacity, with what they hold already."""
    rooms = [room("busy", held=4, capacity=5, idle=600), room("free", held=1, capacity=5, idle=1)]
    assert offered(rooms, [ticket("t1")]) == {"t1": "free"}
    rooms = [room("short", idle=1), room("long", idle=60), room("middle", idle=30)]
    assert offered(rooms, [ticket("t1", 9), ticket("t2", 8), ticket("t3", 7)]) == {
        "t1": "long",
        "t2": "middle",
        "t3": "short",
    }


def test_queues_are_served_by_their_members() -> None:
    """An agent named for some queues serves those; one who is named for none serves all."""
    waiting = [ticket("t1", 30, queue="billing"), ticket("t2", 20, queue="general")]
    assert offered([room("a1", queues=("general",))], waiting) == {"t2": "a1"}
    assert offered([room("a1")], waiting) == {"t1": "a1", "t2": "a1"}


def test_a_queue_that_is_gone_asks_for_no_membership() -> None:
    """Its tickets are not lost."""
    assert offered([room("a1", queues=("billing",))], [ticket("t1", queue="gone")]) == {"t1": "a1"}


def test_whoever_declined_a_ticket_is_spared_it() -> None:
    """It goes to the next, or waits; other tickets reach them as before."""
    waiting = [ticket("t1", 30, declined_by=("a1",)), ticket("t2", 20)]
    assert offered([room("a1", idle=90), room("a2")], waiting) == {"t1": "a2", "t2": "a1"}
    assert offered([room("a1")], waiting) == {"t2": "a1"}
    both = [ticket("t1", declined_by=("a1", "a2"))]
    assert offered([room("a1"), room("a2")], both) == {}


def test_declining_costs_nobody_their_turn() -> None:
    """A ticket that was declined earlier and still waits does not make its refuser look busy just now."""
    waiting = [ticket("t1", 30, declined_by=("a1", "a2")), ticket("t2", 20)]
    assert offered([room("a2", idle=90), room("a1", idle=60)], waiting) == {"t2": "a2"}


def test_a_promise_of_no_time_is_still_a_ticket() -> None:
    """A policy may promise an answer at once; the clock of the first response is what the engine is told."""
    clock = start(metric="first_response", at=ago(10), target_s=0)
    assert offered([room("a1")], [ticket("t1", clocks={"first_response": clock})]) == {"t1": "a1"}


def test_each_offer_says_why() -> None:
    """In words that an agent can read."""
    waiting = [ticket("t1", 11.5, tier="gold"), ticket("t2", 3)]
    rooms = [room("a1"), room("a2", held=2), room("a3", capacity=0)]
    assert [offer.why for offer in offers(DESK, rooms, waiting, NOW)] == [
        "tier Gold, waiting 11 min; chosen over a2: less busy (0% against 40%)",
        "no tier, waiting 3 min; chosen over a2: less busy (20% against 40%)",
    ]
    assert [offer.why for offer in offers(DESK, rooms[:1], waiting[:1], NOW)] == [
        "tier Gold, waiting 11 min; the only agent free to take it"
    ]


def test_the_order_of_what_is_read_does_not_matter() -> None:
    """The same agents and tickets, the other way round, give the same offers."""
    rooms = [room(f"a{number}", idle=number, capacity=2) for number in range(5)]
    waiting = [
        ticket(f"t{number}", number % 3, tier=("gold", "", "silver")[number % 3]) for number in range(12)
    ]
    assert offers(DESK, rooms, waiting, NOW) == offers(DESK, rooms[::-1], waiting[::-1], NOW)
