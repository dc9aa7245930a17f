"""kill -9 of the process that listens while Telegram and a mailbox have much to say: each is there once."""

import asyncio
import json
import os
import random
import tempfile
from collections import defaultdict
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import asyncpg
import pytest

from tests.bot_api import TOKEN, BotApi
from tests.eventually import eventually
from tests.roles import Fleet, RoleProcess, fleet_on
from tests.services.certificates import certificates
from tests.services.dovecot import Dovecot
from tests.services.servers import Servers

FULL = os.environ.get("FRONTDESK_FAULTS") == "full"
SEED = random.SystemRandom().randrange(10**9) if FULL else 20261121
UPDATES, MAILS = (4_000, 1_000) if FULL else (850, 150)
KILLS = 25 if FULL else 5
CHATS = 25


@pytest.fixture
def imap() -> Iterator[Dovecot]:
    """A mail server, in a folder that the user who reads mail may enter."""
    with tempfile.TemporaryDirectory(prefix="dovecot-") as folder:
        server = Dovecot(Path(folder), certificates(Path(folder)))
        try:
            server.start()
            yield server
        finally:
            server.stop()


def _create(fleet: Fleet, kind: str, **settings: Any) -> None:
    fleet.run("channel", "create", "--kind", kind, "--name", kind, "--settings", json.dumps(settings))


async def _chat(platform: BotApi) -> dict[str, list[str]]:
    """Users write; returns what each wrote, in order."""
    said: defaultdict[str, list[str]] = defaultdict(list)
    for number in range(UPDATES):
        chat = 1 + number % CHATS
        said[str(chat)].append(f"update {number}")
        await platform.say(chat, text=f"update {number}")
        if number % 20 == 19:
            await asyncio.sleep(0.1)
    return dict(said)


def _mail(imap: Dovecot) -> dict[str, list[str]]:
    """Mail comes; returns what each sender wrote."""
    said: dict[str, list[str]] = {}
    with imap.connected() as box:
        for number in range(MAILS):
            address = f"u{number}@example.org"
            head = f"From: {address}\r\nTo: support@desk.example\r\nMessage-ID: <{number}@example.org>\r\n"
            raw = f"{head}Subject: No. {number}\r\n\r\nmail {number}\r\n".encode()
            assert box.append("INBOX", None, None, raw)[0] == "OK"
            said[address] = [f"mail {number}"]
    return said


async def _kill(poller: RoleProcess, rows: "asyncpg.Connection[Any]", chance: random.Random) -> None:
    """Again and again, once something new was heard, at any moment after that."""
    for _ in range(KILLS):
        before = await _count(rows)

        async def heard(before: int = before) -> bool:
            return await _count(rows) > before or await _count(rows) >= UPDATES + MAILS

        await eventually(heard, 240)
        await asyncio.sleep(chance.uniform(0.0, 0.3))
        poller.kill9()
        poller.start()


async def _count(rows: "asyncpg.Connection[Any]") -> int:
    found: int = await rows.fetchval("SELECT count(*) FROM messages WHERE author = 'customer'")
    return found


async def _stored(rows: "asyncpg.Connection[Any]") -> dict[str, list[str]]:
    lines = await rows.fetch(
        "SELECT contact.address, message.text FROM messages message"
        " JOIN contact_points contact ON contact.id = message.contact_point_id"
        " WHERE message.author = 'customer' ORDER BY message.conversation_id, message.position"
    )
    said: defaultdict[str, list[str]] = defaultdict(list)
    for line in lines:
        said[line["address"]].append(line["text"].strip())
    return dict(said)


async def test_what_is_listened_to_is_heard_once_however_often_the_listener_dies(
    servers: Servers, imap: Dovecot, capsys: pytest.CaptureFixture[str]
) -> None:
    """Each update in its chat's order, each mail once."""
    with capsys.disabled():
        print(f"\nlistening, seed {SEED}", flush=True)  # noqa: T201 - the experiment's record
    async with BotApi() as platform:
        fleet_made = fleet_on(servers, partitions=4)
        with fleet_made as fleet:
            await asyncio.to_thread(_create, fleet, "telegram", token=TOKEN, base_url=platform.url)
            await asyncio.to_thread(
                _create, fleet, "email", address="support@desk.example", imap=imap.settings
            )
            poller, _ = await asyncio.to_thread(fleet.start, "poll", "inbound")
            rows = await asyncpg.connect(fleet.database)
            try:
                chats, mails, _ = await asyncio.gather(
                    _chat(platform), asyncio.to_thread(_mail, imap), _kill(poller, rows, random.Random(SEED))
                )

                async def all_there() -> bool:
                    return await _count(rows) >= UPDATES + MAILS

                await eventually(all_there, 300)
                # Whatever comes twice comes before what is said last.
                await platform.say(1, text="the last")
                chats["1"].append("the last")
                await eventually(partial(_is, rows, UPDATES + MAILS + 1), 60)
                assert await _stored(rows) == chats | mails
            finally:
                await rows.close()


async def _is(rows: "asyncpg.Connection[Any]", count: int) -> bool:
    return await _count(rows) >= count
