"""An identity provider: renews access tokens (RFC 6749, section 6) and tells which are good (RFC 7662)."""

from types import TracebackType
from typing import Any, Self

from aiohttp import web

REFRESH = "a refresh token"


class IdentityProvider:
    """Open with `async with`. `given` are the tokens it has issued; `good` those that are still good."""

    def __init__(self, user: str) -> None:
        self._user = user
        self.given: list[str] = []
        self.good: set[str] = set()
        app = web.Application()
        app.router.add_post("/token", self._token)
        app.router.add_post("/introspect", self._introspect)
        self._runner = web.AppRunner(app)
        self._url = ""

    async def __aenter__(self) -> Self:
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", 0).start()
        host, port = self._runner.addresses[0][:2]
        self._url = f"http://{host}:{port}"
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._runner.cleanup()

    @property
    def introspection_url(self) -> str:
        """Where servers ask about a token."""
        return f"{self._url}/introspect"

    @property
    def settings(self) -> dict[str, Any]:
        """A mailbox's `oauth`."""
        secrets = {"client_secret": "a client secret", "refresh_token": REFRESH}
        return {"token_url": f"{self._url}/token", "client_id": "frontdesk", **secrets}

    async def _token(self, request: web.Request) -> web.Response:
        form = await request.post()
        wanted = ("refresh_token", REFRESH, "frontdesk", "a client secret")
        told = tuple(form.get(name) for name in ("grant_type", "refresh_token", "client_id", "client_secret"))
        if told != wanted:
            return web.json_response({"error": "invalid_grant"}, status=400)
        token = f"token-{len(self.given)}"
        self.given.append(token)
        self.good.add(token)
        return web.json_response({"access_token": token, "token_type": "Bearer", "expires_in": 3600})

    async def _introspect(self, request: web.Request) -> web.Response:
        token = (await request.post()).get("token")
        if token not in self.good:
            return web.json_response({"active": False})
        return web.json_response({"active": True, "username": self._user})
