"""Straw man E1: the embedded message path with nothing but its bones, as the limit to measure against.

A signed webhook, checked → its row in the inbox, committed → 202 → a batch of the inbox becomes, in one more
transaction, dedupe, customer, conversation, message and outbox rows. One writer thread, group commit. No
rules, no tickets, no events, no log, no way to read any of it: what the product does beyond this costs extra.
"""

import asyncio
import base64
import hashlib
import hmac
import queue
import sqlite3
import sys
import threading
import time
from collections.abc import Mapping
from pathlib import Path

import orjson
import uvloop
from aiohttp import web

# One commit takes at most this many requests, or routes this many messages.
BATCH = 500
TOLERANCE_S = 300
_SCHEMA = """
CREATE TABLE inbox (seq INTEGER PRIMARY KEY, id TEXT NOT NULL, body BLOB NOT NULL);
CREATE TABLE dedupe (id TEXT PRIMARY KEY) WITHOUT ROWID;
CREATE TABLE customers (seq INTEGER PRIMARY KEY, address TEXT NOT NULL UNIQUE, name TEXT NOT NULL);
CREATE TABLE conversations (seq INTEGER PRIMARY KEY, customer INTEGER NOT NULL UNIQUE,
    position INTEGER NOT NULL);
CREATE TABLE messages (seq INTEGER PRIMARY KEY, message_id TEXT NOT NULL, conversation INTEGER NOT NULL,
    position INTEGER NOT NULL, text TEXT NOT NULL, raw BLOB NOT NULL);
CREATE TABLE outbox (seq INTEGER PRIMARY KEY, conversation INTEGER NOT NULL, message_id TEXT NOT NULL);
"""


class Refused(Exception):
    """The signature is not ours."""


def message_id(body: bytes) -> str:
    """The id of a message, from the platform's own."""
    return hashlib.blake2b(orjson.loads(body)["id"].encode(), digest_size=15).hexdigest()


class Store:
    """The database and the one thread that writes it."""

    def __init__(self, path: Path, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._jobs: queue.SimpleQueue[tuple[str, bytes, asyncio.Future[None]] | None] = queue.SimpleQueue()
        self._sql = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
        self._sql.execute("PRAGMA journal_mode=WAL")
        self._sql.execute("PRAGMA synchronous=FULL")
        self._sql.executescript(_SCHEMA)
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def keep(self, id_: str, body: bytes) -> "asyncio.Future[None]":
        """Put a message into the inbox; done once that is committed."""
        done: asyncio.Future[None] = self._loop.create_future()
        self._jobs.put((id_, body, done))
        return done

    def close(self) -> None:
        """Route what is there, then close."""
        self._jobs.put(None)
        self._thread.join()
        self._sql.close()

    def _run(self) -> None:
        waiting: list[tuple[str, bytes]] = []
        open_ = True
        while open_ or waiting:
            jobs: list[tuple[str, bytes, asyncio.Future[None]]] = []
            try:
                while len(jobs) < BATCH:
                    # The thread only waits when there is nothing to route.
                    job = self._jobs.get(block=not jobs and not waiting and open_)
                    if job is None:
                        open_ = False
                        break
                    jobs.append(job)
            except queue.Empty:
                pass
            if jobs:
                self._commit_inbox([(id_, body) for id_, body, _ in jobs])
                self._loop.call_soon_threadsafe(_settle, [done for _, _, done in jobs])
                waiting += [(id_, body) for id_, body, _ in jobs]
            if waiting:
                batch, waiting = waiting[:BATCH], waiting[BATCH:]
                self._route(batch)

    def _commit_inbox(self, rows: list[tuple[str, bytes]]) -> None:
        self._sql.execute("BEGIN IMMEDIATE")
        self._sql.executemany("INSERT INTO inbox (id, body) VALUES (?, ?)", rows)
        self._sql.execute("COMMIT")

    def _route(self, rows: list[tuple[str, bytes]]) -> None:
        run = self._sql.execute
        run("BEGIN IMMEDIATE")
        for id_, body in rows:
            if run("INSERT INTO dedupe VALUES (?) ON CONFLICT DO NOTHING", (id_,)).rowcount == 0:
                continue
            event = orjson.loads(body)
            sender = event["from"]
            customer = run(
                "INSERT INTO customers (address, name) VALUES (?, ?) "
                "ON CONFLICT (address) DO UPDATE SET name = excluded.name RETURNING seq",
                (sender["id"], sender.get("name", "")),
            ).fetchone()[0]
            conversation, position = run(
                "INSERT INTO conversations (customer, position) VALUES (?, 1) "
                "ON CONFLICT (customer) DO UPDATE SET position = position + 1 RETURNING seq, position",
                (customer,),
            ).fetchone()
            run(
                "INSERT INTO messages (message_id, conversation, position, text, raw) VALUES (?, ?, ?, ?, ?)",
                (id_, conversation, position, event["text"], body),
            )
            run("INSERT INTO outbox (conversation, message_id) VALUES (?, ?)", (conversation, id_))
        run("DELETE FROM inbox WHERE seq <= (SELECT seq FROM inbox WHERE id = ?)", (rows[-1][0],))
        run("COMMIT")


def _settle(futures: list["asyncio.Future[None]"]) -> None:
    for future in futures:
        if not future.done():
            future.set_result(None)


def check(key: bytes, given: Mapping[str, str], body: bytes) -> None:
    """Standard Webhooks, one secret; raises `Refused`, or `KeyError` where a header is missing."""
    stamp = given["webhook-timestamp"]
    digest = hmac.digest(key, b"%b.%b.%b" % (given["webhook-id"].encode(), stamp.encode(), body), "sha256")
    expected = b"v1," + base64.b64encode(digest)
    late = abs(time.time() - int(stamp)) > TOLERANCE_S
    if late or not hmac.compare_digest(given["webhook-signature"].encode(), expected):
        raise Refused


async def serve(database: Path, port: int, key: bytes) -> None:
    """Serve until cancelled."""
    store = Store(database, asyncio.get_running_loop())

    async def hook(request: web.Request) -> web.Response:
        body = await request.read()
        try:
            check(key, request.headers, body)
        except (Refused, KeyError, ValueError):
            return web.Response(status=401)
        id_ = message_id(body)
        await store.keep(id_, body)
        return web.Response(status=202, body=b'{"id":"%b"}' % id_.encode(), content_type="application/json")

    app = web.Application()
    app.add_routes([web.post("/hooks/e1", hook)])
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", port, backlog=1024).start()
    try:
        await asyncio.Event().wait()
    finally:
        await runner.cleanup()
        store.close()


if __name__ == "__main__":
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(serve(Path(sys.argv[1]), int(sys.argv[2]), bytes.fromhex(sys.argv[3])))
