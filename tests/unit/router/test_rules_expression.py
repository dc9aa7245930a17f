"""Conditions in CEL: what they see, what is refused when saved, and that an error is a miss."""

from typing import Any

import pytest
from msgspec.structs import replace

from router.rules.expression import Expression
from tests.unit.router.rule_facts import CUSTOMER, MATCH, TICKET, facts, outcome

EXPRESSIONS: list[tuple[str, tuple[bool, str]]] = [
    ("customer.tier == 'gold'", (True, "true")),
    ("customer.tier == 'silver'", (False, "false")),
    ("'VIP' in customer.tags && size(customer.tags) == 2", (True, "true")),
    ("customer.attributes.seats > 20", (True, "true")),
    ("has(customer.attributes.plan)", (True, "true")),
    ("customer.tags.exists(t, t.startsWith('be'))", (True, "true")),
    ("customer.tags.exists(t, t == 'a') || customer.tags.exists(t, t == 'beta')", (True, "true")),
    ("context.cart >= 100 && context.page == '/Pricing'", (True, "true")),
    ("channel.kind == 'webhook' && channel.name == 'Website'", (True, "true")),
    ("ticket == null", (True, "true")),
    ("message.text.contains('parcel') && text == message.text", (True, "true")),
    ("text.matches('(?i)PARCEL')", (True, "true")),
    ("sender.domain == 'example.org'", (True, "true")),
    ("priority == 'normal' && queue == 'general' && queue_waiting == 3", (True, "true")),
    ("size(tags) == 0 && size(fields) == 0", (True, "true")),
    ("kind == 'message' && attachments == 0", (True, "true")),
    ("conversation.with == 'bot'", (True, "true")),
    ("customer.teir == 'gold'", (False, "error: no such key 'teir'")),
    ("size(text)", (False, "19, which is neither true nor false")),
    ("text == \"a) // tags.exists(t, t == 'b'\"", (False, "false")),
]


@pytest.mark.parametrize(("source", "expected"), EXPRESSIONS)
def test_an_expression_sees_the_fields_as_maps(source: str, expected: tuple[bool, str]) -> None:
    """An expression is true or not; what goes wrong is a miss that says why."""
    assert Expression(source).evaluate(facts().values) == expected


EQUALITIES = [
    "customer.tier == 'gold'",
    'customer.tier=="silver"',
    " channel.kind == 'webhook' ",
    "conversation.with == 'bot'",
    "customer.teir == 'gold'",
    "customer.tags == 'VIP'",
    "customer.owner == ''",
    "sender.verified == 'true'",
    "ticket.status == 'open'",
    "match.outcome == 'answer'",
    "text.size == 'x'",
    "priority.x == 'normal'",
]


@pytest.mark.parametrize("source", EQUALITIES)
def test_one_field_compared_with_a_text_holds_as_the_language_says(source: str) -> None:
    """Whether it holds is told without the library, and is what the library says."""
    expression = Expression(source)
    assert expression.holds(facts().values) == expression.evaluate(facts().values)[0]


def test_a_null_ticket_is_a_miss_with_a_reason() -> None:
    """Asking a ticket that is not there is an error of the expression, not of the run."""
    held, why = Expression("ticket.status == 'open'").evaluate(facts().values)
    assert (held, why.startswith("error: ")) == (False, True)


def test_a_ticket_and_a_match_are_maps() -> None:
    """Their parts are there when they are."""
    values = facts(ticket=TICKET, match=MATCH).values
    source = "ticket.number == 42 && ticket.fields.amount == 99.5 && match.title == 'Parcels'"
    assert Expression(source).evaluate(values) == (True, "true")


def test_an_expression_sees_what_earlier_rules_set() -> None:
    """Values that rules change are read anew by every expression."""
    made = outcome(
        {"if": {"cel": "'a' in tags || queue == 'x'"}, "then": [{"tag": "early"}]},
        {"then": [{"tag": "a"}, {"set": "queue", "to": "refunds"}, {"set": "fields.order", "to": "A-1"}]},
        {"if": {"cel": "'a' in tags"}, "then": [{"tag": "saw tag"}]},
        {"if": {"cel": "queue == 'refunds' && queue_waiting == 12"}, "then": [{"tag": "saw queue"}]},
        {"if": {"cel": "fields.order == 'A-1'"}, "then": [{"tag": "saw field"}]},
    )
    assert made.tags == ("a", "saw tag", "saw queue", "saw field")


def test_what_customers_put_into_maps_is_bounded() -> None:
    """A list of a million values costs an expression no more than a thousand do."""
    customer = replace(CUSTOMER, attributes={"many": list(range(1_000_000)), "deep": [[[[[[[[1]]]]]]]]})
    source = "size(customer.attributes.many) < 1000 && customer.attributes.many.exists(n, n == 7)"
    assert Expression(source).evaluate(facts(customer=customer).values) == (True, "true")


REFUSED: list[tuple[str, str]] = [
    ("", "1 to 1000 characters"),
    ("'" + "x" * 1_000 + "'", "1 to 1000 characters"),
    ("customer.tier ==", "Failed to parse"),
    ("custmer.tier == 'gold'", "no field named 'custmer'"),
    ("text.lowerAscii() == 'x'", "no function named 'lowerAscii'"),
    ("tags.map(t, t + t) == []", "'map' is not offered"),
    ("tags.exists(t, tags.exists(u, u == t))", "can't stand inside another"),
    ("tags.exists(t, t == ')' || tags . all (u, u == t))", "can't stand inside another"),
    ("tags.exists(t, // )\n tags.all(u, u == t))", "can't stand inside another"),
    ("tags.exists(t, t == '''\\''')''' || tags.all(u, u == t))", "can't stand inside another"),
    ("text.matches(subject)", "a literal text"),
    ("text.matches('a' + subject)", "a literal text"),
    ("(" * 400 + "true" + ")" * 400, "Failed to parse"),
]


@pytest.mark.parametrize(("source", "reason"), REFUSED)
def test_what_can_not_be_a_condition_is_refused_in_words(source: str, reason: str) -> None:
    """Wrong names, costly macros and broken syntax are found when a rule is saved."""
    with pytest.raises(ValueError, match=reason.replace("(", r"\(")):
        Expression(source)


HOSTILE: list[Any] = ["\ud800", "\x00" * 100, "a" * 1_000_000, "👍🏽" * 200_000]


@pytest.mark.parametrize("text", HOSTILE, ids=["surrogate", "NUL", "1 MB", "emoji"])
def test_no_text_makes_an_expression_raise(text: str) -> None:
    """Whatever a customer writes, an expression is true or a miss."""
    assert Expression("text.matches('^(a+)+$') && size(text) > 5").evaluate(facts(text).values)[0] in (
        True,
        False,
    )
