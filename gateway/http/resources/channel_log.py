"""What was sent on a channel, over HTTP: the log of deliveries, and each of them once more."""

from typing import Literal

from pydantic import BaseModel

from gateway.http.call import Call
from gateway.http.cursor import ListQuery, Page, decode
from gateway.http.endpoint import Api
from gateway.http.fields import Time
from gateway.http.problems import Conflict
from gateway.http.resources.conversations import again
from storage import channels, deliveries, delivery_log
from storage.delivery_log import Entry
from storage.paging import Sql
from storage.store import Missing, Tx

api = Api("Channels")

State = Literal["queued", "sending", "sent", "failed", "in_doubt", "kept"]


class LogQuery(ListQuery):
    """Which deliveries."""

    state: State | None = None


class FailedOut(BaseModel):
    """An attempt that failed, and why in words."""

    at: Time
    error: str


class EntryOut(BaseModel):
    """A message to a customer and how far it has come; `failed` are the attempts that did not succeed.

    `attempts` counts since a person last queued it. `external_id`: the platform's own id, null for none.
    """

    message_id: str
    conversation_id: str
    state: State
    attempts: int
    error: str | None
    external_id: str | None
    queued_at: Time
    updated_at: Time
    failed: list[FailedOut]


@api.read("/api/v1/channels/{channel_id}/deliveries", role="supervisor", summary="What was sent on a channel")
def list_deliveries(sql: Sql, call: Call, channel_id: str, query: LogQuery) -> Page[EntryOut]:
    """Newest first, of the last 30 days. `queued_at` is exact to the minute."""
    channels.get(sql, channel_id)
    before = decode(query.cursor, str) if query.cursor else None
    found = delivery_log.of_channel(
        sql, channel_id, call.parts.clock(), before=before, limit=query.limit, state=query.state
    )
    return Page[EntryOut].of(found, _show)


@api.write(
    "POST",
    "/api/v1/channels/{channel_id}/deliveries/{message_id}/redeliver",
    role="supervisor",
    summary="Send a message once more",
)
def redeliver(tx: Tx, call: Call, channel_id: str, message_id: str) -> None:
    """Also one that has arrived: the receiver sees the same id and can tell. 409 while it waits."""
    if deliveries.channel_of(tx.sql, message_id) != channel_id:
        raise Missing(f"there is no delivery of message {message_id} on channel {channel_id}")
    if again(tx, message_id, sent=True) is None:
        raise Conflict("This message still waits to be sent.")


def _show(entry: Entry) -> EntryOut:
    return EntryOut(
        message_id=entry.message_id,
        conversation_id=entry.conversation_id,
        state=entry.state,
        attempts=entry.attempts,
        error=entry.error or None,
        external_id=entry.external_id or None,
        queued_at=entry.queued_at,
        updated_at=entry.updated_at,
        failed=[FailedOut(at=one.at, error=one.error) for one in entry.failed],
    )
