"""Search: every end finds the same, in English and in Chinese, a moment after it was said."""

from pathlib import Path

import pytest
from msgspec.structs import replace

from router.values import ContactPoint, Conversation, Customer, Ticket
from storage import contacts, conversations, customers, inbox_views, messages, search, tickets
from storage.inbox_views import Chosen, Filters
from storage.messages import Message
from storage.store import Store, Tx
from tests.contract.ends import NOW, STORE_ENDS, StoreEnd
from tests.services.servers import Servers
from workers import inbox
from workers.search import SearchWorker

SAID = {
    1001: ("Where is my parcel?", ["I was charged twice for order A-4711", "Thanks, Ünal"]),
    1002: ("退款", ["我的包裹还没有到，请帮我退款", "订单号 4711"]),
    1003: ("Refund", ["退貨要多久？", "the running shoes DON'T fit", "1001"]),
}
ASKED = {
    "parcel": {1001},
    "PARCELS": {1001},
    "parc": {1001},
    "arcel": set(),
    "order charged": {1001},
    "order refund": set(),
    "unal": {1001},
    "4711": {1001, 1002},
    "退款": {1002},
    "包裹": {1002},
    "裹包": set(),
    "退": {1002, 1003},
    "退货": {1003},
    "退貨要多久": {1003},
    "refund": {1003},
    "shoe run": {1003},
    "1001": {1001, 1003},
    "#1001": {1001},
    "ann3@example.org": {1003},
    "Ann": {1001, 1002, 1003},
    "gift": {1002},
    "'": set(),
    '" OR 1 NEAR(': set(),
    "parcel:*": {1001},
    "📦": set(),
}


@pytest.fixture(params=STORE_ENDS)
def end(request: pytest.FixtureRequest, tmp_path: Path, servers: Servers) -> StoreEnd:
    """Each end in turn, migrated and empty."""
    made: StoreEnd = request.param(tmp_path, servers)
    return made


def fill(tx: Tx) -> None:
    """Three tickets, each with its customer's messages."""
    for number, (subject, said) in SAID.items():
        last = str(number)[-1]
        person = Customer(id=f"cus_{last}", name=f"Ann {last}", email=f"ann{last}@example.org")
        point = ContactPoint(id=f"cp_{last}", channel_id="ch_1", address=last, customer_id=person.id)
        contacts.add(tx, [point], [person])
        conversation = Conversation(
            id=f"cv_{last}",
            channel_id="ch_1",
            contact_point_id=point.id,
            customer_id=person.id,
            ticket_id=f"tkt_{last}",
        )
        conversations.add(tx, [conversation])
        ticket = Ticket(
            id=f"tkt_{last}",
            number=number,
            conversation_id=conversation.id,
            customer_id=person.id,
            channel_id="ch_1",
            subject=subject,
            tags=("gift",) if number == 1002 else (),
            created_at=NOW,
            updated_at=NOW,
            waiting_since=NOW,
        )
        tickets.add(tx, [ticket])
        tx.emit("ticket.created", ticket=ticket.id, conversation=conversation.id, number=number)
        for position, text in enumerate(said, 1):
            say(tx, conversation, position, text)


def say(tx: Tx, conversation: Conversation, position: int, text: str) -> None:
    """One message, as the intake stores and tells it."""
    message = Message(
        id=f"msg_{conversation.id}_{position}",
        conversation_id=conversation.id,
        contact_point_id=conversation.contact_point_id,
        position=position,
        author="customer",
        text=text,
        created_at=NOW,
    )
    messages.add(tx, [message])
    tx.emit("message.created", conversation=conversation.id, message_id=message.id)


async def found(store: Store, question: str) -> set[int]:
    """The numbers of the tickets that a question finds."""
    listed = await store.read(lambda sql: inbox_views.tickets(sql, Filters(q=question), None, 100))
    return {ticket.number for ticket in listed.items}


async def indexed(store: Store) -> None:
    """The index has heard of everything."""
    worker = SearchWorker(store=store)
    while await worker.step():
        pass


async def test_words_find_their_tickets(end: StoreEnd) -> None:
    """All words must be in one message or in what the ticket is about; the last may be unfinished."""
    async with end.open() as store:
        await store.write(fill)
        await indexed(store)
        answers = {question: await found(store, question) for question in ASKED}
    assert answers == ASKED


async def test_what_changes_is_found_as_it_is_now(end: StoreEnd) -> None:
    """An edited message, another subject, a customer's other name: the old words find nothing any more."""

    def change(tx: Tx) -> None:
        messages.amend(tx, "msg_cv_1_1", "it has arrived", {})
        tx.emit("message.updated", conversation="cv_1", message_id="msg_cv_1_1")
        before = tickets.lock(tx, "tkt_2")
        inbox.save(tx, before, replace(before, subject="Lost luggage", tags=()))
        customers.save(tx, replace(customers.get(tx.sql, "cus_3").customer, name="Bert"))

    questions = ("charged", "arrived", "gift", "luggage", "Bert", "refund")
    async with end.open() as store:
        await store.write(fill)
        await indexed(store)
        await store.write(change)
        await indexed(store)
        answers = {question: await found(store, question) for question in questions}
    assert answers == {
        "charged": set(),
        "arrived": {1001},
        "gift": set(),
        "luggage": {1002},
        "Bert": {1003},
        "refund": {1003},
    }


async def test_a_conversation_is_found_by_what_was_said(end: StoreEnd) -> None:
    """Also one without a ticket."""
    async with end.open() as store:
        await store.write(fill)
        await indexed(store)
        listed = await store.read(lambda sql: inbox_views.conversations(sql, Chosen(q="包裹"), None, 10))
    assert [one.conversation.id for one in listed.items] == ["cv_2"]


async def test_of_two_workers_one_fills(end: StoreEnd) -> None:
    """Who comes second with the same events leaves them, and nothing is there twice."""
    async with end.open() as store:
        await store.write(fill)
        await indexed(store)
        late = await store.write(lambda tx: search.fill(tx, 0, 1, {search.MESSAGES: [(1, ["parcel"])]}))
        heard = await store.read(search.position)
    assert (late, heard) == (False, 10)
