"""Leases: which process has which lane, or does work that is one's at a time, told by rows alone.

Lanes are shared by groups: `inbound` are the partitions, `poll` the channels that have to be listened to;
`outbound` has no lanes, its processes only tell that they are there. A
lane's name begins with its group and a dot, a process's with its group and a slash. Each process that is
there has a row that it renews; each lane has one that names its owner and an epoch. An owner whose own row
has lapsed owns nothing any more. Whoever takes a lane raises its epoch, and each transaction of an owner asks
for its own first (`hold`): one that slept while its lane went to another stores nothing.
"""

from collections.abc import Callable, Collection, Mapping
from datetime import datetime, timedelta
from typing import Final, NamedTuple

from sqlalchemy import (
    ColumnClause,
    Connection,
    Select,
    bindparam,
    delete,
    func,
    insert,
    literal_column,
    select,
    text,
    update,
)

from storage import schema
from storage.columns import UtcTime
from storage.prepared import Prepared
from storage.store import StoreError, Tx

# A process that has not renewed its row for so long is taken to be dead.
LASTS: Final = timedelta(seconds=4)
# The same for work that one process does for all: whoever stands by has it within five seconds.
LEAD_LASTS: Final = timedelta(seconds=3)
# Rows of the dead are forgotten after this.
_KEPT: Final = timedelta(minutes=1)

_row = schema.leases.c
_ours = (_row.name == bindparam("lane"), _row.owner == bindparam("holder"), _row.epoch == bindparam("since"))
_held = Prepared(select(_row.epoch).where(*_ours))
# The row can't change hands while the transaction lasts. One that stands still is ended by the server: a
# process that stopped in the middle of it keeps the lane from others no longer than its lease lasts. (Had it
# stopped between two halves of a statement, it would be for as long as a statement may take.)
_ends: ColumnClause[str] = literal_column(
    f"set_config('idle_in_transaction_session_timeout', '{LASTS.seconds}s', true)"
)
_end_when_idle = select(_ends)
_held_locked = Prepared(select(_ends).where(*_ours).with_for_update(read=True))
# Work that one process does for all has many transactions at once, which wait for each other. Of a process
# that stopped they would be ended one after the other, each when it had stood still for long with the lock of
# the one before: so they wait for no lock that long.
_lead_ends: ColumnClause[str] = literal_column(
    f"set_config('idle_in_transaction_session_timeout', '{LEAD_LASTS.seconds}s', true)"
)
_gives_up: ColumnClause[str] = literal_column(
    f"set_config('lock_timeout', '{LEAD_LASTS.seconds - 1}s', true)"
)
_lead_locked = Prepared(select(_lead_ends, _gives_up).where(*_ours).with_for_update(read=True))
# Parameters that are no column's name: an UPDATE would take them for what it sets.
_free = update(schema.leases).where(*_ours).values(owner="")
_drop = delete(schema.leases).where(*_ours)
_add = text(
    "INSERT INTO leases (name, owner, epoch, expires_at) VALUES (:name, '', 0, :at) ON CONFLICT DO NOTHING"
).bindparams(bindparam("at", type_=UtcTime))


Fence = Callable[[Tx], None]
"""What each transaction of a lane's worker begins with; raises `LeaseLost` where the lane is another's."""


class LeaseLost(StoreError):
    """The lane is another's now: nothing was stored."""


class Lease(NamedTuple):
    """A lane that `holder` may work on while the lane's row names it and has the epoch `since`."""

    lane: str
    holder: str
    since: int


class Share(NamedTuple):
    """An owner's part. `epochs` of the lanes it has; `surplus` of them others should have.

    `lapses` is in how many seconds the row of another process lapses next, unless that is renewed.
    """

    epochs: Mapping[str, int]
    surplus: int
    lapses: float


def quota(owner: str, having: Mapping[str, int], lanes: int) -> int:
    """How many lanes this owner should have, by how many each live owner has.

    They are shared evenly; what is left over goes to those that have most already, so that few lanes move.
    """
    order = sorted(having, key=lambda one: (-having[one], one))
    each, left_over = divmod(lanes, len(order))
    return each + (order.index(owner) < left_over)


def known(sql: Connection, group: str) -> set[str]:
    """The lanes of a group that there are to share."""
    return set(sql.execute(select(_row.name).where(_row.name.startswith(f"{group}."))).scalars())


def add(tx: Tx, lanes: Collection[str]) -> None:
    """Let these lanes be shared; those that are known already stay with whoever has them."""
    if lanes:
        tx.sql.execute(_add, [{"name": lane, "at": tx.now} for lane in sorted(lanes)])


def beat(tx: Tx, group: str, owner: str, *, alone: bool) -> Share:
    """Renew the owner's row and take free lanes up to its quota; a surplus it must give back itself.

    `alone`: no other process can be there, so whatever another owner has was left by a dead one.
    """
    now = instant(tx)
    process, lane = f"{group}/", f"{group}."
    _renew(tx, process, owner, now)
    rows = tx.sql.execute(select(_row.name, _row.owner, _row.epoch, _row.expires_at)).all()
    live = {
        name.removeprefix(process): (at - now).total_seconds()
        for name, _, _, at in rows
        if name.startswith(process) and at > now and not alone
    }
    others = [seconds for one, seconds in live.items() if one != owner]
    lanes = {name: (has, epoch) for name, has, epoch, _ in rows if name.startswith(lane)}
    having = dict.fromkeys([*live, owner], 0)
    for has, _ in lanes.values():
        if has in having:
            having[has] += 1
    mine = {lane: epoch for lane, (has, epoch) in lanes.items() if has == owner}
    missing = quota(owner, having, len(lanes)) - len(mine)
    if missing > 0:
        mine |= _take(tx, owner, now, _free_ones(lane, having, missing))
    return Share(mine, max(0, -missing), min(others, default=LASTS.total_seconds()))


def present(tx: Tx, group: str, owner: str) -> set[str]:
    """Renew the owner's row in a group that shares no lanes; returns all who are there, itself among them."""
    process, now = f"{group}/", instant(tx)
    _renew(tx, process, owner, now)
    live = select(_row.name).where(_row.name.startswith(process), _row.expires_at > now)
    return {name.removeprefix(process) for name in tx.sql.execute(live).scalars()}


def lead(tx: Tx, work: str, owner: str, *, alone: bool) -> int | None:
    """Take work that one process at a time does, or renew it: the epoch, None while it is another's.

    `alone`: no other process can be there, so whatever another owner has was left by a dead one.
    """
    now = instant(tx)
    tx.sql.execute(_add, [{"name": work, "at": now}])
    if tx.sql.dialect.name != "sqlite":
        tx.sql.execute(_end_when_idle)
    mine = select(_row.owner, _row.epoch, _row.expires_at).where(_row.name == work)
    line = tx.sql.execute(mine.with_for_update(skip_locked=True)).one_or_none()
    if line is None:
        return None
    if line.owner != owner and line.owner and line.expires_at > now and not alone:
        return None
    epoch: int = line.epoch if line.owner == owner else line.epoch + 1
    kept = {"owner": owner, "epoch": epoch, "expires_at": now + LEAD_LASTS}
    tx.sql.execute(update(schema.leases).where(_row.name == work).values(kept))
    return epoch


def hold(tx: Tx, lease: Lease, locked: Prepared = _held_locked) -> None:
    """Begin a transaction of the lane's owner; raises `LeaseLost`."""
    held = _held if tx.sql.dialect.name == "sqlite" else locked
    if not held.rows(tx.sql, lease._asdict()):
        raise LeaseLost(f"lane {lease.lane} is another's now")


def fence(lease: Lease) -> Fence:
    """`hold` for this lease."""
    return lambda tx: hold(tx, lease)


def lead_fence(lease: Lease) -> Fence:
    """`fence` for work that one process does for all: it waits for no lock for as long as the lease lasts."""
    return lambda tx: hold(tx, lease, _lead_locked)


def free(tx: Tx, lease: Lease) -> None:
    """Give a lane back: whoever has too few takes it."""
    tx.sql.execute(_free, lease._asdict())


def drop(tx: Tx, lease: Lease) -> None:
    """Give back a lane that is no longer needed."""
    tx.sql.execute(_drop, lease._asdict())


def leave(tx: Tx, group: str, owner: str) -> None:
    """The owner is there no more; lanes it still has are free."""
    tx.sql.execute(delete(schema.leases).where(_row.name == f"{group}/{owner}"))


def instant(tx: Tx) -> datetime:
    """Now by the database's clock, so that processes on machines whose clocks differ agree."""
    if tx.sql.dialect.name == "sqlite":
        return tx.now
    found: datetime = tx.sql.execute(select(func.clock_timestamp())).scalar_one()
    return found


def _renew(tx: Tx, process: str, owner: str, now: datetime) -> None:
    name, until = process + owner, now + LASTS
    renewed = tx.sql.execute(update(schema.leases).where(_row.name == name).values(expires_at=until))
    if not renewed.rowcount:
        row = {"name": name, "owner": owner, "epoch": 0, "expires_at": until}
        tx.sql.execute(insert(schema.leases), row)
        dead = _row.name.startswith(process), _row.expires_at < now - _KEPT
        tx.sql.execute(delete(schema.leases).where(*dead))


def _free_ones(prefix: str, live: Collection[str], most: int) -> Select[tuple[str]]:
    # A lane that a transaction has hold of is not free yet, whatever became of its owner.
    return (
        select(_row.name)
        .where(_row.name.startswith(prefix), _row.owner.not_in(live))
        .order_by(_row.name)
        .limit(most)
        .with_for_update(skip_locked=True)
    )


def _take(tx: Tx, owner: str, now: datetime, free_ones: Select[tuple[str]]) -> dict[str, int]:
    lanes = list(tx.sql.execute(free_ones).scalars())
    taken = (
        update(schema.leases)
        .where(_row.name.in_(lanes))
        .values(owner=owner, epoch=_row.epoch + 1, expires_at=now + LASTS)
        .returning(_row.name, _row.epoch)
    )
    return {row.name: row.epoch for row in tx.sql.execute(taken)} if lanes else {}
