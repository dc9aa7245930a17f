"""`python -m tests.bench.mail`: what mail costs, and how long it takes from the mailbox to the agents."""

import asyncio
import json
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from statistics import quantiles
from typing import Any, NamedTuple

import aiohttp

from channels.mail import receive
from channels.mail.parse import read
from channels.mail.reader import Readers
from gateway.http.hooks import OFF_LOOP
from tests.bench import command
from tests.bench.letters import letters
from tests.bench.load import LoadError
from tests.bench.subjects import cpu_seconds
from tests.bench.table import Figure, formatted
from tests.desk import Desk, running_desk
from tests.services.certificates import certificates
from tests.services.dovecot import Dovecot
from tests.unit.channels.mail.killers import HEADER, KILLERS

MOST_PARSE_MS = 50.0
LEAST_RATE = 50.0
MOST_BLOCKED_MS = 50.0
MOST_VISIBLE_S = 5.0
# The machine has other work: what only one of so many rounds shows is not the mail's.
_ROUNDS = 3
_AT_ONCE = 8
_TICK_S = 0.002


class Size(NamedTuple):
    """How many mails are parsed, taken in by a desk, and watched on their way from the mailbox."""

    parsed: int
    taken: int
    watched: int


FULL = Size(400, 400, 12)
QUICK = Size(100, 100, 4)


async def measure(size: Size) -> list[Figure]:
    """Everything."""
    with tempfile.TemporaryDirectory(prefix="frontdesk-mail-") as folder:
        return [
            *_parsing(size.parsed),
            await _blocked(),
            await _taken_in(size.taken),
            await _visible(Path(folder), size.watched),
        ]


def _parsing(count: int) -> list[Figure]:
    for raw in letters(5):
        read(raw)
    took = [min(_parsed(raw) for _ in range(_ROUNDS)) for raw in letters(count)]
    hundredths = quantiles(took, n=100)
    slow = hundredths[98]
    return [
        Figure(name="a mail of 100 KB parsed, p50", value=hundredths[49], unit="ms CPU"),
        _at_most("  p99", slow, MOST_PARSE_MS, "ms CPU"),
    ]


def _parsed(raw: bytes) -> float:
    began = time.thread_time()
    found = read(raw)
    took = (time.thread_time() - began) * 1000
    if found.mail.quarantined is not None:
        raise LoadError(f"a mail could not be read: {found.mail.quarantined}")
    return took


async def _blocked() -> Figure:
    """The longest that the event loop stood still while a killer came in and was read."""
    mails = [raw for raw, _ in KILLERS.values() if raw.strip() and len(raw) <= receive.LONGEST_BODY]
    mails.append(HEADER + b"\r\n" + (b"A" * 76 + b"\r\n") * 310_000)
    async with Readers() as readers:
        await readers.read(HEADER + b"\r\nHello\r\n")
        worst = 0.0
        for raw in mails:
            worst = max(worst, min([await _gap(readers, raw) for _ in range(_ROUNDS)]))
    return _at_most("the loop held up by a killer, at worst", worst * 1000, MOST_BLOCKED_MS, "ms CPU")


async def _gap(readers: Readers, raw: bytes) -> float:
    longest = 0.0

    async def watch() -> None:
        nonlocal longest
        while True:
            # Of this process, all threads together: what other processes take counts for nothing.
            before = time.process_time()
            await asyncio.sleep(_TICK_S)
            longest = max(longest, time.process_time() - before)

    watcher = asyncio.create_task(watch())
    await asyncio.sleep(0)
    if len(raw) > OFF_LOOP:
        await asyncio.to_thread(receive.inbound, "ch_1", raw, datetime.now(UTC))
    else:
        receive.inbound("ch_1", raw, datetime.now(UTC))
    await readers.read(raw)
    watcher.cancel()
    return longest


async def _taken_in(count: int) -> Figure:
    """Mails a second of one core: the desk's and its readers' processor time, from the hook to decided."""
    with running_desk(hook_rate=100_000, encoder="lexical") as desk:
        made = await asyncio.to_thread(_channel, desk, {"address": "support@desk.example"})
        token = await asyncio.to_thread(desk.token)
        async with aiohttp.ClientSession() as client:
            mails = letters(count + 20)
            await _post(client, desk, made, [next(mails) for _ in range(20)])
            await _decided(client, desk, token, 20)
            before = _cpu(desk)
            await _post(client, desk, made, list(mails))
            await _decided(client, desk, token, count + 20)
            rate = count / (_cpu(desk) - before)
    return _at_least("mails of 100 KB from hook to ticket", rate, LEAST_RATE, "per s of a core")


async def _post(client: aiohttp.ClientSession, desk: Desk, made: dict[str, Any], mails: list[bytes]) -> None:
    headers = {"Authorization": f"Bearer {made['secrets']['hook_secret']}"}
    waiting = iter(mails)

    async def one_after_another() -> None:
        for raw in waiting:
            async with client.post(f"{desk.url}/hooks/{made['id']}", data=raw, headers=headers) as answer:
                if answer.status != 202:
                    raise LoadError(f"a mail was answered with {answer.status}")

    await asyncio.gather(*(one_after_another() for _ in range(_AT_ONCE)))


async def _decided(client: aiohttp.ClientSession, desk: Desk, token: str, count: int) -> None:
    headers = {"Authorization": f"Bearer {token}"}
    until = time.monotonic() + 120
    seen = 0
    while seen < count:
        if time.monotonic() > until:
            raise LoadError(f"only {seen} of {count} mails were decided in time")
        await asyncio.sleep(0.1)
        async with client.get(f"{desk.url}/api/v1/tickets/counts", headers=headers) as answer:
            told = await answer.json()
        seen = told["all"] + told["bot"]


def _cpu(desk: Desk) -> float:
    tasks = Path(f"/proc/{desk.pid}/task").glob("*/children")
    readers = {int(pid) for file in tasks for pid in file.read_text().split()}
    return cpu_seconds(desk.pid) + sum(map(cpu_seconds, readers))


async def _visible(folder: Path, count: int) -> Figure:
    """The slowest of some mails, from the mailbox to the list of tickets, told by IDLE."""
    with _mailbox(folder) as imap, running_desk(encoder="lexical") as desk:
        settings = {"address": "support@desk.example", "imap": imap.settings}
        await asyncio.to_thread(_channel, desk, settings)
        token = await asyncio.to_thread(desk.token)
        async with aiohttp.ClientSession() as client:
            took = []
            for number, raw in enumerate(letters(count + 1), 1):
                began = time.monotonic()
                await asyncio.to_thread(imap.deliver, raw)
                await _decided(client, desk, token, number)
                took.append(time.monotonic() - began)
    # The first also waits for the desk to find its new channel.
    slowest = max(took[1:])
    return _at_most("mail in the mailbox until its ticket is listed, at worst", slowest, MOST_VISIBLE_S, "s")


@contextmanager
def _mailbox(folder: Path) -> Iterator[Dovecot]:
    folder.chmod(0o755)
    server = Dovecot(folder, certificates(folder))
    try:
        server.start()
        yield server
    finally:
        server.stop()


def _channel(desk: Desk, settings: dict[str, Any]) -> dict[str, Any]:
    given = json.dumps(settings)
    made: dict[str, Any] = json.loads(
        desk.run("channel", "create", "--kind", "email", "--name", "Support", "--settings", given)
    )
    return made


def _at_most(name: str, value: float, most: float, unit: str) -> Figure:
    return Figure(name=name, value=value, unit=unit, target=f"≤ {most:g}", met=value <= most)


def _at_least(name: str, value: float, least: float, unit: str) -> Figure:
    return Figure(name=name, value=value, unit=unit, target=f"≥ {least:g}", met=value >= least)


def main() -> int:
    """Measure and print; 1 when it could not measure."""
    return command.run(
        "python -m tests.bench.mail",
        "Measure what mail costs.",
        lambda quick: measure(QUICK if quick else FULL),
        formatted,
    )


if __name__ == "__main__":
    sys.exit(main())
