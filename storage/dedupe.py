"""Which messages have been taken in before, as whoever accepts them asks."""

from collections.abc import Collection

from sqlalchemy import Connection, select

from storage import schema
from storage.listed import among
from storage.prepared import Prepared

_row = schema.dedupe.c
_known = Prepared(select(_row.message_id).where(among(_row.message_id, "ids")))


def known(sql: Connection, message_ids: Collection[str]) -> set[str]:
    """Those of these ids that the store has."""
    return {line[0] for line in _known.rows(sql, {"ids": sorted(message_ids)})}
