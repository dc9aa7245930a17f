"""The main job, end to end, on a desk that runs as its user runs it."""

import time
from collections.abc import AsyncIterator, Iterator
from typing import Any

import aiohttp
import pytest

from tests.customer_system import CustomerSystem
from tests.desk import Desk, running_desk
from tests.eventually import eventually


@pytest.fixture(scope="module")
def desk() -> Iterator[Desk]:
    with running_desk(demo=True) as running:
        yield running


@pytest.fixture
async def api(desk: Desk) -> AsyncIterator[aiohttp.ClientSession]:
    headers = {"Authorization": f"Bearer {desk.token()}"}
    async with aiohttp.ClientSession(f"{desk.url}/api/v1/", headers=headers) as session:
        yield session


@pytest.fixture
async def shop(desk: Desk, api: aiohttp.ClientSession) -> AsyncIterator[CustomerSystem]:
    """A customer's system with a channel of its own."""
    async with CustomerSystem() as system:
        settings = {"callback_url": system.callback_url}
        body = {"kind": "webhook", "name": f"shop {time.time_ns()}", "settings": settings}
        async with api.post("channels", json=body) as answer:
            made = await answer.json()
            assert answer.status == 201, made
        system.connect(desk.url, made["id"], made["secrets"]["secret"])
        yield system


async def ticket_of(api: aiohttp.ClientSession, channel_id: str) -> dict[str, Any]:
    async def look() -> Any:
        async with api.get("tickets", params={"channel": channel_id}) as answer:
            return (await answer.json())["data"]

    found: list[dict[str, Any]] = await eventually(look)
    return found[0]


async def test_a_question_the_desk_knows_is_answered_at_once_in_the_language_asked(
    shop: CustomerSystem,
) -> None:
    """The knowledge base answers in English and in Chinese, and no ticket is opened."""
    await shop.post({"id": "en", "from": {"id": "u-1"}, "text": "How long does shipping take?"})
    english = (await shop.said(1))[0]
    await shop.post({"id": "zh", "from": {"id": "u-2"}, "text": "怎么申请退货?"})
    chinese = (await shop.said(2))[1]
    assert (english["author"], english["to"]["id"]) == ("bot", "u-1")
    assert "days" in english["text"]
    assert (chinese["author"], chinese["to"]["id"]) == ("bot", "u-2")
    assert "退" in chinese["text"]


async def test_a_question_nobody_has_written_up_goes_to_a_person_and_the_reply_comes_back(
    shop: CustomerSystem, api: aiohttp.ClientSession
) -> None:
    """A ticket opens and waits, an agent takes it and replies, and the reply reaches the channel."""
    text = "My neighbour's parrot has learned to order kayaks from you, what now?"
    status, accepted = await shop.post(
        {"id": "m-1", "conversation": "c-42", "from": {"id": "u-7", "name": "Ann"}, "text": text}
    )
    assert (status, accepted["duplicate"]) == (202, False)
    notice = (await shop.said(1))[0]
    ticket = await ticket_of(api, shop.hook.rpartition("/")[2])
    assert ticket["status"] == "queued"
    assert ticket["subject"] == text
    assert f"#{ticket['number']}" in notice["text"]
    async with api.patch(f"tickets/{ticket['id']}", json={"status": "open"}) as answer:
        assert (answer.status, (await answer.json())["status"]) == (200, "open")
    async with api.post(f"tickets/{ticket['id']}/replies", json={"text": "We will have a word."}) as answer:
        reply = await answer.json()
        assert answer.status == 201
    said = (await shop.said(2))[1]
    assert said == {
        "id": reply["id"],
        "conversation": "c-42",
        "to": {"id": "u-7"},
        "author": "agent",
        "text": "We will have a word.",
        "attachments": [],
    }

    async def delivered() -> Any:
        async with api.get(f"conversations/{ticket['conversation_id']}/messages") as answer:
            lines = (await answer.json())["data"]
        return lines if lines[-1]["delivery"]["state"] == "sent" else None

    lines = await eventually(delivered)
    assert [line["author"] for line in lines] == ["customer", "system", "agent"]


async def test_the_customers_next_message_joins_the_ticket_and_the_bot_stays_silent(
    shop: CustomerSystem, api: aiohttp.ClientSession
) -> None:
    """After the hand-over even a question that the knowledge base knows is the person's to answer."""
    await shop.post({"id": "a", "from": {"id": "u-8"}, "text": "转人工"})
    await shop.said(1)
    await shop.post({"id": "b", "from": {"id": "u-8"}, "text": "How long does shipping take?"})
    ticket = await ticket_of(api, shop.hook.rpartition("/")[2])

    async def joined() -> Any:
        async with api.get(f"conversations/{ticket['conversation_id']}/messages") as answer:
            lines = (await answer.json())["data"]
        return lines if len(lines) == 3 else None

    assert [line["author"] for line in await eventually(joined)] == ["customer", "system", "customer"]


async def test_a_message_sent_again_has_its_first_id_and_is_there_once(
    shop: CustomerSystem, api: aiohttp.ClientSession
) -> None:
    """The body's id is the key."""
    body = {"id": "same", "from": {"id": "u-9"}, "text": "转人工"}
    _, first = await shop.post(body)
    await ticket_of(api, shop.hook.rpartition("/")[2])
    _, again = await shop.post(body)
    assert again == {"id": first["id"], "duplicate": True}


async def test_rules_put_through_the_api_decide_the_very_next_message(
    shop: CustomerSystem, api: aiohttp.ClientSession
) -> None:
    """A `reply` effect echoes the message; the rules that were there come back afterwards."""
    async with api.get("routing/rules") as answer:
        before = await answer.json()
    echo = {
        "id": "echo",
        "name": "Echo",
        "stage": "respond",
        "on": True,
        "if": {"field": "channel", "op": "is", "value": shop.hook.rpartition("/")[2]},
        "then": [{"reply": "You said: {{ message.text }}"}],
    }
    published = {"publish": True, "note": "echo", "rules": [*before["rules"], echo]}
    async with api.put("routing/rules", json=published) as answer:
        assert answer.status == 200, await answer.text()
    await shop.post({"id": "e", "from": {"id": "u-10"}, "text": "a < b & c, 你好"})
    echoed = [one for one in await shop.said(1) if one["text"].startswith("You said")]
    assert [one["text"] for one in echoed] == ["You said: a < b & c, 你好"]
    async with api.put("routing/rules", json={"publish": True, "rules": before["rules"]}) as answer:
        assert answer.status == 200


async def test_an_article_answers_within_two_seconds_of_being_written(
    shop: CustomerSystem, api: aiohttp.ClientSession
) -> None:
    """What an admin writes is what the customer is told."""
    article = {
        "title": "Do you rent out snowshoes?",
        "answer": "Yes: 12 € a day.",
        "phrasings": ["rent snowshoes", "can I hire snowshoes", "snowshoe rental price"],
        "language": "en",
        "tags": [],
    }
    async with api.post("articles", json=article) as answer:
        assert answer.status == 201

    async def matched() -> Any:
        async with api.post("knowledgebase/match", json={"text": "can I hire snowshoes?"}) as answer:
            return (await answer.json())["outcome"] == "answer"

    await eventually(matched)
    await shop.post({"id": "s", "from": {"id": "u-11"}, "text": "can I hire snowshoes?"})
    asked = "Did this help?\n1. That helped\n2. Talk to a person"
    assert (await shop.said(1))[0]["text"] == f"Yes: 12 € a day.\n\n{asked}"


@pytest.mark.parametrize(
    ("text", "effect"),
    [("How long does shipping take?", "reply"), ("My parrot orders kayaks", "open_ticket")],
)
async def test_a_simulated_message_shows_what_would_be_done_and_does_nothing(
    api: aiohttp.ClientSession, text: str, effect: str
) -> None:
    """An answer with its buttons as well as a ticket; what the desk holds stays as it was."""
    async with api.get("tickets/counts") as answer:
        before = await answer.json()
    async with api.post("routing/simulate", json={"text": text}) as answer:
        assert answer.status == 200, await answer.text()
        assert (await answer.json())["effects"][0]["effect"] == effect
    async with api.get("tickets/counts") as answer:
        assert await answer.json() == before


async def test_what_the_command_line_changes_is_in_the_audit_log(
    desk: Desk, api: aiohttp.ClientSession
) -> None:
    """Who has the machine is an admin too, and leaves the same trace."""
    desk.run("user", "create", "--name", "Ida", "--email", "ida@example.org")
    async with api.get("audit") as answer:
        newest = (await answer.json())["data"][0]
    assert (newest["actor"], newest["action"]) == ("command line", "agent.created")


async def test_a_status_that_there_is_not_is_refused(api: aiohttp.ClientSession) -> None:
    """A slip of the pen is no empty list."""
    async with api.get("tickets", params={"status": "queued,opne"}) as answer:
        assert answer.status == 422


async def test_html_that_an_agent_sends_carries_no_script(
    shop: CustomerSystem, api: aiohttp.ClientSession
) -> None:
    """It is cleaned before it is stored, and what no hand wrote is refused."""
    await shop.post({"id": "h", "from": {"id": "u-12"}, "text": "转人工"})
    ticket = await ticket_of(api, shop.hook.rpartition("/")[2])
    path = f"tickets/{ticket['id']}/replies"
    html = '<p onclick="x()">Hi <script>alert(1)</script><b>Ann</b></p>'
    async with api.post(path, json={"text": "Hi Ann", "html": html}) as answer:
        assert (await answer.json())["html"] == "<p>Hi <b>Ann</b></p>"
    async with api.post(path, json={"text": "Hi", "html": "<div>" * 30_000}) as answer:
        assert answer.status == 422
