"""The feed: what was committed, read once for everybody who listens, and kept for those a little behind."""

import asyncio
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from typing import NamedTuple

import orjson
import structlog

from router.values import Role
from storage.dead_letters import QUARANTINED
from storage.events import LoggedEvent, events_after, last_event, oldest_event
from storage.paging import Sql
from storage.store import Store, StoreError

# Events kept in memory; who is further behind reads the store.
KEPT = 5000
_BATCH = 500
# Commits of other processes are not told to this one: look at least this often, in seconds.
_LOOK = 1.0

# What admins do; agents learn that there was something, not what.
_SETUP = frozenset({"catalogue.updated", "channel.updated", "rules.published"})
_HIDDEN_FROM_AGENTS = frozenset({"deadletter.created", "deadletter.removed"})

log = structlog.get_logger()


class Line(NamedTuple):
    """One event as it is sent: to supervisors and admins, and to agents (None: not at all)."""

    seq: int
    full: str
    reduced: str | None

    def to(self, role: Role) -> str | None:
        """What this role is sent."""
        return self.reduced if role == "agent" else self.full


class Feed:
    """Reads the event log behind the last event it knows; `run` keeps it going."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._lines: deque[Line] = deque(maxlen=KEPT)
        self._committed = asyncio.Event()
        self._advanced = asyncio.Event()
        self._newest = 0
        self._listeners = 0
        self.last = 0

    @contextmanager
    def listening(self) -> Iterator[None]:
        """Somebody listens; while nobody does, the log is not read."""
        self._listeners += 1
        self._committed.set()
        try:
            yield
        finally:
            self._listeners -= 1

    async def start(self) -> None:
        """Begin at now."""
        self.last = await self._store.read(last_event)
        self._store.on_commit(self._note)

    def _note(self, last: int) -> None:
        self._newest = last
        self._committed.set()

    async def run(self) -> None:
        """Follow the log until cancelled."""
        while True:
            try:
                async with asyncio.timeout(_LOOK):
                    await self._committed.wait()
            except TimeoutError:
                pass
            self._committed.clear()
            if not self._listeners:
                self._skip()
                continue
            try:
                await self._read_on()
            except StoreError as error:
                log.warning("the event log can't be read", error=str(error))

    def _skip(self) -> None:
        """Go on without what nobody hears; who resumes there reads the store."""
        if self._newest > self.last:
            self.last = self._newest
            self._lines.clear()

    async def wait(self, after: int, seconds: float) -> None:
        """Return when there is something after `after`, or after so many seconds."""
        if self.last > after:
            return
        try:
            async with asyncio.timeout(seconds):
                await self._advanced.wait()
        except TimeoutError:
            pass

    async def after(self, seq: int) -> list[Line] | None:
        """Some of what happened after event `seq`, oldest first; None if part of it is no longer kept."""
        if seq > self.last:
            return None if seq > await self._store.read(last_event) else []
        if self._lines and self._lines[0].seq <= seq + 1:
            first = seq + 1 - self._lines[0].seq
            return [self._lines[index] for index in range(first, min(first + _BATCH, len(self._lines)))]
        return [] if seq == self.last else await self._store.read(lambda sql: _stored(sql, seq))

    async def _read_on(self) -> None:
        while events := await self._store.read(lambda sql: events_after(sql, self.last, _BATCH)):
            self._lines.extend(map(_line, events))
            self.last = events[-1].seq
            self._advanced.set()
            self._advanced = asyncio.Event()


def _stored(sql: Sql, seq: int) -> list[Line] | None:
    if seq + 1 < oldest_event(sql):
        return None
    return [_line(event) for event in events_after(sql, seq, _BATCH)]


def _line(event: LoggedEvent) -> Line:
    told = {
        "seq": event.seq,
        "type": event.type,
        "at": event.at.isoformat().replace("+00:00", "Z"),
        "ticket_id": event.ticket_id,
        "conversation_id": event.conversation_id,
        "data": event.data,
    }
    full = orjson.dumps(told).decode()
    if event.type in _HIDDEN_FROM_AGENTS:
        # Mail that can't be read is theirs to see; the event says only that there is some.
        theirs = str(event.data.get("error", "")).startswith(QUARANTINED)
        return Line(event.seq, full, orjson.dumps(told | {"data": {}}).decode() if theirs else None)
    if event.type in _SETUP:
        kind = {"kind": event.data["kind"]} if "kind" in event.data else {}
        return Line(event.seq, full, orjson.dumps(told | {"data": kind}).decode())
    return Line(event.seq, full, full)
