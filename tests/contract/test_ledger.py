"""The ledger's statements, at every end of the store."""

from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import func, select

from bus.envelope import Mark
from storage import deliveries, ledger, schema
from storage.ledger import Entries, Totals
from storage.ledger_lines import Line, lines
from storage.store import Store, Tx
from tests.contract.ends import NOW, STORE_ENDS, StoreEnd
from tests.services.servers import Servers

MINUTE = NOW.replace(second=0, microsecond=0)
LATER = NOW + timedelta(hours=1)


@pytest.fixture(params=STORE_ENDS)
def end(request: pytest.FixtureRequest, tmp_path: Path, servers: Servers) -> StoreEnd:
    """Each end in turn, migrated and empty."""
    made: StoreEnd = request.param(tmp_path, servers)
    return made


def place(number: int, source: str = "a.00") -> Mark:
    """A place in the minute."""
    return Mark(MINUTE, "ch_1", source, number)


async def all_lines(store: Store) -> list[Line]:
    """Whatever there is."""
    return await store.read(lambda sql: lines(sql, MINUTE, LATER))


async def test_what_comes_of_events_is_added_up(end: StoreEnd) -> None:
    """Counts of several transactions and sources are one line; the highest number is what was accepted."""

    def first(tx: Tx) -> None:
        entries = Entries()
        for number in (1, 2, 4):
            entries.add(place(number), "stored")
        entries.add(place(3), "applied")
        entries.write(tx)

    async with end.open() as store:
        await store.write(first)
        for what in ("quarantined", "given_up"):
            await store.write(lambda tx, what=what: ledger.enter(tx, place(1, f"{what}.00"), what))  # type: ignore[misc]
        await store.write(lambda tx: ledger.enter(tx, place(6), "stored"))
        (line,) = await all_lines(store)
    assert line == Line("ch_1", MINUTE, accepted=8, stored=4, applied=1, quarantined=1, given_up=1)
    assert (line.open, line.difference(LATER)) == (1, 1)


async def test_what_has_no_number_is_in_no_book(end: StoreEnd) -> None:
    """It was not accepted at a gate that counts."""
    async with end.open() as store:
        await store.write(lambda tx: ledger.enter(tx, place(0), "stored"))
        await store.write(lambda tx: ledger.enter(tx, None, "quarantined"))
        assert await all_lines(store) == []


async def test_a_duplicate_is_counted_once(end: StoreEnd) -> None:
    """However often it is delivered."""

    def again(tx: Tx) -> None:
        entries = Entries()
        entries.duplicate(tx, place(2), "msg_1")
        entries.write(tx)

    async with end.open() as store:
        for _ in range(3):
            await store.write(again)
        assert [(line.accepted, line.duplicates) for line in await all_lines(store)] == [(2, 1)]


async def test_a_gateways_totals_only_grow(end: StoreEnd) -> None:
    """Written twice, or late, they are the same; the intake's numbers and theirs are one highest number."""
    older = [Totals(MINUTE, "ch_1", "a.00", 2), Totals(MINUTE, "ch_1", "a", again=1, refused=4)]
    newer = [Totals(MINUTE, "ch_1", "a.00", 3), Totals(MINUTE, "ch_1", "a", again=2, refused=5)]
    async with end.open() as store:
        await store.write(lambda tx: ledger.enter(tx, place(3), "stored"))
        for totals in (older, newer, newer, older):
            await store.write(lambda tx, totals=totals: ledger.keep(tx, totals, ()))  # type: ignore[misc]
        (line,) = await all_lines(store)
    assert line == Line("ch_1", MINUTE, accepted=3, again=2, refused=5, stored=1)


async def test_a_number_whose_publish_failed_is_no_loss_unless_it_came(end: StoreEnd) -> None:
    """Its sender was told to try again; where the bus has it after all, it counts like any other."""
    unsure = [(place(1), "msg_1"), (place(2), "msg_2")]

    def came(tx: Tx) -> None:
        ledger.enter(tx, place(3), "stored")
        entries = Entries()
        entries.duplicate(tx, place(2), "msg_2")
        entries.write(tx)

    async with end.open() as store:
        for _ in range(2):
            await store.write(lambda tx: ledger.keep(tx, [Totals(MINUTE, "ch_1", "a.00", 3)], unsure))
        assert [line.open for line in await all_lines(store)] == [1]
        await store.write(came)
        (line,) = await all_lines(store)
    assert (line.accepted, line.open) == (2, 0)


async def test_sent_is_what_deliveries_know_of(end: StoreEnd) -> None:
    """By the minute in which it was to be sent, wherever it is now."""

    def send(tx: Tx) -> None:
        rows = [(f"msg_zz{number}", "ch_1", "cv_1", number) for number in range(4)]
        deliveries.queue(tx, rows)
        states = ("sent", "failed", "in_doubt", "sending")
        table = schema.deliveries
        for row, state in zip(rows, states, strict=True):
            tx.sql.execute(table.update().where(table.c.message_id == row[0]).values(state=state))

    async with end.open() as store:
        await store.write(send)
        (line,) = await all_lines(store)
    assert line == Line("ch_1", MINUTE, sent=4, delivered=1, failed=1, in_doubt=1, waiting=1)


async def test_lines_are_those_of_the_span_and_channel(end: StoreEnd) -> None:
    """From a minute on to before another."""
    places = [Mark(MINUTE + timedelta(minutes=n), channel, "a.00", 1) for n in range(3) for channel in "yx"]
    async with end.open() as store:
        for one in places:
            await store.write(lambda tx, one=one: ledger.enter(tx, one, "stored"))  # type: ignore[misc]
        until = MINUTE + timedelta(minutes=2)
        both = await store.read(lambda sql: lines(sql, MINUTE + timedelta(minutes=1), until))
        only = await store.read(lambda sql: lines(sql, MINUTE, until, "x"))
    assert [(line.minute, line.channel_id) for line in both] == [(places[2].minute, one) for one in "xy"]
    assert [(line.minute, line.channel_id) for line in only] == [(one.minute, "x") for one in places[:4:2]]


async def test_old_pages_are_forgotten(end: StoreEnd) -> None:
    """After thirty days."""
    old = Mark(MINUTE - ledger.KEPT - timedelta(minutes=1), "ch_1", "a.00", 1)

    def fill(tx: Tx) -> None:
        for one in (old, place(1)):
            ledger.enter(tx, one, "given_up")
            ledger.note(tx, one, "given_up", "msg_1")

    async with end.open() as store:
        await store.write(fill)
        await store.write(ledger.prune)
        counts = [select(func.count()).select_from(one) for one in (schema.ledger, schema.ledger_notes)]
        assert await store.read(lambda sql: [sql.execute(one).scalar_one() for one in counts]) == [1, 1]
