"""The ledger over HTTP: for each channel and minute, what came and what became of it."""

from datetime import datetime, timedelta

from pydantic import BaseModel, Field

from bus.envelope import minute_of
from gateway.http import cursor
from gateway.http.call import Call
from gateway.http.cursor import Page
from gateway.http.endpoint import Api
from gateway.http.fields import Id, Time
from storage.ledger import KEPT
from storage.ledger_lines import Line, lines
from storage.paging import Sql

api = Api("Ledger")
BACK = timedelta(hours=1)
# A page covers so much time.
SPAN = timedelta(hours=6)


class ReceivedOut(BaseModel):
    """`total` is the sum of the others.

    `applied` are edits, withdrawals and receipts; `open` was accepted, and nothing has come of it yet.
    """

    total: int
    stored: int
    applied: int
    duplicates: int
    quarantined: int
    given_up: int
    refused: int
    open: int


class SentOut(BaseModel):
    """Messages that were to be sent since that minute; `total` is what they should sum up to."""

    total: int
    delivered: int
    failed: int
    in_doubt: int
    waiting: int


class LineOut(BaseModel):
    """One minute of one channel. `difference` is 0 while the books balance."""

    channel: str
    minute: Time
    received: ReceivedOut
    sent: SentOut
    difference: int


class LedgerQuery(BaseModel):
    """What the ledger is narrowed to."""

    channel: Id | None = None
    since: Time | None = Field(None, description="From this minute on; an hour ago without it.")
    cursor: str | None = Field(None, max_length=500, description="`next_cursor` of the page before.")


@api.read("/api/v1/ledger", role="supervisor", summary="What came of everything that was received and sent")
def list_lines(sql: Sql, call: Call, query: LedgerQuery) -> Page[LineOut]:
    """Oldest first, a page for each six hours; minutes in which nothing happened are left out."""
    now = call.parts.clock()
    begin = query.since or now - BACK
    if query.cursor is not None:
        begin = cursor.decode(query.cursor, datetime)
    begin = minute_of(min(max(begin, now - KEPT), now + SPAN))
    until = begin + SPAN
    return Page[LineOut](
        data=[_show(line, now) for line in lines(sql, begin, until, query.channel)],
        next_cursor=cursor.encode(until) if until <= now else None,
    )


def _show(line: Line, now: datetime) -> LineOut:
    return LineOut(
        channel=line.channel_id,
        minute=line.minute,
        received=ReceivedOut(
            total=line.received,
            stored=line.stored,
            applied=line.applied,
            duplicates=line.duplicates + line.again,
            quarantined=line.quarantined,
            given_up=line.given_up,
            refused=line.refused,
            open=line.open,
        ),
        sent=SentOut(
            total=line.sent,
            delivered=line.delivered,
            failed=line.failed,
            in_doubt=line.in_doubt,
            waiting=line.waiting,
        ),
        difference=line.difference(now),
    )
