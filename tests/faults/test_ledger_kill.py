"""The ledger of a whole desk: it balances after good days and bad ones, and a row that is gone is found."""

import asyncio
import json
import sqlite3
import subprocess
from collections.abc import Awaitable
from contextlib import closing
from datetime import UTC, datetime
from typing import Any

import aiohttp

from tests.customer_system import CustomerSystem
from tests.desk import FRONTDESK, Desk, running_desk
from tests.eventually import eventually

AT_ONCE = 20


class Shop:
    """A desk with a webhook channel, and the customer's system at its other end."""

    def __init__(self, desk: Desk, system: CustomerSystem, channel: str) -> None:
        self.desk, self.system, self.channel = desk, system, channel
        self.accepted = 0

    async def post(self, number: int, said: str = "") -> None:
        """One message; a desk that is dead takes none."""
        body = {"id": f"m-{number}", "from": {"id": f"u-{number % 10}"}, "text": said or f"text {number}"}
        try:
            status, _ = await self.system.post(body)
        except (aiohttp.ClientError, ConnectionError):
            return
        self.accepted += status == 202

    async def forge(self, number: int) -> int:
        """One message that somebody else signed; returns the answer's status."""
        headers = self.system.sign(f"f-{number}", "{}") | {"webhook-signature": "v1,AAAA"}
        async with self.system.http.post(self.system.hook, data=b"{}", headers=headers) as answer:
            return answer.status

    def ledger(self, *arguments: str) -> tuple[int, Any]:
        """A ledger command's status and JSON."""
        done = subprocess.run(
            [str(FRONTDESK), "ledger", *arguments, "--json", "--data", str(self.desk.data)],
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )
        return done.returncode, json.loads(done.stdout)

    def totals(self) -> dict[str, int]:
        """The sums of all the channel's lines."""
        _, rows = self.ledger("show", "--channel", self.channel)
        names = [name for name in rows[0] if name not in ("channel", "minute")] if rows else []
        return {name: sum(row[name] for row in rows) for name in names}

    async def settled(self, received: int) -> dict[str, int]:
        """The totals once so much was received and nothing is open."""

        async def look() -> dict[str, int]:
            found = await asyncio.to_thread(self.totals)
            return found if found and found["received"] >= received and not found["open"] else {}

        return await eventually(look, seconds=60)


async def open_shop(desk: Desk, system: CustomerSystem) -> Shop:
    """Make the channel."""
    headers = {"Authorization": f"Bearer {desk.token()}"}
    body = {"kind": "webhook", "name": "shop", "settings": {"callback_url": system.callback_url}}
    async with (
        aiohttp.ClientSession(headers=headers) as api,
        api.post(f"{desk.url}/api/v1/channels", json=body) as answer,
    ):
        made = await answer.json()
    system.connect(desk.url, made["id"], made["secrets"]["secret"])
    return Shop(desk, system, made["id"])


async def at_once(jobs: list[Awaitable[None]]) -> None:
    """Some of them at a time."""
    lanes = asyncio.Semaphore(AT_ONCE)

    async def run(job: Awaitable[None]) -> None:
        async with lanes:
            await job

    await asyncio.gather(*(run(job) for job in jobs))


def by_hand(desk: Desk, statement: str) -> list[Any]:
    """Whoever has the file can do anything to it."""
    with closing(sqlite3.connect(desk.data / "frontdesk.db", timeout=30)) as db, db:
        return db.execute(statement).fetchall()


async def test_the_books_of_a_day_balance_and_a_lost_row_is_named() -> None:
    """200 messages, 10 sent twice, 3 forged, one that can't be stored; then a row is deleted by hand."""
    with running_desk(hook_rate=100_000) as desk:
        async with CustomerSystem() as system:
            shop = await open_shop(desk, system)
            # What a disk error might do to one message, at the place where it is stored.
            by_hand(
                desk,
                "CREATE TRIGGER fault BEFORE INSERT ON messages WHEN new.text = 'poison' "
                "BEGIN SELECT raise(ABORT, 'no room for this one'); END",
            )
            await at_once([shop.post(number) for number in range(200)])
            await at_once([shop.post(number) for number in range(10)])
            await shop.post(200, "poison")
            assert [await shop.forge(number) for number in range(3)] == [401] * 3
            found = await shop.settled(214)
            counts = {name: found[name] for name in ("received", "stored", "duplicates", "quarantined")}
            assert counts == {"received": 214, "stored": 200, "duplicates": 10, "quarantined": 1}
            assert (found["refused"], found["difference"]) == (3, 0)
            assert found["sent"] == found["delivered"] + found["waiting"]
            assert shop.ledger("check") == (0, [])

            query = "SELECT received.minute FROM messages JOIN dedupe received ON received.message_id = id"
            ((minute,),) = by_hand(desk, f"{query} WHERE text = 'text 7'")
            by_hand(desk, "DELETE FROM messages WHERE text = 'text 7'")
            status, rows = shop.ledger("check")
            named = datetime.fromtimestamp(minute / 1e6, UTC).isoformat().replace("+00:00", "Z")
            assert status == 1
            assert {(row["channel"], row["minute"]) for row in rows} == {(shop.channel, named)}


async def test_the_books_balance_after_a_kill() -> None:
    """Killed in the middle of 300 posts and started again: whatever was accepted is accounted for."""
    with running_desk(hook_rate=100_000) as desk:
        async with CustomerSystem() as system:
            shop = await open_shop(desk, system)

            async def post(number: int) -> None:
                if number == 150:
                    desk.kill9()
                await shop.post(number)

            await at_once([post(number) for number in range(300)])
            before = shop.accepted
            assert 0 < before < 300
            desk.restart()
            await at_once([shop.post(number) for number in range(300)])
            found = await shop.settled(300)
            assert (found["stored"], found["difference"]) == (300, 0)
            assert found["received"] >= 300
            assert shop.ledger("check") == (0, [])
