"""How notifications leave the desk: by mail or robot, each way a row, and how far it has come.

    queued ──► sending ──► handed ──► sent
      ▲          │           ├──────► failed      it won't be taken, or was not in a day
      │          │           └──────► in_doubt    nobody can tell whether it was taken; it is not sent again
      └──────────┴── it may work later (`due_at`)
    queued ──► dropped                            it is no longer true, or was read in the desk

A claim (`sending`) lapses at `due_at`. `handed` is committed just before the mail server or the robot may
take it, and only while the claim is its sender's: what dies before is sent again, what dies after is in
doubt.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final, Literal, NamedTuple

from sqlalchemy import ColumnElement, Connection, Update, insert, literal_column, select, update

from router.notice_choices import Way
from storage import schema
from storage.notifications import Notification
from storage.prepared import Prepared
from storage.store import Tx

State = Literal["queued", "sending", "handed", "sent", "failed", "in_doubt", "dropped"]
Ways = dict[str, dict[Way, datetime]]
"""By notification, the ways it goes and when."""
CLAIMED: Final = timedelta(seconds=60)
"""How long a claim lasts; longer than any attempt."""

_row = schema.notification_deliveries.c
_told = schema.notifications.c
_add = Prepared(insert(schema.notification_deliveries))
# Written out and not bound: SQLite uses a partial index only for the very words of its condition.
_open: ColumnElement[bool] = literal_column("state IN ('queued', 'sending', 'handed')")
_NOTIFICATION = [_told[name] for name in Notification._fields]


class Claim(NamedTuple):
    """A delivery that is ours to make; `attempts` counts this one."""

    notification: Notification
    way: Way
    attempts: int


class Delivery(NamedTuple):
    """How far it has come, as its reader is shown it."""

    way: Way
    state: State
    error: str


def to_spread(sql: Connection, limit: int) -> list[Notification]:
    """Notifications of which nobody has seen yet which ways they go, oldest first."""
    query = select(*_NOTIFICATION).where(_told.spread_at.is_(None)).order_by(_told.id).limit(limit)
    return [Notification(*line) for line in sql.execute(query.with_for_update(skip_locked=True))]


def spread(tx: Tx, ways: Ways) -> None:
    """These notifications, by id, go these ways, each at its instant."""
    tx.sql.execute(update(schema.notifications).where(_told.id.in_(list(ways))).values(spread_at=tx.now))
    rest = {"state": "queued", "attempts": 0, "claimed_by": None, "error": "", "updated_at": tx.now}
    rows = [
        {"notification_id": id_, "way": way, "due_at": at, **rest}
        for id_, chosen in ways.items()
        for way, at in chosen.items()
    ]
    _add.many(tx.sql, rows)


def waiting(sql: Connection, now: datetime) -> bool:
    """Whether there is anything to spread, to send, or to settle."""
    fresh = select(_told.id).where(_told.spread_at.is_(None)).limit(1)
    due = select(_row.way).where(_open, _row.due_at <= now).limit(1)
    return sql.execute(fresh).first() is not None or sql.execute(due).first() is not None


def settle(tx: Tx, dead: ColumnElement[bool], doubt: str) -> int:
    """Claims that were left: sent again where nothing was handed over, else in doubt; how many those are."""
    claimed = update(schema.notification_deliveries).where(_open, dead)
    again = {"state": "queued", "claimed_by": None, "due_at": tx.now, "updated_at": tx.now}
    tx.sql.execute(claimed.where(_row.state == "sending").values(again))
    lost = {"state": "in_doubt", "claimed_by": None, "error": doubt, "updated_at": tx.now}
    handed = claimed.where(_row.state == "handed").values(lost)
    found = tx.sql.execute(handed.returning(_row.notification_id, _row.way)).all()
    for line in found:
        agent = tx.sql.execute(select(_told.agent_id).where(_told.id == line.notification_id)).scalar()
        tx.emit("notification.lost", agent=agent, way=line.way, state="in_doubt")
    return len(found)


def lapsed(now: datetime) -> ColumnElement[bool]:
    """The claims whose time is over."""
    return (_row.state != "queued") & (_row.due_at <= now)


def of_others(owner: str) -> ColumnElement[bool]:
    """The claims of everybody else."""
    return _row.claimed_by != owner


def claim(tx: Tx, owner: str, limit: int) -> list[Claim]:
    """Claim what is due, the longest due first."""
    due = (
        select(_row.notification_id, _row.way)
        .where(_open, _row.state == "queued", _row.due_at <= tx.now)
        .order_by(_row.due_at)
        .limit(limit)
        .with_for_update(skip_locked=True)
    )
    return [claim for line in tx.sql.execute(due).all() if (claim := _take(tx, owner, *line)) is not None]


def _take(tx: Tx, owner: str, notification_id: str, way: Way) -> Claim | None:
    taken = {
        "state": "sending",
        "claimed_by": owner,
        "due_at": tx.now + CLAIMED,
        "attempts": _row.attempts + 1,
        "updated_at": tx.now,
    }
    row = update(schema.notification_deliveries).where(
        _row.notification_id == notification_id, _row.way == way, _row.state == "queued"
    )
    attempts = tx.sql.execute(row.values(taken).returning(_row.attempts)).scalar()
    line = tx.sql.execute(select(*_NOTIFICATION).where(_told.id == notification_id)).one_or_none()
    return None if attempts is None or line is None else Claim(Notification(*line), way, attempts)


def hand(tx: Tx, owner: str, claim: Claim) -> bool:
    """It is about to be given away; False where the claim is no longer ours, and it must not be."""
    ours = _ours(owner, claim).where(_row.state == "sending", _row.due_at > tx.now)
    return tx.sql.execute(ours.values(state="handed", updated_at=tx.now)).rowcount > 0


def finish(
    tx: Tx, owner: str, claim: Claim, state: State, *, error: str = "", again_at: datetime | None = None
) -> None:
    """How it ended; with `again_at` it is tried then. A claim that is no longer ours is left alone."""
    kept = {"state": state, "claimed_by": None, "error": error, "updated_at": tx.now}
    ended = _ours(owner, claim).values(kept if again_at is None else kept | {"due_at": again_at})
    if tx.sql.execute(ended).rowcount and state in ("failed", "in_doubt"):
        tx.emit("notification.lost", agent=claim.notification.agent_id, way=claim.way, state=state)


def of(sql: Connection, notification_ids: Sequence[str]) -> dict[str, list[Delivery]]:
    """How far these have come, by notification."""
    query = select(_row.notification_id, _row.way, _row.state, _row.error)
    found: dict[str, list[Delivery]] = {}
    for line in sql.execute(query.where(_row.notification_id.in_(notification_ids)).order_by(_row.way)):
        found.setdefault(line.notification_id, []).append(Delivery(line.way, line.state, line.error))
    return found


def _ours(owner: str, claim: Claim) -> Update:
    return update(schema.notification_deliveries).where(
        _row.notification_id == claim.notification.id, _row.way == claim.way, _row.claimed_by == owner
    )
