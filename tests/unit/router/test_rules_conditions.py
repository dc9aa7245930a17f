"""Conditions: each field with its operators, and how conditions combine."""

from typing import Any

import pytest
from msgspec.structs import replace

from bus.envelope import Action, Delete, Edit, Message, Typing
from router.rules.facts import Facts
from tests.unit.router.rule_facts import CUSTOMER, MATCH, TICKET, attachment, context, facts, holds, message

ASKED = "Where is my PARCEL?\nOrder 12345,  I want a ｒefund. 我要退款"

CASES: list[tuple[str, str, str, Any, bool]] = [
    ("id", "channel", "is", "ch_1", True),
    ("ids compare exactly", "channel", "is", "CH_1", False),
    ("is_not", "channel", "is_not", "ch_1", False),
    ("in", "channel", "in", ["ch_0", "ch_1"], True),
    ("not_in", "channel", "not_in", ["ch_0", "ch_1"], False),
    ("kind of channel", "channel.kind", "is", "webhook", True),
    ("name of channel", "channel.name", "contains", "website", True),
    ("kind", "kind", "is", "message", True),
    ("one of several kinds", "kind", "in", ["edit", "action"], False),
    ("a word", "text", "contains", "parcel", True),
    ("half a word", "text", "contains", "parc", False),
    ("full width", "text", "contains", "refund", True),
    ("white space", "text", "contains", "parcel? order", True),
    ("Chinese", "text", "contains", "退款", True),
    ("not_contains", "text", "not_contains", "invoice", True),
    ("not_contains what is there", "text", "not_contains", "order", False),
    ("any of", "text", "contains_any", ["invoice", "refund"], True),
    ("none of", "text", "contains_any", ["invoice", "发票"], False),
    ("all of", "text", "contains_all", ["refund", "退款"], True),
    ("not all of", "text", "contains_all", ["refund", "invoice"], False),
    ("start", "text", "starts_with", "WHERE is", True),
    ("end", "text", "ends_with", "退款", True),
    ("not the start", "text", "starts_with", "order", False),
    ("pattern", "text", "matches", r"order\s+\d{5}\b", True),
    ("pattern with lines", "text", "matches", r"(?m)^order", True),
    ("pattern with full width", "text", "matches", "a refund", True),
    ("pattern that fails", "text", "matches", r"\d{6}", False),
    ("the whole text", "text", "is", ASKED.lower(), True),
    ("no subject", "subject", "exists", None, False),
    ("no subject, said the other way", "subject", "not_exists", None, True),
    ("address", "sender.address", "is", "u-7", True),
    ("name", "sender.name", "is", "ann", True),
    ("e-mail", "sender.email", "ends_with", "@example.org", True),
    ("domain", "sender.domain", "in", ["example.com", "example.org"], True),
    ("attachments", "attachments", "is", 0, True),
    ("more attachments", "attachments", "greater", 0, False),
    ("context", "context.page", "starts_with", "/pricing", True),
    ("a number in the context", "context.cart", "at_least", 120, True),
    ("a number is not a text", "context.cart", "is", "120", False),
    ("a number among several", "context.cart", "in", ["x", 120], True),
    ("null is absent", "context.coupon", "exists", None, False),
    ("absent", "context.nothing", "not_exists", None, True),
    ("absent is never greater", "context.nothing", "less", 5, False),
    ("absent is not a value", "context.nothing", "is_not", "x", True),
    ("tier of the customer", "customer.tier", "is", "Gold", True),
    ("tags of the customer", "customer.tags", "contains", "vip", True),
    ("a tag is whole", "customer.tags", "contains", "vi", False),
    ("any tag", "customer.tags", "contains_any", ["x", "beta"], True),
    ("all tags", "customer.tags", "contains_all", ["vip", "x"], False),
    ("customer's language", "customer.language", "is", "en", True),
    ("country", "customer.country", "in", ["AU", "NZ"], True),
    ("company", "customer.company", "contains", "ümlaut", True),
    ("owner", "customer.owner", "is", "agt_1", True),
    ("customer's e-mail", "customer.email", "is", "ann@example.org", True),
    ("customer's name", "customer.name", "is", "Ann", True),
    ("attribute", "customer.attributes.plan", "is", "pro", True),
    ("attribute as a phrase", "customer.attributes.plan", "contains", "pro", True),
    ("number attribute", "customer.attributes.seats", "greater", 20, True),
    ("yes or no", "customer.attributes.trial", "is", False, True),
    ("no is not zero", "customer.attributes.trial", "is", 0, False),
    ("no is there", "customer.attributes.trial", "exists", None, True),
    ("a list attribute", "customer.attributes.regions", "contains", "eu", True),
    ("a list is not its text", "customer.attributes.regions", "is", "eu", False),
    ("with the bot", "conversation.with", "is", "bot", True),
    ("no ticket", "ticket.status", "exists", None, False),
    ("no ticket's queue", "ticket.queue", "is_not", "refunds", True),
    ("no ticket's fields", "ticket.fields.order", "exists", None, False),
    ("language by script", "language", "is", "en", True),
    ("tier", "tier", "is", "gold", True),
    ("priority", "priority", "is", "normal", True),
    ("priority by rank", "priority", "at_least", "high", False),
    ("lower priority", "priority", "less", "high", True),
    ("no type", "type", "exists", None, False),
    ("queue", "queue", "is", "general", True),
    ("waiting in the queue", "queue_waiting", "is", 3, True),
    ("no tags", "tags", "exists", None, False),
    ("no field", "fields.order", "exists", None, False),
    ("no match", "match.outcome", "exists", None, False),
]


@pytest.mark.parametrize(
    ("label", "field", "op", "value", "expected"), CASES, ids=[case[0] for case in CASES]
)
def test_a_field_compares(label: str, field: str, op: str, value: Any, expected: bool) -> None:
    """Each operator says of each kind of field what a reader of the rule would expect."""
    assert holds({"field": field, "op": op, "value": value}, facts(ASKED)) is expected, label


WITH_TICKET: list[tuple[str, str, Any, bool]] = [
    ("ticket.status", "is", "waiting", True),
    ("ticket.priority", "greater", "normal", True),
    ("ticket.type", "is", "return", True),
    ("ticket.queue", "is", "returns", True),
    ("ticket.tags", "contains", "fragile", True),
    ("ticket.fields.order", "is", "a-17", True),
    ("ticket.fields.amount", "less", 100, True),
    ("priority", "is", "high", True),
    ("type", "is", "return", True),
    ("queue", "is", "returns", True),
    ("queue_waiting", "is", 0, True),
    ("tags", "contains", "fragile", True),
    ("fields.order", "starts_with", "A-", True),
    ("tier", "is", "gold", True),
    ("match.outcome", "is", "suggest", True),
    ("match.confidence", "at_least", 0.6, True),
    ("match.article", "is", "art_1", True),
]


@pytest.mark.parametrize(("field", "op", "value", "expected"), WITH_TICKET)
def test_a_ticket_and_a_match_are_seen(field: str, op: str, value: Any, expected: bool) -> None:
    """With a ticket, what can be set starts as the ticket has it; a match shows its best candidate."""
    assert holds({"field": field, "op": op, "value": value}, facts(ticket=TICKET, match=MATCH)) is expected


EVENTS: list[tuple[str, Any, dict[str, Any], bool]] = [
    (
        "an edit's text",
        Edit(target="1", text="refund"),
        {"field": "text", "op": "is", "value": "refund"},
        True,
    ),
    ("a button's label", Action(value="b1", text="Yes"), {"field": "text", "op": "is", "value": "yes"}, True),
    ("a button's value", Action(value="b1"), {"field": "text", "op": "is", "value": "b1"}, True),
    ("typing has no text", Typing(), {"field": "text", "op": "not_exists"}, True),
    ("a deletion", Delete(target="1"), {"field": "kind", "op": "is", "value": "delete"}, True),
    (
        "a subject",
        Message(text="", subject="Re: Hi"),
        {"field": "subject", "op": "contains", "value": "hi"},
        True,
    ),
    (
        "attachments",
        Message(text="", attachments=(attachment(),)),
        {"field": "attachments", "op": "greater", "value": 0},
        True,
    ),
    (
        "a language said",
        Message(text="ok", language="fr"),
        {"field": "language", "op": "is", "value": "fr"},
        True,
    ),
    ("no text in an index", Typing(), {"field": "text", "op": "contains", "value": "a"}, False),
]


@pytest.mark.parametrize(("label", "event", "condition", "expected"), EVENTS)
def test_every_kind_of_event_has_the_fields(
    label: str, event: Any, condition: dict[str, Any], expected: bool
) -> None:
    """What an event does not have is absent."""
    assert holds(condition, Facts(message(event=event), context())) is expected, label


def test_the_language_is_told_by_script_where_nobody_said_it() -> None:
    """A stranger's first Chinese words are Chinese."""
    stranger = replace(CUSTOMER, language="")
    assert facts("你好,我要退款", customer=stranger).language == "zh"


YES = {"field": "channel", "op": "is", "value": "ch_1"}
NO = {"field": "channel", "op": "is", "value": "ch_2"}
WORD = {"field": "text", "op": "contains", "value": "parcel"}
OTHER = {"field": "text", "op": "contains", "value": "invoice"}

COMBINED: list[tuple[str, dict[str, Any], bool]] = [
    ("all", {"all": [YES, WORD]}, True),
    ("not all", {"all": [WORD, NO]}, False),
    ("any", {"any": [NO, WORD]}, True),
    ("none", {"any": [NO, OTHER]}, False),
    ("not", {"not": NO}, True),
    ("not what holds", {"not": {"any": [NO, WORD]}}, False),
    ("four deep", {"all": [{"any": [{"not": {"all": [YES, OTHER]}}, NO]}, WORD]}, True),
    ("any of a phrase and a negation", {"any": [OTHER, {"not": NO}]}, True),
    ("CEL among others", {"all": [WORD, {"cel": "customer.tier == 'gold'"}]}, True),
]


@pytest.mark.parametrize(("label", "condition", "expected"), COMBINED)
def test_conditions_combine(label: str, condition: dict[str, Any], expected: bool) -> None:
    """`all`, `any` and `not` mean what they say, however the engine finds the rule."""
    assert holds(condition, facts()) is expected, label
