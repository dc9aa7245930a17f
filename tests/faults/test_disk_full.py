"""A disk without room, end to end: 503, nothing acknowledged that is not saved, and it goes on by itself."""

import asyncio
import os
from pathlib import Path

import aiohttp

from tests.customer_system import CustomerSystem
from tests.desk import Desk
from tests.eventually import eventually
from tests.services.small_disk import small_disk

MEGABYTES = 24
ROUNDS = 5 if os.environ.get("FRONTDESK_FAULTS") == "full" else 1
AT_ONCE = 10


def fill(file: Path) -> None:
    """Take all the room there is."""
    with file.open("wb", buffering=0) as taking:
        while True:
            try:
                taking.write(bytes(65536))
            except OSError:
                return


class Customer:
    """Posts message after message, and remembers which were accepted."""

    def __init__(self, system: CustomerSystem) -> None:
        self._system = system
        self.accepted: list[str] = []
        self.answers: set[int] = set()
        self._next = 0

    async def post(self, count: int) -> list[int]:
        """So many, some at a time; returns how each was answered."""
        statuses = list(await asyncio.gather(*(self._one() for _ in range(count))))
        self.answers |= set(statuses)
        return statuses

    async def _one(self) -> int:
        number = self._next
        self._next += 1
        text = f"text {number} " + "x" * 2000
        status, _ = await self._system.post(
            {"id": f"m-{number}", "from": {"id": f"u-{number % 7}"}, "text": text}
        )
        if status == 202:
            self.accepted.append(text)
        return status


async def test_a_full_disk_refuses_and_recovers() -> None:
    """Full again and again while customers write: whatever was answered with 202 is stored, once."""
    with small_disk(MEGABYTES) as disk:
        desk = Desk(disk / "data", demo=False, hook_rate=100_000)
        try:
            desk.start()
            await _rounds(desk, disk / "filler")
        finally:
            desk.kill9()


async def _rounds(desk: Desk, filler: Path) -> None:
    headers = {"Authorization": f"Bearer {desk.token()}"}
    async with CustomerSystem() as system, aiohttp.ClientSession(desk.url, headers=headers) as api:
        body = {"kind": "webhook", "name": "shop", "settings": {"callback_url": system.callback_url}}
        async with api.post("/api/v1/channels", json=body) as answer:
            made = await answer.json()
        system.connect(desk.url, made["id"], made["secrets"]["secret"])
        customer = Customer(system)
        for _ in range(ROUNDS):
            assert set(await customer.post(AT_ONCE)) == {202}
            await asyncio.to_thread(fill, filler)

            async def refused() -> bool:
                return 503 in await customer.post(AT_ONCE)

            await eventually(refused, 60)
            await asyncio.to_thread(filler.unlink)

            async def taken() -> bool:
                return set(await customer.post(1)) == {202}

            await eventually(taken, 60)
        assert customer.answers == {202, 503}

        async def settled() -> bool:
            return len(await stored(api)) >= len(customer.accepted)

        await eventually(settled, 60)
        assert sorted(await stored(api)) == sorted(customer.accepted)


async def stored(api: aiohttp.ClientSession) -> list[str]:
    """What customers said, of every ticket."""
    async with api.get("/api/v1/tickets", params={"limit": 100}) as answer:
        tickets = (await answer.json())["data"]
    texts: list[str] = []
    for ticket in tickets:
        path: str | None = f"/api/v1/conversations/{ticket['conversation_id']}/messages?limit=100"
        while path is not None:
            async with api.get(path) as answer:
                page = await answer.json()
            texts += [line["text"] for line in page["data"] if line["author"] == "customer"]
            cursor = page["next_cursor"]
            path = None if cursor is None else f"{path.partition('&')[0]}&cursor={cursor}"
    return texts
