"""What the processes are made of, composed once and handed down as one value."""

import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

from msgspec.structs import replace
from prometheus_client import CollectorRegistry

from bus.live import Live
from bus.port import Bus
from gateway.acceptance import Acceptance
from gateway.library import Library
from gateway.settings import Settings
from gateway.spool import Spool
from gateway.tally import Tally
from router.desk import Desk
from storage.blobs import Blobs
from storage.catalogue import load_desk
from storage.paging import Sql
from storage.secrets import Secrets
from storage.store import Clock, Store
from workers.connections import Connections
from workers.knowledge import Knowledge
from workers.relay import Relay
from workers.setup import SetupLoader

Check = Callable[[], Awaitable[None]]
"""One condition of being ready; raises when it is not met, with a text that operators may see."""


@dataclass(frozen=True, kw_only=True)
class Process:
    """What each process has, whatever its role. `tick` is a monotonic clock in seconds."""

    settings: Settings
    store: Store
    bus: Bus
    clock: Clock
    checks: dict[str, Check] = field(default_factory=dict)
    metrics: CollectorRegistry = field(default_factory=CollectorRegistry)
    tick: Callable[[], float] = time.monotonic


@dataclass(frozen=True, kw_only=True)
class Parts(Process):
    """The parts that the whole of HTTP is served from."""

    live: Live
    blobs: Blobs
    secrets: Secrets
    setup: SetupLoader
    knowledge: Knowledge
    library: Library
    connections: Connections
    relay: Relay
    acceptance: Acceptance
    tally: Tally
    spool: Spool | None

    def desk(self, sql: Sql) -> Desk:
        """The desk as this transaction sees it, with what settings say of it."""
        return with_settings(load_desk(sql), self.settings)


def with_settings(desk: Desk, settings: Settings) -> Desk:
    """The desk with what settings say of it."""
    return replace(
        desk,
        close_days=settings.reopen_days,
        self_served_hours=settings.self_serve_hours,
        bot_turns=settings.bot_turns,
        cool_down_seconds=settings.cool_down_seconds,
        last_choice_seconds=settings.last_choice_seconds,
        fair_offers=settings.fair_offers,
        fair_seconds=settings.fair_seconds,
        away_after_missed=settings.away_after_missed,
    )
