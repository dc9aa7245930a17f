"""The books after whatever can happen to a message, and what counting the tables again finds."""

from collections import Counter
from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest
from msgspec.structs import replace
from sqlalchemy import delete, select
from structlog.testing import capture_logs

from bus.envelope import Delete, Edit, Inbound, Receipt, decode, encode, minute_of
from storage import dead_letters, ledger, ledger_check, schema
from storage.ledger import Totals
from storage.ledger_check import Difference
from storage.ledger_lines import GRACE, Line, lines
from tests.integration.office import ASKS, LANE, STRANGE, Office, office_in, office_on
from tests.services.servers import Servers
from workers.auditor import Auditor

SOURCE = "gate.00"


class Books:
    """An office behind a gate that numbers what it accepts."""

    def __init__(self, office: Office) -> None:
        self.office = office
        self._numbers: Counter[tuple[str, datetime]] = Counter()
        self.minute = minute_of(office.clock.now)

    def heard(self, said: Any, **rest: Any) -> Inbound:
        """An accepted event."""
        envelope = self.office.envelope(said, **rest)
        page = (envelope.channel_id, minute_of(envelope.received_at))
        self._numbers[page] += 1
        return replace(envelope, source=SOURCE, number=self._numbers[page])

    async def take(self, *envelopes: Inbound | bytes) -> None:
        """Let the inbound worker have these."""
        await self.office.publish(*envelopes)
        await self.step()

    async def step(self) -> None:
        """Let it take what there is."""
        async with self.office.bus.subscribe(LANE) as subscription:
            await self.office.inbound().step(subscription)

    @property
    def later(self) -> datetime:
        """When nothing may wait any more."""
        return self.office.clock.now + GRACE + timedelta(minutes=2)

    async def lines(self) -> list[Line]:
        """Every line."""
        since = self.minute - timedelta(hours=1)
        return await self.office.store.read(lambda sql: lines(sql, since, self.later))

    async def line(self) -> Line:
        """The only one."""
        (only,) = await self.lines()
        return only

    async def check(self) -> list[Difference]:
        """What counting again finds."""
        since = self.minute - timedelta(hours=1)
        return await self.office.store.read(lambda sql: ledger_check.check(sql, since, self.later))

    async def letter(self) -> dead_letters.DeadLetter:
        """The only dead letter."""
        (only,) = await self.office.store.read(lambda sql: dead_letters.listed(sql, "", 10))
        return only

    async def lose(self, *where: Any) -> None:
        """Delete message rows by hand."""
        await self.office.store.write(lambda tx: tx.sql.execute(delete(schema.messages).where(*where)))


@pytest.fixture(params=["sqlite", "postgresql"])
async def books(request: pytest.FixtureRequest, tmp_path: Path, servers: Servers) -> AsyncIterator[Books]:
    """Of a furnished office, at each end of the store."""
    sqlite = request.param == "sqlite"
    async with office_in(tmp_path) if sqlite else office_on(servers.postgresql, tmp_path) as made:
        yield Books(made)


def poison(books: Books, **rest: Any) -> Inbound:
    """An envelope that reads well and can't be stored."""
    return books.heard("poison", context={"page": msgspec.msgpack.Ext(7, b"?")}, **rest)


# --- the books balance -------------------------------------------------------------------------------------


async def test_what_is_taken_in_and_answered_balances(books: Books) -> None:
    """Messages are stored; edits, withdrawals and receipts are applied; answers are to be sent."""
    await books.take(
        books.heard(ASKS, id="first"),
        books.heard(Edit(target="first", text="?")),
        books.heard(Delete(target="first")),
        books.heard(Receipt(target="nothing", state="read")),
        books.heard(STRANGE, who="bob"),
    )
    line = await books.line()
    assert (line.accepted, line.stored, line.applied) == (5, 2, 3)
    assert (line.sent, line.waiting) == (2, 2)
    assert await books.check() == []


async def test_what_is_delivered_twice_is_counted_once(books: Books) -> None:
    """A batch whose ack was lost comes again, in pieces or twice in one."""
    batch = [books.heard(f"{STRANGE} {number}") for number in range(4)]
    await books.take(*batch)
    await books.take(*batch[2:], *batch)
    assert (await books.line())[2:] == Line("", books.minute, accepted=4, stored=4, sent=1, waiting=1)[2:]
    assert await books.check() == []


async def test_what_its_sender_sent_again_is_a_duplicate(books: Books) -> None:
    """Another event with the same id: in the same batch, in a later one, and delivered twice itself."""
    first, second, third = (books.heard(STRANGE, id="same") for _ in range(3))
    await books.take(first, second)
    await books.take(third)
    await books.take(second, third)
    line = await books.line()
    assert (line.accepted, line.stored, line.duplicates) == (3, 1, 2)
    assert await books.check() == []


async def test_what_is_parked_is_quarantined_until_it_is_put_back(books: Books) -> None:
    """Put back it is open, and parked again quarantined again; what came with it is stored."""
    await books.take(books.heard("one"), poison(books, id="bad"), poison(books, id="bad"), books.heard("two"))
    line = await books.line()
    assert (line.stored, line.quarantined, line.duplicates, line.open) == (2, 1, 1, 0)
    assert await books.check() == []

    letter = await books.letter()
    await books.office.store.write(lambda tx: dead_letters.put_back(tx, letter.id))
    assert (await books.line()).open == 1
    await books.office.relay.step()
    await books.step()
    assert ((await books.line()).quarantined, await books.check()) == (1, [])


async def test_what_is_given_up_stays_in_the_books(books: Books) -> None:
    """Nobody took it in, and that is known."""
    await books.take(poison(books))
    letter = await books.letter()
    await books.office.store.write(lambda tx: dead_letters.give_up(tx, letter.id))
    line = await books.line()
    assert (line.accepted, line.quarantined, line.given_up, line.open) == (1, 0, 1, 0)
    assert await books.check() == []


async def test_an_envelope_of_a_later_release_has_its_place(books: Books) -> None:
    """It can't be read, but where it belongs can."""
    await books.take(b"\x09" + encode(books.heard("new"))[1:], b"rubbish")
    line = await books.line()
    assert (line.accepted, line.quarantined) == (1, 1)
    assert await books.check() == []


# --- what is lost is found ---------------------------------------------------------------------------------


async def test_what_the_bus_lost_is_found_by_its_number(books: Books) -> None:
    """In the middle by what came after it, at the end by what the gateway had confirmed."""
    first, _lost, third, _lost_too = (books.heard(f"{STRANGE} {number}") for number in range(4))
    await books.take(first, third)
    told = [Difference("ch_web", books.minute, "1 accepted and not accounted for")]
    assert await books.check() == told
    totals = [Totals(books.minute, "ch_web", SOURCE, accepted=4)]
    await books.office.store.write(lambda tx: ledger.keep(tx, totals, ()))
    assert [one.what for one in await books.check()] == ["2 accepted and not accounted for"]


@pytest.mark.parametrize("author", ["customer", "bot", "system"])
async def test_a_message_row_that_is_gone_is_named(books: Books, author: str) -> None:
    """Whoever wrote it: channel, minute, and what is missing there."""
    await books.take(books.heard(ASKS, channel="ch_widget"), books.heard(STRANGE, who="bob"))
    lost_in = {"bot": "ch_widget"}.get(author, "ch_web")
    (said,) = [one for one in await books.office.messages() if one.author == author and one.text != ASKS]
    await books.lose(schema.messages.c.id == said.id)
    found = await books.check()
    assert {(one.channel_id, one.minute) for one in found} == {(lost_in, books.minute)}
    gone = f"message {said.position} of conversation {said.conversation_id} is gone"
    expected = {
        "customer": [gone, "stored: 1 by the books, 0 in the tables"],
        "bot": [gone],
        "system": ["1 to be delivered and not there", gone],
    }
    assert [one.what for one in found] == expected[author]


async def test_a_message_that_is_gone_is_named_by_its_own_minute(books: Books) -> None:
    """Not by its neighbours'."""
    await books.take(books.heard("one"))
    books.office.clock.forward(minutes=3)
    await books.take(books.heard("two"))
    minute = minute_of(books.office.clock.now)
    await books.lose(schema.messages.c.text == "two")
    assert {one.minute for one in await books.check()} == {minute}


@pytest.mark.parametrize(
    ("table", "what"),
    [
        ("deliveries", "to be sent: 1 by the books, 0 in the tables"),
        ("dead_letters", "quarantined: 1 by the books, 0 in the tables"),
        ("dedupe", "stored: 1 by the books, 0 in the tables"),
        ("ledger_notes", "duplicates: 1 by the books, 0 in the tables"),
    ],
)
async def test_any_other_row_that_is_gone_is_named(books: Books, table: str, what: str) -> None:
    """Deliveries, dead letters, what is remembered of events."""
    await books.take(books.heard(STRANGE, id="a"), books.heard(STRANGE, id="a"), poison(books))
    assert await books.check() == []
    await books.office.store.write(lambda tx: tx.sql.execute(delete(schema.metadata.tables[table])))
    assert what in [one.what for one in await books.check()]


async def test_a_platforms_own_ids_are_compared(books: Books) -> None:
    """Those that are neither stored nor parked are named."""
    await books.take(books.heard("one", id="w-1"), poison(books, id="w-2"))
    ask = ["w-1", "w-2", "w-3"]
    missing = await books.office.store.read(lambda sql: ledger_check.not_taken(sql, "ch_web", ask))
    assert missing == ["w-3"]


# --- the auditor -------------------------------------------------------------------------------------------


async def test_a_difference_is_logged_once_and_shown_until_it_is_gone(books: Books) -> None:
    """At the second look, so that a moment's difference is not told; the metric has it at once."""
    first, lost, third = (books.heard(f"{STRANGE} {number}") for number in range(3))
    await books.take(first, third)
    books.office.clock.now = books.later
    told: list[dict[str, int]] = []
    auditor = Auditor(
        store=books.office.store, clock=books.office.clock, tell=lambda one: told.append({**one})
    )
    said = []
    for _ in range(3):
        with capture_logs() as logs:
            await auditor.step()
        said.append([entry["event"] for entry in logs])
    await books.take(lost)
    await auditor.step()
    assert said == [[], ["the ledger does not balance"], []]
    assert [one["ch_web"] for one in told] == [1, 1, 1, 0]


async def test_what_an_envelope_carries_is_what_is_remembered(books: Books) -> None:
    """The place in the ledger survives the wire."""
    heard = books.heard(ASKS)
    assert decode(encode(heard)).mark == heard.mark
    await books.take(heard)
    seen = schema.dedupe.c
    query = select(seen.minute, seen.channel_id, seen.source, seen.number)
    assert await books.office.store.read(lambda sql: tuple(sql.execute(query).one())) == heard.mark
