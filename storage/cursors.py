"""Where each channel that is listened to goes on: a text of the channel's own, "" before it gave one."""

from sqlalchemy import Connection, delete, insert, select, update

from storage import schema
from storage.store import Tx

_row = schema.cursors.c


def find(sql: Connection, channel_id: str) -> str:
    """The cursor that was saved last."""
    found: str | None = sql.execute(select(_row.cursor).where(_row.channel_id == channel_id)).scalar()
    return found or ""


def save(tx: Tx, channel_id: str, cursor: str) -> None:
    """What came before this is durable; only the channel's one listener saves."""
    saved = {"cursor": cursor, "updated_at": tx.now}
    row = update(schema.cursors).where(_row.channel_id == channel_id)
    if not tx.sql.execute(row.values(saved)).rowcount:
        tx.sql.execute(insert(schema.cursors).values(channel_id=channel_id, **saved))


def forget(tx: Tx, channel_id: str) -> None:
    """The channel is no more."""
    tx.sql.execute(delete(schema.cursors).where(_row.channel_id == channel_id))
