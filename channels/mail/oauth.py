"""How a mailbox signs in: by password, or by XOAUTH2 with access tokens that are renewed.

RFC 6749, section 6, says how a refresh token renews them.
"""

from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from typing import Final, NamedTuple

import aiohttp

from channels.mail.settings import OAuth
from channels.protocol import Retryable

# A token is renewed this long before it ends.
_EARLY: Final = timedelta(minutes=2)
_SECONDS: Final = 15


async def _nothing() -> str:
    return ""


class Login(NamedTuple):
    """What to sign in with: the password, or with `oauth` an access token. `refused` is told that the server
    did not take it."""

    secret: Callable[[], Awaitable[str]] = _nothing
    oauth: bool = False
    refused: Callable[[], None] = lambda: None


class AccessToken:
    """One mailbox's token, asked for when needed."""

    def __init__(
        self,
        settings: OAuth,
        client_secret: str,
        refresh_token: str,
        http: aiohttp.ClientSession,
        now: Callable[[], datetime],
    ) -> None:
        self._settings, self._client_secret, self._refresh_token = settings, client_secret, refresh_token
        self._http, self._now = http, now
        self._token = ""
        self._until: datetime | None = None

    async def __call__(self) -> str:
        """A token that still lives a while; raises `Retryable`."""
        if self._until is None or self._now() >= self._until:
            await self._renew()
        return self._token

    def forget(self) -> None:
        """It was not taken: the next one is asked for anew."""
        self._until = None

    async def _renew(self) -> None:
        form = {
            "grant_type": "refresh_token",
            "refresh_token": self._refresh_token,
            "client_id": self._settings.client_id,
        }
        form |= {"client_secret": self._client_secret} if self._client_secret else {}
        form |= {"scope": self._settings.scope} if self._settings.scope else {}
        timeout = aiohttp.ClientTimeout(total=_SECONDS)
        try:
            url = self._settings.token_url
            async with self._http.post(url, data=form, allow_redirects=False, timeout=timeout) as answer:
                told = await answer.json(content_type=None) if answer.status == 200 else {}
            self._token = str(told["access_token"])
            life = timedelta(seconds=min(float(told.get("expires_in", 3600)), 86_400))
        except (aiohttp.ClientError, OSError, TimeoutError, ValueError, KeyError, TypeError):
            raise Retryable(
                "the mailbox's access token can't be renewed: sign in to the provider anew"
            ) from None
        self._until = self._now() + max(life - _EARLY, timedelta(seconds=30))
