"""A decision is a function of its inputs: the same again, also from what is stored."""

from typing import Any

import msgspec
import pytest
from msgspec.structs import replace

from bus.envelope import Action
from router.decision import Context, Decision
from tests.unit.router.deciding import ANSWERED, OFFERED, WITH_BOT, decided, in_context, matched, with_ticket
from tests.unit.router.rule_facts import CUSTOMER, TICKET

RULES: tuple[dict[str, Any], ...] = (
    {"stage": "enrich", "then": [{"set": "fields.seen", "to": "yes"}, {"tag": "seen"}]},
    {"stage": "route", "if": {"field": "text", "op": "contains_any", "value": ["refund"]},
     "then": [{"set": "queue", "to": "refunds"}, {"require": {"skill": "billing", "level": 2}}]},
    {"then": [{"reply": "Dear {{ customer.name }}"}, {"notify": ["leads", "night"]}]},
)  # fmt: skip
CASES: tuple[tuple[str | Action, Context], ...] = (
    ("refund", in_context()),
    ("Where is my parcel?", in_context(match=matched("answer", "art_1"))),
    ("parcel money", in_context(match=matched("suggest", "art_1", "art_2"))),
    (Action(value="article:art_2"), in_context(OFFERED)),
    ("thanks", in_context(ANSWERED)),
    ("refund", with_ticket(replace(TICKET, status="resolved"))),
    ("我的包裹坏了", in_context(replace(WITH_BOT, language=""), customer=replace(CUSTOMER, language=""))),
)


@pytest.mark.parametrize(("said", "before"), CASES)
def test_the_same_inputs_give_the_same_bytes(said: str | Action, before: Context) -> None:
    """Also with rules compiled anew."""
    once, again = (msgspec.msgpack.encode(decided(said, before, *RULES)) for _ in range(2))
    assert once == again


@pytest.mark.parametrize(("said", "before"), CASES)
def test_a_stored_context_gives_the_same_decision_again(said: str | Action, before: Context) -> None:
    """Context and decision survive MessagePack, and what is decided from the copy is what was stored."""
    made = decided(said, before, *RULES)
    stored = msgspec.msgpack.encode(before), msgspec.msgpack.encode(made)
    copy = msgspec.msgpack.decode(stored[0], type=Context)
    assert copy == before
    assert msgspec.msgpack.encode(decided(said, copy, *RULES)) == stored[1]
    assert msgspec.msgpack.decode(stored[1], type=Decision) == made
