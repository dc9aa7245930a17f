"""Sample messages, one with everything, one with next to nothing: templates are tried on both when saved."""

from datetime import UTC, datetime
from typing import Final

from bus.envelope import Inbound, Message, Sender
from knowledgebase.match import Candidate, Match
from router.decision import Context, Known
from router.rules.fields import Values
from router.values import ChannelRef, Conversation, Customer, Ticket

_AT: Final = datetime(2026, 1, 5, 9, 30, tzinfo=UTC)
_CHANNEL: Final = ChannelRef(id="ch_1", kind="webhook", name="Website")


def _message(text: str, sender: Sender) -> Inbound:
    return Inbound(
        id="msg_1",
        channel_id="ch_1",
        channel_kind="webhook",
        external_id="1",
        sender=sender,
        event=Message(text=text, language="en"),
        received_at=_AT,
    )


def rich() -> Values:
    """A known customer's message, with a ticket and a match."""
    customer = Customer(id="cus_1", name="Ann", email="ann@example.org", tier="gold", tags=("vip",))
    conversation = Conversation(id="con_1", channel_id="ch_1", contact_point_id="cp_1", customer_id="cus_1")
    ticket = Ticket(
        id="tkt_1",
        number=1,
        conversation_id="con_1",
        customer_id="cus_1",
        channel_id="ch_1",
        created_at=_AT,
        updated_at=_AT,
        waiting_since=_AT,
        queue="general",
    )
    candidate = Candidate(article_id="art_1", title="Where is my parcel?", confidence=0.9)
    context = Context(
        now=_AT,
        channel=_CHANNEL,
        conversation=conversation,
        customer=customer,
        ticket=ticket,
        match=Match(outcome="answer", candidates=(candidate,), encoder="sample"),
        articles={"art_1": Known(id="art_1", title=candidate.title, answer="On its way.")},
        default_queue="general",
    )
    return Values(_message("Where is my parcel?", Sender(address="u-7", name="Ann")), context)


def bare() -> Values:
    """A stranger's empty message."""
    conversation = Conversation(id="con_1", channel_id="ch_1", contact_point_id="cp_1", customer_id="cus_1")
    context = Context(now=_AT, channel=_CHANNEL, conversation=conversation, customer=Customer(id="cus_1"))
    return Values(_message("", Sender(address="u-8")), context)
