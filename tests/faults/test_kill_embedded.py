"""kill -9 of a process with the embedded store, bus and blobs: what was confirmed is there, in order."""

import asyncio
import hashlib
import os
import random
import subprocess
import sys
import time
from pathlib import Path

from sqlalchemy import select

from bus.embedded import EmbeddedBus
from storage import schema
from storage.journal import SqliteJournal
from storage.sqlite import SqliteStore
from tests.contract.ends import now
from tests.database import migrated

ROUNDS = 40 if os.environ.get("FRONTDESK_FAULTS") == "full" else 10
LANES = ("inbound.00", "inbound.01", "inbound.02")

# Reports each confirmed piece of work in one write to the pipe, so that a line is whole or not there.
WORK = """
import asyncio, os, sys
from datetime import UTC, datetime
from pathlib import Path
from sqlalchemy import insert
from bus.embedded import EmbeddedBus
from storage import schema
from storage.blobs import FolderBlobs
from storage.journal import SqliteJournal
from storage.sqlite import SqliteStore

folder, start = Path(sys.argv[1]), int(sys.argv[2])

def confirm(kind, value):
    os.write(1, f"{kind} {value}\\n".encode())

async def publish(bus, lane):
    number = start
    while True:
        await bus.publish(lane, [b"%09d" % number, b"%09d" % (number + 1)])
        confirm(lane, f"{number:09}")
        confirm(lane, f"{number + 1:09}")
        number += 2

async def write(store, worker):
    number = start
    while True:
        row = {"envelope_id": f"{worker} {number}", "count": number}
        def step(tx):
            tx.sql.execute(insert(schema.attempts), row)
            tx.emit("written", id=row["envelope_id"])
        await store.write(step)
        confirm("row", row["envelope_id"])
        number += 1

async def keep(blobs, worker):
    number = start
    while True:
        confirm("blob", await blobs.put(b"%d %d" % (worker, number) * 5000))
        number += 1

def now():
    return datetime.now(UTC)

async def main():
    blobs = FolderBlobs(folder / "blobs")
    async with SqliteStore(folder / "frontdesk.db", now) as store, EmbeddedBus(SqliteJournal(store)) as bus:
        await asyncio.gather(
            *(publish(bus, lane) for lane in LANES),
            *(write(store, worker) for worker in range(8)),
            *(keep(blobs, worker) for worker in range(2)),
        )

LANES = sys.argv[3:]
asyncio.run(main())
"""


def killed_at_work(folder: Path, start: int, delay: float) -> list[tuple[str, str]]:
    """Run the work, kill -9 it `delay` seconds after its first confirmation; returns what it confirmed."""
    with subprocess.Popen(
        [sys.executable, "-c", WORK, str(folder), str(start), *LANES], stdout=subprocess.PIPE
    ) as child:
        assert child.stdout is not None
        first = child.stdout.readline()
        until = time.monotonic() + delay
        lines = [first]
        while time.monotonic() < until:
            lines.append(child.stdout.readline())
        child.kill()
        lines += child.stdout.readlines()
    return [(kind, value) for kind, value in (line.decode().rstrip("\n").split(" ", 1) for line in lines)]


async def found(folder: Path) -> tuple[dict[str, list[str]], set[str], list[int]]:
    """What a new process finds: each lane's bodies in order, the rows, the event numbers."""
    async with SqliteStore(folder / "frontdesk.db", now) as store, EmbeddedBus(SqliteJournal(store)) as bus:
        lanes: dict[str, list[str]] = {}
        for lane in LANES:
            lanes[lane] = []
            async with bus.subscribe(lane) as reader:
                while len(lanes[lane]) < await bus.depth(lane):
                    lanes[lane] += [delivery.body.decode() for delivery in await reader.batch(500)]
        rows = await store.read(lambda sql: set(sql.execute(select(schema.attempts.c.envelope_id)).scalars()))
        numbers = select(schema.events.c.seq).order_by(schema.events.c.seq)
        return lanes, rows, await store.read(lambda sql: list(sql.execute(numbers).scalars()))


def test_what_was_confirmed_survives_kill_9(tmp_path: Path) -> None:
    """Killed at random instants, again and again on the same files: nothing confirmed is lost or misplaced.

    Each round's messages, rows and blobs that were reported are there; lanes have no gap and no double; each
    row has its event and the events their unbroken numbers; every blob in the folder is whole.
    """
    seed = random.SystemRandom().randrange(2**32)
    print(f"seed {seed}")  # noqa: T201 - shown when the test fails
    instants = random.Random(seed)
    migrated(tmp_path)
    confirmed: dict[str, list[str]] = {}
    lanes: dict[str, list[str]] = {lane: [] for lane in LANES}
    for number in range(ROUNDS):
        start = number * 1_000_000
        for kind, value in killed_at_work(tmp_path, start, instants.uniform(0.0, 0.4)):
            confirmed.setdefault(kind, []).append(value)
        earlier = lanes
        lanes, rows, events = asyncio.run(found(tmp_path))
        for lane in LANES:
            new = len(lanes[lane]) - len(earlier[lane])
            assert lanes[lane] == earlier[lane] + [f"{start + offset:09}" for offset in range(new)]
            assert set(confirmed.get(lane, [])) - set(lanes[lane]) == set()
        assert set(confirmed.get("row", [])) - rows == set()
        assert events == list(range(1, len(rows) + 1))
    digests = {
        path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in (tmp_path / "blobs").glob("??/*")
    }
    assert {name: digest for name, digest in digests.items() if name != digest} == {}
    assert set(confirmed["blob"]) - set(digests) == set()
