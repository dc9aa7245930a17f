"""`frontdesk deadletter`: messages that could not be taken in: what they are, and what becomes of them."""

from typing import Annotated, Any

import typer

from gateway.cli.opened import Data, changing, reading
from gateway.cli.terminal import AsJson, group, show, show_json

app = group("Messages that could not be taken in.")

Letter = Annotated[str, typer.Argument(metavar="ID")]
Letters = Annotated[list[str], typer.Argument(metavar="ID…")]
ACTOR = "frontdesk deadletter"
EVERY = 10_000


@app.command("list")
def list_(as_json: AsJson = False, data: Data = None) -> None:
    """List them, oldest first."""
    from storage import dead_letters

    rows = [_row(letter) for letter in reading(data, lambda sql: dead_letters.listed(sql, "", EVERY))]
    show(rows, as_json=as_json)


@app.command("show")
def show_one(letter_id: Letter, data: Data = None) -> None:
    """Print one as JSON: why it is here, and the envelope, where it can be read."""
    import msgspec

    from bus.envelope import EnvelopeError, decode
    from storage import dead_letters

    letter = reading(data, lambda sql: dead_letters.get(sql, letter_id))
    try:
        envelope = msgspec.to_builtins(decode(letter.body))
    except EnvelopeError as error:
        envelope = {"unreadable": str(error), "bytes": letter.body}
    show_json(_row(letter) | {"envelope": envelope})


@app.command("replay")
def replay(letter_ids: Letters, data: Data = None) -> None:
    """Put them back at the end of their lanes; a running server takes them in within seconds."""
    from storage import audit, dead_letters

    def step(tx: Any) -> None:
        for letter_id in letter_ids:
            letter = dead_letters.put_back(tx, letter_id)
            audit.record(tx, ACTOR, "deadletter.replayed", letter_id, error=letter.error)

    changing(data, step)


@app.command("discard")
def discard(letter_ids: Letters, data: Data = None) -> None:
    """Give them up for good; the audit log keeps that they were."""
    from storage import audit, dead_letters

    def step(tx: Any) -> None:
        for letter_id in letter_ids:
            letter = dead_letters.give_up(tx, letter_id)
            told = {"error": letter.error, "message_id": letter.envelope_id}
            audit.record(tx, ACTOR, "deadletter.discarded", letter_id, **told)

    changing(data, step)


def _row(letter: Any) -> dict[str, Any]:
    return {
        "id": letter.id,
        "message_id": letter.envelope_id,
        "lane": letter.lane,
        "attempts": letter.attempts,
        "size": len(letter.body),
        "created_at": letter.created_at,
        "error": letter.error,
    }
