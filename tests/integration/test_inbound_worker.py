"""The inbound worker on the embedded bus: batches, poison, a store that is away, and what was in hand."""

import asyncio
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any, TypeVar

import msgspec
import pytest
from sqlalchemy import Connection, delete
from structlog.testing import capture_logs

from bus.envelope import Inbound, decode, encode
from router.lifecycle import move
from router.values import Customer
from storage import contacts, dead_letters, schema
from storage.dead_letters import DeadLetter
from storage.sqlite import SqliteStore
from storage.store import Store, Tx
from tests.eventually import eventually
from tests.integration.office import ASKS, LANE, STRANGE, Office, office_in
from workers import inbound, inbox
from workers.inbound import MOST_ATTEMPTS, InboundWorker
from workers.setup import SetupLoader

T = TypeVar("T")


@pytest.fixture
async def office(tmp_path: Path) -> AsyncIterator[Office]:
    """A furnished office."""
    async with office_in(tmp_path) as made:
        yield made


def poison(office: Office, **rest: Any) -> Inbound:
    """An envelope that reads well and can't be stored: its context holds what JSON has no form for."""
    return office.envelope("poison", context={"page": msgspec.msgpack.Ext(7, b"?")}, **rest)


async def step(office: Office, worker: InboundWorker | None = None) -> int:
    """One batch; returns how many commits it took, that of the ack among them."""
    assert isinstance(office.store, SqliteStore)
    before = office.store.commits
    async with office.bus.subscribe(LANE) as subscription:
        await (worker or office.inbound()).step(subscription)
    assert await office.bus.depth(LANE) == 0
    return office.store.commits - before


async def letters(office: Office) -> list[DeadLetter]:
    """What was parked."""
    return await office.store.read(lambda sql: dead_letters.listed(sql, "", 1000))


async def taken(office: Office) -> list[str]:
    """What customers said, in the order in which it was stored."""
    return [line.text for line in await office.messages() if line.author == "customer"]


# --- batches ---------------------------------------------------------------------------------------------


async def test_two_hundred_messages_take_two_commits(office: Office) -> None:
    """One for the batch and one for its ack; the relay is woken once."""
    await office.setup.get()
    batch = [office.envelope(f"{STRANGE} {number}", who=f"customer {number % 40}") for number in range(200)]
    await office.publish(*batch)
    assert await step(office) == 2
    assert await taken(office) == [f"{STRANGE} {number}" for number in range(200)]
    assert len(await office.tickets()) == 40
    assert office.wakes == {"relay": 1}


async def test_what_was_taken_before_is_acked_and_no_more(office: Office) -> None:
    """A doubled envelope changes nothing and wakes nobody."""
    envelope = office.envelope(ASKS)
    await office.publish(envelope)
    await step(office)
    await office.publish(envelope, envelope)
    await step(office)
    assert (await taken(office), office.wakes) == ([ASKS], {"relay": 1})


async def test_batches_follow_one_another_while_the_worker_runs(office: Office) -> None:
    """Until it is cancelled; what is published later waits for the next."""
    running = asyncio.create_task(office.inbound().run())
    for turn in range(3):
        await office.publish(office.envelope(f"{STRANGE} {turn}"))
        await eventually(lambda turn=turn: has(office, turn + 1))  # type: ignore[misc]
    running.cancel()
    await asyncio.wait({running})
    await office.publish(office.envelope("later"))
    assert await office.bus.depth(LANE) == 1
    await step(office)
    assert await taken(office) == [f"{STRANGE} {turn}" for turn in range(3)] + ["later"]


async def has(office: Office, count: int) -> bool:
    """Whether so many messages of customers are there."""
    return len(await taken(office)) == count


# --- poison ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("place", [0, 7, 15])
async def test_a_poisonous_message_is_parked_alone(office: Office, place: int) -> None:
    """Wherever it stands, its 15 neighbours flow in their order, for a few commits more."""
    await office.setup.get()
    batch = [office.envelope(f"{STRANGE} {number}", who="ab"[number % 2]) for number in range(16)]
    bad = batch[place] = poison(office, who="ab"[place % 2])
    await office.publish(*batch)
    # Five divisions that fail, four halves that don't, the dead letter, the ack.
    assert await step(office) == 11
    (letter,) = await letters(office)
    assert (letter.lane, letter.envelope_id, letter.body, letter.attempts) == (LANE, bad.id, encode(bad), 1)
    assert letter.error == "TypeError: Encoding objects of type msgspec.msgpack.Ext is unsupported"
    (event,) = await office.events("deadletter.created")
    assert event.data == {"id": letter.id, "error": letter.error}
    assert await taken(office) == [f"{STRANGE} {number}" for number in range(16) if number != place]
    for conversation in await office.conversations():
        said = [text for author, text in await office.talk(conversation) if author == "customer"]
        assert said == sorted(said, key=lambda text: int(text.split()[-1]))
        assert len(said) == (8 if conversation.contact_point_id not in await poisoned(office, bad) else 7)


async def poisoned(office: Office, bad: Inbound) -> list[str]:
    """The contact point that the poison came from."""
    address = bad.sender.address
    return [id_ for id_, found in await office.rows("contact_points", "id", "address") if found == address]


async def test_several_poisonous_messages_are_parked_each(office: Office) -> None:
    """And nothing else is, though the whole batch may be poison."""
    bad = [poison(office) for _ in range(3)]
    await office.publish(bad[0], office.envelope("one"), bad[1], bad[2], office.envelope("two"))
    await step(office)
    assert {letter.envelope_id for letter in await letters(office)} == {one.id for one in bad}
    assert await taken(office) == ["one", "two"]


async def test_dead_letters_are_listed_in_the_order_in_which_they_were_parked(office: Office) -> None:
    """Also those of one millisecond, so that putting them back keeps a conversation's order."""
    names = [f"msg_{number}" for number in range(20)]
    for name in names:
        office.clock.forward(microseconds=1)
        await office.store.write(lambda tx, name=name: dead_letters.park(tx, LANE, b"", name, ""))  # type: ignore[misc]
    assert [letter.envelope_id for letter in await letters(office)] == names


async def test_what_can_t_be_read_is_parked_with_the_reason(office: Office) -> None:
    """Bytes that are no envelope, and an envelope of a later release; once, however often they come."""
    bodies = (b"\x01no envelope", b"\x09" + encode(office.envelope("new"))[1:], b"")
    for _ in range(2):
        await office.publish(bodies[0], office.envelope("fine"), *bodies[1:])
        await step(office)
    words = {letter.body: letter.error for letter in await letters(office)}
    assert len(await letters(office)) == 3
    assert words[bodies[0]].startswith("Expected `object`")
    assert words[bodies[1]] == "envelope version 9; this release reads version 1"
    assert words[bodies[2]] == "an envelope can't be empty"
    assert await taken(office) == ["fine", "fine"]


async def test_a_lane_of_nothing_but_rubbish_is_emptied(office: Office) -> None:
    """Rubbish does not stop the lane."""
    await office.publish(b"rubbish", b"more of it")
    await step(office)
    assert len(await letters(office)) == 2


async def test_a_dead_letter_can_be_put_back_once_the_fault_is_mended(office: Office) -> None:
    """A customer's row is missing: their messages are parked, and flow when it is there again."""
    await office.say(STRANGE)
    (customer,) = await office.rows("customers", "id")
    await office.store.write(lambda tx: tx.sql.execute(delete(schema.customers)))
    await office.publish(
        office.envelope("first"), office.envelope("hello", who="bob"), office.envelope("second")
    )
    await step(office)
    parked = await letters(office)
    assert [letter.error for letter in parked] == [f"KeyError: '{customer}'"] * 2
    assert await taken(office) == [STRANGE, "hello"]

    await office.store.write(lambda tx: contacts.add(tx, [], [Customer(id=customer, name="Ann")]))
    for letter in sorted(parked, key=lambda letter: decode(letter.body).external_id):
        await office.store.write(lambda tx, letter=letter: put_back(tx, letter))  # type: ignore[misc]
    # The wake for the outbound worker, left by the first two messages, goes the same way.
    await office.relay.step()
    await step(office)
    assert (await letters(office), await taken(office)) == ([], [STRANGE, "hello", "first", "second"])


def put_back(tx: Tx, letter: DeadLetter) -> None:
    """What a supervisor does."""
    dead_letters.put_back(tx, letter.id)


async def test_what_is_put_back_unmended_is_parked_again(office: Office) -> None:
    """It does not go round in circles."""
    await office.publish(poison(office))
    await step(office)
    (before,) = await letters(office)
    await office.store.write(lambda tx: put_back(tx, before))
    await office.relay.step()
    await step(office)
    (after,) = await letters(office)
    assert (after.envelope_id, after.error) == (before.envelope_id, before.error)
    assert after.id != before.id


# --- what was in hand when a process died ------------------------------------------------------------------


async def in_hand(office: Office, *envelopes: Inbound) -> None:
    """Publish these and let a reader have them that is never heard of again."""
    await office.publish(*envelopes)
    async with office.bus.subscribe(LANE) as subscription:
        assert len(await subscription.batch(1000)) == len(envelopes)


@pytest.mark.parametrize("deaths", [0, 1, 2])
async def test_what_comes_again_is_taken_and_its_count_forgotten(office: Office, deaths: int) -> None:
    """In order; all at once, then a few, then each alone, as what kills its workers has to be."""
    batch = [office.envelope(f"{STRANGE} {number}") for number in range(40)]
    await in_hand(office, *batch)
    for _ in range(deaths):
        await office.store.write(lambda tx: dead_letters.attempt(tx, [one.id for one in batch]))
    commits: list[int] = []
    office.store.on_commit(commits.append)
    await step(office)
    assert await taken(office) == [f"{STRANGE} {number}" for number in range(40)]
    assert len(commits) == (1, 3, 40)[deaths]
    assert (await office.rows("attempts", "count"), await letters(office)) == ([], [])


async def test_what_kills_its_workers_is_parked(office: Office) -> None:
    """After four deaths it is not touched again; those that were in hand with it flow."""
    deadly, neighbour = office.envelope("deadly"), office.envelope("neighbour", who="bob")
    await in_hand(office, deadly, neighbour)
    for _ in range(MOST_ATTEMPTS):
        await office.store.write(lambda tx: dead_letters.attempt(tx, [deadly.id]))
    await step(office)
    (letter,) = await letters(office)
    assert (letter.envelope_id, letter.attempts) == (deadly.id, MOST_ATTEMPTS + 1)
    assert letter.error == "a worker died with it in hand, repeatedly"
    assert await taken(office) == ["neighbour"]
    assert await office.rows("attempts", "count") == []


async def test_one_death_less_is_forgiven(office: Office) -> None:
    """It may have been another's fault."""
    unlucky = office.envelope("unlucky")
    await in_hand(office, unlucky)
    for _ in range(MOST_ATTEMPTS - 1):
        await office.store.write(lambda tx: dead_letters.attempt(tx, [unlucky.id]))
    await step(office)
    assert (await taken(office), await letters(office)) == (["unlucky"], [])


async def test_a_poisonous_message_that_comes_again_is_parked_once(office: Office) -> None:
    """Its worker died after parking it and before the ack."""
    bad, good = poison(office), office.envelope("good")
    await in_hand(office, bad, good)
    words = "parked by the one that died"
    await office.store.write(lambda tx: dead_letters.park(tx, LANE, encode(bad), bad.id, words))
    await step(office)
    assert [letter.error for letter in await letters(office)] == [words]
    assert (await taken(office), await office.rows("attempts", "count")) == (["good"], [])


# --- the store is away -----------------------------------------------------------------------------------


async def fill(office: Office, pages: int) -> None:
    """Leave the database room for so many pages more, as a disk does that runs full."""

    def limit(tx: Tx) -> None:
        used = tx.sql.exec_driver_sql("PRAGMA page_count").scalar_one()
        tx.sql.exec_driver_sql(f"PRAGMA max_page_count={used + pages}")

    await office.store.write(limit)


@pytest.mark.parametrize("again", [False, True], ids=["new", "redelivered"])
async def test_while_the_disk_is_full_everything_waits(
    office: Office, monkeypatch: pytest.MonkeyPatch, again: bool
) -> None:
    """Nothing is parked or acked, and no attempt is counted twice; once there is room all of it flows."""
    monkeypatch.setattr(inbound, "RETRY_AFTER", 0.01)
    large = [office.envelope(f"{STRANGE} {number}", raw=b"x" * 60_000) for number in range(4)]
    await (in_hand if again else Office.publish)(office, *large)
    await office.setup.get()
    await fill(office, pages=8)
    with capture_logs() as logs:
        async with office.bus.subscribe(LANE) as subscription:
            stepping = asyncio.create_task(office.inbound().step(subscription))

            async def tried() -> bool:
                return len([one for one in logs if one["event"].startswith("waiting")]) > 2 * MOST_ATTEMPTS

            await eventually(tried)
            assert (await letters(office), await taken(office)) == ([], [])
            assert await office.bus.depth(LANE) == 4
            assert await office.rows("attempts", "count") == ([1] * 4 if again else [])
            await fill(office, pages=10_000)
            await stepping
    assert {one["reason"] for one in logs if "reason" in one} == {"database or disk is full"}
    assert await taken(office) == [f"{STRANGE} {number}" for number in range(4)]
    assert (await letters(office), await office.bus.depth(LANE)) == ([], 0)


async def test_what_comes_again_goes_on_where_the_disk_was_full(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The few that were taken before are taken for what they are: nothing is taken twice, or given up."""
    monkeypatch.setattr(inbound, "RETRY_AFTER", 0.01)
    large = [office.envelope(f"{STRANGE} {number}", raw=b"x" * 60_000) for number in range(40)]
    await in_hand(office, *large)
    await office.store.write(lambda tx: dead_letters.attempt(tx, [one.id for one in large]))
    await office.setup.get()
    await fill(office, pages=400)
    with capture_logs() as logs:
        async with office.bus.subscribe(LANE) as subscription:
            stepping = asyncio.create_task(office.inbound().step(subscription))

            async def tried() -> bool:
                return stepping.done() or len([one for one in logs if one["event"].startswith("waiting")]) > 4

            await eventually(tried)
            assert (stepping.done(), 0 < len(await taken(office)) < 40) == (False, True)
            await fill(office, pages=10_000)
            await stepping
    assert await taken(office) == [f"{STRANGE} {number}" for number in range(40)]
    assert (await letters(office), await office.rows("attempts", "count")) == ([], [])


# --- what changes between the look and the transaction -----------------------------------------------------


class Meddled:
    """A store in which another transaction commits just before the next one."""

    def __init__(self, store: Store, first: Callable[[Tx], object]) -> None:
        self._store = store
        self._first: Callable[[Tx], object] | None = first
        self.now = store.now

    async def write(self, step: Callable[[Tx], T]) -> T:
        """See `Store`."""
        if (first := self._first) is not None:
            self._first = None
            await self._store.write(first)
        return await self._store.write(step)

    async def read(self, query: Callable[[Connection], T]) -> T:
        """See `Store`."""
        return await self._store.read(query)

    def on_commit(self, listener: Callable[[int], None]) -> None:
        """See `Store`."""
        self._store.on_commit(listener)


async def test_a_ticket_that_closes_meanwhile_gives_the_message_to_the_bot(office: Office) -> None:
    """It came without a match, as a person had the conversation: it is matched then, and answered."""
    await office.say(STRANGE)
    desk, before = (await office.setup.get()).desk, await office.ticket()
    closed = move(before, "closed", office.clock.now, desk)
    setup = SetupLoader(Meddled(office.store, lambda tx: inbox.save(tx, before, closed)), lambda desk: desk)
    worker = InboundWorker(
        LANE,
        bus=office.bus,
        store=office.store,
        setup=setup,
        knowledge=office.knowledge,
        wake_relay=lambda: None,
    )
    office.clock.forward(minutes=1)
    await office.publish(office.envelope(ASKS))
    await step(office, worker)
    _, second = await office.conversations()
    assert await office.talk(second) == [("customer", ASKS), ("bot", "It is on its way.")]
