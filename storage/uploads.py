"""Uploads: files that were sent ahead of the message they belong to.

NotUploaded   a message names an upload that is not there, or is somebody else's
"""

from collections.abc import Sequence
from datetime import timedelta

from sqlalchemy import Connection, delete, insert, select

from bus.envelope import Attachment
from bus.ids import new_id
from storage import schema
from storage.store import StoreError, Tx

_row = schema.uploads.c
# What has not become part of a message by then is forgotten; a message holds its files by itself.
LIFETIME = timedelta(days=1)


class NotUploaded(StoreError):
    """`position` in the list that named it."""

    def __init__(self, position: int, upload_id: str) -> None:
        super().__init__(f"There is no upload {upload_id} of yours.")
        self.position = position


def add(tx: Tx, attachment: Attachment, principal: str) -> str:
    """Note a file whose bytes are kept already; returns its id."""
    upload_id = new_id("upl", tx.now)
    tx.sql.execute(
        insert(schema.uploads).values(
            id=upload_id,
            blob=attachment.blob,
            name=attachment.name,
            type=attachment.type,
            size=attachment.size,
            principal=principal,
            created_at=tx.now,
        )
    )
    return upload_id


def attachments(sql: Connection, upload_ids: Sequence[str], principal: str) -> tuple[Attachment, ...]:
    """The files of these uploads, in order; raises `NotUploaded` for one that the principal did not make."""
    return tuple(_attachment(sql, *each, principal) for each in enumerate(upload_ids))


def _attachment(sql: Connection, position: int, upload_id: str, principal: str) -> Attachment:
    query = select(_row.name, _row.type, _row.size, _row.blob)
    line = sql.execute(query.where(_row.id == upload_id, _row.principal == principal)).one_or_none()
    if line is None:
        raise NotUploaded(position, upload_id)
    return Attachment(**line._mapping)


def prune(tx: Tx) -> None:
    """Forget uploads past their lifetime; their bytes stay, since others may have sent the same."""
    tx.sql.execute(delete(schema.uploads).where(_row.created_at < tx.now - LIFETIME))
