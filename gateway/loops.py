"""The loops of a process: one that fails is started again, and readiness tells while it is down."""

import asyncio
from collections.abc import Mapping
from contextlib import suppress

import structlog

from gateway.roles import Run

log = structlog.get_logger()
# A loop that fails is started again after this many seconds; what it had in hand comes again.
RESTART_AFTER = 1.0


class Loops:
    """`start` them all, and `stop` them once."""

    def __init__(self, runs: Mapping[str, Run]) -> None:
        self._runs = runs
        self._tasks: list[asyncio.Task[None]] = []
        self._down: dict[str, str] = {}

    def start(self) -> None:
        """Start them all."""
        self._tasks = [
            asyncio.create_task(self._keep(name, run), name=name) for name, run in self._runs.items()
        ]

    async def stop(self) -> None:
        """Cancel them; each finishes or gives back what it had in hand."""
        for task in self._tasks:
            task.cancel()
        for task in self._tasks:
            with suppress(asyncio.CancelledError):
                await task

    async def check(self) -> None:
        """For readiness: raises `RuntimeError`, naming what is down."""
        if self._down:
            raise RuntimeError("; ".join(f"{name}: {why}" for name, why in sorted(self._down.items())))

    async def _keep(self, name: str, run: Run) -> None:
        while True:
            try:
                await run()
            except Exception as error:
                log.exception("a worker failed and starts again", worker=name)
                self._down[name] = type(error).__name__
            await asyncio.sleep(RESTART_AFTER)
            self._down.pop(name, None)
