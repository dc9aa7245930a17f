"""What rules about tickets and time do to a ticket, and what of it is told."""

from typing import Any

import msgspec
import pytest

from router.decide_ticket import about_ticket, decide_ticket
from router.decision import (
    CallWebhook,
    CloseTicket,
    Context,
    Decision,
    EditTicket,
    Effect,
    Notify,
    Reply,
    Snooze,
)
from router.rules.facts import Facts
from tests.unit.router.rule_facts import TICKET, context, rule_set

TIME = {"events": ["time"]}


def timed(*then: dict[str, Any], **more: Any) -> dict[str, Any]:
    """A rule of time."""
    return {"then": list(then), **TIME, **more}


def before(**changes: Any) -> Context:
    """The ticket as time passes."""
    return context(**{"ticket": TICKET, "event": "time", "actor": "clock"} | changes)


def decided(seen: Context, *rules: dict[str, Any]) -> Decision:
    """What the rules make of it."""
    return decide_ticket(about_ticket(seen, TICKET, "msg_1", "Where is it?"), seen, rule_set(*rules))


@pytest.mark.parametrize(
    ("then", "effect"),
    [
        ({"set": "priority", "to": "urgent"}, EditTicket(priority="urgent")),
        ({"set": "queue", "to": "leads"}, EditTicket(queue="leads")),
        ({"policy": "fast"}, EditTicket(policy="fast")),
        ({"tag": "late"}, EditTicket(tags=("late",))),
        ({"set": "fields.late", "to": "yes"}, EditTicket(fields={"late": "yes"})),
        ({"snooze": "2h"}, Snooze(minutes=120)),
        ({"spam": True}, CloseTicket(reason="spam")),
        ({"discard": "stale"}, CloseTicket(reason="stale")),
        ({"reply": "Still on it, #{{ ticket.number }}."}, Reply(text="Still on it, #42.", author="system")),
        ({"notify": "leads"}, Notify(to="leads")),
        ({"webhook": "https://example.org/"}, CallWebhook(to="https://example.org/")),
    ],
)
def test_what_a_rule_does_is_an_effect(then: dict[str, Any], effect: Effect) -> None:
    """Each of its kind."""
    stage = {"policy": "sla", "discard": "act"}.get(next(iter(then)), "act")
    assert decided(before(), timed(then, stage=stage)).effects == (effect,)


def test_what_the_ticket_has_already_is_no_change() -> None:
    """The rule has fired all the same."""
    decision = decided(before(), timed({"set": "priority", "to": "high"}, {"tag": "fragile"}))
    assert (decision.effects, [hit.rule_id for hit in decision.hits]) == ((), ["r1"])


def test_only_rules_of_its_event_speak_and_none_that_is_spent() -> None:
    """A spent one holds, ends its stage, and is told as such."""
    rules = rule_set(
        timed({"set": "queue", "to": "a"}, stage="route"),
        timed({"set": "queue", "to": "b"}, stage="route"),
        {"then": [{"tag": "of messages"}]},
    )
    seen = before(spent=("r1",))
    given = about_ticket(seen, TICKET, "", "")
    steps = rules.on("time").explain(Facts(given, seen), frozenset(seen.spent))
    assert decide_ticket(given, seen, rules).effects == ()
    assert [(one.rule_id, one.state) for one in steps if one.stage == "route"] == [
        ("r1", "spent"),
        ("r2", "not_reached"),
        ("default", "not_reached"),
    ]


def test_a_stored_context_gives_the_same_decision_again() -> None:
    """Byte for byte, after it was written and read."""
    seen = before(before=TICKET, spent=("r2",))
    rules = (timed({"tag": "late"}, {"notify": ["leads"]}), timed({"set": "type", "to": "old"}))
    copy = msgspec.msgpack.decode(msgspec.msgpack.encode(seen), type=Context)
    once, again = (msgspec.msgpack.encode(decided(one, *rules)) for one in (seen, copy))
    assert once == again


def test_a_condition_that_raises_neither_holds_nor_stops_the_others() -> None:
    """Which rule it was is told, with what it said."""
    rules = rule_set(timed({"tag": "a"}), timed({"tag": "b"})).on("time")
    rules._compiled[0].test = raises
    seen = before()
    holding = rules.holding(Facts(about_ticket(seen, TICKET, "", ""), seen))
    assert holding.rules == {"r2"}
    assert [(hit.rule_id, hit.error) for hit in holding.failed] == [("r1", "RuntimeError: broken")]


def raises(values: object) -> bool:
    """A comparison with a fault of its own."""
    raise RuntimeError("broken")
