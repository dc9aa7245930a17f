"""What a rule can look at: the table of fields, and a message's values for them, each read when first asked.

`channel` and `queue` are ids. `text` of an action is what the customer saw on the button. `tier`, `type`,
`priority`, `queue`, `tags`, `language` and `fields.KEY` start as the ticket (else the customer, else the
desk) has them and follow what earlier rules set. A `ticket.` field is absent where there is no ticket.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final, Literal, get_args

from bus.envelope import Action, Edit, Inbound, Message
from knowledgebase.text import language as language_of
from router.decision import Actor, Context, Event
from router.handover import likely_wait
from router.rules.scores import DEFAULT_LISTS, LISTS, Lists, score
from router.rules.text import LONGEST, folded, widened
from router.values import PRIORITIES, TicketStatus, WaitingReason, With

Kind = Literal["text", "id", "choice", "priority", "number", "list", "time", "hour", "any"]

# Words that make a sentence.
_SENTENCE: Final = 4
# Languages that are not written in Latin letters.
_OTHER_SCRIPTS: Final = frozenset({"zh", "ja", "ko", "ru", "ar", "th", "el", "he", "hi", "uk", "fa"})
# A few hundred letters tell a script as surely as the whole text does.
_ENOUGH_FOR_LANGUAGE: Final = 400
_LONGEST_LIST: Final = 1_000
OF_QUEUE: Final = ("queue_waiting", "queue_oldest", "expected_wait")
"""Fields that change with the queue."""


class Values(dict[str, Any]):
    """The fields of one message by name; `~name` is a value as it is compared, `=name` as patterns see it,
    `$name` as it was written, `*name` the members of a list; `^name` is there while expressions have the name
    as it is.

    What is asked for and not there is read and kept, so a condition costs one dictionary look-up.
    """

    __slots__ = ("context", "message")

    def __init__(self, message: Inbound, context: Context) -> None:
        super().__init__()
        self.message = message
        self.context = context

    def __missing__(self, name: str) -> Any:
        self[name] = value = _reader(name)(self)
        return value

    def set_fields(self) -> dict[str, Any]:
        """The ticket's own fields as set so far, by key."""
        if "fields" not in self:
            ticket = self.context.ticket
            self["fields"] = dict(ticket.fields) if ticket is not None else {}
        return self["fields"]  # type: ignore[no-any-return]

    def put(self, name: str, value: Any) -> None:
        """Give a field another value from here on."""
        self[name] = value
        for slot in _derived(name):
            self.pop(slot, None)
        if name.startswith("fields."):
            self.set_fields()[name.removeprefix("fields.")] = value


@lru_cache(maxsize=10_000)
def _reader(name: str) -> Callable[[Values], Any]:
    """How a slot is read; raises KeyError where there is no such field."""
    if (field := FIELDS.get(name)) is not None:
        return field.read
    own, compared = name[1:], "~" + name[1:]
    match name[0]:
        case "~":
            return lambda values: comparable(values[own])
        case "*":
            return lambda values: value if isinstance(value := values[compared], tuple) else ()
        case "=":
            return lambda values: widened(value) if isinstance(value := values[own], str) else ""
        case "$":
            return lambda values: _written(values[own])
    for prefix, base in FAMILIES.items():
        if name.startswith(prefix):
            read, key = _BASES[base], name.removeprefix(prefix)
            return lambda values: read(values).get(key)
    raise KeyError(name)


def _written(text: str) -> str:
    text = text[:LONGEST]
    # A lone surrogate is no character, and patterns can't be run over it.
    return text if text.isascii() else text.encode("utf-8", "replace").decode()


@lru_cache(maxsize=1_000)
def _derived(name: str) -> tuple[str, ...]:
    """The slots that hang on a field."""
    own = ("~" + name, "=" + name, "*" + name, "^" + name.partition(".")[0])
    of_queue = (slot + each for each in OF_QUEUE for slot in ("", "^"))
    return (*own, *of_queue) if name == "queue" else own


def comparable(value: Any) -> Any:
    """A value as conditions compare it: texts folded, lists as tuples of such, None and maps as ""."""
    if isinstance(value, str):
        return folded(value) if value else ""
    if isinstance(value, bool | int | float):
        return value
    if isinstance(value, list | tuple):
        return tuple(comparable(each) for each in value[:_LONGEST_LIST] if not isinstance(each, list | tuple))
    return ""


@dataclass(frozen=True, slots=True)
class Field:
    """A field: how it compares, how it is read, its possible values where they are few."""

    kind: Kind
    read: Callable[[Values], Any]
    choices: tuple[str, ...] = ()


def _text(values: Values) -> str:
    event = values.message.event
    if isinstance(event, Message | Edit):
        return event.text[:LONGEST]
    return (event.text or event.value)[:LONGEST] if isinstance(event, Action) else ""


def _language(values: Values) -> str:
    event = values.message.event
    known = event.language if isinstance(event, Message) else ""
    if known:
        return known
    known = values.context.conversation.language or values.context.customer.language
    text = values["text"][:_ENOUGH_FOR_LANGUAGE]
    return (language_of(text) or known) if not known or _is_other(text, known) else known


def _is_other(text: str, known: str) -> bool:
    """Whether the text may be in another language than the one known; a look at letters, no guess.

    "OK" and an order number are no change of language; another script is, and a sentence in Latin letters.
    """
    if known[:2] not in _OTHER_SCRIPTS:
        return not text.isascii()
    return text.isascii() and len(text.split()) >= _SENTENCE


def _of_ticket(name: str) -> Callable[[Values], Any]:
    return lambda values: getattr(values.context.ticket, name, None)


def _of_customer(name: str) -> Callable[[Values], Any]:
    return lambda values: getattr(values.context.customer, name)


def _before(name: str) -> Callable[[Values], Any]:
    return lambda values: getattr(values.context.before, name, None)


def _history(name: str) -> Callable[[Values], Any]:
    return lambda values: getattr(values.context.history, name, None)


def _score(name: str) -> Callable[[Values], int]:
    def read(values: Values) -> int:
        lists: Lists = values.get(LISTS, DEFAULT_LISTS)
        return score(lists.get(name, {}), values["~text"])

    return read


def _best(values: Values, name: str) -> Any:
    match = values.context.match
    return getattr(match.candidates[0], name) if match is not None and match.candidates else None


_KINDS: Final = ("message", "edit", "delete", "action", "typing", "receipt")

FIELDS: Final[dict[str, Field]] = {
    "channel": Field("id", lambda v: v.message.channel_id),
    "channel.kind": Field("text", lambda v: v.message.channel_kind),
    "channel.name": Field("text", lambda v: v.context.channel.name),
    "kind": Field("choice", lambda v: v.message.event.__struct_config__.tag, _KINDS),
    "text": Field("text", _text),
    "subject": Field("text", lambda v: getattr(v.message.event, "subject", "")),
    "sender.address": Field("text", lambda v: v.message.sender.address),
    "sender.name": Field("text", lambda v: v.message.sender.name),
    "sender.email": Field("text", lambda v: v.message.sender.email),
    "sender.domain": Field("text", lambda v: v.message.sender.email.partition("@")[2]),
    "attachments": Field("number", lambda v: len(getattr(v.message.event, "attachments", ()))),
    "customer.name": Field("text", _of_customer("name")),
    "customer.email": Field("text", _of_customer("email")),
    "customer.tier": Field("text", _of_customer("tier")),
    "customer.tags": Field("list", _of_customer("tags")),
    "customer.language": Field("text", _of_customer("language")),
    "customer.country": Field("text", _of_customer("country")),
    "customer.company": Field("text", _of_customer("company")),
    "customer.owner": Field("id", _of_customer("owner")),
    "conversation.with": Field("choice", lambda v: v.context.conversation.with_, get_args(With)),
    "ticket.status": Field("choice", _of_ticket("status"), get_args(TicketStatus)),
    "ticket.priority": Field("priority", _of_ticket("priority"), PRIORITIES),
    "ticket.type": Field("text", _of_ticket("type")),
    "ticket.queue": Field("id", _of_ticket("queue")),
    "ticket.tags": Field("list", _of_ticket("tags")),
    "ticket.tier": Field("text", _of_ticket("tier")),
    "match.outcome": Field(
        "choice", lambda v: getattr(v.context.match, "outcome", None), ("answer", "suggest", "none")
    ),
    "match.confidence": Field("number", lambda v: _best(v, "confidence")),
    "match.article": Field("id", lambda v: _best(v, "article_id")),
    "ticket.assignee": Field("id", _of_ticket("assignee")),
    "ticket.subject": Field("text", _of_ticket("subject")),
    "ticket.waiting_reason": Field("choice", _of_ticket("waiting_reason"), get_args(WaitingReason)),
    "ticket.created_at": Field("time", _of_ticket("created_at")),
    "ticket.updated_at": Field("time", _of_ticket("updated_at")),
    "ticket.waiting_since": Field("time", _of_ticket("waiting_since")),
    "ticket.first_replied_at": Field("time", _of_ticket("first_replied_at")),
    "ticket.resolved_at": Field("time", _of_ticket("resolved_at")),
    "previous.status": Field("choice", _before("status"), get_args(TicketStatus)),
    "previous.priority": Field("priority", _before("priority"), PRIORITIES),
    "previous.type": Field("text", _before("type")),
    "previous.queue": Field("id", _before("queue")),
    "previous.assignee": Field("id", _before("assignee")),
    "previous.tags": Field("list", _before("tags")),
    "customer.open_tickets": Field("number", _history("open_tickets")),
    "customer.last_contact": Field("time", _history("last_contact")),
    "attachments.names": Field(
        "list", lambda v: tuple(one.name for one in getattr(v.message.event, "attachments", ()))
    ),
    "attachments.types": Field(
        "list", lambda v: tuple(one.type for one in getattr(v.message.event, "attachments", ()))
    ),
    "actor": Field("choice", lambda v: v.context.actor, get_args(Actor)),
    "event": Field("choice", lambda v: v.context.event, get_args(Event)),
    "now": Field("time", lambda v: v.context.now),
    "urgency": Field("number", _score("urgency")),
    "complaint": Field("number", _score("complaint")),
    "language": Field("text", _language),
    "tier": Field("text", lambda v: getattr(v.context.ticket, "tier", "") or v.context.customer.tier),
    "type": Field("text", lambda v: getattr(v.context.ticket, "type", "")),
    "priority": Field("priority", lambda v: getattr(v.context.ticket, "priority", "normal"), PRIORITIES),
    "queue": Field("id", lambda v: getattr(v.context.ticket, "queue", "") or v.context.default_queue),
    "tags": Field("list", lambda v: getattr(v.context.ticket, "tags", ())),
    "queue_waiting": Field("number", lambda v: v.context.waiting.get(v["queue"], 0)),
    "queue_oldest": Field("number", lambda v: v.context.oldest.get(v["queue"], 0.0)),
    "expected_wait": Field("number", lambda v: likely_wait(v.context, v["queue"])),
}

FAMILIES: Final[dict[str, str]] = {
    "context.": "context",
    "customer.attributes.": "customer.attributes",
    "ticket.fields.": "ticket.fields",
    "previous.fields.": "previous.fields",
    "fields.": "fields",
    "hours.": "hours",
    "weekday.": "weekday",
    "local_time.": "local_time",
}
"""Fields that end in a key of the desk's own; such a value may be of any type."""

_BASES: Final[dict[str, Callable[[Values], Mapping[str, Any]]]] = {
    "context": lambda v: v.message.context,
    "customer.attributes": lambda v: v.context.customer.attributes,
    "ticket.fields": lambda v: getattr(v.context.ticket, "fields", {}),
    "previous.fields": lambda v: getattr(v.context.before, "fields", {}),
    "fields": Values.set_fields,
    "hours": lambda v: {name: "open" if one.open else "closed" for name, one in v.context.hours.items()},
    "weekday": lambda v: {name: one.weekday for name, one in v.context.hours.items()},
    "local_time": lambda v: {name: one.time for name, one in v.context.hours.items()},
}
_ANY: Final = Field("any", lambda values: None)
# The keys of these are calendars.
_BY_CALENDAR: Final[dict[str, Field]] = {
    "hours.": Field("choice", lambda values: None, ("open", "closed")),
    "weekday.": Field("choice", lambda values: None, ("mon", "tue", "wed", "thu", "fri", "sat", "sun")),
    "local_time.": Field("hour", lambda values: None),
}
_LONGEST_KEY: Final = 100


def field_named(name: str) -> Field | None:
    """The field of that name; None where there is none."""
    field = FIELDS.get(name)
    if field is not None:
        return field
    for prefix in FAMILIES:
        if name.startswith(prefix) and 0 < len(name) - len(prefix) <= _LONGEST_KEY:
            return _BY_CALENDAR.get(prefix, _ANY)
    return None


def calendar_of(name: str) -> str | None:
    """The calendar that a field asks, where it asks one."""
    prefix = next((prefix for prefix in _BY_CALENDAR if name.startswith(prefix)), None)
    return None if prefix is None else name.removeprefix(prefix)
