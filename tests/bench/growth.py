"""`make growth`: what a message and each list cost with 10 million messages stored, beside 10 thousand.

Two PostgreSQL databases are filled by COPY with clones of one real conversation: twenty messages and a ticket
to each, one ticket in twenty still open. Then the same work is done on both by turns. Plans are kept.
"""

import argparse
import asyncio
import re
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import AsyncExitStack
from datetime import timedelta
from functools import partial
from pathlib import Path
from statistics import mean, median
from typing import Any, NamedTuple

import asyncpg
import uvloop
from sqlalchemy import Connection
from sqlalchemy.util import await_

from storage import conversations, customers, deliveries, inbox_views, messages, tickets
from storage.inbox_views import Chosen, Filters
from storage.prepared import driver
from tests.bench.on_servers import _cpu
from tests.integration.office import Office, office_on
from tests.services.servers import Servers

PER_CONVERSATION = 20
OPEN = 20
ROUNDS = 15
BATCHES, BATCH = 20, 100
TARGET = 1.2
Query = Callable[[Connection], object]


class Row(NamedTuple):
    """A figure with few messages stored, and with many."""

    name: str
    few: float
    many: float
    unit: str


async def fill(office: Office, count: int) -> None:
    """Clone the one conversation there is until so many messages are stored."""
    await office.say("I want to talk to a human", who="pattern")
    url: str = office.store.url  # type: ignore[attr-defined]
    sql = await asyncpg.connect(url)
    try:
        for table, per in (
            ("customers", 1),
            ("contact_points", 1),
            ("conversations", 1),
            ("tickets", 1),
            ("messages", PER_CONVERSATION),
            ("dedupe", PER_CONVERSATION),
        ):
            await _clone(sql, table, count // PER_CONVERSATION, per)
        await sql.execute("ANALYZE")
    finally:
        await sql.close()


async def _clone(sql: "asyncpg.Connection", table: str, conversations: int, per: int) -> None:
    pattern = dict((await sql.fetch(f"SELECT * FROM {table} LIMIT 1"))[0])  # noqa: S608 - names of this file
    pattern.pop("seq", None)
    names = list(pattern)

    def rows() -> Iterator[tuple[Any, ...]]:
        for one in range(conversations):
            for number in range(per):
                yield tuple(_of(table, pattern, one, number).values())

    await sql.copy_records_to_table(table, records=rows(), columns=names, timeout=7200)


def _of(table: str, pattern: dict[str, Any], one: int, number: int) -> dict[str, Any]:
    row = dict(pattern)
    for name, prefix in (
        ("customer_id", "cus"),
        ("contact_point_id", "cp"),
        ("conversation_id", "cv"),
        ("ticket_id", "tkt"),
    ):
        if row.get(name):
            row[name] = f"{prefix}_{one:09}"
    match table:
        case "customers":
            row |= {"id": f"cus_{one:09}", "email": f"u{one}@example.org"}
        case "contact_points":
            row |= {"id": f"cp_{one:09}", "address": f"u-{one}"}
        case "conversations":
            row |= {"id": f"cv_{one:09}", "position": PER_CONVERSATION}
        case "tickets":
            over = one % OPEN != 0
            row |= {"id": f"tkt_{one:09}", "number": 1_000_000 + one}
            row |= {"status": "closed", "due_at": None} if over else {"status": "queued"}
        case "messages":
            row |= {"id": f"msg_{one:09}_{number}", "position": number + 1}
        case "dedupe":
            row |= {"message_id": f"msg_{one:09}_{number}"}
    if "updated_at" in row:
        row["updated_at"] -= timedelta(seconds=one % 1_000_000)
    return row


def queries() -> dict[str, Query]:
    """The lists that the inbox and the workers ask for."""
    return {
        "tickets, all": lambda sql: inbox_views.tickets(sql, Filters(), None, 50),
        "tickets, queued": lambda sql: inbox_views.tickets(sql, Filters(status=("queued",)), None, 50),
        "tickets, of nobody": lambda sql: inbox_views.tickets(sql, Filters(assignee=""), None, 50),
        "tickets, of a customer": lambda sql: inbox_views.tickets(
            sql, Filters(customer="cus_000000040"), None, 50
        ),
        "conversations, all": lambda sql: inbox_views.conversations(sql, Chosen(), None, 50),
        "conversations, with the bot": lambda sql: inbox_views.conversations(
            sql, Chosen(with_="bot"), None, 50
        ),
        "the inbox's counts": lambda sql: inbox_views.counts(sql, "agt_1"),
        "a conversation's messages": lambda sql: messages.of_conversation(sql, "cv_000000040"),
        "a message": lambda sql: messages.find(sql, "msg_000000040_3"),
        "customers": lambda sql: customers.listed(sql, None, 50),
        "deliveries that are due": lambda sql: deliveries.due(sql, _far(sql), (), 500),
        "tickets that are due": lambda sql: tickets.due(sql, _far(sql), 200),
        "conversations that are due": lambda sql: conversations.due(sql, _far(sql), 200),
        "queues' lengths": tickets.queue_lengths,
    }


def _far(sql: Connection) -> Any:
    return await_(driver(sql).fetchval("SELECT timestamptz '2020-01-01'"))


async def _milliseconds(office: Office, query: Query) -> float:
    started = time.perf_counter()
    await office.store.read(query)
    return 1000 * (time.perf_counter() - started)


async def _plans(office: Office, query: Query) -> str:
    said: list[str] = []

    def explained(sql: Connection) -> None:
        server = driver(sql)
        listen = lambda _connection, message: said.append(message.message)  # noqa: E731
        server.add_log_listener(listen)
        for statement in (
            "LOAD 'auto_explain'",
            "SET auto_explain.log_min_duration = 0",
            "SET auto_explain.log_analyze = on",
            "SET client_min_messages = log",
        ):
            await_(server.execute(statement))
        query(sql)
        await_(server.execute("RESET client_min_messages"))
        await_(server.execute("SET auto_explain.log_min_duration = -1"))
        server.remove_log_listener(listen)

    await office.store.read(explained)
    return "\n\n".join(said)


async def _batch_us(office: Office, pid: int, number: int) -> tuple[float, float]:
    """µs a message: from the clock, and of the server's CPU."""
    people = [f"u-{(number * BATCH + one) * OPEN % 400}" for one in range(BATCH)]
    envelopes = [office.envelope("and one thing more", who=who) for who in people]
    before, started = _cpu({"server": pid})["server"], time.perf_counter()
    await office.take(*envelopes)
    took = time.perf_counter() - started
    return took / BATCH * 1e6, (_cpu({"server": pid})["server"] - before) / BATCH * 1e6


async def measure(few: int, many: int, folder: Path) -> list[Row]:
    """Fill both, then ask both by turns."""
    async with AsyncExitStack() as stack:
        servers = stack.enter_context(Servers())
        offices = []
        for count, name in ((few, "few"), (many, "many")):
            (folder / name).mkdir(parents=True, exist_ok=True)
            place = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="frontdesk-growth-")))
            office = await stack.enter_async_context(office_on(servers.postgresql, place))
            started = time.perf_counter()
            await fill(office, count)
            print(f"{count:,} messages loaded in {time.perf_counter() - started:.0f} s", flush=True)
            offices.append(office)
        rows = await _messages(offices, servers.postgresql.pid)
        for name, query in queries().items():
            rows.append(await _both(name, "ms", offices, partial(_milliseconds, query=query)))
            for office, size in zip(offices, ("few", "many"), strict=True):
                file = folder / size / f"{re.sub('[^a-z]+', '-', name)}.txt"
                file.write_text(await _plans(office, query), encoding="utf-8")
    return rows


async def _messages(offices: list[Office], pid: int) -> list[Row]:
    found: list[list[tuple[float, float]]] = [[], []]
    for number in range(BATCHES):
        for office, list_ in zip(offices, found, strict=True):
            list_.append(await _batch_us(office, pid, number))
    clock = [median(one[0] for one in list_[1:]) for list_ in found]
    # The system counts it in hundredths of a second: only the sum tells.
    cpu = [mean(one[1] for one in list_[1:]) for list_ in found]
    return [
        Row("a message, in batches of 100", clock[0], clock[1], "µs"),
        Row("  of that, CPU of PostgreSQL", cpu[0], cpu[1], "µs"),
    ]


async def _both(
    name: str, unit: str, offices: list[Office], ask: Callable[[Office], Awaitable[float]]
) -> Row:
    found: list[list[float]] = [[], []]
    for _ in range(ROUNDS):
        for office, list_ in zip(offices, found, strict=True):
            list_.append(await ask(office))
    few, many = (median(list_[1:]) for list_ in found)
    return Row(name, few, many, unit)


def main() -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="make growth", description="Measure a desk that has grown.")
    parser.add_argument("--messages", type=int, default=10_000_000)
    parser.add_argument("--few", type=int, default=10_000)
    parser.add_argument("--plans", type=Path, default=Path("growth-plans"))
    asked = parser.parse_args()
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        rows = runner.run(measure(asked.few, asked.messages, asked.plans))
    print(f"{'':<32}{f'{asked.few:,}':>12}{f'{asked.messages:,}':>14}{'ratio':>8}")
    for row in rows:
        ratio = row.many / max(row.few, 0.001)
        print(f"{row.name:<32}{row.few:>12.2f}{row.many:>14.2f}{ratio:>8.2f}  {row.unit}")
    met = rows[0].many <= TARGET * rows[0].few
    print(f"a message: target <= {TARGET}: {'met' if met else 'missed'}. Plans are in {asked.plans}.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
