"""The outbound worker over real sockets: order, retries, slow receivers, and what a crash leaves behind."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import UTC, datetime, timedelta
from functools import partial
from itertools import count
from pathlib import Path
from typing import Any

import pytest
import standardwebhooks

from bus.embedded import EmbeddedBus
from bus.envelope import Wake, encode
from bus.memory import MemoryLive
from bus.topology import OUTBOUND
from channels.protocol import Tools
from channels.settings import configure
from channels.webhook.settings import WebhookSettings
from gateway.callbacks import session
from gateway.settings import LOOPBACK
from router.values import ContactPoint, Conversation, Customer
from storage import (
    channels,
    contacts,
    conversations,
    deliveries,
    delivery_log,
    events,
    leases,
    messages,
)
from storage.blobs import FolderBlobs
from storage.deliveries import Delivery, Outcome
from storage.journal import SqliteJournal
from storage.leases import LASTS
from storage.migrate import upgrade
from storage.secrets import Secrets
from storage.sqlite import SqliteStore, engine
from storage.store import Missing, Tx
from tests.integration.receiver import HANG, Receiver, receiving
from workers import outbound
from workers.connections import Connections
from workers.outbound import GROUP, PER_CHANNEL, SCHEDULE_S, OutboundWorker, delay

Owners = count(1)


class Clock:
    """The time, which can be moved on."""

    def __init__(self) -> None:
        self.ahead = timedelta()

    def __call__(self) -> datetime:
        return datetime.now(UTC) + self.ahead


class Sender:
    """A store, a bus and the channels of one desk, with workers to send from it."""

    def __init__(
        self, store: SqliteStore, bus: EmbeddedBus, blobs: FolderBlobs, connections: Connections, clock: Clock
    ) -> None:
        self.store, self.bus, self.blobs, self.connections, self.clock = store, bus, blobs, connections, clock
        self.secrets = Secrets(bytes(32))
        self._numbers = count(1)
        self._news = asyncio.Event()
        store.on_commit(lambda _seq: self._news.set())

    async def channel(self, callback_url: str | None = None) -> str:
        """A webhook channel that posts there; returns its id."""
        id_ = f"ch_{next(self._numbers)}"
        given = {} if callback_url is None else {"callback_url": callback_url}
        made = configure(WebhookSettings, given)
        sealed = self.secrets.seal(id_, made.secret)
        add = partial(channels.add, channel_id=id_, kind="webhook", name=id_, settings=made.public)
        await self.store.write(lambda tx: add(tx, sealed=sealed))
        await self.connections.refresh()
        return id_

    async def secret(self, channel_id: str) -> str:
        """The channel's secret."""
        stored = await self.store.read(lambda sql: channels.get(sql, channel_id))
        return str(self.secrets.open(channel_id, stored.sealed)["secret"])

    async def say(self, channel_id: str, *texts: str, hint: bool = True) -> list[str]:
        """Queue these, in a conversation of their own; returns the messages' ids."""
        number = next(self._numbers)
        names = [f"msg_{number}_{position}" for position in range(1, len(texts) + 1)]

        def step(tx: Tx) -> None:
            contact = ContactPoint(
                id=f"cp_{number}", channel_id=channel_id, address=f"u-{number}", customer_id=f"cus_{number}"
            )
            contacts.add(tx, [contact], [Customer(id=f"cus_{number}")])
            conversation = Conversation(
                id=f"cv_{number}",
                channel_id=channel_id,
                contact_point_id=contact.id,
                customer_id=contact.customer_id,
                thread=f"c-{number}",
                position=len(texts),
            )
            conversations.add(tx, [conversation])
            lines = [
                messages.Message(
                    id=name,
                    conversation_id=conversation.id,
                    contact_point_id=contact.id,
                    position=position,
                    author="bot",
                    text=text,
                    created_at=tx.now,
                )
                for position, (name, text) in enumerate(zip(names, texts, strict=True), 1)
            ]
            messages.add(tx, lines)
            rows = [(line.id, channel_id, conversation.id, line.position) for line in lines]
            deliveries.queue(tx, rows)

        await self.store.write(step)
        if hint:
            wake = Wake(channel_id=channel_id, conversation_id=f"cv_{number}")
            await self.bus.publish(OUTBOUND, [encode(wake)])
        return names

    async def state(self, message_id: str) -> Delivery:
        """How far a message has come."""
        found = await self.store.read(lambda sql: deliveries.of_messages(sql, [message_id]))
        return found[message_id]

    async def reaches(self, message_id: str, state: str, attempts: int = 1) -> Delivery:
        """Wait until a delivery is in that state after so many attempts."""
        async with asyncio.timeout(20):
            while True:
                self._news.clear()
                found = await self.state(message_id)
                if (found.state, found.attempts) == (state, attempts):
                    return found
                await self._news.wait()

    def worker(self, *, alone: bool = True) -> OutboundWorker:
        """A worker that does not run yet."""
        return OutboundWorker(
            bus=self.bus,
            store=self.store,
            connections=self.connections,
            live=MemoryLive(time.monotonic),
            clock=self.clock,
            random=lambda: 0.5,
            owner=f"owner-{next(Owners)}",
            alone=alone,
        )

    @asynccontextmanager
    async def sending(self, *, alone: bool = True) -> AsyncIterator[OutboundWorker]:
        """A worker that runs."""
        worker = self.worker(alone=alone)
        running = asyncio.create_task(worker.run())
        try:
            yield worker
        finally:
            running.cancel()
            await asyncio.wait({running})
            assert running.cancelled(), running.exception()


@pytest.fixture
async def sender(tmp_path: Path) -> AsyncIterator[Sender]:
    """A fresh desk without workers."""
    database = tmp_path / "frontdesk.db"
    made = engine(database)
    upgrade(made)
    made.dispose()
    clock, blobs = Clock(), FolderBlobs(tmp_path / "blobs")
    async with AsyncExitStack() as stack:
        store = await stack.enter_async_context(SqliteStore(database, clock))
        bus = await stack.enter_async_context(EmbeddedBus(SqliteJournal(store)))
        http = await stack.enter_async_context(session(LOOPBACK))
        tools = Tools(http=http, fetch=blobs.get, now=clock)
        opened = Connections(store, tools, Secrets(bytes(32)).open)
        connections = await stack.enter_async_context(opened)
        yield Sender(store, bus, blobs, connections, clock)


@pytest.fixture
async def receiver() -> AsyncIterator[Receiver]:
    """A customer's program on loopback."""
    async with receiving() as made:
        yield made


async def test_what_is_queued_is_posted_signed_and_marked_as_sent(sender: Sender, receiver: Receiver) -> None:
    """The official library verifies the signature; the live stream hears that it was sent."""
    channel = await sender.channel(receiver.url + "/in")
    async with sender.sending():
        (name,) = await sender.say(channel, "退款 done")
        delivered = await sender.reaches(name, "sent")
    (post,) = receiver.posts
    verifier = standardwebhooks.Webhook(await sender.secret(channel))
    read: Any = verifier.verify(post.body, dict(post.headers))
    assert (read["type"], read["data"]["id"], read["data"]["text"]) == ("message.created", name, "退款 done")
    assert (read["data"]["conversation"], read["data"]["to"]) == ("c-2", {"id": "u-2"})
    assert (post.id, delivered) == (name, Delivery("sent", "", 1))
    logged = await sender.store.read(lambda sql: events.events_after(sql, 0, 100))
    told = [event for event in logged if event.type == "message.updated"]
    assert [(event.conversation_id, event.data) for event in told] == [
        ("cv_2", {"message_id": name, "delivery": {"state": "sent", "error": None, "attempts": 1}})
    ]


async def test_a_failing_receiver_gets_the_same_id_on_every_attempt(
    sender: Sender, receiver: Receiver
) -> None:
    """Each attempt is signed anew under the same `webhook-id`, at the times of the schedule."""
    channel = await sender.channel(receiver.url + "/in")
    receiver.answer("/in", 500, 503, 200)
    async with sender.sending():
        (name,) = await sender.say(channel, "hello")
        first = await sender.reaches(name, "queued", 1)
        sender.clock.ahead += timedelta(seconds=SCHEDULE_S[0] * 1.2)
        second = await sender.reaches(name, "queued", 2)
        sender.clock.ahead += timedelta(seconds=SCHEDULE_S[1] * 1.2)
        await sender.reaches(name, "sent", 3)
    assert (first.error, second.error) == ("the receiver answered 500", "the receiver answered 503")
    assert [post.id for post in receiver.posts] == [name] * 3
    assert len({post.headers["webhook-timestamp"] for post in receiver.posts}) == 3
    assert len({post.body for post in receiver.posts}) == 1


async def test_a_receiver_that_asks_to_wait_is_left_alone_that_long(
    sender: Sender, receiver: Receiver
) -> None:
    """Retry-After is honoured, not shortened to the schedule's five seconds."""
    channel = await sender.channel(receiver.url + "/in")
    receiver.answer("/in", 429, Retry_After="1000")
    async with sender.sending() as worker:
        (name,) = await sender.say(channel, "hello")
        await sender.reaches(name, "queued", 1)
        sender.clock.ahead += timedelta(seconds=999)
        await worker.look()
        await worker.turn()
        assert len(receiver.posts) == 1
        sender.clock.ahead += timedelta(seconds=202)
        await sender.reaches(name, "sent", 2)


async def test_a_conversation_keeps_its_order_while_its_first_message_fails(
    sender: Sender, receiver: Receiver
) -> None:
    """What follows waits for what is ahead of it, also across a retry; another conversation does not."""
    channel = await sender.channel(receiver.url + "/in")
    receiver.answer("/in", 500)
    async with sender.sending():
        names = await sender.say(channel, "1", "2", "3", "4", "5")
        await sender.reaches(names[0], "queued", 1)
        (other,) = await sender.say(channel, "other")
        await sender.reaches(other, "sent")
        assert [post.text for post in receiver.posts] == ["1", "other"]
        sender.clock.ahead += timedelta(seconds=6)
        await sender.reaches(names[-1], "sent")
    assert [post.text for post in receiver.posts] == ["1", "other", "1", "2", "3", "4", "5"]


async def test_a_hanging_channel_does_not_delay_another(sender: Sender, receiver: Receiver) -> None:
    """However much waits for a receiver that hangs, the others' messages go out; at most eight hang."""
    slow, quick = await sender.channel(receiver.url + "/slow"), await sender.channel(receiver.url + "/quick")
    receiver.answer("/slow", *[HANG] * 40)
    async with sender.sending():
        stuck = [(await sender.say(slow, "slow"))[0] for _ in range(40)]
        await receiver.until(lambda: receiver.waiting == PER_CHANNEL)
        sent = [(await sender.say(quick, "quick", hint=number % 2 == 0))[0] for number in range(20)]
        for name in sent:
            await sender.reaches(name, "sent")
        assert (len(receiver.at("/slow")), len(receiver.at("/quick"))) == (PER_CHANNEL, 20)
        receiver.let_go()
        for name in stuck:
            await sender.reaches(name, "sent")
    assert len(receiver.at("/slow")) == 40


async def test_a_lost_hint_is_made_up_for(sender: Sender, receiver: Receiver) -> None:
    """The table of deliveries is the truth: without any hint the message goes out all the same."""
    channel = await sender.channel(receiver.url + "/in")
    async with sender.sending():
        (name,) = await sender.say(channel, "hello", hint=False)
        await sender.reaches(name, "sent")


async def test_hints_that_come_to_nothing_hold_nothing_up(sender: Sender, receiver: Receiver) -> None:
    """However many conversations with nothing to send were hinted at before, what has something is sent."""
    channel = await sender.channel(receiver.url + "/in")
    hollow = [
        encode(Wake(channel_id=channel, conversation_id=f"cv_none_{n}")) for n in range(4 * PER_CHANNEL)
    ]
    async with sender.sending():
        (first,) = await sender.say(channel, "the worker is up")
        await sender.reaches(first, "sent")
        await sender.bus.publish(OUTBOUND, hollow)
        (name,) = await sender.say(channel, "hello")
        await sender.reaches(name, "sent")


async def test_what_is_refused_for_good_fails_in_words_and_holds_nothing_back(
    sender: Sender, receiver: Receiver
) -> None:
    """The next message of the conversation goes out; a person can put the failed one back."""
    channel = await sender.channel(receiver.url + "/in")
    receiver.answer("/in", 400)
    async with sender.sending():
        refused, following = await sender.say(channel, "1", "2")
        await sender.reaches(following, "sent")
        assert await sender.state(refused) == Delivery("failed", "the receiver answered 400", 1)
        woken = await sender.store.write(lambda tx: deliveries.retry(tx, refused))
        assert woken == (channel, "cv_2")
        await sender.reaches(refused, "sent")
    assert [post.text for post in receiver.posts] == ["1", "2", "1"]


async def test_only_what_failed_can_be_put_back(sender: Sender, receiver: Receiver) -> None:
    """What was sent stays sent, and what never was to be sent is missing."""
    channel = await sender.channel(receiver.url + "/in")
    async with sender.sending():
        (name,) = await sender.say(channel, "hello")
        await sender.reaches(name, "sent")
    assert await sender.store.write(lambda tx: deliveries.retry(tx, name)) is None
    with pytest.raises(Missing):
        await sender.store.write(lambda tx: deliveries.retry(tx, "msg_nothing"))


async def test_redirects_are_not_followed(sender: Sender, receiver: Receiver) -> None:
    """They end the delivery, and nothing is called but the address that was set."""
    channel = await sender.channel(receiver.url + "/in")
    receiver.answer("/in", 302, Location="/elsewhere")
    async with sender.sending():
        (name,) = await sender.say(channel, "hello")
        failed = await sender.reaches(name, "failed")
    assert failed.error == "the receiver redirects (302): it is not followed, name the final address"
    assert [post.path for post in receiver.posts] == ["/in"]


async def test_without_an_address_a_reply_is_kept_and_says_so(sender: Sender) -> None:
    """A channel without `callback_url` has nowhere to send to, which is no failure and no duty."""
    channel = await sender.channel()
    async with sender.sending():
        (name,) = await sender.say(channel, "hello")
        kept = await sender.reaches(name, "kept")
    assert (kept.error, kept.attempts) == ("", 1)


async def test_a_receiver_that_is_gone_is_sent_nothing_more(sender: Sender, receiver: Receiver) -> None:
    """After a 410 the channel keeps its replies, also those to others, until it is switched on again."""
    channel = await sender.channel(receiver.url + "/in")
    receiver.answer("/in", 410)
    async with sender.sending():
        (first,) = await sender.say(channel, "hello")
        failed = await sender.reaches(first, "failed")
        await sender.connections.refresh()
        (second,) = await sender.say(channel, "to another")
        await sender.reaches(second, "kept")
    stored = await sender.store.read(lambda sql: channels.get(sql, channel))
    assert failed.error == "the receiver says it is gone for good (410)"
    assert (stored.settings["callback_disabled"], len(receiver.posts)) == (True, 1)


async def test_failed_attempts_are_in_the_log_and_a_message_can_go_again(
    sender: Sender, receiver: Receiver
) -> None:
    """Each with its words; what had arrived goes once more under the same id."""
    channel = await sender.channel(receiver.url + "/in")
    receiver.answer("/in", 503, 429, Retry_After="0")
    async with sender.sending():
        (name,) = await sender.say(channel, "hello")
        await sender.reaches(name, "sent", 3)
        await sender.store.write(lambda tx: deliveries.retry(tx, name, sent=True))
        await receiver.until(lambda: len(receiver.posts) == 4)
        await sender.reaches(name, "sent")
    log = partial(delivery_log.of_channel, now=sender.clock(), before=None, limit=5, state=None)
    # These ids were made by hand and are older than any that the desk makes.
    await sender.store.write(lambda tx: tx.sql.exec_driver_sql("UPDATE deliveries SET message_id = 'msg_z'"))
    (entry,) = (await sender.store.read(lambda sql: log(sql, channel))).items
    attempts = await sender.store.read(
        lambda sql: sql.exec_driver_sql("SELECT error FROM failed_attempts").all()
    )
    assert (entry.state, entry.attempts) == ("sent", 1)
    assert [line[0] for line in attempts] == ["the receiver answered 503", "the receiver answered 429"]
    assert {post.id for post in receiver.posts} == {name}


async def test_what_answers_customers_goes_before_what_they_did_not_ask_for(
    sender: Sender, receiver: Receiver
) -> None:
    """Of what waits on a channel, conversations in which customers wrote are picked first."""
    channel = await sender.channel(receiver.url + "/in")
    worker = sender.worker()
    bulk = [name for n in range(PER_CHANNEL) for name in await sender.say(channel, f"news {n}", hint=False)]
    asked = [
        name for n in range(PER_CHANNEL) for name in await sender.say(channel, f"answer {n}", hint=False)
    ]
    for names, is_bulk in ((bulk, True), (asked, False)):
        for name in names:
            worker._take_hint(
                Wake(channel_id=channel, conversation_id=f"cv_{name.split('_')[1]}", bulk=is_bulk)
            )
    await worker.turn()
    await receiver.until(lambda: len(receiver.posts) == PER_CHANNEL)
    assert {post.id for post in receiver.posts} == set(asked)
    await worker._stop()


async def test_nobody_there_is_tried_again(sender: Sender) -> None:
    """A receiver that can't be reached may come back."""
    channel = await sender.channel("http://127.0.0.1:9/in")
    async with sender.sending():
        (name,) = await sender.say(channel, "hello")
        assert (await sender.reaches(name, "queued")).error == "127.0.0.1 can't be reached"


async def test_private_addresses_are_not_called(sender: Sender) -> None:
    """The guard's refusal ends the delivery and says what would allow it."""
    channel = await sender.channel("http://10.0.0.1/in")
    async with sender.sending():
        (name,) = await sender.say(channel, "hello")
        failed = await sender.reaches(name, "failed")
    assert failed.error == "10.0.0.1 is not a public address: FRONTDESK_CALLBACK_ALLOW can name its network"


async def test_a_channel_that_is_switched_off_keeps_what_it_has(sender: Sender, receiver: Receiver) -> None:
    """Nothing is sent or failed while it is off; it all goes out once it is on again."""
    channel = await sender.channel(receiver.url + "/in")
    stored = await sender.store.read(lambda sql: channels.get(sql, channel))
    switch = partial(
        channels.save, channel_id=channel, name="x", settings=stored.settings, sealed=stored.sealed
    )
    await sender.store.write(lambda tx: switch(tx, enabled=False))
    await sender.connections.refresh()
    async with sender.sending() as worker:
        (name,) = await sender.say(channel, "hello")
        await worker.look()
        await worker.turn()
        assert await sender.state(name) == Delivery("queued", "", 0)
        await sender.store.write(lambda tx: switch(tx, enabled=True))
        await sender.reaches(name, "sent")


async def test_a_channel_that_is_gone_fails_what_was_for_it(sender: Sender) -> None:
    """In words, and not for ever queued."""
    async with sender.sending():
        (name,) = await sender.say("ch_gone", "hello")
        failed = await sender.reaches(name, "failed")
    assert failed.error == "the channel is not set up, or can't be opened"


async def test_after_the_last_attempt_a_message_is_given_up(sender: Sender, receiver: Receiver) -> None:
    """Ten attempts over three days, then it is parked for a person."""
    channel = await sender.channel(receiver.url + "/in")
    receiver.answer("/in", *[500] * 10)
    async with sender.sending() as worker:
        (name,) = await sender.say(channel, "hello")
        for attempt, seconds in enumerate(SCHEDULE_S, 1):
            await sender.reaches(name, "queued", attempt)
            sender.clock.ahead += timedelta(seconds=seconds * 1.2)
            await worker.look()
        failed = await sender.reaches(name, "failed", 10)
    assert failed.error == "given up after 10 attempts: the receiver answered 500"
    assert len(receiver.posts) == 10


async def test_what_hangs_when_the_desk_stops_goes_out_when_it_starts_again(
    sender: Sender, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A stop waits a little for what is being sent, then gives it back."""
    monkeypatch.setattr(outbound, "_GRACE_S", 0.05)
    channel = await sender.channel(receiver.url + "/in")
    receiver.answer("/in", HANG)
    async with sender.sending():
        (name,) = await sender.say(channel, "hello")
        await receiver.until(lambda: receiver.waiting == 1)
    assert await sender.state(name) == Delivery("queued", "the desk stopped while it was sending this", 1)
    async with sender.sending():
        await sender.reaches(name, "sent", 2)
    assert [post.id for post in receiver.posts] == [name, name]


async def claimed_by_the_dead(sender: Sender, channel: str) -> str:
    """A message whose sender died with it in hand."""
    (name,) = await sender.say(channel, "hello", hint=False)
    claims = await sender.store.write(lambda tx: deliveries.claim(tx, "dead", ["cv_2"]))
    assert [claim.message_id for claim in claims] == [name]
    return name


async def test_what_a_dead_sender_had_in_hand_is_sent_again(sender: Sender, receiver: Receiver) -> None:
    """A process that is alone takes over at once when it starts."""
    channel = await sender.channel(receiver.url + "/in")
    name = await claimed_by_the_dead(sender, channel)
    async with sender.sending(alone=True):
        await sender.reaches(name, "sent")


async def test_among_several_a_sender_is_dead_once_its_lease_has_lapsed(
    sender: Sender, receiver: Receiver
) -> None:
    """The claim of one who lives is left alone; seconds after its last beat another sends what it had."""
    channel = await sender.channel(receiver.url + "/in")
    name = await claimed_by_the_dead(sender, channel)
    await sender.store.write(lambda tx: leases.present(tx, GROUP, "dead"))
    async with sender.sending(alone=False) as worker:
        await worker.beat()
        assert (await sender.state(name)).state == "sending"
    sender.clock.ahead += LASTS
    async with sender.sending(alone=False) as worker:
        await worker.beat()
        await sender.reaches(name, "sent")


async def test_where_a_second_copy_would_show_it_is_in_doubt(sender: Sender, receiver: Receiver) -> None:
    """On a channel that can't tell a copy, a person decides; what follows is not held back."""
    channel = await sender.channel(receiver.url + "/in")
    name = await claimed_by_the_dead(sender, channel)
    take_over = partial(deliveries.take_over, living={"new"}, idempotent=(), doubt="it died")
    await sender.store.write(take_over)
    assert await sender.state(name) == Delivery("in_doubt", "it died", 0)
    assert await sender.store.write(lambda tx: deliveries.retry(tx, name)) == (channel, "cv_2")


async def test_two_senders_send_each_message_once(sender: Sender, receiver: Receiver) -> None:
    """A claim is a conditional update: whoever comes second gets nothing."""
    channel = await sender.channel(receiver.url + "/in")
    names = [name for _ in range(50) for name in await sender.say(channel, "1", "2", hint=False)]
    seconds = [
        OutboundWorker(
            bus=sender.bus,
            store=sender.store,
            connections=sender.connections,
            live=MemoryLive(time.monotonic),
            clock=sender.clock,
            random=lambda: 0.5,
            owner=f"owner-{next(Owners)}",
            alone=False,
        )
        for _ in range(2)
    ]
    for worker in seconds:
        await worker.look()
    async with asyncio.timeout(30):
        while len(receiver.posts) < len(names):
            await asyncio.gather(*(worker.look() for worker in seconds))
            await asyncio.gather(*(worker.turn() for worker in seconds))
    assert sorted(post.id for post in receiver.posts) == sorted(names)


async def test_a_hint_that_can_t_be_read_is_passed_over(sender: Sender, receiver: Receiver) -> None:
    """Hints are only hints: rubbish on the lane stops nothing."""
    channel = await sender.channel(receiver.url + "/in")
    await sender.bus.publish(OUTBOUND, [b"", b"\x07rubbish", b"\x01rubbish"])
    async with sender.sending():
        (name,) = await sender.say(channel, "hello")
        await sender.reaches(name, "sent")


async def test_a_platforms_receipt_settles_a_delivery(sender: Sender) -> None:
    """A report of failure fails what was sent; one of delivery ends a doubt."""
    channel = await sender.channel()
    (name,) = await sender.say(channel, "hello", hint=False)
    (claim,) = await sender.store.write(lambda tx: deliveries.claim(tx, "me", ["cv_2"]))
    outcome = Outcome(claim, "sent", sender.clock(), external_id="their-1")
    await sender.store.write(partial(deliveries.finish, owner="me", outcomes=[outcome]))
    reported = []
    for state in ("read", "failed", "delivered"):
        report = partial(deliveries.receipt, channel_id=channel, target="their-1", state=state)
        await sender.store.write(report)
        reported.append((await sender.state(name)).state)
    assert reported == ["sent", "failed", "failed"]


def test_the_schedule_is_that_of_standard_webhooks() -> None:
    """Nine pauses from five seconds to a day, up to a fifth longer, so that retries don't come in a crowd."""

    def calm() -> float:
        return 0.0

    assert [delay(attempts, None, calm) for attempts in range(1, 11)] == [*map(float, SCHEDULE_S), None]
    assert delay(1, None, lambda: 0.999) == pytest.approx(5 * 1.1998)
    assert delay(3, 42.0, calm) == 42.0
    assert delay(10, 42.0, calm) is None
