"""`frontdesk ledger`: the books of what was received and sent, and whether the tables say the same."""

from datetime import datetime
from pathlib import Path
from typing import Annotated, Any

import typer

from gateway.cli.opened import Data, reading
from gateway.cli.terminal import AsJson, Failure, group, show

app = group("The books: what was received and sent, and what came of it.")

Since = Annotated[
    str | None,
    typer.Option("--since", metavar="TIME", help="ISO 8601, UTC without an offset.", show_default=False),
]
Channel = Annotated[str | None, typer.Option("--channel", metavar="ID", show_default=False)]


@app.command("show")
def show_(channel: Channel = None, since: Since = None, as_json: AsJson = False, data: Data = None) -> None:
    """Show each minute of each channel, oldest first; the last hour's without --since."""
    from datetime import timedelta

    from storage.ledger_lines import lines

    now = _now()
    begin = _since(since, now - timedelta(hours=1))
    found = reading(data, lambda sql: lines(sql, begin, now + timedelta(minutes=1), channel))
    show([_row(line, now) for line in found], as_json=as_json)


@app.command("check")
def check(since: Since = None, as_json: AsJson = False, data: Data = None) -> None:
    """Count the tables again; print each place where the books say otherwise, and fail if there is one.

    It looks at what the ledger keeps, the last 30 days, or from --since on.
    """
    from storage import ledger_check
    from storage.ledger import KEPT

    now = _now()
    begin = max(_since(since, now - KEPT), now - KEPT)
    found = reading(data, lambda sql: ledger_check.check(sql, begin, now))
    rows = [{"channel": one.channel_id, "minute": one.minute, "difference": one.what} for one in found]
    show(rows, as_json=as_json)
    if rows:
        raise Failure(f"The books don't balance: {len(rows)} differences, the first at {_minute(found[0])}.")


@app.command("reconcile")
def reconcile(
    channel: Annotated[str, typer.Argument(metavar="CHANNEL")],
    ids: Annotated[Path, typer.Argument(metavar="FILE", exists=True, dir_okay=False, allow_dash=True)],
    as_json: AsJson = False,
    data: Data = None,
) -> None:
    """Compare with what the platform says it sent: print the ids that are not here, and fail if there is one.

    FILE holds one id a line, as the platform calls its messages (webhook-id); - is stdin. Ids that were
    accepted a moment ago may not be here yet.
    """
    from storage import ledger_check

    given = sorted({line.strip() for line in _text(ids).splitlines()} - {""})
    missing = reading(data, lambda sql: ledger_check.not_taken(sql, channel, given))
    show([{"channel": channel, "id": one} for one in missing], as_json=as_json)
    if missing:
        raise Failure(f"{len(missing)} of {len(given)} are not here.")


def _text(path: Path) -> str:
    try:
        return typer.get_text_stream("stdin").read() if str(path) == "-" else path.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise Failure(f"{path} can't be read: {error}.") from None


def _now() -> datetime:
    from datetime import UTC

    return datetime.now(UTC)


def _since(given: str | None, default: datetime) -> datetime:
    from datetime import UTC

    from bus.envelope import minute_of

    if given is None:
        return minute_of(default)
    try:
        found = datetime.fromisoformat(given)
        return minute_of(found.replace(tzinfo=UTC) if found.tzinfo is None else found.astimezone(UTC))
    except (ValueError, OverflowError):
        raise typer.BadParameter("not a time such as 2026-03-01T09:30Z", param_hint="--since") from None


def _minute(one: Any) -> str:
    return f"{one.minute:%Y-%m-%d %H:%M}Z"


def _row(line: Any, now: datetime) -> dict[str, Any]:
    names = ("stored", "applied", "quarantined", "given_up", "refused", "open", "sent", "delivered", "failed")
    counts = {name: getattr(line, name) for name in (*names, "in_doubt", "waiting")}
    return {
        "channel": line.channel_id,
        "minute": line.minute,
        "received": line.received,
        "duplicates": line.duplicates + line.again,
        **counts,
        "difference": line.difference(now),
    }
