"""Notices to the agent who asks: to them, to their queues, to everyone."""

from datetime import datetime
from typing import Annotated

from pydantic import BaseModel, Field

from gateway.http.call import Call
from gateway.http.cursor import ListQuery, Page
from gateway.http.cursor import decode as decode_cursor
from gateway.http.cursor import encode as encode_cursor
from gateway.http.endpoint import Api
from storage import agents, notifications
from storage.paging import Sql
from storage.store import Tx

api = Api("Notices")


class NoticeOut(BaseModel):
    """A notice, and when somebody it was for marked it as read."""

    seq: int
    recipient: str
    ticket_id: str | None
    conversation_id: str | None
    text: str
    created_at: datetime
    read_at: datetime | None


class Read(BaseModel):
    """Everything up to this notice was read."""

    up_to: Annotated[int, Field(ge=1, le=2**62)]


class ReadOut(BaseModel):
    """How many were marked."""

    marked: int


@api.read("/api/v1/notifications", summary="Notices to you, newest first")
def list_notices(sql: Sql, call: Call, query: ListQuery) -> Page[NoticeOut]:
    """What rules had to tell you."""
    before = decode_cursor(query.cursor, int) if query.cursor else None
    found = notifications.listed(sql, _recipients(sql, call), before, query.limit + 1)
    page = found[: query.limit]
    rest = encode_cursor(page[-1].seq) if len(found) > query.limit else None
    return Page[NoticeOut](data=[NoticeOut(**one._asdict()) for one in page], next_cursor=rest)


@api.write("POST", "/api/v1/notifications/read", summary="Mark notices as read")
def mark_read(tx: Tx, call: Call, body: Read) -> ReadOut:
    """All of yours up to one."""
    return ReadOut(marked=notifications.read(tx, _recipients(tx.sql, call), body.up_to))


def _recipients(sql: Sql, call: Call) -> list[str]:
    names = ["everyone", call.principal.role]
    agent = agents.find(sql, call.principal.agent_id) if call.principal.agent_id else None
    if agent is None:
        return names
    return [*names, agent.id, agent.name, *(f"queue:{queue}" for queue in agent.queues)]
