"""Dead letters over HTTP: what could not be taken in, why, and putting it back."""

from datetime import datetime

from pydantic import BaseModel

from gateway.http.call import Call
from gateway.http.cursor import ListQuery, Page
from gateway.http.cursor import decode as decode_cursor
from gateway.http.cursor import encode as encode_cursor
from gateway.http.endpoint import Api
from storage import audit, dead_letters
from storage.dead_letters import DeadLetter
from storage.paging import Sql
from storage.store import Tx

api = Api("Dead letters")


class DeadLetterOut(BaseModel):
    """An envelope that was set aside; `message_id` is the id its sender was answered with."""

    id: str
    message_id: str
    lane: str
    error: str
    attempts: int
    size: int
    created_at: datetime


@api.read("/api/v1/deadletters", role="supervisor", summary="Messages that could not be taken in")
def list_dead_letters(sql: Sql, call: Call, query: ListQuery) -> Page[DeadLetterOut]:
    """Oldest first."""
    after = decode_cursor(query.cursor, str) if query.cursor else ""
    found = dead_letters.listed(sql, after, query.limit + 1)
    page = found[: query.limit]
    rest = encode_cursor(page[-1].id) if len(found) > query.limit else None
    return Page[DeadLetterOut](data=[_shown(letter) for letter in page], next_cursor=rest)


@api.read("/api/v1/deadletters/{letter_id}", role="supervisor", summary="A dead letter")
def get_dead_letter(sql: Sql, call: Call, letter_id: str) -> DeadLetterOut:
    """One dead letter."""
    return _shown(dead_letters.get(sql, letter_id))


@api.write("POST", "/api/v1/deadletters/{letter_id}/replay", role="supervisor", summary="Put one back")
def replay(tx: Tx, call: Call, letter_id: str) -> DeadLetterOut:
    """It goes through the inbound worker again, at the end of its lane."""
    letter = dead_letters.put_back(tx, letter_id)
    audit.record(tx, call.actor, "deadletter.replayed", letter_id, error=letter.error)
    return _shown(letter)


@api.write("DELETE", "/api/v1/deadletters/{letter_id}", role="supervisor", summary="Give one up")
def discard(tx: Tx, call: Call, letter_id: str) -> None:
    """It is gone; the audit log keeps that it was."""
    letter = dead_letters.give_up(tx, letter_id)
    told = {"error": letter.error, "message_id": letter.envelope_id}
    audit.record(tx, call.actor, "deadletter.discarded", letter_id, **told)


def _shown(letter: DeadLetter) -> DeadLetterOut:
    return DeadLetterOut(
        id=letter.id,
        message_id=letter.envelope_id,
        lane=letter.lane,
        error=letter.error,
        attempts=letter.attempts,
        size=len(letter.body),
        created_at=letter.created_at,
    )
