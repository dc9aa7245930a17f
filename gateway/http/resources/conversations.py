"""Conversations over HTTP: who has them, what was said, taking one over, retrying a delivery, files."""

from typing import Literal
from urllib.parse import quote

from aiohttp import web
from pydantic import BaseModel, Field

from bus.envelope import Wake, encode
from bus.topology import OUTBOUND
from gateway.http.call import Call
from gateway.http.cursor import ListQuery, Page
from gateway.http.cursor import decode as decode_cursor
from gateway.http.cursor import encode as encode_cursor
from gateway.http.endpoint import Api
from gateway.http.problems import Conflict, Invalid, NotFound
from gateway.http.resources.ticket_models import (
    ConversationOut,
    MessageOut,
    TicketOut,
    show_conversation,
    show_message,
    show_ticket,
)
from router import lifecycle
from storage import (
    channels,
    conversations,
    deliveries,
    inbox_views,
    messages,
    outbox,
    tickets,
    visitors,
)
from storage.inbox_views import Chosen
from storage.paging import Sql
from storage.store import Tx
from workers import inbox
from workers.intake import LIVE_KINDS

api = Api("Conversations")


class ConversationQuery(ListQuery):
    """What the list is narrowed to; `with` says who answers."""

    with_: Literal["bot", "person", "closed"] | None = Field(None, alias="with")
    customer: str | None = Field(None, max_length=200)
    q: str | None = Field(None, max_length=200, description="Words that were said in it.")
    channel: str | None = Field(None, max_length=200)
    contact: str | None = Field(None, max_length=500, description="An address on `channel`: a `from.id`.")
    thread: str | None = Field(None, max_length=500, description="What the platform calls the conversation.")
    ticket: str | None = Field(None, max_length=200, description="That it leads to, by merging as well.")


class MessageQuery(ListQuery):
    """Messages come oldest first."""

    seen: str | None = Field(
        None, alias="after", max_length=200, description="A message's id: only what came after it."
    )


class Nothing(BaseModel):
    """An empty object."""


@api.read("/api/v1/conversations", summary="Conversations, newest change first")
def list_conversations(sql: Sql, call: Call, query: ConversationQuery) -> Page[ConversationOut]:
    """A page of conversations."""
    if query.contact is not None and query.channel is None:
        raise Invalid.at("/channel", "missing", "Say which channel the contact is on.")
    chosen = Chosen(
        with_=query.with_,
        customer=query.customer,
        q=query.q,
        channel=query.channel,
        contact=query.contact,
        thread=query.thread,
        ticket=tickets.id_of(sql, query.ticket) if query.ticket else None,
    )
    found = inbox_views.conversations(sql, chosen, query.after(), query.limit)
    names = inbox_views.names(
        sql,
        {one.conversation.customer_id for one in found.items},
        {one.conversation.id for one in found.items},
    )
    return Page[ConversationOut].of(found, lambda listed: show_conversation(listed, names))


@api.read("/api/v1/conversations/{conversation_id}/messages", summary="What was said, oldest first")
def list_messages(sql: Sql, call: Call, conversation_id: str, query: MessageQuery) -> Page[MessageOut]:
    """A page of messages, notes included."""
    conversation = conversations.get(sql, conversation_id)
    after = decode_cursor(query.cursor, int) if query.cursor else _place(sql, conversation_id, query.seen)
    found = messages.of_conversation(sql, conversation_id, after=after, limit=query.limit + 1)
    shown = inbox_views.lines(sql, conversation, found[: query.limit])
    live = _live(sql, conversation.channel_id)
    seen = visitors.read_up_to(sql, conversation.id) if live else 0
    more = len(found) > query.limit
    return Page[MessageOut](
        data=[show_message(line, live=live, seen=seen) for line in shown],
        next_cursor=encode_cursor(found[query.limit - 1].position) if more else None,
    )


@api.write(
    "POST", "/api/v1/conversations/{conversation_id}/ticket", status=201, summary="Take over from the bot"
)
def take_over(tx: Tx, call: Call, conversation_id: str, body: Nothing) -> TicketOut:
    """A ticket of yours; the bot is silent from then on."""
    desk = call.parts.desk(tx.sql)
    try:
        ticket = inbox.take_over(tx, conversation_id, call.principal.agent_id, desk)
    except lifecycle.Refused as refused:
        raise Conflict(f"{refused}.") from None
    names = inbox_views.names(tx.sql, {ticket.customer_id}, {ticket.conversation_id})
    return show_ticket(ticket, names, desk, call.parts.clock())


@api.write("POST", "/api/v1/messages/{message_id}/retry", summary="Send a failed message again")
def retry(tx: Tx, call: Call, message_id: str) -> MessageOut:
    """Only what failed or is in doubt; the platform sees the same message id as before."""
    conversation_id = again(tx, message_id)
    if conversation_id is None:
        raise Conflict("This message has not failed; there is nothing to send again.")
    message = messages.find(tx.sql, message_id)
    conversation = conversations.get(tx.sql, conversation_id)
    if message is None:
        raise NotFound(f"There is no message {message_id}.")
    return show_message(inbox_views.lines(tx.sql, conversation, [message])[0], live=False)


def again(tx: Tx, message_id: str, *, sent: bool = False) -> str | None:
    """Queue a message's delivery again and wake its sender; its conversation's id, None where it can't be."""
    woken = deliveries.retry(tx, message_id, sent=sent)
    if woken is None:
        return None
    channel_id, conversation_id = woken
    outbox.put(tx, OUTBOUND, [encode(Wake(channel_id=channel_id, conversation_id=conversation_id))])
    return conversation_id


@api.asynchronous(
    "GET",
    "/api/v1/messages/{message_id}/attachments/{number}",
    summary="A file of a message",
    produces={"application/octet-stream": {"type": "string", "format": "binary"}},
)
async def get_attachment(call: Call, message_id: str, number: str) -> web.Response:
    """Always a download: nothing that a customer sent is shown as a page of ours."""
    message = await call.parts.store.read(lambda sql: messages.find(sql, message_id))
    files = message.attachments if message else ()
    if not (number.isascii() and number.isdecimal() and len(number) < 4 and int(number) < len(files)):
        raise NotFound("There is no such attachment.")
    file = files[int(number)]
    body = await call.parts.blobs.get(file.blob)
    return web.Response(
        body=body,
        headers={
            "Content-Type": "application/octet-stream",
            "Content-Disposition": f"attachment; filename*=UTF-8''{quote(file.name, safe='')}",
            "X-Content-Type-Options": "nosniff",
        },
    )


def _place(sql: Sql, conversation_id: str, message_id: str | None) -> int:
    if message_id is None:
        return 0
    message = messages.find(sql, message_id)
    if message is None or message.conversation_id != conversation_id:
        raise Invalid.at("/after", "unknown", f"There is no message {message_id} in this conversation.")
    return message.position


def _live(sql: Sql, channel_id: str) -> bool:
    channel = channels.find(sql, channel_id)
    return channel is not None and channel.kind in LIVE_KINDS
