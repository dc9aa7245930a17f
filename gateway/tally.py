"""What a process counts at the gate: numbers for what it accepts, what it knew already, what it refused.

The numbers travel with the envelopes, so a number that is missing tells of a loss, whoever notices. The rest
is in memory and written every few seconds. What a kill takes of it is missing on both sides of the books.
"""

import asyncio
import secrets
from collections.abc import Callable
from contextlib import suppress
from datetime import datetime
from functools import partial

import structlog
from msgspec.structs import replace

from bus.envelope import Inbound, Mark, minute_of
from storage import ledger
from storage.ledger import Totals
from storage.store import Store, StoreUnavailable

log = structlog.get_logger()
# How often it is written, in seconds; what was refused since is forgotten by a kill.
EVERY = 5.0
# A source counts no longer than this, in seconds: its counts are in memory, and the clock may be set back.
LIFETIME = 3600.0

_Key = tuple[datetime, str, str]


class Page:
    """One source's counts on a channel in a minute. `failed` numbers may be on the bus or not."""

    __slots__ = ("again", "confirmed", "failed", "given", "key", "refused", "under_way")

    def __init__(self, key: _Key) -> None:
        self.key = key
        self.given = self.confirmed = self.under_way = self.again = self.refused = 0
        self.failed: dict[int, str] = {}


def _name() -> str:
    return secrets.token_hex(4)


class Tally:
    """One process's counts; use it on the event loop. `run` writes them every few seconds."""

    def __init__(self, store: Store, name: Callable[[], str] = _name) -> None:
        self._store, self._fresh_name = store, name
        self._name = name()
        self._pages: dict[_Key, Page] = {}
        self._unkept: dict[_Key, Page] = {}

    def numbered(self, inbound: Inbound, lane: str) -> tuple[Inbound, Page]:
        """The event with its number, and what to call `confirmed` or `failed` with.

        Hand it to the bus at once, so that numbers come in their order.
        """
        source = f"{self._name}.{lane.removeprefix('inbound.')}"
        page = self._page(minute_of(inbound.received_at), inbound.channel_id, source)
        page.given += 1
        page.under_way += 1
        return replace(inbound, source=source, number=page.given), page

    def confirmed(self, inbound: Inbound, page: Page) -> None:
        """The bus has it."""
        page.under_way -= 1
        if inbound.number > page.confirmed:  # noqa: PLR1730 - max() takes three times as long
            page.confirmed = inbound.number
        self._unkept[page.key] = page

    def failed(self, inbound: Inbound, page: Page) -> None:
        """The bus may have it or not; its sender is told to try again."""
        page.under_way -= 1
        page.failed[inbound.number] = inbound.id
        self._unkept[page.key] = page
        # Nothing that comes later stands behind it, so a number that came to nothing leaves no gap.
        if inbound.source.startswith(self._name):
            self._name = self._fresh_name()

    def again(self, inbound: Inbound) -> None:
        """It had been accepted before."""
        self._touch(minute_of(inbound.received_at), inbound.channel_id, self._name).again += 1

    def refused(self, channel_id: str, at: datetime) -> None:
        """Something came that is not taken: forged, malformed, too large or too often."""
        self._touch(minute_of(at), channel_id, self._name).refused += 1

    async def run(self) -> None:
        """Write until cancelled, and once more then."""
        loop = asyncio.get_running_loop()
        begun = loop.time()
        try:
            while True:
                await asyncio.sleep(EVERY)
                if loop.time() - begun > LIFETIME:
                    self._name, begun = self._fresh_name(), loop.time()
                with suppress(StoreUnavailable):
                    await self.keep()
        finally:
            with suppress(StoreUnavailable):
                await self.keep()

    async def keep(self) -> None:
        """Write what has changed; raises `StoreUnavailable`, and then it is written next time."""
        unkept, self._unkept = self._unkept, {}
        totals = [Totals(*key, page.confirmed, page.again, page.refused) for key, page in unkept.items()]
        gaps = [
            (Mark(*key, number), message_id)
            for key, page in unkept.items()
            for number, message_id in page.failed.items()
            if number < page.confirmed
        ]
        kept = [one for one in totals if any(one[3:])]
        try:
            if kept:
                await self._store.write(partial(ledger.keep, totals=kept, unconfirmed=gaps))
        except BaseException:
            self._unkept = unkept | self._unkept
            raise
        for key, page in list(self._pages.items()):
            if not key[2].startswith(self._name) and not page.under_way and key not in self._unkept:
                del self._pages[key]

    def _touch(self, minute: datetime, channel_id: str, source: str) -> Page:
        page = self._page(minute, channel_id, source)
        self._unkept[page.key] = page
        return page

    def _page(self, minute: datetime, channel_id: str, source: str) -> Page:
        key = (minute, channel_id, source)
        page = self._pages.get(key)
        if page is None:
            page = self._pages[key] = Page(key)
        return page
