"""How often the knowledge base's answers are to be right, as an admin chose it for the whole desk."""

from datetime import datetime
from typing import Final

from sqlalchemy import Connection

from router.values import Value
from storage import catalogue
from storage.catalogue import Document
from storage.store import Missing, Tx

ID: Final = "target_precision"


class Chosen(Value, frozen=True, kw_only=True):
    """A share (0 to 1), and who chose it when."""

    target: float
    by: str
    at: datetime
    version: int


def chosen(sql: Connection) -> Chosen | None:
    """The choice; None where no admin has made one."""
    document = catalogue.find(sql, "choice", ID)
    return None if document is None else _chosen(document)


def in_force(sql: Connection, setting: float) -> float:
    """The share that holds: the setting until an admin has chosen."""
    found = chosen(sql)
    return setting if found is None else found.target


def lock(tx: Tx) -> Chosen | None:
    """The choice, held until the transaction ends."""
    try:
        return _chosen(catalogue.lock(tx, "choice", ID))
    except Missing:
        return None


def choose(tx: Tx, target: float, by: str) -> Chosen:
    """What holds from now on; raises `Taken` where the first choice is made twice at once."""
    write = catalogue.add if chosen(tx.sql) is None else catalogue.save
    return _chosen(write(tx, "choice", ID, ID, {"target": target, "by": by}))


def _chosen(document: Document) -> Chosen:
    body = document.body
    return Chosen(target=body["target"], by=body["by"], at=document.updated_at, version=document.version)
