"""The bot's manners, with its store and workers: it never talks over a person, and speaks once at a time."""

from collections.abc import AsyncIterator, Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from knowledgebase.article import File, Variant
from knowledgebase.match import Match
from router.desk import Desk
from storage import articles
from storage.store import Tx
from tests.integration.office import ASKS, LANE, STRANGE, Office, joins, office_in, office_on
from tests.services.servers import Servers
from workers import inbox
from workers.inbound import InboundWorker
from workers.inbox import Words
from workers.knowledge import Knowledge

REFUNDS = "How do refunds work?"


@pytest.fixture(params=["sqlite", "postgresql"])
async def office(request: pytest.FixtureRequest, tmp_path: Path, servers: Servers) -> AsyncIterator[Office]:
    """A furnished office, at each end of the store."""
    sqlite = request.param == "sqlite"
    async with office_in(tmp_path) if sqlite else office_on(servers.postgresql, tmp_path) as made:
        yield made


class SteppedIn(Knowledge):
    """A person takes the conversation over at the very instant between match and post."""

    def __init__(self, office: Office) -> None:
        super().__init__(office.store, 0.9, office.clock)
        self._office = office

    async def match(self, texts: Mapping[str, str]) -> dict[str, Match]:
        """The match; when it is made, an agent has stepped in."""
        matches = await super().match(texts)
        assert {match.outcome for match in matches.values()} == {"answer"}
        (conversation,) = await self._office.conversations()
        desk = (await self._office.setup.get()).desk
        await self._office.store.write(lambda tx: inbox.take_over(tx, conversation.id, "agent", desk))
        return matches


async def step(office: Office, knowledge: Knowledge | None = None) -> None:
    """The inbound worker takes what is on the lane, in one batch."""
    worker = InboundWorker(
        LANE,
        bus=office.bus,
        store=office.store,
        setup=office.setup,
        knowledge=knowledge or office.knowledge,
        wake_relay=lambda: None,
    )
    async with office.bus.subscribe(LANE) as lane:
        await worker.step(lane)


async def test_a_person_who_steps_in_is_never_talked_over(office: Office) -> None:
    """The match was sure; the post finds the conversation with a person, and the bot says nothing."""
    await office.store.write(joins("agent"))
    await office.say(ASKS)
    said_before = await office.talk()
    async with SteppedIn(office) as knowledge:
        await office.publish(office.envelope(REFUNDS))
        await step(office, knowledge)
    assert await office.talk() == [*said_before, ("customer", REFUNDS)]
    assert (await office.ticket()).assignee == "agent"


async def test_what_arrives_meanwhile_makes_one_rerun(office: Office) -> None:
    """Three messages that came while the bot was busy are one question and get one answer."""
    await office.publish(*(office.envelope(said) for said in ("hello", "about my", "refund money back?")))
    await step(office)
    talk = await office.talk()
    assert [author for author, _ in talk] == ["customer", "customer", "customer", "bot"]
    await office.publish(*(office.envelope(said) for said in (STRANGE, "please hurry", "still here")))
    await step(office)
    assert [author for author, _ in (await office.talk())[4:7]] == ["customer"] * 3
    assert (await office.ticket()).subject == STRANGE


async def test_the_agent_finds_what_was_tried_and_the_customer_does_not(office: Office) -> None:
    """A note ahead of the notice; it is not delivered."""
    await office.say(ASKS)
    await office.say("agent")
    lines = await office.messages()
    assert [(one.author, one.kind) for one in lines] == [
        ("customer", "public"),
        ("bot", "public"),
        ("customer", "public"),
        ("system", "note"),
        ("system", "public"),
    ]
    assert lines[3].text.startswith("The bot has tried:\n- answered with “Where is my parcel?”")
    delivered = await office.rows("deliveries", "message_id")
    assert sorted(delivered) == sorted((lines[1].id, lines[4].id))
    notes = [one.data.get("kind") for one in await office.events("message.created")]
    assert notes == [None, None, None, "note", None]


async def test_the_wait_is_that_of_the_last_tickets(office: Office) -> None:
    """The median of the queue's first replies, while somebody is online."""
    await office.store.write(joins("agent"))
    desk = (await office.setup.get()).desk
    for number, minutes in enumerate((4, 9, 30)):
        await office.say(STRANGE, who=f"customer {number}")
        ticket = (await office.tickets())[-1]
        office.clock.forward(minutes=minutes)
        await office.store.write(answers(ticket.id, desk))
    await office.publish(office.envelope("agent", who="late"))
    await step(office)
    assert (await office.messages())[-1].text.endswith("usually within about 10 minutes.")


def answers(ticket_id: str, desk: Desk) -> Any:
    """A step in which the agent replies."""
    return lambda tx: inbox.reply(tx, ticket_id, "agent", Words("Hello", live=True), desk)


def changes(article_id: str, **fields: Any) -> Any:
    """A step that changes an article."""
    return lambda tx: articles.change(tx, article_id, fields)


async def test_an_answer_is_the_customers_variant_and_brings_its_files(office: Office) -> None:
    """What a customer tells of themselves chooses; the stored context keeps no other customers' variants."""
    german = Variant(answer="Es ist unterwegs.", when={"country": ("DE",)})
    french = Variant(answer="Il est en route.", when={"country": ("FR",)})
    map_ = File(name="map.png", type="image/png", size=3, blob="00" * 32)
    await office.store.write(changes("art_parcel", variants=(german, french), files=(map_,)))
    await office.knowledge._refresh()
    await office.say(ASKS, sender={"attributes": {"country": "DE"}})
    answer = (await office.messages())[-1]
    assert (answer.text, [file.name for file in answer.attachments]) == ("Es ist unterwegs.", ["map.png"])
    (conversation,) = await office.conversations()
    (stored,) = await office.decisions(conversation)
    assert stored.made.context.articles["art_parcel"].variants == (german,)


async def test_validity_begins_and_ends_without_a_write(office: Office) -> None:
    """The snapshot is built anew when the time comes."""

    def bound(tx: Tx) -> None:
        begin, end = tx.now + timedelta(hours=1), tx.now + timedelta(hours=2)
        articles.change(tx, "art_parcel", {"valid_from": begin, "valid_to": end})

    await office.store.write(bound)
    outcomes = []
    for _ in range(3):
        await office.knowledge._refresh()
        outcomes.append((await office.knowledge.match_one(ASKS)).outcome)
        office.clock.forward(hours=1)
    assert outcomes == ["none", "answer", "none"]
