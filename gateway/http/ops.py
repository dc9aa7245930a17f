"""What operators ask: `/livez`, `/readyz`, `/metrics`."""

import asyncio
from collections.abc import AsyncIterator

import orjson
from aiohttp import web
from prometheus_client import CONTENT_TYPE_LATEST, Gauge, generate_latest

from gateway.parts import Check, Parts

# A loop that stood still this long serves nobody.
DEAD_SECONDS = 5.0
_TICK = 0.25
# A check that has not answered by then has failed.
_CHECK_SECONDS = 5


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


def mount(app: web.Application, parts: Parts) -> None:
    """Serve all three."""
    lag = Lag()
    Gauge("frontdesk_loop_lag_seconds", "How late the event loop is.", registry=parts.metrics).set_function(
        lambda: lag.seconds
    )

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
        names = sorted(parts.checks)
        outcomes = await asyncio.gather(*(_outcome(parts.checks[name]) for name in names))
        checks = dict(zip(names, outcomes, strict=True))
        ready = all(outcome == "ok" for outcome in outcomes)
        return _json({"status": "ok" if ready else "not ready", "checks": checks}, 200 if ready else 503)

    async def metrics(_request: web.Request) -> web.Response:
        return web.Response(
            body=generate_latest(parts.metrics), headers={"Content-Type": CONTENT_TYPE_LATEST}
        )

    app.cleanup_ctx.append(watching)
    app.router.add_get("/livez", livez)
    app.router.add_get("/readyz", readyz)
    app.router.add_get("/metrics", metrics)


async def _outcome(check: Check) -> str:
    try:
        async with asyncio.timeout(_CHECK_SECONDS):
            await check()
    except TimeoutError:
        return f"no answer within {_CHECK_SECONDS} s"
    except Exception as error:
        return str(error) or type(error).__name__
    return "ok"


def _json(body: object, status: int) -> web.Response:
    return web.Response(body=orjson.dumps(body), status=status, content_type="application/json")
