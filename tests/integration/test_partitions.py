"""The number of partitions changes while messages wait: the whole desk, embedded."""

from datetime import UTC, datetime
from pathlib import Path

import aiohttp

from bus.embedded import EmbeddedBus
from bus.envelope import Inbound, Message, Sender, encode
from bus.ids import message_id
from bus.topology import inbound_lane, inbound_lanes
from storage.journal import SqliteJournal
from storage.sqlite import SqliteStore
from tests.desk import running_desk
from tests.eventually import eventually


def now() -> datetime:
    """The time."""
    return datetime.now(UTC)


async def accept(database: Path, channel: str, count: int) -> list[str]:
    """Leave messages on four lanes, as a desk that was killed would have; returns their texts."""
    async with SqliteStore(database, now) as store, EmbeddedBus(SqliteJournal(store)) as bus:
        for number in range(count):
            inbound = Inbound(
                id=message_id(channel, f"m-{number}"),
                channel_id=channel,
                channel_kind="webhook",
                external_id=f"m-{number}",
                sender=Sender(address=f"u-{number}", name=f"U {number}"),
                event=Message(text=f"text {number}"),
                received_at=now(),
            )
            await bus.publish(inbound_lane(channel, f"u-{number}", 4), [encode(inbound)])
        depths = [await bus.depth(lane) for lane in inbound_lanes(4)]
        assert min(depths) > 0
    return [f"text {number}" for number in range(count)]


async def test_what_waits_on_lanes_that_are_gone_is_stored(tmp_path: Path) -> None:
    """Accepted with four partitions, started again with one: all of it is there, once."""
    data = tmp_path / "data"
    with running_desk(data=data, partitions=4) as desk:
        headers = {"Authorization": f"Bearer {desk.token()}"}
        body = {"kind": "webhook", "name": "shop", "settings": {}}
        async with (
            aiohttp.ClientSession(desk.url, headers=headers) as api,
            api.post("/api/v1/channels", json=body) as answer,
        ):
            channel = (await answer.json())["id"]
    sent = await accept(data / "frontdesk.db", channel, 24)
    with running_desk(data=data, partitions=1) as desk:
        async with aiohttp.ClientSession(desk.url, headers=headers) as api:

            async def said() -> list[str]:
                async with api.get("/api/v1/tickets?limit=100") as answer:
                    tickets = (await answer.json())["data"]
                found: list[str] = []
                for ticket in tickets:
                    path = f"/api/v1/conversations/{ticket['conversation_id']}/messages"
                    async with api.get(path) as answer:
                        lines = (await answer.json())["data"]
                    found += [line["text"] for line in lines if line["text"] in sent]
                return sorted(found) if len(found) >= len(sent) else []

            assert await eventually(said, seconds=30) == sorted(sent)
