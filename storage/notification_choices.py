"""What each agent chose of how they are told; the address of their robot is sealed bytes here."""

from collections.abc import Collection
from typing import NamedTuple

import msgspec
from sqlalchemy import Connection, delete, insert, select, update

from router.notice_choices import Choices
from storage import schema
from storage.store import Tx

_row = schema.notification_choices.c


class Kept(NamedTuple):
    """An agent's choices; `version` 0 where they have made none."""

    choices: Choices = Choices()
    robot: bytes = b""
    version: int = 0


def find(sql: Connection, agent_id: str) -> Kept:
    """One agent's."""
    return of(sql, [agent_id]).get(agent_id, Kept())


def of(sql: Connection, agent_ids: Collection[str]) -> dict[str, Kept]:
    """By agent; whoever has made none is not in it."""
    query = select(_row.agent_id, _row.body, _row.robot, _row.version)
    lines = sql.execute(query.where(_row.agent_id.in_(sorted(agent_ids))))
    return {
        line.agent_id: Kept(msgspec.convert(line.body, Choices), line.robot, line.version) for line in lines
    }


def save(tx: Tx, agent_id: str, choices: Choices, robot: bytes, *, before: int) -> int:
    """Store them as the version after `before`, which it returns; the caller has locked the agent."""
    kept = {
        "body": msgspec.to_builtins(choices),
        "robot": robot,
        "version": before + 1,
        "updated_at": tx.now,
    }
    if before:
        tx.sql.execute(update(schema.notification_choices).where(_row.agent_id == agent_id).values(kept))
    else:
        tx.sql.execute(insert(schema.notification_choices).values(agent_id=agent_id, **kept))
    return before + 1


def forget(tx: Tx, agent_id: str) -> None:
    """The agent is no more."""
    tx.sql.execute(delete(schema.notification_choices).where(_row.agent_id == agent_id))
