"""What operators are shown of the store, at every end of it."""

from pathlib import Path

import pytest

from storage import dead_letters, deliveries, gauges, outbox
from storage.gauges import Gauges, Waiting
from storage.store import Tx
from tests.contract.ends import NOW, STORE_ENDS, StoreEnd
from tests.services.servers import Servers


@pytest.fixture(params=STORE_ENDS)
def end(request: pytest.FixtureRequest, tmp_path: Path, servers: Servers) -> StoreEnd:
    """Each end in turn, migrated and empty."""
    made: StoreEnd = request.param(tmp_path, servers)
    return made


def told(tx: Tx, state: str, error: str = "") -> None:
    """A delivery's state goes into the event log."""
    delivery = {"state": state, "error": error, "attempts": 1}
    tx.emit("message.updated", conversation="cnv_1", message_id="msg_1", delivery=delivery)


async def test_an_empty_desk_has_nothing_waiting(end: StoreEnd) -> None:
    """No count, no age, nothing happened."""
    async with end.open() as store:
        found = await store.read(lambda sql: gauges.read(sql, None))
    nothing = Waiting(0, None)
    assert found == Gauges(nothing, nothing, 0, {}, {}, 0)


async def test_what_waits_is_counted_with_the_time_since_when(end: StoreEnd) -> None:
    """The outbox since it was filled, deliveries since they were due, dead letters however old."""

    def fill(tx: Tx) -> None:
        outbox.put(tx, "outbound", [b"a", b"b"])
        deliveries.queue(tx, [("msg_1", "ch_1", "cnv_1", 1), ("msg_2", "ch_1", "cnv_1", 2)])
        dead_letters.park(tx, "inbound.00", b"body", "msg_3", "it can't be read")

    async with end.open() as store:
        await store.write(fill)
        found = await store.read(lambda sql: gauges.read(sql, None))
    assert (found.outbox, found.deliveries, found.dead_letters) == (Waiting(2, NOW), Waiting(2, NOW), 1)


async def test_what_happened_since_the_last_look_is_counted_once(end: StoreEnd) -> None:
    """By type, and by how a delivery or a promise ended; an error's own words don't count as an end."""

    def happen(tx: Tx) -> None:
        told(tx, "failed")
        told(tx, "failed", "again")
        told(tx, "in_doubt")
        told(tx, "sent", 'it said {"state":"failed"} and {"state": "in_doubt"}')
        tx.emit("sla.step", ticket="tkt_1", metric="first_response", percent=50)
        tx.emit("sla.step", ticket="tkt_1", metric="first_response", percent=100)

    async with end.open() as store:
        await store.write(lambda tx: told(tx, "failed"))
        first = await store.read(lambda sql: gauges.read(sql, None))
        await store.write(happen)
        second = await store.read(lambda sql: gauges.read(sql, first.last_event))
        third = await store.read(lambda sql: gauges.read(sql, second.last_event))
    assert second.happened == {
        ("message.updated", "failed"): 2,
        ("message.updated", "in_doubt"): 1,
        ("message.updated", ""): 1,
        ("sla.step", ""): 1,
        ("sla.step", "breached"): 1,
    }
    assert (first.happened, third.happened) == ({}, {})
