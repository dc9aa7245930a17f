"""The outermost layer: request ids, the access log, counts and times, problems, security headers."""

import re
import secrets
import time
from collections.abc import Awaitable, Callable
from functools import cache
from itertools import count

import structlog
from aiohttp import hdrs, web
from aiohttp.typedefs import Middleware
from prometheus_client import CollectorRegistry, Counter, Histogram

from gateway.http.dispatch import WHO, Handler
from gateway.http.dress import REQUEST_ID, dress
from gateway.http.peer import client_address
from gateway.http.problems import failure, problem_of, respond
from gateway.settings import Settings

_PROCESS = secrets.token_hex(6)
_count = count(1)
_ID = re.compile(r"[A-Za-z0-9._-]{8,64}")
_BUSY = frozenset({"/hooks/{channel_id}", "/livez", "/readyz", "/metrics"})
_BUCKETS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10)

_access = structlog.get_logger("frontdesk.access")
_errors = structlog.get_logger("frontdesk.http")


Watch = Callable[[web.Request, Handler, str | None], Awaitable[web.StreamResponse]]


def edge(
    settings: Settings, registry: CollectorRegistry, clock: Callable[[], float] = time.perf_counter
) -> Watch:
    """What sees every request first and every response last.

    It is given the request, who answers it, and its route's pattern, None where aiohttp has found the route.
    """
    requests = Counter(
        "frontdesk_http_requests", "Requests answered.", ("method", "route", "status"), registry=registry
    )
    seconds = Histogram(
        "frontdesk_http_request_seconds",
        "Seconds to an answer.",
        ("method", "route"),
        buckets=_BUCKETS,
        registry=registry,
    )

    verbose = settings.log_level == "debug"

    @cache
    def tally(method: str, route: str, status: int) -> Counter:
        return requests.labels(method, route, str(status))

    @cache
    def time_of(method: str, route: str) -> Histogram:
        return seconds.labels(method, route)

    async def watch(request: web.Request, handler: Handler, route: str | None) -> web.StreamResponse:
        started = clock()
        request_id = _request_id(request)
        # Nothing unbinds it: each request is answered in a task of its own.
        structlog.contextvars.bind_contextvars(request_id=request_id)
        try:
            response = await handler(request)
        except Exception as error:
            response = _told(error, request, route)
        if not response.prepared:
            dress(response, request_id)
        took = clock() - started
        if route is None:
            route = _route(request)
        method = request.method if request.method in hdrs.METH_ALL else "OTHER"
        tally(method, route, response.status).inc()
        time_of(method, route).observe(took)
        # What arrives all the time and goes well would drown the rest.
        if verbose or route not in _BUSY or response.status >= web.HTTPBadRequest.status_code:
            _tell(request, method, response.status, took)
        return response

    def _tell(request: web.Request, method: str, status: int, took: float) -> None:
        _access.info(
            "request",
            method=method,
            path=request.path[:300],
            status=status,
            ms=round(took * 1000, 2),
            ip=client_address(request, settings),
            who=request.get(WHO),
        )

    return watch


def middleware(watch: Watch) -> Middleware:
    """The edge of what the application routes."""

    @web.middleware
    async def routed(request: web.Request, handler: Handler) -> web.StreamResponse:
        return await watch(request, handler, None)

    return routed


def _told(error: Exception, request: web.Request, route: str | None) -> web.StreamResponse:
    problem = problem_of(error)
    if problem is not None:
        return respond(problem)
    _errors.exception("a request failed", method=request.method, route=route or _route(request))
    return failure()


def _request_id(request: web.Request) -> str:
    given = request.headers.get(REQUEST_ID, "")
    # Counted, not drawn: randomness is a call to the kernel, and an id need only be nobody else's.
    return given if given and _ID.fullmatch(given) else f"{_PROCESS}-{next(_count):x}"


def _route(request: web.Request) -> str:
    resource = request.match_info.route.resource
    return "unknown" if resource is None else resource.canonical
