"""Tickets and mail over HTTP: who a reply by mail goes to, and forwarding."""

from collections.abc import Iterator, Sequence
from typing import Annotated, Any, Protocol

from pydantic import BaseModel, Field, StringConstraints

from channels.mail.compose import mailbox
from channels.protocol import Rejected
from gateway.http.call import Call
from gateway.http.endpoint import Api
from gateway.http.problems import Conflict, Fault, Invalid, require
from gateway.http.resources.ticket_models import MessageOut, Name, Text, show_message
from router.values import Ticket
from storage import channels, contacts, conversations, inbox_views, messages, tickets, uploads
from storage.messages import Message
from storage.paging import Sql
from storage.store import Tx
from workers import inbox, recipients
from workers.forwarding import forwarded
from workers.inbox import Words
from workers.mail import FORWARDED, MAIL
from workers.recipients import Everybody, Recipients

api = Api("Tickets")

MOST_ADDRESSES = 50
Addresses = Annotated[list[Name], Field(max_length=MOST_ADDRESSES)]


class _Named(Protocol):
    @property
    def to(self) -> list[str] | None: ...
    @property
    def cc(self) -> list[str] | None: ...
    @property
    def bcc(self) -> list[str] | None: ...


class PersonOut(BaseModel):
    """Somebody who takes part by mail."""

    name: str
    email: str


class RecipientsOut(BaseModel):
    """Who a reply goes to that names nobody else; `forwards_from`: the channel that forwards go from."""

    to: list[PersonOut]
    cc: list[PersonOut]
    forwards_from: str | None


class NewForward(BaseModel):
    """A message of the ticket for somebody else, with its files; `text` stands above it."""

    message_id: Name
    to: Annotated[list[Name], Field(min_length=1, max_length=MOST_ADDRESSES)]
    cc: Addresses | None = None
    bcc: Addresses | None = None
    text: Text | Annotated[str, StringConstraints(max_length=0)] = ""
    attachments: Addresses = Field(default_factory=list, description="Further files, by their upload ids.")


@api.read("/api/v1/tickets/{ticket_id}/recipients", summary="Who a reply by mail goes to")
def list_recipients(sql: Sql, call: Call, ticket_id: str) -> RecipientsOut:
    """Everybody who takes part; `to`, `cc` and `bcc` of a reply name others. Empty on other channels."""
    ticket = tickets.get(sql, tickets.id_of(sql, ticket_id))
    found = _everybody(sql, ticket)
    return RecipientsOut(
        to=[PersonOut(name=found.name, email=found.contact)] if found else [],
        cc=[PersonOut(name=name, email=email) for email, name in found.others.items()] if found else [],
        forwards_from=recipients.mailbox(sql, ticket.channel_id),
    )


@api.write(
    "POST", "/api/v1/tickets/{ticket_id}/forwards", status=201, summary="Forward a message to somebody else"
)
def forward(tx: Tx, call: Call, ticket_id: str, body: NewForward) -> MessageOut:
    """Sent as a mail from the desk and kept as a note; what they answer comes into the ticket as another."""
    ticket = tickets.get(tx.sql, tickets.id_of(tx.sql, ticket_id))
    original = _original(tx, ticket, body.message_id)
    sender = recipients.mailbox(tx.sql, ticket.channel_id)
    if sender is None:
        raise Conflict("No e-mail channel can send it: set one up with smtp, or switch one on.")
    require(list(_faults(body)))
    named = Recipients(tuple(body.to), tuple(body.cc or ()), tuple(body.bcc or ()))
    more = uploads.attachments(tx.sql, body.attachments, call.principal.id)
    words = Words(
        text=forwarded(body.text, original, _writer(tx, ticket, original), ticket.subject),
        attachments=(*original.attachments, *more),
        details={**named.details(), FORWARDED: original.id, "subject": f"Fwd: {ticket.subject}"},
        by=call.principal.id,
    )
    message = inbox.note(tx, ticket.id, call.principal.agent_id, words, mailbox=sender)
    conversation = conversations.get(tx.sql, message.conversation_id)
    return show_message(inbox_views.lines(tx.sql, conversation, [message])[0], live=False)


def addressed(tx: Tx, ticket: Ticket, body: _Named) -> dict[str, Any]:
    """What a reply's message keeps of whom it goes to; who was named takes part from then on."""
    everybody = _everybody(tx.sql, ticket)
    if everybody is None:
        given = {"to": body.to, "cc": body.cc, "bcc": body.bcc}
        for name in (name for name, found in given.items() if found):
            raise Invalid.at(f"/{name}", "not_mail", "Only a reply by e-mail goes to further addresses.")
        return {}
    require(list(_faults(body)))
    named = everybody.chosen(body.to, body.cc, body.bcc)
    if body.to is not None or body.cc is not None:
        recipients.keep(tx, ticket, everybody, named)
    return dict(named.details())


def _everybody(sql: Sql, ticket: Ticket) -> Everybody | None:
    channel = channels.find(sql, ticket.channel_id)
    return recipients.everybody(sql, ticket) if channel is not None and channel.kind == MAIL else None


def _writer(tx: Tx, ticket: Ticket, original: Message) -> dict[str, str]:
    """Whose the customer's messages are; others are told no address that was not in the mail itself."""
    if (found := _everybody(tx.sql, ticket)) is not None:
        return {"name": found.name, "email": found.contact}
    name = contacts.name_of(tx.sql, original.contact_point_id)
    return {"name": name or contacts.customers(tx, [ticket.customer_id])[ticket.customer_id].name}


def _original(tx: Tx, ticket: Ticket, message_id: str) -> Message:
    message = messages.find(tx.sql, message_id)
    held = {ticket.conversation_id, *conversations.of_ticket(tx, ticket.id)}
    if message is None or message.conversation_id not in held:
        raise Invalid.at("/message_id", "unknown", f"There is no message {message_id} in this ticket.")
    if message.kind != "public":
        raise Invalid.at("/message_id", "note", "A note stays in the team: forward a message.")
    return message


def _faults(body: _Named) -> Iterator[Fault]:
    named: tuple[tuple[str, Sequence[str] | None], ...] = (
        ("to", body.to), ("cc", body.cc), ("bcc", body.bcc)
    )  # fmt: skip
    for name, found in named:
        for place, address in enumerate(found or ()):
            try:
                mailbox(address)
            except Rejected as error:
                yield Fault(f"/{name}/{place}", "not_an_address", f"{error}.")
