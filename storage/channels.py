"""Channels as they are set up. Their secrets are sealed bytes here; `storage.secrets` opens them."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, delete, insert, select, update

from router.values import Value
from storage import channel_status, cursors, schema
from storage.refusals import InUse
from storage.store import Missing, Tx, last_number

_row = schema.channels.c
_COLUMNS = select(
    _row.id,
    _row.kind,
    _row.name,
    _row.settings,
    _row.secrets,
    _row.enabled,
    _row.version,
    _row.created_at,
    _row.updated_at,
)


class Stored(Value, frozen=True, kw_only=True):
    """A channel's row: `settings` is the public part, `sealed` the secret one."""

    id: str
    kind: str
    name: str
    settings: dict[str, Any]
    sealed: bytes
    enabled: bool
    version: int
    created_at: datetime
    updated_at: datetime

    def __repr__(self) -> str:
        return f"Stored({self.kind} {self.id!r}, version {self.version})"


def every(sql: Connection) -> list[Stored]:
    """All of them, oldest first."""
    return [_load(line) for line in sql.execute(_COLUMNS.order_by(_row.created_at, _row.id))]


def find(sql: Connection, channel_id: str) -> Stored | None:
    """One of them."""
    line = sql.execute(_COLUMNS.where(_row.id == channel_id)).one_or_none()
    return None if line is None else _load(line)


def get(sql: Connection, channel_id: str) -> Stored:
    """One of them; raises `Missing`."""
    found = find(sql, channel_id)
    if found is None:
        raise Missing(f"there is no channel {channel_id}")
    return found


def version(sql: Connection) -> int:
    """A number that grows whenever a channel is made, changed or removed (and with other set-up, too)."""
    return last_number(sql, "setup")


def add(
    tx: Tx, channel_id: str, kind: str, name: str, *, settings: Mapping[str, Any], sealed: bytes
) -> Stored:
    """Store a new channel, switched on."""
    tx.sql.execute(
        insert(schema.channels).values(
            id=channel_id,
            kind=kind,
            name=name,
            settings=dict(settings),
            secrets=sealed,
            enabled=True,
            version=1,
            created_at=tx.now,
            updated_at=tx.now,
        )
    )
    tx.emit("channel.updated", id=channel_id)
    return get(tx.sql, channel_id)


def save(
    tx: Tx, channel_id: str, name: str, *, settings: Mapping[str, Any], sealed: bytes, enabled: bool
) -> Stored:
    """Store a channel that was there, as its next version; raises `Missing`."""
    tx.sql.execute(
        update(schema.channels)
        .where(_row.id == channel_id)
        .values(
            name=name,
            settings=dict(settings),
            secrets=sealed,
            enabled=enabled,
            version=_row.version + 1,
            updated_at=tx.now,
        )
    )
    tx.emit("channel.updated", id=channel_id)
    return get(tx.sql, channel_id)


def amend(tx: Tx, channel_id: str, changes: Mapping[str, Any]) -> None:
    """Change public settings of a channel, as its platform wants it; one that is gone is left alone."""
    line = tx.sql.execute(select(_row.settings).where(_row.id == channel_id).with_for_update()).one_or_none()
    if line is not None and {**line.settings, **changes} != line.settings:
        changed = {
            "settings": {**line.settings, **changes},
            "version": _row.version + 1,
            "updated_at": tx.now,
        }
        tx.sql.execute(update(schema.channels).where(_row.id == channel_id).values(changed))
        tx.emit("channel.updated", id=channel_id)


def remove(tx: Tx, channel_id: str) -> None:
    """Delete a channel that nobody has written on; raises `Missing`, `InUse`."""
    get(tx.sql, channel_id)
    contact = schema.contact_points.c
    if tx.sql.execute(select(contact.id).where(contact.channel_id == channel_id).limit(1)).first():
        raise InUse("Customers have written on this channel; switch it off instead.")
    tx.sql.execute(delete(schema.channels).where(_row.id == channel_id))
    cursors.forget(tx, channel_id)
    channel_status.forget(tx, channel_id)
    tx.emit("channel.updated", id=channel_id)


def _load(line: Any) -> Stored:
    return Stored(
        id=line.id,
        kind=line.kind,
        name=line.name,
        settings=line.settings,
        sealed=line.secrets,
        enabled=line.enabled,
        version=line.version,
        created_at=line.created_at,
        updated_at=line.updated_at,
    )
