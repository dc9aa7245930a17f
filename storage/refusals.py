"""What the store refuses although the request is well-formed.

Refused
├── Taken   the name, address or id belongs to something else already
└── InUse   something still refers to what was to be deleted
"""

from typing import Any

from sqlalchemy import Executable
from sqlalchemy.exc import IntegrityError

from storage.store import StoreError, Tx


class Refused(StoreError):
    """Not possible as things are; the text is a sentence that says why."""


class Taken(Refused):
    """Something else has it."""


class InUse(Refused):
    """It can't go while others refer to it."""


def unless_taken(tx: Tx, statement: Executable, sentence: str) -> Any:
    """Execute an insert or update; raises `Taken(sentence)` if it breaks a unique constraint.

    The step must end with that: PostgreSQL refuses whatever follows in the same transaction.
    """
    try:
        return tx.sql.execute(statement)
    except IntegrityError as error:
        raise Taken(sentence) from error
