"""A data folder for the product: the demo's catalogue and articles, more rules, people with open tickets."""

import base64
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import NamedTuple

from msgspec.structs import replace

from bus.ids import new_id
from channels.registry import kind as channel_kind
from channels.settings import configure
from gateway.demo import content
from gateway.folder import prepare
from gateway.settings import Settings
from router.decision import OpenTicket
from router.desk import Desk
from router.lifecycle import agent_replied, assign, opened
from router.values import Agent, ContactPoint, Conversation, Customer
from storage import agents, articles, catalogue, channels, contacts, conversations, rules, tickets
from storage.catalogue import Kind
from storage.secrets import Secrets, load_key
from storage.sqlite import SqliteStore
from storage.store import Tx
from tests.bench import desk_rules, mix

RULES = 100
AGENTS = 20
_TIERS = ("gold", "silver", "normal", "normal")
_KINDS: tuple[tuple[Kind, str], ...] = (
    ("skill", "skills"),
    ("tier", "tiers"),
    ("ticket_type", "ticket_types"),
    ("field", "fields"),
    ("calendar", "calendars"),
    ("queue", "queues"),
    ("policy", "policies"),
)


class Seeded(NamedTuple):
    """The webhook channel, and the key that its callers sign with."""

    channel_id: str
    key: bytes


async def seed(folder: Path, rounds: int, callback_url: str) -> Seeded:
    """Make the folder, with `mix.PEOPLE` for each round; the bot's answers go to `callback_url`."""
    settings = Settings(data=folder)
    prepare(settings)
    async with SqliteStore(settings.database_file, lambda: datetime.now(UTC)) as store:
        seeded = await store.write(lambda tx: _set_up(tx, settings, callback_url))
        desk = await store.read(catalogue.load_desk)
        for round_ in range(rounds):

            def _people(tx: Tx, round_: int = round_) -> None:
                _add_people(tx, desk, seeded.channel_id, round_)

            await store.write(_people)
    return seeded


def _set_up(tx: Tx, settings: Settings, callback_url: str) -> Seeded:
    plan = content.plan()
    for kind, name in _KINDS:
        for document in getattr(plan, name):
            body = {key: value for key, value in document.items() if key not in ("id", "name")}
            catalogue.add(tx, kind, document["id"], document["name"], body)
    for article in content.articles():
        articles.add(tx, article)
    rules.add(tx, desk_rules.rules(RULES), "", "bench", publish=True)
    for number in range(AGENTS):
        # All of them are at work and have their hands full.
        name = f"agent-{number:02d}"
        agents.add(tx, Agent(id=name, name=name, email=f"{name}@example.org", presence="online", capacity=5))
    return _channel(tx, settings, callback_url)


def _channel(tx: Tx, settings: Settings, callback_url: str) -> Seeded:
    configured = configure(channel_kind("webhook").settings_type, {"callback_url": callback_url})
    id_ = new_id("ch", tx.now)
    sealed = Secrets(load_key(settings.key_file)).seal(id_, configured.secret)
    channels.add(tx, id_, "webhook", "Shop", settings=configured.public, sealed=sealed)
    return Seeded(id_, base64.b64decode(configured.secret["secret"].removeprefix("whsec_")))


def _add_people(tx: Tx, desk: Desk, channel_id: str, round_: int) -> None:
    points, people, talks, work = [], [], [], []
    numbers = tickets.numbers(tx, mix.PEOPLE)
    for count, number in enumerate(numbers):
        who = mix.address(round_, count)
        tier = _TIERS[count % len(_TIERS)]
        person = Customer(id=new_id("cus", tx.now), name=who, email=f"{who}@example.org", tier=tier)
        point = ContactPoint(
            id=new_id("cp", tx.now), channel_id=channel_id, address=who, customer_id=person.id, name=who
        )
        talk = Conversation(
            id=new_id("cv", tx.now),
            channel_id=channel_id,
            contact_point_id=point.id,
            customer_id=person.id,
            with_="person",
            language=mix.language(count),
            position=2,
        )
        asked = OpenTicket(queue="orders", subject="Where is my parcel?", why="", tier=tier)
        since = tx.now - timedelta(minutes=1)
        ticket = opened(asked, talk, since, desk, id=new_id("tkt", tx.now), number=number)
        agent = f"agent-{count % AGENTS:02d}"
        ticket = agent_replied(assign(ticket, agent, since, desk), agent, tx.now, desk)
        talks.append(replace(talk, ticket_id=ticket.id))
        points.append(point)
        people.append(person)
        work.append(ticket)
    contacts.add(tx, points, people)
    conversations.add(tx, talks)
    tickets.add(tx, work)
