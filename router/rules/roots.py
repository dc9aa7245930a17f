"""The same fields as maps, for expressions and templates: `customer.attributes.plan`, `message.text`.

What customers and platforms put into free-form maps is bounded here, once a message: 1,000 values, six levels
deep, texts of 20,000 characters, integers of 64 bits.
"""

from collections.abc import Callable, Mapping
from typing import Any, Final

from router.rules.fields import Values
from router.rules.text import LONGEST

_MOST_VALUES: Final = 1_000
_DEEPEST: Final = 6


def root(values: Values, name: str) -> Any:
    """The map (or value) of that name; kept for the message unless rules can change it."""
    if name in _CHANGING:
        return _CHANGING[name](values)
    slot = "@" + name
    if slot not in values:
        values[slot] = _FIXED[name](values)
    return values[slot]


def bounded(value: Any) -> Any:
    """A copy of JSON-like data within the bounds above; what is beyond them is left out."""
    if not value:
        return value
    return _copy(value, [_MOST_VALUES], _DEEPEST)


def _copy(value: Any, room: list[int], depth: int) -> Any:
    room[0] -= 1
    if value is None or isinstance(value, bool | float):
        return value
    if isinstance(value, int):
        return value if -(2**63) <= value < 2**63 else float(value) if abs(value) < 2**1023 else None
    if isinstance(value, list | tuple):
        return [_copy(each, room, depth - 1) for each in value if room[0] > 0 and depth > 0]
    if isinstance(value, Mapping):
        pairs = value.items()
        return {str(key): _copy(each, room, depth - 1) for key, each in pairs if room[0] > 0 and depth > 0}
    return str(value)[:LONGEST]


def _sender(values: Values) -> dict[str, Any]:
    sender = values.message.sender
    return {
        "address": sender.address,
        "name": sender.name[:LONGEST],
        "email": sender.email[:LONGEST],
        "domain": values["sender.domain"],
        "verified": sender.verified,
        "attributes": bounded(sender.attributes),
    }


def _customer(values: Values) -> dict[str, Any]:
    customer = values.context.customer
    return {
        "id": customer.id,
        "name": customer.name,
        "email": customer.email,
        "tier": customer.tier,
        "tags": list(customer.tags),
        "language": customer.language,
        "country": customer.country,
        "company": customer.company,
        "owner": customer.owner,
        "attributes": bounded(customer.attributes),
    }


def _ticket(values: Values) -> dict[str, Any] | None:
    ticket = values.context.ticket
    if ticket is None:
        return None
    return {
        "number": ticket.number,
        "subject": ticket.subject,
        "status": ticket.status,
        "priority": ticket.priority,
        "type": ticket.type,
        "tier": ticket.tier,
        "queue": ticket.queue,
        "tags": list(ticket.tags),
        "fields": bounded(ticket.fields),
    }


def _match(values: Values) -> dict[str, Any] | None:
    match = values.context.match
    if match is None:
        return None
    article = values["match.article"]
    known = values.context.articles.get(article or "")
    return {
        "outcome": match.outcome,
        "confidence": values["match.confidence"],
        "article": article,
        "title": known.title if known else "",
    }


def _message(values: Values) -> dict[str, Any]:
    return {
        "id": values.message.id,
        "kind": values["kind"],
        "text": values["text"],
        "subject": values["subject"][:LONGEST],
        "attachments": values["attachments"],
    }


_FIXED: Final[dict[str, Callable[[Values], Any]]] = {
    "message": _message,
    "sender": _sender,
    "customer": _customer,
    "ticket": _ticket,
    "match": _match,
    "channel": lambda v: {"id": v["channel"], "kind": v["channel.kind"], "name": v["channel.name"]},
    "conversation": lambda v: {"id": v.context.conversation.id, "with": v["conversation.with"]},
    "context": lambda v: bounded(v.message.context),
    "kind": lambda v: v["kind"],
    "text": lambda v: v["text"],
    "subject": lambda v: v["subject"][:LONGEST],
    "attachments": lambda v: v["attachments"],
}
_CHANGING: Final[dict[str, Callable[[Values], Any]]] = {
    "language": lambda v: v["language"],
    "tier": lambda v: v["tier"],
    "type": lambda v: v["type"],
    "priority": lambda v: v["priority"],
    "queue": lambda v: v["queue"],
    "queue_waiting": lambda v: v["queue_waiting"],
    "tags": lambda v: list(v["tags"]),
    "fields": lambda v: bounded(v.set_fields()),
}

FIXED_NAMES: Final = frozenset(_FIXED)
NAMES: Final = FIXED_NAMES | frozenset(_CHANGING)
