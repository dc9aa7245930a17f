"""Reply templates: plain text out, tried when saved, bounded when rendered."""

import pytest

from router.rules.template import Template, asked_by
from tests.unit.router.rule_facts import MATCH, TICKET, facts, outcome, rule_set

EXACT = [
    "a < b & c > d \"quoted\" 'single'",
    "<script>alert(1)</script>",
    "退款 👍🏽 \u202e",
    "line one\r\nline two\n\n  indented\ttab  ",
    "{{ message.text }} {% if %}",
]


@pytest.mark.parametrize("text", EXACT)
def test_an_echo_is_exact(text: str) -> None:
    """`{{ message.text }}` says what the customer said, character for character."""
    assert outcome({"then": [{"reply": "{{ message.text }}"}]}, on=facts(text)).replies == (text,)


RENDERED: list[tuple[str, str]] = [
    ("Hello {{ customer.name | default: 'there' }}!", "Hello Ann!"),
    ("Your ticket is {{ ticket.number }}.", "Your ticket is 42."),
    ("{{ channel.name }} {{ channel.kind }}", "Website webhook"),
    ("{{ match.outcome }}: {{ match.title }} ({{ match.confidence }})", "suggest: Parcels (0.6)"),
    ("{% if customer.tier == 'gold' %}VIP{% else %}you{% endif %}", "VIP"),
    ("{% for tag in customer.tags %}[{{ tag }}]{% endfor %}", "[VIP][beta]"),
    ("{{ customer.attributes.plan }} {{ ticket.fields.order }} {{ fields.order }}", "Pro A-17 A-17"),
    ("{{ context.page }} {{ sender.address }} {{ language }}", "/Pricing u-7 en"),
    ("https://example.org/?q={{ message.text | url_encode }}", "https://example.org/?q=a+%26+b"),
    ("{{ queue }} {{ priority }} {{ type }} {{ tier }}", "returns high return gold"),
    ("{% assign n = ticket.number | plus: 1 %}{{ n }}", "43"),
]


@pytest.mark.parametrize(("source", "expected"), RENDERED)
def test_a_template_says_what_is_known(source: str, expected: str) -> None:
    """The names are the fields as maps."""
    assert Template(source).render(facts("a & b", ticket=TICKET, match=MATCH).values) == expected


def test_what_is_not_there_is_nothing() -> None:
    """A customer without ticket gets a sentence without number, not an error."""
    assert Template("Ticket {{ ticket.number }}{{ match.title }}.").render(facts().values) == "Ticket ."


REFUSED: list[tuple[str, str]] = [
    ("", "1 to 10000 characters"),
    ("x" * 10_001, "1 to 10000 characters"),
    ("{{ message.text", "expected '}}'"),
    ("{% if x", "missing tag name or closing delimiter"),
    ("{{ custmer.name }}", "nothing is named 'custmer'"),
    ("{% include 'x' %}", "unexpected tag 'include'"),
    ("{% render 'x' %}", "unexpected tag 'render'"),
    ("{{ message.text | replace: '', message.text }}", "unknown filter 'replace'"),
    ("{{ 'now' | date: '%Y' }}", "unknown filter 'date'"),
    ("{{ 1 | divided_by: 0 }}", "divide by 0"),
    ("{% for n in (1..1000000) %}x{% endfor %}", "loop iteration limit"),
    ("{% for n in (1..190) %}" + "x" * 100 + "{% endfor %}", "output stream limit"),
    ("{{ language" + "[language" * 900 + "]" * 900 + "}}", "RecursionError"),
    ("{% if language %}" * 20 + "{% endif %}" * 20, "block nesting limit"),
    ("{% assign a = 'xxxxxxxxxx' %}" + "{% assign a = a | append: a %}" * 30, "namespace limit"),
]


@pytest.mark.parametrize(("source", "reason"), REFUSED)
def test_what_can_not_be_a_reply_is_refused_when_saved(source: str, reason: str) -> None:
    """A template is compiled and tried on sample messages before it ever meets a customer."""
    with pytest.raises(ValueError, match=reason):
        Template(source).try_out()


def test_a_template_that_fails_sends_nothing_and_says_so() -> None:
    """A reply past 10 KB is no reply; the rule's other effects stand."""
    made = outcome({"then": [{"reply": "{{ message.text }}"}, {"tag": "long"}]}, on=facts("x" * 10_241))
    assert (made.replies, made.tags) == ((), ("long",))
    assert made.hits[0].did == (
        "no reply, the template failed: OutputStreamLimitError: output stream limit reached",
        "tag long",
    )


def test_10_kb_are_sent() -> None:
    """The limit is in bytes, and what is within it goes out whole."""
    assert outcome({"then": [{"reply": "{{ message.text }}"}]}, on=facts("x" * 10_240)).replies == (
        "x" * 10_240,
    )


def test_an_empty_reply_is_not_sent() -> None:
    """There is nothing to say to a customer who said nothing."""
    made = outcome({"then": [{"reply": " {{ message.text }} "}]}, on=facts(""))
    assert (made.replies, made.hits[0].did) == ((), ("no reply, the template gave an empty text",))


def test_a_reply_sees_what_rules_set() -> None:
    """A template is rendered when its rule applies."""
    made = outcome(
        {"stage": "enrich", "then": [{"tag": "a"}, {"set": "fields.order", "to": "A-1"}]},
        {"stage": "respond", "then": [{"reply": "{{ tags | first }} {{ fields.order }}"}]},
    )
    assert made.replies == ("a A-1",)


def test_a_reply_says_what_it_looks_at() -> None:
    """So that what is read for rules is read for replies."""
    source = "{{ customer.open_tickets }} {{ queue_waiting }}{% for tag in tags %}{{ tag }}{% endfor %}"
    assert asked_by(source) == {"customer.open_tickets", "queue_waiting", "tags"}
    reply = {"events": ["ticket_created"], "then": [{"reply": source}]}
    assert rule_set(reply).on("ticket_created").looks_at == asked_by(source)
