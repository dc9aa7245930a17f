"""What is measured, each a process of its own: the product as it is served, and the straw man."""

import os
import secrets
import socket
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import NamedTuple

from bus.ids import message_id
from tests.bench import strawman_e1
from tests.bench.load import Address, LoadError
from tests.bench.mix import Post
from tests.bench.seed import Seeded
from tests.desk import Desk, free_port

READY_SECONDS = 30
_HOOK_RATE = 100_000


class Subject(NamedTuple):
    """A server to post to, and how to see in its database how far it has come.

    `newest` counts what is stored and decided, `numbers` gives each message's place in that count, and `left`
    counts what is still to be sent.
    """

    name: str
    pid: int
    address: Address
    database: Path
    newest: str
    numbers: str
    left: str
    id_of: Callable[[Post], str]


@contextmanager
def strawman(folder: Path) -> Iterator[Subject]:
    """Straw man E1, while the block lasts."""
    port, key, database = free_port(), secrets.token_bytes(32), folder / "e1.db"
    command = [sys.executable, "-m", strawman_e1.__name__, str(database), str(port), key.hex()]
    with subprocess.Popen(command) as process:
        try:
            _wait_for(port, process)
            yield Subject(
                name="E1",
                pid=process.pid,
                address=Address(port, "/hooks/e1", key),
                database=database,
                newest="SELECT coalesce(max(seq), 0) FROM messages",
                numbers="SELECT message_id, seq FROM messages WHERE seq > ?",
                left="SELECT 0",
                id_of=lambda post: strawman_e1.message_id(post.body),
            )
        finally:
            process.kill()


@contextmanager
def product(folder: Path, seeded: Seeded, **settings: object) -> Iterator[Subject]:
    """`frontdesk serve` on a seeded folder, with these settings, while the block lasts."""
    # By words: what an encoder costs a question is a figure of its own (`frontdesk kb evaluate`).
    given = {"hook_rate": _HOOK_RATE, "callback_allow": "127.0.0.0/8", "encoder": "lexical", **settings}
    desk = Desk(folder, demo=False, **given)
    try:
        desk.start()
        yield Subject(
            name="Frontdesk",
            pid=desk.pid,
            address=Address(desk.port, f"/hooks/{seeded.channel_id}", seeded.key),
            database=folder / "frontdesk.db",
            newest="SELECT coalesce(max(seq), 0) FROM decisions",
            numbers="SELECT message_id, seq FROM decisions WHERE seq > ?",
            left="SELECT count(*) FROM deliveries WHERE state IN ('queued', 'sending')",
            id_of=lambda post: message_id(seeded.channel_id, post.id),
        )
    finally:
        desk.kill9()


class Looker:
    """Reads a subject's database from beside."""

    def __init__(self, subject: Subject) -> None:
        self._subject = subject
        self._sql = sqlite3.connect(f"file:{subject.database}?mode=ro", uri=True, isolation_level=None)

    def newest(self) -> int:
        """How many messages were ever stored and decided."""
        return int(self._sql.execute(self._subject.newest).fetchone()[0])

    def left(self) -> int:
        """How many answers wait to be sent."""
        return int(self._sql.execute(self._subject.left).fetchone()[0])

    def numbers(self, after: int) -> dict[str, int]:
        """The place in the count of each message after one of them, by the message's id."""
        return dict(self._sql.execute(self._subject.numbers, (after,)))

    def close(self) -> None:
        """Leave the database alone."""
        self._sql.close()


@contextmanager
def looking(subject: Subject) -> Iterator[Looker]:
    """A looker, while the block lasts."""
    with closing(Looker(subject)) as looker:
        yield looker


def cpu_seconds(pid: int) -> float:
    """What a process has used of the processors, all its threads together (proc(5), stat)."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def resident_megabytes(pid: int) -> float:
    """What a process holds in memory (proc(5), statm)."""
    pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e6


def _wait_for(port: int, process: "subprocess.Popen[bytes]") -> None:
    until = time.monotonic() + READY_SECONDS
    while time.monotonic() < until and process.poll() is None:
        with suppress(OSError), socket.create_connection(("127.0.0.1", port)):
            return
        time.sleep(0.05)
    raise LoadError("the straw man did not start")
