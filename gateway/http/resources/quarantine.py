"""Mail that can't be read, over HTTP: agents see whose it is, why, and how it begins; supervisors decide.

It is put back and given up where other dead letters are (`gateway.http.resources.dead_letters`).
"""

from datetime import datetime
from typing import Any

from aiohttp import web
from pydantic import BaseModel

from bus.envelope import EnvelopeError, Inbound, Message, decode
from channels.mail.beginning import LONGEST, beginning
from gateway.http.call import Call
from gateway.http.cursor import ListQuery, Page
from gateway.http.cursor import decode as decode_cursor
from gateway.http.cursor import encode as encode_cursor
from gateway.http.endpoint import Api
from storage import channels, dead_letters
from storage.dead_letters import QUARANTINED, DeadLetter
from storage.paging import Sql

api = Api("Quarantine")


class QuarantinedOut(BaseModel):
    """A mail that was set aside: what its header tells of it, and why."""

    id: str
    channel: str
    channel_name: str
    sender: str
    subject: str
    why: str
    attempts: int
    created_at: datetime


class PreviewOut(QuarantinedOut):
    """With its size in bytes and its first ones as plain text, header and all."""

    size: int
    beginning: str
    cut: bool


@api.read("/api/v1/quarantine", summary="Mail that can't be read")
def list_quarantined(sql: Sql, call: Call, query: ListQuery) -> Page[QuarantinedOut]:
    """Oldest first."""
    after = decode_cursor(query.cursor, str) if query.cursor else ""
    found = dead_letters.listed(sql, after, query.limit + 1, quarantined=True)
    page = found[: query.limit]
    rest = encode_cursor(page[-1].id) if len(found) > query.limit else None
    return Page[QuarantinedOut](data=[QuarantinedOut(**_told(sql, one)) for one in page], next_cursor=rest)


@api.asynchronous("GET", "/api/v1/quarantine/{letter_id}", summary="How a mail that can't be read begins")
async def get_quarantined(call: Call, letter_id: str) -> PreviewOut:
    """Text that can do nothing but be looked at; nothing in it is interpreted."""
    told, raw = await _found(call, letter_id)
    return PreviewOut(**told, size=len(raw), beginning=beginning(raw), cut=len(raw) > LONGEST)


@api.asynchronous(
    "GET",
    "/api/v1/quarantine/{letter_id}/raw",
    role="supervisor",
    summary="A mail that can't be read, as it came",
    produces={"application/octet-stream": {"type": "string", "format": "binary"}},
)
async def get_raw(call: Call, letter_id: str) -> web.Response:
    """Always a download."""
    _, raw = await _found(call, letter_id)
    headers = {
        "Content-Type": "application/octet-stream",
        "Content-Disposition": f"attachment; filename={letter_id}.eml",
        "X-Content-Type-Options": "nosniff",
    }
    return web.Response(body=raw, headers=headers)


async def _found(call: Call, letter_id: str) -> tuple[dict[str, Any], bytes]:
    def look(sql: Sql) -> tuple[dict[str, Any], Inbound | None]:
        letter = dead_letters.get(sql, letter_id, quarantined=True)
        return _told(sql, letter), _envelope(letter)

    told, envelope = await call.parts.store.read(look)
    if envelope is None:
        return told, b""
    return told, envelope.raw or await call.parts.blobs.get(envelope.raw_blob)


def _envelope(letter: DeadLetter) -> Inbound | None:
    try:
        return decode(letter.body)
    except EnvelopeError:
        return None


def _told(sql: Sql, letter: DeadLetter) -> dict[str, Any]:
    envelope = _envelope(letter)
    channel = channels.find(sql, envelope.channel_id) if envelope else None
    event = envelope.event if envelope else None
    return {
        "id": letter.id,
        "channel": envelope.channel_id if envelope else "",
        "channel_name": channel.name if channel else "",
        "sender": (envelope.sender.email or envelope.sender.address) if envelope else "",
        "subject": event.subject if isinstance(event, Message) else "",
        "why": letter.error.removeprefix(QUARANTINED),
        "attempts": letter.attempts,
        "created_at": letter.created_at,
    }
