"""`decide_ticket`: what rules about tickets and time do to one. Pure, as `decide` is about a message.

`context.event` says what set them off; those in `context.spent` have had their effect already.
"""

from typing import Any, Final

from bus.envelope import Inbound, Message, Sender
from router.decision import (
    CallWebhook,
    CloseTicket,
    Context,
    Decision,
    EditTicket,
    Effect,
    Event,
    Notify,
    Reply,
    Snooze,
)
from router.rules.engine import RuleSet
from router.rules.facts import Facts
from router.rules.outcome import Outcome
from router.values import Ticket

_WHY: Final[dict[Event, str]] = {
    "ticket_created": "rules about a new ticket",
    "ticket_changed": "rules about a change of the ticket",
    "time": "rules about time that passed",
}


def about_ticket(context: Context, ticket: Ticket, message_id: str, text: str) -> Inbound:
    """What such rules see where others see a message: the customer's last one, "" where there is none."""
    customer = context.customer
    return Inbound(
        id=message_id or ticket.id,
        channel_id=context.channel.id,
        channel_kind=context.channel.kind,
        external_id=ticket.id,
        sender=Sender(address="", name=customer.name, email=customer.email),
        event=Message(text=text, subject=ticket.subject),
        received_at=context.now,
    )


def decide_ticket(inbound: Inbound, context: Context, rules: RuleSet) -> Decision:
    """The decision about `context.ticket`, with the rules that fired or failed. `inbound`: `about_ticket`."""
    facts = Facts(inbound, context)
    outcome = rules.on(context.event).run(facts, frozenset(context.spent))
    return Decision(
        effects=_effects(context, outcome),
        hits=outcome.hits,
        why=_WHY.get(context.event, ""),
        language=outcome.language or facts.language,
        rules_version=rules.version,
    )


def _effects(context: Context, outcome: Outcome) -> tuple[Effect, ...]:
    effects: list[Effect] = [*_edited(context.ticket, outcome)] if context.ticket is not None else []
    if outcome.spam or outcome.discard is not None:
        effects.append(CloseTicket(reason=outcome.discard or "spam"))
    elif outcome.snooze is not None:
        effects.append(Snooze(minutes=outcome.snooze))
    effects += (Reply(text=text, author="system") for text in outcome.replies)
    effects += (Notify(to=to) for to in outcome.notify)
    effects += (CallWebhook(to=to) for to in outcome.webhooks)
    return tuple(effects)


def _edited(ticket: Ticket, outcome: Outcome) -> tuple[EditTicket, ...]:
    changed: dict[str, Any] = {
        name: value
        for name in ("queue", "priority", "type", "tier", "policy")
        if (value := getattr(outcome, name)) is not None and value != getattr(ticket, name)
    }
    if tags := tuple(tag for tag in outcome.tags if tag not in ticket.tags):
        changed["tags"] = tags
    fields = {name: value for name, value in outcome.fields.items() if ticket.fields.get(name) != value}
    if fields:
        changed["fields"] = fields
    return (EditTicket(**changed),) if changed else ()
