"""The embedded store beyond the port: a full disk, other processes, a busy loop, grouped commits."""

import asyncio
import resource
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import Connection, insert, select

from storage import schema
from storage.lock import AlreadyServed, sole_server
from storage.sqlite import SqliteStore
from storage.store import StoreUnavailable, Tx
from tests.database import migrated

BESIDE = """
import asyncio, sys
from datetime import UTC, datetime
from pathlib import Path
from storage.sqlite import SqliteStore

async def main() -> None:
    async with SqliteStore(Path(sys.argv[1]), lambda: datetime.now(UTC)) as store:
        for _ in range(int(sys.argv[2])):
            await store.write(lambda tx: tx.emit("token.created", name="beside"))

asyncio.run(main())
"""

HOLDER = """
import sys
from pathlib import Path
from storage.lock import sole_server

with sole_server(Path(sys.argv[1])):
    print("held", flush=True)
    sys.stdin.read()
"""


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A migrated database."""
    return migrated(tmp_path)


@pytest.fixture
async def store(path: Path) -> AsyncIterator[SqliteStore]:
    """A store on it."""
    async with SqliteStore(path, lambda: datetime.now(UTC)) as opened:
        yield opened


def uploads(name: str, size: int = 0) -> Callable[[Tx], None]:
    """A step that stores a row of about `size` bytes."""

    def step(tx: Tx) -> None:
        row = {"id": name, "blob": "x" * size, "name": "", "type": "", "size": size, "principal": ""}
        tx.sql.execute(insert(schema.uploads), row | {"created_at": tx.now})

    return step


def uploaded(sql: Connection) -> list[str]:
    """The names of the rows that `uploads` stored."""
    return list(sql.execute(select(schema.uploads.c.id).order_by(schema.uploads.c.id)).scalars())


async def pragma(store: SqliteStore, text: str) -> object:
    """Run a PRAGMA on the writer's connection."""
    return await store.write(lambda tx: tx.sql.exec_driver_sql(f"PRAGMA {text}").scalar())


@contextmanager
def no_file_longer_than(size: int) -> Iterator[None]:
    """The kernel refuses writes past `size` bytes in any file of this process."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


async def test_commits_reach_the_disk(store: SqliteStore) -> None:
    """The file is in WAL mode and each commit is synchronous in full."""
    assert [await pragma(store, "journal_mode"), await pragma(store, "synchronous")] == ["wal", 2]


async def test_what_is_submitted_together_shares_a_commit(store: SqliteStore) -> None:
    """200 steps handed in at once take a few commits, not 200."""
    before = store.commits
    await asyncio.gather(*(store.write(uploads(f"{number:03}")) for number in range(200)))
    assert store.commits - before <= 20
    assert len(await store.read(uploaded)) == 200


async def test_a_full_database_is_unavailable_until_there_is_room(store: SqliteStore) -> None:
    """Steps that find no room say so and keep nothing; when there is room again, writing just works."""
    await store.write(uploads("before"))
    pages = await pragma(store, "page_count")
    await pragma(store, f"max_page_count={pages}")
    results = await asyncio.gather(
        *(store.write(uploads(f"big {number}", 100_000)) for number in range(3)), return_exceptions=True
    )
    assert [type(result) for result in results] == [StoreUnavailable] * 3
    assert await store.read(uploaded) == ["before"]
    await pragma(store, f"max_page_count={2**30}")
    await store.write(uploads("after"))
    assert await store.read(uploaded) == ["after", "before"]


async def test_a_refused_write_to_the_file_is_survived(store: SqliteStore, path: Path) -> None:
    """When the kernel refuses to let the file grow, nothing is half-done, and later writes work."""
    await store.write(uploads("before"))
    with no_file_longer_than(path.with_name(f"{path.name}-wal").stat().st_size):
        with pytest.raises(StoreUnavailable):
            await store.write(uploads("big", 500_000))
        assert await store.read(uploaded) == ["before"]
    await store.write(uploads("after"))
    assert await store.read(uploaded) == ["after", "before"]


async def test_a_command_writes_beside_the_server(store: SqliteStore, path: Path) -> None:
    """A second process gets its turn while this one writes without pause, and shares its event numbers."""
    command = await asyncio.create_subprocess_exec(sys.executable, "-c", BESIDE, str(path), "20")
    ended = asyncio.ensure_future(command.wait())
    written = 0
    while not ended.done():
        await asyncio.gather(*(store.write(lambda tx: tx.emit("served")) for _ in range(20)))
        written += 20
    assert await ended == 0
    sequence = select(schema.events.c.seq).order_by(schema.events.c.seq)
    numbers = await store.read(lambda sql: list(sql.execute(sequence).scalars()))
    assert numbers == list(range(1, written + 20 + 1))


async def test_events_of_a_command_are_heard(store: SqliteStore, path: Path) -> None:
    """What another process emitted reaches the listeners of the one that serves and writes nothing itself."""
    heard: asyncio.Queue[int] = asyncio.Queue()
    store.on_commit(heard.put_nowait)
    command = await asyncio.create_subprocess_exec(sys.executable, "-c", BESIDE, str(path), "1")
    assert await command.wait() == 0
    assert await asyncio.wait_for(heard.get(), 60) == 1


async def test_a_busy_loop_does_not_starve_the_writer(store: SqliteStore) -> None:
    """Commits go on while the event loop has no idle moment: 20 in a row take less than a second of CPU."""
    busy = True

    async def spin() -> None:
        while busy:
            until = time.perf_counter() + 0.0001
            while time.perf_counter() < until:
                pass
            await asyncio.sleep(0)

    spinning = asyncio.ensure_future(spin())
    began = time.process_time()
    for number in range(20):
        await store.write(uploads(f"{number}"))
    took = time.process_time() - began
    busy = False
    await spinning
    assert took < 1.0


def test_a_missing_folder_is_said_at_once(tmp_path: Path) -> None:
    """Opening a database whose folder is not there fails when it is opened, not at the first write."""

    async def opens() -> None:
        async with SqliteStore(tmp_path / "nowhere" / "frontdesk.db", lambda: datetime.now(UTC)):
            raise AssertionError

    with pytest.raises(StoreUnavailable, match="unable to open"):
        asyncio.run(opens())


def test_only_one_process_serves(path: Path) -> None:
    """A second server is told which process serves; the lock goes with its holder, by kill -9 too."""
    with subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "held\n"
        with (
            pytest.raises(AlreadyServed, match=f"already served by process {holder.pid}$"),
            sole_server(path),
        ):
            raise AssertionError
        holder.kill()
        holder.wait()
    with sole_server(path):
        pass
