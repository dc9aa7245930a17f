"""The demo desk: what it sets up and the conversations it plays, seeded into a real store."""

from collections import Counter
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

import pytest
import pytest_asyncio
from sqlalchemy import select

from gateway.demo import content
from gateway.demo.seeding import seed
from gateway.folder import prepare
from gateway.settings import Settings
from router.rules.form import parse
from router.values import Conversation, Ticket
from storage import agents, catalogue, conversations, deliveries, messages, outbox, schema, setup, tickets
from storage.secrets import Secrets
from storage.sqlite import SqliteStore

pytestmark = pytest.mark.asyncio(loop_scope="module")

NOW = datetime(2026, 11, 20, 4, 0, tzinfo=UTC)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def store(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[SqliteStore]:
    """A store that holds the demo, seeded at a fixed instant; tests only read it."""
    settings = Settings.model_construct(data=tmp_path_factory.mktemp("demo"))
    prepare(settings)
    async with SqliteStore(settings.database_file, lambda: NOW) as opened:
        await opened.write(lambda tx: seed(tx, Secrets(bytes(32)), 0.9))
        yield opened


async def every_ticket(store: SqliteStore) -> list[Ticket]:
    """The demo's tickets in the order of their numbers."""
    query = select(schema.tickets.c.id).order_by(schema.tickets.c.number)
    return await store.read(lambda sql: [tickets.get(sql, one) for one in sql.execute(query).scalars()])


async def every_conversation(store: SqliteStore) -> list[Conversation]:
    """The demo's conversations in the order of their ids, which is that of their beginnings."""
    query = select(schema.conversations.c.id).order_by(schema.conversations.c.id)
    return await store.read(lambda sql: [conversations.get(sql, one) for one in sql.execute(query).scalars()])


async def test_tickets_are_in_every_state(store: SqliteStore) -> None:
    """Queued, open, waiting for three reasons, resolved, closed and merged: each can be looked at."""
    found = Counter((ticket.status, ticket.waiting_reason) for ticket in await every_ticket(store))
    assert found == {
        ("queued", None): 8,
        ("open", None): 5,
        ("waiting", "customer"): 2,
        ("waiting", "internal"): 1,
        ("waiting", "snoozed"): 1,
        ("resolved", None): 3,
        ("closed", None): 3,
        ("merged", None): 1,
    }


async def test_the_bot_has_conversations_and_ended_some(store: SqliteStore) -> None:
    """Some are with the bot, some it served to the end."""
    talks = await every_conversation(store)
    assert Counter((talk.with_, talk.outcome) for talk in talks if talk.ticket_id is None) == {
        ("bot", ""): 4,
        ("closed", "self_served"): 6,
    }


async def test_tickets_lie_in_every_queue_and_tier_in_the_last_days(store: SqliteStore) -> None:
    """No queue and no tier is empty, and nothing lies in the future."""
    found = await every_ticket(store)
    assert {ticket.queue for ticket in found} == {
        *("general", "orders", "refunds", "billing", "technical", "vip")
    }
    assert {ticket.tier for ticket in found} == {"gold", "silver", "normal"}
    assert all(NOW - timedelta(days=9) < ticket.created_at < NOW for ticket in found)
    assert [ticket.created_at for ticket in found] == sorted(ticket.created_at for ticket in found)


async def test_what_rules_decide_was_decided(store: SqliteStore) -> None:
    """A complaint is urgent and needs someone who speaks Chinese; gold customers have their queue."""
    by_subject = {ticket.subject: ticket for ticket in await every_ticket(store)}
    complaint = next(ticket for subject, ticket in by_subject.items() if "12315" in subject)
    assert (complaint.type, complaint.priority, complaint.policy) == ("complaint", "urgent", "urgent")
    assert "chinese" in {need.skill for need in complaint.skills}
    assert {ticket.queue for ticket in by_subject.values() if ticket.tier == "gold"} == {"vip"}


async def test_nothing_of_the_past_is_sent_now(store: SqliteStore) -> None:
    """Deliveries are done, the outbox is empty."""
    assert await store.read(lambda sql: outbox.take(sql, 10)) == []
    assert await store.read(lambda sql: deliveries.due(sql, NOW, (), 10)) == []


async def test_the_desk_is_set_up(store: SqliteStore) -> None:
    """Six agents, all offline and without a password; set-up that refers to what is there."""
    everyone = (await store.read(lambda sql: agents.listed(sql, None, 100))).items
    assert [kept.agent.presence for kept in everyone] == ["offline"] * 6
    emails = [kept.agent.email for kept in everyone]
    known = await store.read(lambda sql: [agents.credentials(sql, one) for one in emails])
    assert [found[1] for found in known if found] == [""] * 6
    desk = (await store.read(setup.load)).desk
    assert desk.default_queue == "general"
    assert {policy.calendar for policy in desk.policies.values()} <= set(desk.calendars)
    skills = await store.read(lambda sql: catalogue.ids(sql, "skill"))
    assert {skill for kept in everyone for skill in kept.agent.skills} <= skills
    assert {queue for kept in everyone for queue in kept.agent.queues} == set(desk.queues)


async def test_rules_name_only_what_is_there(store: SqliteStore) -> None:
    """Queues, policies and skills in the rules' effects are the desk's own, and the rules are all right."""
    desk = (await store.read(setup.load)).desk
    skills = await store.read(lambda sql: catalogue.ids(sql, "skill"))
    effects = [effect for rule in content.rules() for effect in rule["then"]]
    assert {one["to"] for one in effects if one.get("set") == "queue"} <= set(desk.queues)
    assert {one["policy"] for one in effects if "policy" in one} <= set(desk.policies)
    assert {one["require"]["skill"] for one in effects if "require" in one} <= skills
    assert len(parse(content.rules())) == len(content.rules())


async def test_agents_answered_in_the_customers_language(store: SqliteStore) -> None:
    """Whoever wrote in Chinese was answered in Chinese, by bot and people alike."""
    talks = [talk.id for talk in await every_conversation(store)]
    said = await store.read(lambda sql: [messages.of_conversation(sql, talk) for talk in talks])
    languages = [{is_chinese(one.text) for one in talk if one.kind == "public"} for talk in said]
    assert [len(found) for found in languages] == [1] * len(talks)
    assert Counter(found.pop() for found in languages) == {True: 15, False: 19}


def is_chinese(text: str) -> bool:
    """Whether there is Han in a text."""
    return any("\u4e00" <= letter <= "\u9fff" for letter in text)


async def test_articles_come_in_pairs() -> None:
    """Each of the twenty topics is there in English and Chinese, with phrasings that people would type."""
    found = content.articles()
    topics = Counter(article.id.rpartition("_")[0] for article in found)
    assert (len(topics), set(topics.values())) == (20, {2})
    assert {article.language for article in found} == {"en", "zh"}
    assert all(4 <= len(article.phrasings) <= 7 for article in found)
