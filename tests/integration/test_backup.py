"""The drill: a desk is backed up while it is written to, destroyed, and put back in another folder."""

import asyncio
import json
import os
import shutil
import subprocess
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from sqlalchemy import Engine, func, select

from storage import postgres, schema
from storage.backup import BackupError, Place, put_back, take
from tests.desk import READY_SECONDS, Desk, running_desk
from tests.services.servers import Servers

ROOT = Path(__file__).parents[2]

FILE = b"a receipt, as bytes that no text could be: \x00\xff\xfe" * 1000


class Client:
    """The API of a desk, as JSON values."""

    def __init__(self, session: aiohttp.ClientSession, desk: Desk) -> None:
        self._session, self._url = session, desk.url

    async def get(self, path: str, **params: Any) -> Any:
        """The answer's JSON."""
        async with self._session.get(self._url + path, params=params) as answer:
            assert answer.status == 200, await answer.text()
            return await answer.json()

    async def post(self, path: str, **body: Any) -> Any:
        """The answer's JSON."""
        async with self._session.post(self._url + path, json=body) as answer:
            assert answer.status < 300, await answer.text()
            return await answer.json()

    async def upload(self, content: bytes) -> str:
        """The id of an uploaded file."""
        headers = {"Content-Type": "application/pdf", "Content-Disposition": 'attachment; filename="r.pdf"'}
        async with self._session.post(f"{self._url}/api/v1/uploads", data=content, headers=headers) as answer:
            assert answer.status == 201, await answer.text()
            made: str = (await answer.json())["upload_id"]
            return made

    async def file(self, message_id: str) -> bytes:
        """A message's first attachment."""
        async with self._session.get(f"{self._url}/api/v1/messages/{message_id}/attachments/0") as answer:
            assert answer.status == 200, await answer.text()
            return await answer.read()

    async def everything(self, path: str) -> list[Any]:
        """A list, page by page."""
        found: list[Any] = []
        cursor: dict[str, str] = {}
        while True:
            page = await self.get(path, limit=100, **cursor)
            found += page["data"]
            if page["next_cursor"] is None:
                return found
            cursor = {"cursor": page["next_cursor"]}


async def test_a_desk_comes_back_from_a_backup_that_was_taken_while_it_was_written_to(tmp_path: Path) -> None:
    """Same tickets, customers and token; what was answered before the backup began is in it, files too."""
    backup = tmp_path / "backup"
    with running_desk(demo=True) as desk:
        token = desk.token()
        async with _session(token) as session:
            api = Client(session, desk)
            before = await api.everything("/api/v1/tickets")
            people = await api.everything("/api/v1/customers")
            ticket = next(one for one in before if one["status"] == "open")
            reply = await api.post(
                f"/api/v1/tickets/{ticket['id']}/replies",
                text="Here is your receipt.",
                attachments=[await api.upload(FILE)],
            )
            ended = asyncio.Event()
            noting = asyncio.create_task(_notes(api, ticket["id"], ended))
            said = json.loads(await asyncio.to_thread(desk.run, "backup", str(backup)))
            ended.set()
            notes = await noting
        desk.kill9()
        shutil.rmtree(desk.data)
    assert said["blobs"] >= 1

    other = Desk(tmp_path / "data", demo=False)
    other.run("restore", str(backup))
    try:
        other.start()
        async with _session(token) as session:
            api = Client(session, other)
            after = await api.everything("/api/v1/tickets")
            assert {one["id"]: one["number"] for one in after} == {one["id"]: one["number"] for one in before}
            assert await api.everything("/api/v1/customers") == people
            lines = await api.everything(f"/api/v1/conversations/{ticket['conversation_id']}/messages")
            assert [line["id"] for line in lines if line["text"] == "Here is your receipt."] == [reply["id"]]
            assert await api.file(reply["id"]) == FILE
            # A backup is one instant: a first part of the notes, none in between missing.
            kept = [line["text"] for line in lines if line["text"].startswith("note ")]
            assert kept == notes[: len(kept)]
        findings = json.loads(other.run("doctor", "--json"))
        assert [found["check"] for found in findings if not found["ok"]] == []
    finally:
        other.kill9()


async def test_a_stopped_desk_is_backed_up_as_well(tmp_path: Path) -> None:
    """No server needs to run, and the copy is private to its owner."""
    with running_desk(data=tmp_path / "data") as desk:
        desk.stop()
        desk.run("backup", str(tmp_path / "backup"))
    files = list((tmp_path / "backup").iterdir())
    assert {path.name for path in files} == {"backup.json", "frontdesk.db", "secret.key"}
    assert {path.stat().st_mode & 0o077 for path in [tmp_path / "backup", *files]} == {0}


def test_a_damaged_backup_is_refused_and_leaves_no_desk(tmp_path: Path) -> None:
    """One flipped bit in the database is found before anything is put in its place."""
    with running_desk(data=tmp_path / "data") as desk:
        desk.run("backup", str(tmp_path / "backup"))
    database = tmp_path / "backup" / "frontdesk.db"
    content = bytearray(database.read_bytes())
    content[len(content) // 2] ^= 1
    database.write_bytes(content)
    with pytest.raises(BackupError, match="not what was backed up"):
        put_back(tmp_path / "backup", _place(tmp_path / "new"))
    assert not (tmp_path / "new").exists()


def test_a_desk_is_not_overwritten(tmp_path: Path) -> None:
    """Where there is a desk, nothing is put back."""
    with running_desk(data=tmp_path / "data") as desk:
        desk.run("backup", str(tmp_path / "backup"))
    with pytest.raises(BackupError, match="there is a desk in"):
        put_back(tmp_path / "backup", _place(tmp_path / "data"))


def test_a_backup_does_not_overwrite_another(tmp_path: Path) -> None:
    """The folder to write to must be a new one."""
    (tmp_path / "backup").mkdir()
    with pytest.raises(BackupError, match="is there already"):
        take(_place(tmp_path), tmp_path / "backup", release="1", now=datetime.now(UTC))


def test_a_database_of_postgresql_is_backed_up_and_put_back(tmp_path: Path, servers: Servers) -> None:
    """The scripts in deploy/: the articles and every table's rows are the same in the new database."""
    first, second = servers.postgresql.new_database(), servers.postgresql.new_database()
    before, after = (
        Desk(tmp_path / "data", demo=False, database_url=url, amqp_url="amqp://127.0.0.1/")
        for url in (first, second)
    )
    before.run("demo")
    _script("postgresql-backup.sh", tmp_path / "backup", first)
    _script("postgresql-restore.sh", tmp_path / "backup", second)
    assert _rows(second) == _rows(first)
    assert after.run("kb", "export") == before.run("kb", "export")
    with pytest.raises(subprocess.CalledProcessError):
        _script("postgresql-restore.sh", tmp_path / "backup", second)


def _script(name: str, folder: Path, database: str) -> None:
    env = os.environ | {"FRONTDESK_DATABASE_URL": database}
    subprocess.run([ROOT / "deploy" / "backup" / name, folder], env=env, check=True, timeout=READY_SECONDS)


def _rows(database: str) -> dict[str, int]:
    """How many rows each table has."""

    def count(engine: Engine) -> dict[str, int]:
        with engine.connect() as sql:
            tables = schema.metadata.sorted_tables
            return {
                table.name: sql.execute(select(func.count()).select_from(table)).scalar_one()
                for table in tables
            }

    return postgres.run(database, count)


def _place(data: Path) -> Place:
    return Place(database=data / "frontdesk.db", blobs=data / "blobs", key=data / "secret.key")


def _session(token: str) -> aiohttp.ClientSession:
    return aiohttp.ClientSession(headers={"Authorization": f"Bearer {token}"})


async def _notes(api: Client, ticket_id: str, ended: asyncio.Event) -> list[str]:
    """Write notes, one after another, until told to end; returns those that were taken."""
    taken: list[str] = []
    while not ended.is_set():
        await api.post(f"/api/v1/tickets/{ticket_id}/notes", text=f"note {len(taken)}")
        taken.append(f"note {len(taken)}")
    return taken
