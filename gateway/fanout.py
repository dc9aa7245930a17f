"""The fan-out: what was committed, by whichever process, is told to the sockets of this one."""

import asyncio
from contextlib import suppress

import structlog

from bus.live import Live
from storage import conversations, events, visitors
from storage.store import Store, StoreUnavailable

log = structlog.get_logger()
_BATCH = 1000
# Commits of other processes are found by looking, this often, in seconds.
_EVERY = 1.0


class Fanout:
    """Follows the event log and nudges topic `contact:ID` for each public message to or from a contact, and
    when something about the ticket of their conversation has changed; with a conversation's first message
    `contact:CHANNEL:ADDRESS` as well, for who listened before the contact was known.

    The nudge carries nothing: whoever listens asks the store for what it has not shown yet.
    """

    def __init__(self, *, store: Store, live: Live) -> None:
        self._store, self._live = store, live
        self._news = asyncio.Event()
        # What has been told; below zero until the first look.
        self._seq = -1
        self._newest = 0

    def _committed(self, last: int) -> None:
        self._newest = last
        self._news.set()

    async def run(self) -> None:
        """Follow until cancelled; run again, it goes on where it was."""
        if self._seq < 0:
            self._store.on_commit(self._committed)
            self._seq = await self._store.read(events.last_event)
        while True:
            with suppress(TimeoutError):
                async with asyncio.timeout(_EVERY):
                    await self._news.wait()
            self._news.clear()
            if self._live.idle():
                # Whoever comes to listen reads first what there is.
                self._seq = max(self._seq, self._newest)
                continue
            with suppress(StoreUnavailable):
                while await self._step():
                    pass

    async def _step(self) -> bool:
        found = await self._store.read(lambda sql: events.events_after(sql, self._seq, _BATCH))
        spoke = [
            event.data
            for event in found
            if event.type == "message.created" and event.data.get("kind") != "note"
        ]
        changed = {
            event.conversation_id
            for event in found
            if event.type == "ticket.updated" and event.conversation_id
        }
        topics = dict.fromkeys(f"contact:{said['contact']}" for said in spoke)
        if changed:
            theirs = await self._store.read(lambda sql: conversations.contacts(sql, changed))
            topics |= dict.fromkeys(f"contact:{contact}" for contact in theirs)
        if new := {said["contact"] for said in spoke if said.get("position") == 1}:
            places = await self._store.read(lambda sql: visitors.places(sql, new))
            topics |= dict.fromkeys(f"contact:{channel}:{address}" for channel, address in places)
        for topic in topics:
            await self._live.publish(topic, b"")
        # Only now: what could not be told is told again.
        self._seq = found[-1].seq if found else self._seq
        return len(found) == _BATCH
