"""What the processes are made of, composed once and handed down as one value."""

import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field

from prometheus_client import CollectorRegistry

from bus.live import Live
from gateway.settings import Settings
from storage.store import Clock, Store

Check = Callable[[], Awaitable[None]]
"""One condition of being ready; raises when it is not met, with a text that operators may see."""


@dataclass(frozen=True, kw_only=True)
class Parts:
    """The parts that HTTP is served from. `tick` is a monotonic clock in seconds."""

    settings: Settings
    store: Store
    live: Live
    clock: Clock
    checks: Mapping[str, Check] = field(default_factory=dict)
    metrics: CollectorRegistry = field(default_factory=CollectorRegistry)
    tick: Callable[[], float] = time.monotonic
