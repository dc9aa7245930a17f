"""Which messages have been taken in before, as whoever accepts them asks."""

from collections.abc import Collection

from sqlalchemy import Connection, select

from storage import schema

_row = schema.dedupe.c


def known(sql: Connection, message_ids: Collection[str]) -> set[str]:
    """Those of these ids that the store has."""
    query = select(_row.message_id).where(_row.message_id.in_(message_ids))
    return set(sql.execute(query).scalars())
