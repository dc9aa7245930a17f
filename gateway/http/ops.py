"""What operators ask: `/livez`, `/readyz`, `/metrics`."""

import asyncio
from collections.abc import AsyncIterator

import orjson
from aiohttp import web
from prometheus_client import CONTENT_TYPE_LATEST, Gauge, ProcessCollector, generate_latest

from gateway.metrics import Waits
from gateway.parts import Process
from gateway.readiness import OK, outcomes

# A loop that stood still this long serves nobody.
DEAD_SECONDS = 5.0
_TICK = 0.25


class Lag:
    """How late the event loop runs what is due, in seconds."""

    def __init__(self) -> None:
        self._last = 0.0

    @property
    def seconds(self) -> float:
        """The lag at the last tick."""
        return self._last

    async def watch(self) -> None:
        """Measure until cancelled."""
        loop = asyncio.get_running_loop()
        while True:
            due = loop.time() + _TICK
            await asyncio.sleep(_TICK)
            self._last = max(0.0, loop.time() - due)


def mount(app: web.Application, process: Process) -> None:
    """Serve all three."""
    lag = Lag()
    Gauge("frontdesk_loop_lag_seconds", "How late the event loop is.", registry=process.metrics).set_function(
        lambda: lag.seconds
    )
    ProcessCollector(namespace="frontdesk", registry=process.metrics)
    waits = Waits(process)
    process.metrics.register(waits)

    async def watching(_app: web.Application) -> AsyncIterator[None]:
        task = asyncio.create_task(lag.watch(), name="loop lag")
        yield
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)

    async def livez(_request: web.Request) -> web.Response:
        alive = lag.seconds < DEAD_SECONDS
        body = {"status": "ok" if alive else "stalled", "loop_lag_ms": round(lag.seconds * 1000, 1)}
        return _json(body, 200 if alive else 503)

    async def readyz(_request: web.Request) -> web.Response:
        checks = await outcomes(process.checks)
        ready = all(outcome == OK for outcome in checks.values())
        return _json({"status": "ok" if ready else "not ready", "checks": checks}, 200 if ready else 503)

    async def metrics(_request: web.Request) -> web.Response:
        await waits.refresh()
        return web.Response(
            body=generate_latest(process.metrics), headers={"Content-Type": CONTENT_TYPE_LATEST}
        )

    app.cleanup_ctx.append(watching)
    app.router.add_get("/livez", livez)
    app.router.add_get("/readyz", readyz)
    app.router.add_get("/metrics", metrics)


def _json(body: object, status: int) -> web.Response:
    return web.Response(body=orjson.dumps(body), status=status, content_type="application/json")
