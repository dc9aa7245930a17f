"""The express way of hooks: past the router and its middlewares, under the same edge.

Nearly everything that arrives is a post to a hook, and finding its route took a fifth of what answering took.
Whatever is not such a plain post goes the usual way, where the same handler stands.
"""

from collections.abc import Awaitable, Callable

from aiohttp import hdrs, web

from gateway.http.edge import Watch
from gateway.http.hooks import PATTERN, Hook

Answer = Callable[[web.BaseRequest], Awaitable[web.StreamResponse]]
_PREFIX = PATTERN.partition("{")[0]


class Express:
    """Answers plain posts to hooks by itself, and gives everything else to what usually answers."""

    def __init__(self, hook: Hook, watch: Watch) -> None:
        self._hook, self._watch = hook, watch

    def before(self, usual: Answer) -> Answer:
        """What answers every request of a server that `usual` answered until now."""
        hook, watch = self._hook, self._watch

        def answer(request: web.BaseRequest) -> Awaitable[web.StreamResponse]:
            path = request.raw_path
            channel_id = path[len(_PREFIX) :]
            plain = path.startswith(_PREFIX) and channel_id.isascii() and channel_id.isidentifier()
            if not plain or request.method != hdrs.METH_POST or hdrs.EXPECT in request.headers:
                return usual(request)
            # The application's own server makes nothing else.
            assert isinstance(request, web.Request)  # noqa: S101 - for the types
            return watch(request, lambda request: hook(request, channel_id), PATTERN)

        return answer


EXPRESS = web.AppKey("express", Express)


def install(app: web.Application, server: web.Server | None) -> None:
    """Let the application's server take the express way, where it has one; before it listens."""
    if EXPRESS in app and server is not None:
        server.request_handler = app[EXPRESS].before(server.request_handler)
