"""Work that one transaction at a time may do, of all the processes that are there to do it."""

from sqlalchemy import func, select

from storage.store import Tx


def take(tx: Tx, work: str) -> bool:
    """Whether this transaction may do the work; what it took it keeps until it ends.

    On SQLite writers take turns anyway.
    """
    if tx.sql.dialect.name == "sqlite":
        return True
    return bool(tx.sql.execute(select(func.pg_try_advisory_xact_lock(func.hashtext(work)))).scalar_one())
