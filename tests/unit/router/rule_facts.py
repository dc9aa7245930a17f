"""Messages and contexts for the tests of rules, each with one thing changed."""

from datetime import UTC, datetime
from typing import Any

from bus.envelope import Attachment, Event, Inbound, Message, Sender
from knowledgebase.match import Candidate, Match
from router.decision import Context, Known
from router.rules.engine import RuleSet, compile_rules
from router.rules.facts import Facts
from router.rules.form import parse
from router.rules.outcome import Outcome
from router.values import ChannelRef, Conversation, Customer, Ticket

AT = datetime(2026, 11, 21, 10, 0, tzinfo=UTC)
CUSTOMER = Customer(
    id="cus_1",
    name="Ann",
    email="ann@example.org",
    tier="gold",
    language="en",
    country="NZ",
    company="Ümlaut GmbH",
    owner="agt_1",
    attributes={"plan": "Pro", "seats": 25, "trial": False, "regions": ["EU", "NZ"]},
    tags=("VIP", "beta"),
)
TICKET = Ticket(
    id="tkt_1",
    number=42,
    conversation_id="con_1",
    customer_id="cus_1",
    channel_id="ch_1",
    created_at=AT,
    updated_at=AT,
    waiting_since=AT,
    status="waiting",
    priority="high",
    type="return",
    queue="returns",
    tags=("fragile",),
    fields={"order": "A-17", "amount": 99.5},
)
MATCH = Match(
    outcome="suggest",
    candidates=(Candidate(article_id="art_1", title="Parcels", confidence=0.6),),
    encoder="test",
)


def message(text: str = "Where is my parcel?", *, event: Event | None = None, **sender: Any) -> Inbound:
    """An inbound message of channel ch_1; `event` replaces the message whole."""
    return Inbound(
        id="msg_1",
        channel_id="ch_1",
        channel_kind="webhook",
        external_id="1",
        sender=Sender(**({"address": "u-7", "name": "Ann", "email": "ann@example.org"} | sender)),
        event=event if event is not None else Message(text=text),
        received_at=AT,
        context={"page": "/Pricing", "cart": 120, "coupon": None},
    )


def context(**changes: Any) -> Context:
    """A known customer's conversation with the bot, without a ticket; `changes` replace parts of it."""
    parts: dict[str, Any] = {
        "now": AT,
        "channel": ChannelRef(id="ch_1", kind="webhook", name="Website"),
        "conversation": Conversation(
            id="con_1", channel_id="ch_1", contact_point_id="cp_1", customer_id="cus_1"
        ),
        "customer": CUSTOMER,
        "articles": {"art_1": Known(id="art_1", title="Parcels", answer="On its way.")},
        "waiting": {"general": 3, "refunds": 12},
        "default_queue": "general",
    }
    return Context(**parts | changes)


def facts(text: str = "Where is my parcel?", **changes: Any) -> Facts:
    """The facts of a message with that text in that context."""
    return Facts(message(text), context(**changes))


def attachment() -> Attachment:
    """A small picture."""
    return Attachment(name="a.png", type="image/png", size=3, blob="00")


def rule_set(*rules: dict[str, Any]) -> RuleSet:
    """Compiled rules; ids and the stage `act` are given where a rule has none."""
    named = [{"id": f"r{number}", "stage": "act", **rule} for number, rule in enumerate(rules, 1)]
    return compile_rules(parse(named), 7)


def outcome(*rules: dict[str, Any], on: Facts | None = None) -> Outcome:
    """What the rules make of a message."""
    return rule_set(*rules).run(on or facts())


def holds(condition: dict[str, Any], on: Facts) -> bool:
    """Whether a rule with that condition applies."""
    return outcome({"if": condition, "then": [{"tag": "hit"}]}, on=on).tags == ("hit",)
