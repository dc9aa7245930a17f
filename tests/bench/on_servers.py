"""`make bench`, second part: the desk's roles on RabbitMQ and PostgreSQL, and straw men on the same servers.

Interleaved: in each round every subject gets the same posts, one after the other. A server's CPU is counted
for whoever is measured at the time. Rates swing with the machine's load; ratios of one round and CPU per
message are what to compare.
"""

import asyncio
import base64
import os
import secrets
import subprocess
import sys
import tempfile
import time
from bisect import bisect_left
from collections import Counter
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from statistics import median
from typing import NamedTuple

import asyncpg
import msgspec

from bus.ids import message_id
from storage.copying import copy
from tests.bench import command, load, mix, strawman_e1, strawman_servers
from tests.bench.amqp_by_hand import connect
from tests.bench.load import Address, LoadError
from tests.bench.seed import seed
from tests.bench.sink import sink
from tests.desk import free_port
from tests.roles import fleet_on
from tests.services.servers import Servers

EQUAL_RATE = 350.0
ROLES = ("gateway", "inbound", "outbound", "relay", "assign", "clock")
_LOOK_EVERY = 0.005
_PATIENCE_S = 120
_TICKS = os.sysconf("SC_CLK_TCK")


class Size(NamedTuple):
    """How much is measured: rounds, posts in each, seconds at a fixed rate."""

    rounds: int
    posts: int
    seconds: float


FULL = Size(3, 3000, 6)
QUICK = Size(2, 800, 3)


class Subject(NamedTuple):
    """What is measured. `done` names its messages in the order in which they were finished."""

    name: str
    address: Address
    pids: Mapping[str, int]
    sql: "asyncpg.Connection"
    table: str
    channel: str

    def id_of(self, post: mix.Post) -> str:
        """What it calls a post."""
        return message_id(self.channel, post.id) if self.channel else strawman_e1.message_id(post.body)

    async def finished(self) -> int:
        """How many messages are stored and decided."""
        return int(await self.sql.fetchval(f"SELECT count(*) FROM {self.table}"))  # noqa: S608 - ours


class Run(NamedTuple):
    """Messages a second, and µs of CPU a message by process."""

    per_second: float
    cpu_us: Mapping[str, float]

    @property
    def total_us(self) -> float:
        """Of all processes."""
        return sum(self.cpu_us.values())


class Row(msgspec.Struct, frozen=True, kw_only=True):
    """One subject's figures."""

    name: str
    per_second: float
    against_s1: float
    cpu_us: dict[str, float]
    total_us: float
    p50_ms: float
    p99_ms: float


# --- subjects ----------------------------------------------------------------------------------------


@asynccontextmanager
async def strawman(name: str, servers: Servers) -> AsyncIterator[Subject]:
    """S1 or S3, a process for the web and one that works."""
    database, broker, port = servers.postgresql.new_database(), servers.rabbitmq.new_vhost(), free_port()
    key = secrets.token_bytes(32)
    sql = await asyncpg.connect(database)
    await sql.execute(strawman_servers.SCHEMA)
    client = await connect(broker)
    for queue in (strawman_servers.IN, strawman_servers.OUT):
        await client.declare(queue)
    given = (database, broker, str(port), key.hex())
    with (
        _process(name, "gateway", *given) as gateway,
        _process(name, "worker", *given) as worker,
    ):
        await _listening(port)
        yield Subject(
            name=name.upper(),
            address=Address(port, "/hooks/straw", key),
            pids={"gateway": gateway, "worker": worker},
            sql=sql,
            table="messages",
            channel="",
        )
    await sql.close()


@contextmanager
def _process(name: str, part: str, *given: str) -> Iterator[int]:
    command = [sys.executable, "-m", strawman_servers.__name__, name, part, *given]
    with subprocess.Popen(command) as process:
        try:
            yield process.pid
        finally:
            process.kill()


async def _listening(port: int) -> None:
    until = time.monotonic() + 60
    while time.monotonic() < until:
        try:
            _, writer = await asyncio.open_connection("127.0.0.1", port)
        except OSError:
            await asyncio.sleep(0.05)
        else:
            writer.close()
            return
    raise LoadError("the straw man did not start")


@asynccontextmanager
async def product(servers: Servers, rounds: int, callback_url: str) -> AsyncIterator[Subject]:
    """A process for each role, on the data that the embedded benchmark has."""
    with tempfile.TemporaryDirectory(prefix="frontdesk-bench-") as folder:
        data = Path(folder) / "data"
        seeded = await seed(data, rounds, callback_url)
        database = servers.postgresql.new_database()
        await asyncio.to_thread(copy, data / "frontdesk.db", database, datetime.now(UTC))
        key = base64.b64encode((data / "secret.key").read_bytes()).decode()
        made = fleet_on(
            servers, database=database, secret_key=key, callback_allow="127.0.0.0/8", partitions=1
        )
        with made as fleet:
            started = await asyncio.to_thread(fleet.start, *ROLES)
            sql = await asyncpg.connect(database)
            yield Subject(
                name="Frontdesk",
                address=Address(started[0].port, f"/hooks/{seeded.channel_id}", seeded.key),
                pids={one.role: one.pid for one in started},
                sql=sql,
                table="decisions",
                channel=seeded.channel_id,
            )
            await sql.close()


# --- measuring ---------------------------------------------------------------------------------------


def _cpu(pids: Mapping[str, int]) -> Counter[str]:
    """Seconds of CPU by name, of each process and all it has started (proc(5), stat)."""
    children: dict[int, list[int]] = {}
    used: dict[int, float] = {}
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            fields = (folder / "stat").read_text().rpartition(")")[2].split()
        except OSError:
            continue
        pid = int(folder.name)
        children.setdefault(int(fields[1]), []).append(pid)
        # Its own, and that of children that have ended.
        used[pid] = sum(map(int, fields[11:15])) / _TICKS
    found: Counter[str] = Counter()
    for name, root in pids.items():
        left = [root]
        while left:
            pid = left.pop()
            found[name] += used.get(pid, 0.0)  # type: ignore[assignment]
            left += children.get(pid, [])
    return found


def _signed(subject: Subject, posts: Sequence[mix.Post]) -> list[bytes]:
    now = int(time.time())
    return [load.request(subject.address, post.id, post.body, now) for post in posts]


async def _reached(subject: Subject, expected: int) -> list[tuple[int, float]]:
    seen: list[tuple[int, float]] = []
    until = time.monotonic() + _PATIENCE_S
    while not seen or seen[-1][0] < expected:
        count = await subject.finished()
        if not seen or count != seen[-1][0]:
            seen.append((count, time.perf_counter()))
        if time.monotonic() > until:
            raise LoadError(f"{subject.name} has finished {count} of {expected}")
        await asyncio.sleep(_LOOK_EVERY)
    return seen


async def saturate(subject: Subject, posts: Sequence[mix.Post], shared: Mapping[str, int]) -> Run:
    """As fast as it answers, until the last is stored and decided."""
    requests, expected = _signed(subject, posts), await subject.finished() + len(posts)
    pids = {**subject.pids, **shared}
    before, start = _cpu(pids), time.perf_counter()
    await load.saturate(subject.address.port, requests)
    await _reached(subject, expected)
    took = time.perf_counter() - start
    after = _cpu(pids)
    return Run(len(posts) / took, {name: (after[name] - before[name]) / len(posts) * 1e6 for name in pids})


async def pace(subject: Subject, posts: Sequence[mix.Post], rate: float) -> tuple[float, float]:
    """p50 and p99 in milliseconds from when a post was due until it was stored and decided."""
    requests, before = _signed(subject, posts), await subject.finished()
    watching = asyncio.create_task(_reached(subject, before + len(posts)))
    answered = await load.pace(subject.address.port, requests, rate)
    seen = await watching
    query = f"SELECT message_id FROM {subject.table} ORDER BY seq OFFSET $1"  # noqa: S608 - ours
    places = {row[0]: before + at for at, row in enumerate(await subject.sql.fetch(query, before), 1)}
    counts = [count for count, _ in seen]
    times = sorted(
        seen[bisect_left(counts, places[subject.id_of(post)])][1] - due
        for post, due in zip(posts, answered.due, strict=True)
    )
    return 1000 * times[len(times) // 2], 1000 * times[int(len(times) * 0.99)]


async def measure(size: Size) -> list[Row]:
    """Every subject by turns."""
    async with AsyncExitStack() as stack:
        servers = stack.enter_context(Servers())
        shared = {"rabbitmq": servers.rabbitmq.pid, "postgresql": servers.postgresql.pid}
        url = await stack.enter_async_context(sink())
        subjects = [
            await stack.enter_async_context(strawman("s1", servers)),
            await stack.enter_async_context(strawman("s3", servers)),
            await stack.enter_async_context(product(servers, size.rounds + 2, url)),
        ]
        for subject in subjects:
            await saturate(subject, mix.posts(0, size.posts // 4), shared)
        runs: dict[str, list[Run]] = {subject.name: [] for subject in subjects}
        for round_ in range(1, size.rounds + 1):
            posts = mix.posts(round_, size.posts)
            for subject in subjects:
                runs[subject.name].append(await saturate(subject, posts, shared))
        paced = mix.posts(size.rounds + 1, int(EQUAL_RATE * size.seconds))
        latencies = {subject.name: await pace(subject, paced, EQUAL_RATE) for subject in subjects}
    return [_row(name, found, runs["S1"], latencies[name]) for name, found in runs.items()]


def _row(name: str, runs: Sequence[Run], s1: Sequence[Run], latency: tuple[float, float]) -> Row:
    return Row(
        name=name,
        per_second=median(run.per_second for run in runs),
        against_s1=median(run.per_second / their.per_second for run, their in zip(runs, s1, strict=True)),
        cpu_us={part: median(run.cpu_us[part] for run in runs) for part in runs[0].cpu_us},
        total_us=median(run.total_us for run in runs),
        p50_ms=latency[0],
        p99_ms=latency[1],
    )


def formatted(rows: Sequence[Row]) -> str:
    """The report."""
    by_name = {row.name: row for row in rows}
    ours, s1, s3 = by_name["Frontdesk"], by_name["S1"], by_name["S3"]
    lines = [
        f"{'RabbitMQ + PostgreSQL':<24}{'per s':>8}{'× S1':>7}{'CPU µs':>9}{'p50 ms':>9}{'p99 at 350/s':>17}"
    ]
    lines += [
        f"{row.name:<24}{row.per_second:>8.0f}{row.against_s1:>7.2f}{row.total_us:>9.0f}{row.p50_ms:>9.1f}"
        f"{row.p99_ms:>17.1f}"
        for row in rows
    ]
    for row in rows:
        parts = ", ".join(f"{part} {used:.0f}" for part, used in row.cpu_us.items())
        lines.append(f"  CPU µs a message of {row.name}: {parts}")
    for name, value, met, target in (
        ("messages per second against S1", ours.against_s1, ours.against_s1 >= 6, ">= 6"),
        ("CPU against S3", ours.total_us / s3.total_us, ours.total_us <= 1.5 * s3.total_us, "<= 1.5"),
        ("p99 at 350/s against S1", ours.p99_ms / s1.p99_ms, ours.p99_ms <= 0.4 * s1.p99_ms, "<= 0.4"),
    ):
        lines.append(f"{name:<34}{value:>8.2f} ×   target {target}   {'met' if met else 'missed'}")
    return "\n".join(lines)


def main() -> int:
    """Measure and print; 1 when it could not measure."""
    return command.run(
        "make bench",
        "Measure the desk on servers.",
        lambda quick: measure(QUICK if quick else FULL),
        formatted,
        "Measuring on RabbitMQ and PostgreSQL; this takes a few minutes.",
    )


if __name__ == "__main__":
    sys.exit(main())
