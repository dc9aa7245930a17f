"""Leases, at every end of the store: who has which lane, and who has it no more."""

from collections.abc import AsyncIterator, Mapping
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

import pytest
from sqlalchemy import Connection, select, update

from bus.topology import inbound_lanes
from storage import leases, schema
from storage.leases import Lease, LeaseLost, Share
from storage.store import Store, Tx
from tests.contract.ends import STORE_ENDS, StoreEnd
from tests.services.servers import Servers

LANES = inbound_lanes(4)


@pytest.fixture(params=STORE_ENDS)
async def store(request: pytest.FixtureRequest, tmp_path: Path, servers: Servers) -> AsyncIterator[Store]:
    """Each end in turn, with four lanes that nobody has."""
    end: StoreEnd = request.param(tmp_path, servers)
    async with end.open() as opened:
        await opened.write(partial(leases.add, lanes=LANES))
        yield opened


async def beat(store: Store, owner: str) -> Share:
    """One of an owner's beats, among others."""
    return await store.write(partial(leases.beat, group="inbound", owner=owner, alone=False))


async def die(store: Store, owner: str) -> None:
    """Let an owner's row lapse."""
    row = schema.leases.c
    long_ago = datetime(2020, 1, 1, tzinfo=UTC)
    mine = update(schema.leases).where(row.name == f"inbound/{owner}").values(expires_at=long_ago)

    def step(tx: Tx) -> None:
        tx.sql.execute(mine)

    await store.write(step)


async def owners(store: Store) -> Mapping[str, str]:
    """Who has each lane."""

    def query(sql: Connection) -> dict[str, str]:
        rows = sql.execute(select(schema.leases.c.name, schema.leases.c.owner))
        return {name: owner for name, owner in rows if name in LANES}

    return await store.read(query)


async def give_back(store: Store, share: Share, owner: str) -> None:
    """Free an owner's surplus, from the last lane on."""
    for lane in sorted(share.epochs)[len(share.epochs) - share.surplus :]:
        await store.write(partial(leases.free, lease=Lease(lane, owner, share.epochs[lane])))


async def test_whoever_is_alone_has_them_all(store: Store) -> None:
    """At the first beat, with the first epoch."""
    share = await beat(store, "a")
    assert share == Share(dict.fromkeys(LANES, 1), 0, leases.LASTS.total_seconds())


async def test_one_that_joins_gets_its_part_when_it_was_given_back(store: Store) -> None:
    """Nothing is taken away: the owner is told of its surplus, and what it frees has a new epoch then."""
    await beat(store, "a")
    assert (await beat(store, "b")).epochs == {}
    share = await beat(store, "a")
    assert share.surplus == 2
    await give_back(store, share, "a")
    assert (await beat(store, "b")).epochs == {LANES[2]: 2, LANES[3]: 2}
    again = await beat(store, "a")
    assert (again.epochs, again.surplus) == ({LANES[0]: 1, LANES[1]: 1}, 0)


async def test_the_lanes_of_one_that_died_go_to_the_living(store: Store) -> None:
    """Once its row has lapsed, and not before."""
    await beat(store, "a")
    await beat(store, "b")
    await give_back(store, await beat(store, "a"), "a")
    await beat(store, "b")
    assert (await beat(store, "b")).surplus == 0
    await die(store, "a")
    assert await beat(store, "b") == Share(
        {LANES[0]: 2, LANES[1]: 2, LANES[2]: 2, LANES[3]: 2}, 0, leases.LASTS.total_seconds()
    )


async def test_an_owner_that_slept_stores_nothing(store: Store) -> None:
    """Its epoch is past, even where its row has been renewed since."""
    epochs = (await beat(store, "a")).epochs
    await die(store, "a")
    await beat(store, "b")
    assert (await beat(store, "a")).epochs == {}
    done: list[str] = []

    def step(tx: Tx) -> None:
        leases.hold(tx, Lease(LANES[0], "a", epochs[LANES[0]]))
        done.append("stored")

    with pytest.raises(LeaseLost):
        await store.write(step)
    assert done == []
    await store.write(lambda tx: leases.hold(tx, Lease(LANES[0], "b", 2)))


async def test_a_lane_that_is_freed_late_stays_with_its_new_owner(store: Store) -> None:
    """Freeing and dropping name the epoch."""
    epochs = (await beat(store, "a")).epochs
    await die(store, "a")
    await beat(store, "b")
    stale = Lease(LANES[0], "a", epochs[LANES[0]])
    await store.write(partial(leases.free, lease=stale))
    await store.write(partial(leases.drop, lease=stale))
    assert await owners(store) == dict.fromkeys(LANES, "b")


async def test_one_that_leaves_frees_what_it_has(store: Store) -> None:
    """The next beat of another takes it at once."""
    await beat(store, "a")
    await store.write(partial(leases.leave, group="inbound", owner="a"))
    assert set((await beat(store, "b")).epochs) == set(LANES)


async def test_one_that_must_be_alone_waits_for_no_lease(store: Store) -> None:
    """Whoever had the lanes before is dead, though its row has not lapsed."""
    await beat(store, "a")
    share = await store.write(partial(leases.beat, group="inbound", owner="b", alone=True))
    assert share.epochs == dict.fromkeys(LANES, 2)


async def test_a_lane_that_is_dropped_is_gone(store: Store) -> None:
    """Until it is added again."""
    epochs = (await beat(store, "a")).epochs
    await store.write(partial(leases.drop, lease=Lease(LANES[3], "a", epochs[LANES[3]])))
    assert set((await beat(store, "a")).epochs) == set(LANES[:3])


@pytest.mark.parametrize(
    ("having", "lanes", "expected"),
    [
        ({"a": 0}, 4, {"a": 4}),
        ({"a": 4, "b": 0}, 4, {"a": 2, "b": 2}),
        ({"a": 0, "b": 4, "c": 0}, 4, {"a": 1, "b": 2, "c": 1}),
        ({"a": 2, "b": 2, "c": 0}, 4, {"a": 2, "b": 1, "c": 1}),
        ({"a": 1, "b": 0, "c": 0}, 1, {"a": 1, "b": 0, "c": 0}),
    ],
)
def test_shares_are_even(having: dict[str, int], lanes: int, expected: dict[str, int]) -> None:
    """What is left over stays with those that have most, then goes by name."""
    assert {owner: leases.quota(owner, having, lanes) for owner in having} == expected
