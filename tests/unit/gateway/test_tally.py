"""The gate's counts: how events are numbered, and what is written of them."""

import asyncio
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from itertools import count
from typing import Any, cast

import pytest

from bus.envelope import Inbound, Mark, Message, Sender
from gateway.tally import Page, Tally
from storage.ledger import Totals
from storage.store import Store, StoreUnavailable

AT = datetime(2026, 3, 1, 9, 30, 15, tzinfo=UTC)
MINUTE = AT.replace(second=0)
LANE = "inbound.03"


class Book:
    """A store that keeps what a tally writes, or is `away`."""

    def __init__(self) -> None:
        self.written: list[tuple[list[Totals], list[tuple[Mark, str]]]] = []
        self.away = False

    async def write(self, step: Callable[..., Any]) -> None:
        if self.away:
            raise StoreUnavailable("no disk")
        given = step.keywords  # type: ignore[attr-defined]
        self.written.append((sorted(given["totals"]), given["unconfirmed"]))


class Gate:
    """A tally whose sources are called a, b, c."""

    def __init__(self) -> None:
        names: Iterator[str] = map("abcdefghi".__getitem__, count())
        self.book = Book()
        self.tally = Tally(cast(Store, self.book), lambda: next(names))

    def number(self, at: datetime = AT, lane: str = LANE) -> tuple[Inbound, Page]:
        return self.tally.numbered(heard(at), lane)


@pytest.fixture
def gate() -> Gate:
    """A fresh one."""
    return Gate()


def heard(at: datetime = AT) -> Inbound:
    """An event."""
    return Inbound(
        id="msg_1",
        channel_id="ch_1",
        channel_kind="webhook",
        external_id="1",
        sender=Sender(address="u-7"),
        event=Message(text="hello"),
        received_at=at,
    )


def test_numbers_are_counted_by_channel_minute_and_lane(gate: Gate) -> None:
    """From 1, without a gap; the place in the ledger holds them."""
    later = AT.replace(minute=31)
    given = [gate.number(), gate.number(), gate.number(later), gate.number(lane="inbound.04"), gate.number()]
    assert [one.mark for one, _ in given] == [
        Mark(MINUTE, "ch_1", "a.03", 1),
        Mark(MINUTE, "ch_1", "a.03", 2),
        Mark(later.replace(second=0), "ch_1", "a.03", 1),
        Mark(MINUTE, "ch_1", "a.04", 1),
        Mark(MINUTE, "ch_1", "a.03", 3),
    ]


async def test_totals_are_written_when_they_changed(gate: Gate) -> None:
    """What is on its way is not yet accepted; nothing new, nothing written."""
    first, _on_its_way = gate.number(), gate.number()
    gate.tally.confirmed(*first)
    gate.tally.again(heard())
    gate.tally.refused("ch_1", AT)
    for _ in range(2):
        await gate.tally.keep()
    accepted = Totals(MINUTE, "ch_1", "a.03", accepted=1)
    assert gate.book.written == [([Totals(MINUTE, "ch_1", "a", again=1, refused=1), accepted], [])]


async def test_totals_are_written_later_when_the_store_is_away(gate: Gate) -> None:
    """They grow meanwhile."""
    gate.book.away = True
    gate.tally.confirmed(*gate.number())
    with pytest.raises(StoreUnavailable):
        await gate.tally.keep()
    gate.tally.confirmed(*gate.number())
    gate.book.away = False
    await gate.tally.keep()
    assert gate.book.written == [([Totals(MINUTE, "ch_1", "a.03", accepted=2)], [])]


async def test_after_a_failure_another_source_counts(gate: Gate) -> None:
    """What failed is the last of its source and leaves no gap, whether the bus has it or not."""
    sure, unsure = gate.number(), gate.number()
    gate.tally.confirmed(*sure)
    gate.tally.failed(*unsure)
    after = gate.number()
    gate.tally.confirmed(*after)
    await gate.tally.keep()
    assert after[0].mark == Mark(MINUTE, "ch_1", "b.03", 1)
    totals = [Totals(MINUTE, "ch_1", "a.03", accepted=1), Totals(MINUTE, "ch_1", "b.03", accepted=1)]
    assert gate.book.written == [(totals, [])]


async def test_what_failed_before_something_that_came_through_is_named(gate: Gate) -> None:
    """It is a gap, and no loss: its sender was told to try again."""
    unsure, sure = gate.number(), gate.number()
    gate.tally.failed(*unsure)
    gate.tally.confirmed(*sure)
    await gate.tally.keep()
    assert gate.book.written == [
        ([Totals(MINUTE, "ch_1", "a.03", accepted=2)], [(unsure[0].mark, unsure[0].id)])
    ]


async def test_a_tally_that_is_stopped_writes_what_it_has(gate: Gate) -> None:
    """An orderly stop forgets nothing."""
    running = asyncio.create_task(gate.tally.run())
    await asyncio.sleep(0)
    gate.tally.refused("ch_1", AT)
    running.cancel()
    await asyncio.wait({running})
    assert gate.book.written == [([Totals(MINUTE, "ch_1", "a", refused=1)], [])]
