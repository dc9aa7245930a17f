"""What a decision looks at beyond the batch: read only where some rule asks for it."""

from collections.abc import Iterable
from typing import NamedTuple

from bus.envelope import Action, Inbound, Message
from router.decision import About, History, Hours
from router.rules.hours import hours
from storage import figures
from storage.store import Tx
from workers.setup import Setup


class LookedAt(NamedTuple):
    """Histories by customer, seconds of the longest wait by queue, hours by calendar."""

    histories: dict[str, History] = {}
    oldest: dict[str, float] = {}
    hours: dict[str, Hours] = {}


_NOTHING = LookedAt()


def looked_at(tx: Tx, setup: Setup, customer_ids: Iterable[str]) -> LookedAt:
    """What the rules in force ask for."""
    fields = setup.fields
    if not fields:
        return _NOTHING
    asked = not fields.isdisjoint(("customer", "customer.open_tickets", "customer.last_contact"))
    return LookedAt(
        histories=figures.histories(tx.sql, customer_ids) if asked else {},
        oldest=figures.oldest(tx.sql, tx.now) if "queue_oldest" in fields else {},
        hours=hours(setup.desk.calendars, fields, tx.now),
    )


def about(envelope: Inbound) -> About:
    """What the message's row will not hold."""
    event = envelope.event
    return About(
        sender=envelope.sender,
        language=event.language if isinstance(event, Message) else "",
        action=event.value if isinstance(event, Action) else None,
    )
