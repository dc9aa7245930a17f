"""Who is asking: a bearer token, or a session's cookie with its CSRF header."""

import hmac
from collections import OrderedDict
from http.cookies import SimpleCookie
from urllib.parse import urlsplit

from aiohttp import web

from bus.live import Rate
from gateway.http.call import Principal
from gateway.http.peer import is_https
from gateway.http.problems import Forbidden, TooManyRequests, Unauthorized
from gateway.parts import Parts
from storage import sessions, tokens
from storage.tokens import hash_of

COOKIE = "frontdesk_session"
CSRF_HEADER = "X-CSRF-Token"
# How long a revoked token may still be believed, in seconds.
BELIEVED = 2.0
_MOST = 4096
_SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
# The burst that goes with a sustained rate: two seconds of it.
_BURST_SECONDS = 2


class Doorkeeper:
    """Knows principals by their secrets, remembers them for two seconds, and counts what they ask."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self._known: OrderedDict[str, tuple[float, Principal]] = OrderedDict()
        rate = parts.settings.api_rate
        self._rate = Rate(rate, max(1, round(rate * _BURST_SECONDS)))

    async def admit(self, request: web.Request) -> Principal:
        """Who asks, if they may ask now; raises `Unauthorized`, `Forbidden`, `TooManyRequests`."""
        principal = await self.recognise(request)
        if principal is None:
            raise Unauthorized()
        if wait := await self._parts.live.limit(f"api:{principal.session or principal.id}", self._rate):
            raise TooManyRequests(wait)
        return principal

    async def recognise(self, request: web.Request) -> Principal | None:
        """Who asks; None for nobody. Raises `Unauthorized` for a secret that is not known (any more)."""
        scheme, _, secret = request.headers.get("Authorization", "").partition(" ")
        if scheme:
            if scheme.lower() != "bearer":
                raise Unauthorized("Only bearer tokens are understood here.")
            return await self._believe("t", secret.strip())
        cookie = request.cookies.get(COOKIE)
        if cookie is None:
            return None
        principal = await self._believe("s", cookie)
        self._guard(request, principal)
        return principal

    async def _believe(self, kind: str, secret: str) -> Principal:
        digest = hash_of(secret)
        key = kind + digest
        now = self._parts.tick()
        if (known := self._known.get(key)) is not None and now < known[0]:
            return known[1]
        principal = await (self._token(digest) if kind == "t" else self._session(digest))
        if principal is None:
            self._known.pop(key, None)
            raise Unauthorized("This token or session is not known here, or not any more.")
        self._known[key] = (now + BELIEVED, principal)
        while len(self._known) > _MOST:
            self._known.popitem(last=False)
        return principal

    async def _token(self, digest: str) -> Principal | None:
        token = await self._parts.store.read(lambda sql: tokens.by_hash(sql, digest))
        return None if token is None else Principal(id=token.id, name=token.name, role=token.role)

    async def _session(self, digest: str) -> Principal | None:
        now = self._parts.clock()
        found = await self._parts.store.read(lambda sql: sessions.by_hash(sql, digest, now))
        if found is None:
            return None
        return Principal(id=found.agent_id, name=found.name, role=found.role, csrf=found.csrf, session=digest)

    def _guard(self, request: web.Request, principal: Principal) -> None:
        # A browser sends the cookie for whatever page asks; only our own pages know the header's value.
        if request.method not in _SAFE:
            given = request.headers.get(CSRF_HEADER, "")
            if not hmac.compare_digest(
                given.encode("utf-8", "surrogateescape"), (principal.csrf or "").encode()
            ):
                raise Forbidden(f"The header {CSRF_HEADER} is missing or not this session's.")
        elif request.headers.get("Upgrade", "").lower() == "websocket":
            refuse_foreign_origin(request, self._parts.settings.public_url)


def refuse_foreign_origin(request: web.Request, public_url: str) -> None:
    """Raise `Forbidden` for a socket that another site's page opens: CORS does not guard sockets."""
    origin = urlsplit(request.headers.get("Origin", "")).netloc
    # A page in a sandbox says "null", which has no host.
    if not origin or origin not in {request.host, urlsplit(public_url).netloc}:
        raise Forbidden("Sockets are for this site's own pages.")


def cookie_header(secret: str, request: web.Request, parts: Parts, max_age: int) -> str:
    """The Set-Cookie header of a session; an empty secret removes it."""
    cookie: SimpleCookie = SimpleCookie()
    cookie[COOKIE] = secret
    morsel = cookie[COOKIE]
    morsel["path"] = "/"
    morsel["httponly"] = True
    morsel["samesite"] = "Lax"
    morsel["max-age"] = max_age
    if is_https(request, parts.settings):
        morsel["secure"] = True
    return morsel.OutputString()
