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


Parts = dict[str, Any]
"""What is asked of each name, as nested keys; an empty one means the whole."""
WHOLE: Final[Parts] = {}
ASKED: Final = "@asked"


def root(values: Values, name: str) -> Any:
    """The map (or value) of that name; kept for the message unless rules can change it."""
    if name in _CHANGING:
        return _CHANGING[name](values)
    slot = "@" + name
    if slot not in values:
        values[slot] = _fixed(values, name, WHOLE)
    return values[slot]


def asked_root(values: Values, name: str) -> Any:
    """The same with no more in it than `values[ASKED]` says that expressions look at."""
    if name in _CHANGING:
        return _CHANGING[name](values)
    return _fixed(values, name, values[ASKED].get(name, WHOLE) if ASKED in values else WHOLE)


def _fixed(values: Values, name: str, parts: Parts) -> Any:
    readers = _MAPS.get(name)
    return _FIXED[name](values) if readers is None else _map(values, readers, parts, name)


def merged(one: Parts, other: Parts) -> Parts:
    """What both ask for; the whole of a name where either does."""
    both = dict(one)
    for name, part in other.items():
        known = both.get(name)
        both[name] = part if known is None else WHOLE if not known or not part else merged(known, part)
    return both


def _map(
    values: Values, readers: Mapping[str, Callable[[Values], Any]], parts: Parts, name: str
) -> dict[str, Any] | None:
    if name in _ABSENT and _ABSENT[name](values):
        return None
    keys = readers.keys() & parts.keys() if parts else readers
    made = {}
    for key in keys:
        value, asked = readers[key](values), parts.get(key)
        if asked and isinstance(value, Mapping):
            value = {each: value[each] for each in asked if each in value}
        made[key] = bounded(value) if isinstance(value, Mapping) else value
    return made


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


Reader = Callable[[Values], Any]


def _of_customer(name: str) -> Reader:
    return lambda v: getattr(v.context.customer, name)


def _of_ticket(name: str) -> Reader:
    return lambda v: getattr(v.context.ticket, name)


def _title(values: Values) -> str:
    known = values.context.articles.get(values["match.article"] or "")
    return known.title if known else ""


_ABSENT: Final[dict[str, Callable[[Values], bool]]] = {
    "ticket": lambda v: v.context.ticket is None,
    "match": lambda v: v.context.match is None,
}
_OF_TICKET: Final = "number subject status waiting_reason priority type tier queue assignee fields".split()
_MAPS: Final[dict[str, dict[str, Reader]]] = {
    "message": {
        "id": lambda v: v.message.id,
        "kind": lambda v: v["kind"],
        "text": lambda v: v["text"],
        "subject": lambda v: v["subject"][:LONGEST],
        "attachments": lambda v: v["attachments"],
    },
    "sender": {
        "address": lambda v: v.message.sender.address,
        "name": lambda v: v.message.sender.name[:LONGEST],
        "email": lambda v: v.message.sender.email[:LONGEST],
        "domain": lambda v: v["sender.domain"],
        "verified": lambda v: v.message.sender.verified,
        "attributes": lambda v: v.message.sender.attributes,
    },
    "customer": {
        **{
            name: _of_customer(name)
            for name in (
                "id",
                "name",
                "email",
                "tier",
                "language",
                "country",
                "company",
                "owner",
                "attributes",
            )
        },
        "tags": lambda v: list(v.context.customer.tags),
        "open_tickets": lambda v: v["customer.open_tickets"],
    },
    "ticket": {
        **{name: _of_ticket(name) for name in _OF_TICKET},
        "tags": lambda v: list(v["ticket.tags"]),
    },
    "match": {
        "outcome": lambda v: v["match.outcome"],
        "confidence": lambda v: v["match.confidence"],
        "article": lambda v: v["match.article"],
        "title": _title,
    },
    "channel": {
        "id": lambda v: v["channel"],
        "kind": lambda v: v["channel.kind"],
        "name": lambda v: v["channel.name"],
    },
    "conversation": {
        "id": lambda v: v.context.conversation.id,
        "with": lambda v: v["conversation.with"],
    },
}
_FIXED: Final[dict[str, Reader]] = {
    "context": lambda v: bounded(v.message.context),
    "kind": lambda v: v["kind"],
    "text": lambda v: v["text"],
    "subject": lambda v: v["subject"][:LONGEST],
    "attachments": lambda v: v["attachments"],
    "urgency": lambda v: v["urgency"],
    "complaint": lambda v: v["complaint"],
    "actor": lambda v: v["actor"],
    "event": lambda v: v["event"],
    "hours": lambda v: {name: "open" if one.open else "closed" for name, one in v.context.hours.items()},
}
_CHANGING: Final[dict[str, Reader]] = {
    "language": lambda v: v["language"],
    "tier": lambda v: v["tier"],
    "type": lambda v: v["type"],
    "priority": lambda v: v["priority"],
    "queue": lambda v: v["queue"],
    "queue_waiting": lambda v: v["queue_waiting"],
    "queue_oldest": lambda v: v["queue_oldest"],
    "expected_wait": lambda v: v["expected_wait"],
    "tags": lambda v: list(v["tags"]),
    "fields": lambda v: bounded(v.set_fields()),
}

FIXED_NAMES: Final = frozenset(_FIXED) | frozenset(_MAPS)
NAMES: Final = FIXED_NAMES | frozenset(_CHANGING)
