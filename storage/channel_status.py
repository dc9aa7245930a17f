"""How each channel is, part by part, as the processes that work with it last said."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Literal, NamedTuple

from sqlalchemy import Connection, delete, insert, select, update

from storage import schema
from storage.store import Tx

Name = Literal["setup", "receiving", "sending"]
"""The parts: what is set up, what comes in by listening, what goes out."""

State = Literal["ok", "failing", "off", "unknown"]

_row = schema.channel_status.c


class Part(NamedTuple):
    """One part: whether it fails, since when it is as it is, the last error in words ("" for none yet)."""

    part: Name
    failing: bool
    since: datetime
    error: str
    error_at: datetime | None


def keep(tx: Tx, told: Mapping[tuple[str, Name], str | None]) -> None:
    """Keep what was said, by channel and part: an error in words, or None where all is well."""
    for (channel_id, part), error in sorted(told.items()):
        row = _row.channel_id == channel_id, _row.part == part
        query = select(_row.failing, _row.error).where(*row).with_for_update()
        before = tx.sql.execute(query).one_or_none()
        failing = error is not None
        if before is None:
            first = {"failing": failing, "error": error or "", "error_at": tx.now if failing else None}
            key = {"channel_id": channel_id, "part": part, "since": tx.now}
            tx.sql.execute(insert(schema.channel_status).values(first | key))
        elif before.failing != failing or (failing and before.error != error):
            changed = {"failing": failing} | ({"error": error, "error_at": tx.now} if failing else {})
            since = {"since": tx.now} if before.failing != failing else {}
            tx.sql.execute(update(schema.channel_status).where(*row).values(changed | since))
        if failing != (before is not None and before.failing):
            tx.emit("channel.status", id=channel_id, part=part, failing=failing, error=error)


def unproved(sql: Connection) -> list[str]:
    """The channels whose platforms have not said yet that what is set up is right."""
    query = select(_row.channel_id).where(_row.part == "setup", _row.failing)
    return list(sql.execute(query.order_by(_row.channel_id)).scalars())


def every(sql: Connection) -> dict[str, list[Part]]:
    """The parts of each channel that anything was said of, by the channel's id, the worst first."""
    found: dict[str, list[Part]] = {}
    for line in sql.execute(select(schema.channel_status).order_by(_row.failing.desc(), _row.since)):
        part = Part(line.part, line.failing, line.since, line.error, line.error_at)
        found.setdefault(line.channel_id, []).append(part)
    return found


def worst(parts: Sequence[Part]) -> Part | None:
    """The part that fails longest, else the one that changed last."""
    failing = [part for part in parts if part.failing]
    if failing:
        return min(failing, key=lambda part: part.since)
    return max(parts, key=lambda part: part.since, default=None)


def state(enabled: bool, found: Part | None) -> State:
    """In one word, by the worst part."""
    if not enabled:
        return "off"
    if found is None:
        return "unknown"
    return "failing" if found.failing else "ok"


def forget(tx: Tx, channel_id: str) -> None:
    """The channel is no more."""
    tx.sql.execute(delete(schema.channel_status).where(_row.channel_id == channel_id))
