"""Mail that is fetched from a real server: told by IDLE, each once, whatever breaks."""

import asyncio
import json
import os
import tempfile
import time
from collections.abc import AsyncIterator
from functools import partial
from pathlib import Path
from typing import Any

import asyncpg
import pytest

from channels.mail import fetch
from tests.eventually import eventually
from tests.integration.conftest import Desk
from tests.integration.mailbox import Mailbox, opened
from tests.roles import Fleet, fleet_on
from tests.services.certificates import Certificates
from tests.services.dovecot import USER, Dovecot
from tests.services.identity import IdentityProvider
from tests.services.proxy import proxied
from tests.services.servers import Servers
from tests.services.smtp import SmtpServer

FULL = os.environ.get("FRONTDESK_FAULTS") == "full"
# Within so many seconds mail comes again after a connection was lost, however it was.
AGAIN_WITHIN = 60.0


def _letter(number: int) -> bytes:
    head = f"From: ann@example.org\r\nSubject: No. {number}\r\nMessage-ID: <{number}@x>\r\n"
    return f"{head}\r\nHello\r\n".encode()


async def subjects(box: Mailbox, count: int) -> list[str]:
    """The subjects of the tickets, oldest first, once there are so many."""
    return [ticket["subject"] for ticket in await box.tickets(count)]


async def test_mail_is_fetched_once_whatever_happens_to_the_mailbox(
    desk: Desk, smtp: SmtpServer, imap: Dovecot
) -> None:
    """Told by IDLE, not marked as read, and known again after the mailbox was rebuilt."""
    imap.deliver(_letter(1))
    box = await opened(desk, smtp, imap=imap.settings)
    await box.tickets(1)
    imap.deliver(_letter(2))
    assert await subjects(box, 2) == ["No. 1", "No. 2"]
    assert [b"Seen" in flags for flags in imap.flags()] == [False, False]
    imap.stop()
    imap.rebuild()
    imap.start()
    imap.deliver(_letter(3))
    assert await subjects(box, 3) == ["No. 1", "No. 2", "No. 3"]


async def test_a_server_that_says_goodbye_is_asked_again(desk: Desk, smtp: SmtpServer, imap: Dovecot) -> None:
    """BYE in the middle of IDLE; what came meanwhile is there once it is back."""
    box = await opened(desk, smtp, imap=imap.settings)
    imap.deliver(_letter(1))
    await box.tickets(1)
    await asyncio.to_thread(imap.restart)
    began = time.monotonic()
    imap.deliver(_letter(2))
    assert await subjects(box, 2) == ["No. 1", "No. 2"]
    assert time.monotonic() - began < AGAIN_WITHIN


async def test_a_connection_that_is_open_to_one_side_only_is_noticed(
    desk: Desk, smtp: SmtpServer, imap: Dovecot, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing comes and nothing is refused, as where a router forgot the connection: another is opened."""
    if not FULL:
        monkeypatch.setattr(fetch, "IDLE_S", 1.0)
        monkeypatch.setattr(fetch, "ANSWER_S", 2.0)
    async with proxied(f"imaps://127.0.0.1:{imap.port}") as proxy:
        box = await opened(desk, smtp, imap={**imap.settings, "port": proxy.port})
        imap.deliver(_letter(1))
        await box.tickets(1)
        proxy.strand()
        began = time.monotonic()
        imap.deliver(_letter(2))

        async def again() -> bool:
            return len(await box.tickets(1)) == 2

        await eventually(again, AGAIN_WITHIN)
    assert time.monotonic() - began < AGAIN_WITHIN


@pytest.fixture
async def provider() -> AsyncIterator[IdentityProvider]:
    """Who issues access tokens."""
    async with IdentityProvider(USER) as made:
        yield made


async def test_a_mailbox_signs_in_with_access_tokens(
    desk: Desk, trusted: Certificates, tmp_path: Path, provider: IdentityProvider
) -> None:
    """By XOAUTH2 both ways; one that is no longer taken is renewed."""
    with tempfile.TemporaryDirectory(prefix="dovecot-") as folder:
        imap = Dovecot(Path(folder), trusted, provider.introspection_url)
        smtp = SmtpServer(tmp_path, trusted, provider.introspection_url)
        try:
            for server in (imap, smtp):
                await asyncio.to_thread(server.start)
            await _by_token(desk, imap, smtp, provider)
        finally:
            imap.stop()
            smtp.stop()


async def _by_token(desk: Desk, imap: Dovecot, smtp: SmtpServer, provider: IdentityProvider) -> None:
    without = {name: value for name, value in imap.settings.items() if name != "password"}
    box = await opened(desk, smtp, imap=without, oauth=provider.settings)
    await asyncio.to_thread(imap.deliver, _letter(1))
    (ticket,) = await box.tickets(1)
    await box.reply(ticket, "By token.")
    await box.sent(1, "By token.")
    before = len(provider.given)
    provider.good.clear()
    await asyncio.to_thread(imap.restart)
    await asyncio.to_thread(imap.deliver, _letter(2))
    assert await subjects(box, 2) == ["No. 1", "No. 2"]
    assert len(provider.given) > before


async def test_credentials_are_checked_when_they_are_saved(
    desk: Desk, smtp: SmtpServer, imap: Dovecot
) -> None:
    """Both servers' are; which refuses them is said. A server that is away is no reason to save nothing."""
    right = {"imap": imap.settings, "smtp": smtp.settings}
    for name, server in right.items():
        wrong = right | {name: server | {"password": "wrong"}}
        body = {"kind": "email", "name": "Support", "settings": {"address": "support@desk.example", **wrong}}
        refused = await desk.ask("POST", "/api/v1/channels", body)
        assert refused.status == 422, refused.body
        (error,) = refused.body["errors"]
        assert (error["pointer"], error["code"]) == ("/settings", "denied")
        assert error["detail"] == "The mail server 127.0.0.1 refuses the user or the password."
    smtp.stop()
    await opened(desk, smtp, imap=imap.settings)


async def test_a_process_killed_between_fetching_and_saving_loses_nothing_and_doubles_nothing(
    servers: Servers, imap: Dovecot
) -> None:
    """Killed with -9 once the bus has the mail and before its position is saved; then the store is away."""
    with fleet_on(servers) as fleet:
        given = {"address": "support@desk.example", "imap": imap.settings}
        await asyncio.to_thread(_create, fleet, given)
        _, _, poller = await asyncio.to_thread(fleet.start, "gateway", "inbound", "poll")
        rows = await asyncpg.connect(fleet.database)
        holder = await asyncpg.connect(fleet.database)
        held = holder.transaction()
        await held.start()
        # Whoever saves a position waits from here on.
        await holder.execute("LOCK TABLE cursors IN EXCLUSIVE MODE")
        imap.deliver(_letter(1))
        await eventually(partial(_stored, rows, 1), 60)
        poller.kill9()
        await held.rollback()
        assert await rows.fetchval("SELECT count(*) FROM cursors") == 0
        await asyncio.to_thread(fleet.start, "poll")
        imap.deliver(_letter(2))
        await eventually(partial(_stored, rows, 2), 60)
        await eventually(partial(_saved, rows, 2), 60)
        await rows.close()
        await holder.close()
        await _store_away(servers, imap, fleet.database)


async def _store_away(servers: Servers, imap: Dovecot, database: str) -> None:
    await asyncio.to_thread(servers.postgresql.kill)
    imap.deliver(_letter(3))
    assert [b"Seen" in flags or b"Deleted" in flags for flags in imap.flags()] == [False] * 3
    await asyncio.to_thread(servers.postgresql.start)
    rows = await asyncpg.connect(database)
    await eventually(partial(_stored, rows, 3), 60)
    await eventually(partial(_saved, rows, 3), 60)
    found = await rows.fetch("SELECT details->>'subject' AS subject FROM messages WHERE author = 'customer'")
    await rows.close()
    assert sorted(row["subject"] for row in found) == ["No. 1", "No. 2", "No. 3"]


def _create(fleet: Fleet, given: dict[str, Any]) -> None:
    settings = json.dumps(given)
    fleet.run("channel", "create", "--kind", "email", "--name", "Support", "--settings", settings)


async def _stored(rows: asyncpg.Connection, count: int) -> bool:
    found: int = await rows.fetchval("SELECT count(*) FROM messages WHERE author = 'customer'")
    return found >= count


async def _saved(rows: asyncpg.Connection, uid: int) -> bool:
    cursor: str = await rows.fetchval("SELECT cursor FROM cursors") or ""
    return cursor.split(":")[1:2] == [str(uid)]
