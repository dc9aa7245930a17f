"""Tickets over HTTP, as programs use them: by number, by token, pulling what a channel can't push."""

import asyncio
import json
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import Any

from standardwebhooks import Webhook

from gateway.http.visitor_socket import topic, typing_topic
from storage import conversations
from tests.eventually import eventually
from tests.integration.conftest import Desk

STRANGE = "My neighbour's parrot has learned to order kayaks from you, what now?"


class Shop:
    """A program on a webhook channel that has no `callback_url`."""

    def __init__(self, desk: Desk, channel: Any) -> None:
        self.desk, self.channel = desk, channel["id"]
        self._sign = Webhook(channel["secrets"]["secret"]).sign

    async def say(self, key: str, text: str, thread: str = "c-1", who: str = "u-1") -> None:
        """Post a customer's message, signed."""
        body = {"id": key, "conversation": thread, "from": {"id": who, "name": "Ann"}, "text": text}
        raw, now = json.dumps(body), datetime.now(UTC)
        headers = {
            "webhook-id": key,
            "webhook-timestamp": str(int(now.timestamp())),
            "webhook-signature": self._sign(key, now, raw),
            "content-type": "application/json",
        }
        posted = await self.desk.ask(
            "POST", f"/hooks/{self.channel}", role=None, data=raw.encode(), headers=headers
        )
        assert posted.status == 202, posted.body

    async def tickets(self, count: int) -> list[Any]:
        """The channel's tickets, once there are so many, in the order of their numbers."""

        async def look() -> list[Any]:
            found = (await self.desk.ask("GET", f"/api/v1/tickets?channel={self.channel}")).body["data"]
            return found if len(found) == count else []

        found: list[Any] = await eventually(look)
        return sorted(found, key=lambda ticket: ticket["number"])


async def shop_on(desk: Desk) -> Shop:
    """A new one."""
    made = await desk.ask("POST", "/api/v1/channels", {"kind": "webhook", "name": "Shop"})
    assert made.status == 201, made.body
    return Shop(desk, made.body)


async def test_a_ticket_is_found_by_its_number(desk: Desk) -> None:
    """Wherever its id does; a number that is nobody's is said so."""
    shop = await shop_on(desk)
    await shop.say("m-1", STRANGE)
    (ticket,) = await shop.tickets(1)
    path = f"/api/v1/tickets/{ticket['number']}"
    noted = await desk.ask("POST", f"{path}/notes", {"text": "A parrot?"})
    changed = await desk.ask("PATCH", path, {"priority": "high"})
    seen = await desk.ask("GET", path)
    decided = await desk.ask("GET", f"{path}/decisions")
    missing = await desk.ask("GET", "/api/v1/tickets/99999999")
    assert (noted.status, changed.status, decided.status) == (201, 200, 200)
    assert (seen.body["id"], seen.body["priority"]) == (ticket["id"], "high")
    assert (missing.status, missing.body["detail"]) == (404, "There is no ticket #99999999.")


async def test_a_new_message_is_found_by_its_words(desk: Desk) -> None:
    """Within moments, and by nothing that was not said."""
    shop = await shop_on(desk)
    await shop.say("m-1", STRANGE)

    async def found(question: str) -> list[int]:
        return [
            one["number"] for one in (await desk.ask("GET", f"/api/v1/tickets?q={question}")).body["data"]
        ]

    (ticket,) = await shop.tickets(1)
    assert await eventually(lambda: found("parrots")) == [ticket["number"]]
    assert await eventually(lambda: found("ann")) == [ticket["number"]]
    assert await found("parrot refund") == []


async def test_a_token_s_reply_bears_its_name_and_waits_for_the_customer(desk: Desk) -> None:
    """The ticket leaves its queue with nobody, and the customer's next message brings it back."""
    shop = await shop_on(desk)
    await shop.say("m-1", STRANGE)
    (ticket,) = await shop.tickets(1)
    path = f"/api/v1/tickets/{ticket['id']}"
    replied = await desk.ask("POST", f"{path}/replies", {"text": "We will have a word."})
    answered = (await desk.ask("GET", path)).body
    assert (replied.status, replied.body["author"], replied.body["author_name"]) == (
        201,
        "agent",
        "test admin",
    )
    assert (answered["status"], answered["waiting_reason"], answered["assignee"]) == (
        "waiting",
        "customer",
        None,
    )
    await shop.say("m-2", "Please do")
    await becomes(desk, path, lambda one: one["status"] == "queued")


async def test_what_a_channel_can_t_push_is_kept_to_be_pulled(desk: Desk) -> None:
    """The program finds its conversation by the names it gave, and asks for what came after what it knows."""
    shop = await shop_on(desk)
    await shop.say("m-1", STRANGE, thread="c-42", who="u-7")
    (ticket,) = await shop.tickets(1)
    named = f"/api/v1/conversations?channel={shop.channel}&contact=u-7&thread=c-42"
    (conversation,) = (await desk.ask("GET", named)).body["data"]
    messages = f"/api/v1/conversations/{conversation['id']}/messages"
    last = (await desk.ask("GET", messages)).body["data"][-1]["id"]
    reply = await desk.ask("POST", f"/api/v1/tickets/{ticket['id']}/replies", {"text": "We will."})

    async def pulled() -> Any:
        (found,) = (await desk.ask("GET", f"{messages}?after={last}")).body["data"]
        return found if found["delivery"]["state"] == "kept" else None

    found = await eventually(pulled)
    assert (found["id"], found["text"]) == (reply.body["id"], "We will.")
    assert (await desk.ask("GET", f"{messages}?after={found['id']}")).body["data"] == []
    strange = await desk.ask("GET", f"{messages}?after=msg_x")
    assert (strange.status, strange.body["errors"][0]["pointer"]) == (422, "/after")
    nowhere = await desk.ask("GET", "/api/v1/conversations?contact=u-7")
    assert (nowhere.status, nowhere.body["errors"][0]["pointer"]) == (422, "/channel")


async def test_a_chain_of_mergers_leads_every_conversation_to_its_end(desk: Desk) -> None:
    """A into B, then B into C: what the customer writes in A's conversation reaches C."""
    shop = await shop_on(desk)
    for number, thread in enumerate(("a", "b", "c")):
        await shop.say(f"m-{number}", STRANGE, thread=thread)
        await shop.tickets(number + 1)
    first, second, third = await shop.tickets(3)
    for source, into in ((first, second), (second, third)):
        merged = await desk.ask(
            "POST", f"/api/v1/tickets/{source['id']}/merge", {"into": str(into["number"])}
        )
        assert merged.status == 200, merged.body
    path = f"/api/v1/tickets/{third['id']}"
    await desk.ask("PATCH", path, {"status": "resolved"})
    await shop.say("m-9", "It is back", thread="a")
    await becomes(desk, path, lambda one: one["status"] == "queued")
    leading = (await desk.ask("GET", f"/api/v1/conversations?ticket={third['number']}")).body["data"]
    assert {one["id"] for one in leading} == {one["conversation_id"] for one in (first, second, third)}


async def becomes(desk: Desk, path: str, so: Callable[[Any], bool]) -> None:
    """Wait until a ticket is as it should be."""

    async def look() -> bool:
        return so((await desk.ask("GET", path)).body)

    looking: Callable[[], Awaitable[bool]] = look
    assert await eventually(looking)


async def test_typing_is_told_both_ways(desk: Desk) -> None:
    """Who looks at a conversation hears its customer type, and the customer's side hears the agent."""
    shop = await shop_on(desk)
    await shop.say("m-1", STRANGE)
    (ticket,) = await shop.tickets(1)
    read, live = desk.parts.store.read, desk.parts.live
    contact = (await read(lambda sql: conversations.get(sql, ticket["conversation_id"]))).contact_point_id
    headers = {"Authorization": f"Bearer {await desk.token('agent')}"}
    told = f"/api/v1/conversations/{ticket['conversation_id']}/typing"
    async with (
        desk.client.ws_connect(f"{desk.url}/api/v1/stream", headers=headers) as agent,
        live.subscribe(topic(contact)) as customer,
    ):
        await agent.send_str("what?")
        await agent.send_json({"watch": ticket["conversation_id"]})

        async def heard() -> Any:
            await live.publish(typing_topic(contact), b"{}")
            try:
                frame = await agent.receive_json(timeout=0.1)
            except TimeoutError:
                return None
            # The stream tells of everything else, too.
            return frame if frame["type"] == "typing" else None

        frame = await eventually(heard)
        assert (await desk.ask("POST", told, role="agent")).status == 204
        # Empty ones tell of messages.
        async with asyncio.timeout(60):
            nudge = json.loads(await anext(one async for one in customer if one))
    assert frame == {"type": "typing", "conversation_id": ticket["conversation_id"]}
    assert nudge == {"typing": "test agent"}


async def test_rules_are_told_in_both_languages(desk: Desk) -> None:
    """The published ones, each as a sentence."""
    rule = {"id": "vip", "stage": "route", "if": {"field": "text", "op": "contains", "value": "refund"}}
    await desk.ask("PUT", "/api/v1/routing/rules", {"rules": [{**rule, "then": [{"tag": "money"}]}]})
    path = "/api/v1/routing/rules/sentences"
    english = (await desk.ask("GET", path, role="agent")).body
    chinese = (await desk.ask("GET", f"{path}?language=zh-CN&version=1", role="agent")).body
    assert english["data"][0]["sentence"] == "If the text contains “refund”: add the tag “money”."
    assert chinese["data"][0]["sentence"] == "如果消息文本包含“refund”：添加标签“money”。"
