"""Notifications to the agent who asks; programs with a supervisor's token see everybody's."""

from collections.abc import Collection, Sequence
from typing import Annotated, Literal

from pydantic import BaseModel, Field

from gateway.http.call import Call
from gateway.http.cursor import ListQuery, Page
from gateway.http.cursor import decode as decode_cursor
from gateway.http.endpoint import Api
from gateway.http.fields import Id, Time
from gateway.http.problems import Forbidden
from router.notices import KINDS, Kind, Language, words
from storage import notification_choices, notification_deliveries, notifications
from storage.notification_deliveries import Delivery, State
from storage.notifications import Notification
from storage.paging import Sql
from storage.store import Tx
from workers import notices

api = Api("Notifications")


class DeliveryOut(BaseModel):
    """One way: what became of it, and why where it did not arrive."""

    way: Literal["email", "robot"]
    state: State
    error: str


class NotificationOut(BaseModel):
    """What somebody was told, in one line, and what it is about."""

    id: str
    agent_id: str
    kind: Kind
    title: str
    text: str
    ticket_id: str | None
    conversation_id: str | None
    created_at: Time
    read_at: Time | None
    deliveries: list[DeliveryOut] = Field(description="The ways it leaves the desk, and how far it has come.")


class NotificationQuery(ListQuery):
    """Which of them, and in whose words."""

    unread: bool = Field(False, description="Only those that were not read yet.")
    language: Language = "en"


class Read(BaseModel):
    """What was read: some, everything up to one, everything about a ticket."""

    ids: Annotated[list[Id], Field(max_length=100)] = []
    up_to: Id | None = None
    ticket_id: Id | None = None


class ReadOut(BaseModel):
    """How many were marked."""

    marked: int


class Unread(BaseModel):
    """How many wait to be read; a thousand stands for more."""

    count: int


@api.read("/api/v1/notifications", summary="What you were told, newest first")
def list_notifications(sql: Sql, call: Call, query: NotificationQuery) -> Page[NotificationOut]:
    """SLA steps, offers, what rules tell, and whatever else concerns you."""
    before = decode_cursor(query.cursor, str) if query.cursor else None
    whose = _whose(call)
    found = notifications.listed(
        sql, whose, before, query.limit, kinds=_shown(sql, whose), unread=query.unread
    )
    ways = notification_deliveries.of(sql, [one.id for one in found.items])
    return Page[NotificationOut].of(found, lambda one: _show(one, ways.get(one.id, []), query.language))


@api.read("/api/v1/notifications/unread", summary="How many you have not read")
def count_unread(sql: Sql, call: Call) -> Unread:
    """Of what the desk itself shows you."""
    me = _me(call)
    return Unread(count=notifications.unread(sql, me, _shown(sql, me)))


@api.write("POST", "/api/v1/notifications/read", summary="Mark notifications as read")
def mark_read(tx: Tx, call: Call, body: Read) -> ReadOut:
    """Of yours alone."""
    return ReadOut(
        marked=notifications.read(tx, _me(call), ids=body.ids, up_to=body.up_to, ticket=body.ticket_id)
    )


@api.write("POST", "/api/v1/notifications/test", summary="Be told something, to see whether it arrives")
def try_out(tx: Tx, call: Call) -> None:
    """By every way there is, quiet hours or not."""
    notices.trying(tx, _me(call))


def _shown(sql: Sql, agent_id: str | None) -> Collection[Kind]:
    """The kinds that the desk shows them; programs see all."""
    return KINDS if agent_id is None else notification_choices.find(sql, agent_id).choices.on_the_desk()


def _show(one: Notification, ways: Sequence[Delivery], language: Language) -> NotificationOut:
    said = words(one.kind, one.details, language)
    return NotificationOut(
        id=one.id,
        agent_id=one.agent_id,
        kind=one.kind,
        title=said.title,
        text=said.text,
        ticket_id=one.ticket_id,
        conversation_id=one.conversation_id,
        created_at=one.created_at,
        read_at=one.read_at,
        deliveries=[DeliveryOut(**way._asdict()) for way in ways],
    )


def _whose(call: Call) -> str | None:
    if call.principal.agent_id is None and call.principal.may("supervisor"):
        return None
    return _me(call)


def _me(call: Call) -> str:
    if call.principal.agent_id is None:
        raise Forbidden("A token is no agent.")
    return call.principal.agent_id
