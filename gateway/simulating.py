"""A message as it might come in, decided by any rules: what would become of it; nothing is stored or sent."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, NamedTuple

from msgspec.structs import replace

from bus.envelope import Inbound, Message, Sender
from bus.ids import message_id
from knowledgebase.match import Match
from router.decide import decide
from router.decision import Context, Decision, Known
from router.rules.engine import RuleSet, Step
from router.rules.facts import Facts
from router.rules.hours import hours
from router.rules.scores import NAMES, reasons
from router.telling import for_customer
from router.values import ChannelRef, Conversation, Customer
from storage import customers, figures, tickets
from storage.paging import Sql
from workers.setup import Setup, answers


class NoCustomer(LookupError):
    """There is no customer with the id that was given."""


class Asked(NamedTuple):
    """What somebody writes, where, and who they are: a customer of the desk, or a stranger of a tier."""

    text: str
    subject: str = ""
    channel: str = ""
    customer_id: str | None = None
    tier: str = ""
    context: Mapping[str, Any] = {}


class Simulation(NamedTuple):
    """What would be decided, what became of each rule, and each score's phrases with their weights."""

    decision: Decision
    steps: tuple[Step, ...]
    scores: dict[str, dict[str, int]]


def simulated(
    sql: Sql,
    asked: Asked,
    setup: Setup,
    *,
    rules: RuleSet,
    match: Match,
    articles: Mapping[str, Known],
    now: datetime,
) -> Simulation:
    """Decide it as if it came now, the first of its conversation. Raises `NoCustomer`."""
    inbound, context = _staged(sql, asked, setup, now)
    known = {one.article_id for one in match.candidates} | answers(rules.rules)
    named = {key: articles[key] for key in known if key in articles}
    told = for_customer(named, context.customer, context.channel)
    context = replace(context, match=match, articles=told)
    facts = Facts(inbound, context)
    steps = rules.explain(facts)
    scores = {name: reasons(rules.lists.get(name, {}), facts.values["~text"]) for name in NAMES}
    return Simulation(decide(inbound, context, rules), steps, scores)


def _staged(sql: Sql, asked: Asked, setup: Setup, now: datetime) -> tuple[Inbound, Context]:
    customer = customers.find(sql, asked.customer_id) if asked.customer_id else None
    if asked.customer_id and customer is None:
        raise NoCustomer(asked.customer_id)
    channel = setup.channels.get(asked.channel) or ChannelRef(id=asked.channel, kind="webhook")
    person = customer or Customer(id="cus_simulated", tier=asked.tier)
    inbound = Inbound(
        id=message_id(channel.id, "simulated"),
        channel_id=channel.id,
        channel_kind=channel.kind,
        external_id="simulated",
        sender=Sender(address="simulated", name=person.name, email=person.email),
        event=Message(text=asked.text, subject=asked.subject),
        context=dict(asked.context),
        received_at=now,
    )
    conversation = Conversation(
        id="cv_simulated",
        channel_id=channel.id,
        contact_point_id="cp_simulated",
        customer_id=person.id,
    )
    context = Context(
        now=now,
        channel=channel,
        conversation=conversation,
        customer=person,
        waiting=tickets.queue_lengths(sql),
        default_queue=setup.desk.default_queue,
        oldest=figures.oldest(sql, now),
        history=figures.histories(sql, [person.id])[person.id],
        hours=hours(setup.desk.calendars, ["hours"], now),
    )
    return inbound, context
