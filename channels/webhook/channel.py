"""The webhook channel itself."""

from datetime import UTC, datetime
from io import BytesIO
from typing import ClassVar
from urllib.parse import urlsplit

import aiohttp

from bus.envelope import Outbound
from channels import outcome
from channels.protocol import Capabilities, Channel, Gone, HookRequest, Received, Sent, Tools
from channels.settings import Settings
from channels.webhook import body, receive, send, signature
from channels.webhook.settings import WebhookSettings

_ANY_TIME = datetime.min.replace(tzinfo=UTC)
_TIMEOUT = aiohttp.ClientTimeout(total=15)


class Webhook(Channel):
    """Messages as signed POSTs. Sending is idempotent: `webhook-id` is the same on every attempt."""

    kind: ClassVar[str] = receive.KIND
    capabilities: ClassVar[Capabilities] = Capabilities(
        longest_text=None,
        media=True,
        buttons=False,
        receipts=False,
        typing=False,
        edits=False,
        idempotent=True,
    )
    longest_body: ClassVar[int] = receive.LONGEST_BODY
    settings_type: ClassVar[type[Settings]] = WebhookSettings

    def __init__(self, channel_id: str, settings: WebhookSettings, tools: Tools) -> None:
        self._id = channel_id
        self._settings = settings
        self._url = None if settings.callback_disabled else settings.callback_url
        self._tools = tools
        # Decoded once, where time changes nothing.
        self._always = None if settings.previous_secret else settings.verifier(_ANY_TIME)

    def __repr__(self) -> str:
        return f"Webhook({self._id!r})"

    def receive(self, request: HookRequest) -> Received:
        """See `Channel`."""
        verifier = self._always or self._settings.verifier(request.now)
        signature.verify(verifier, request.headers, request.body, request.now.timestamp())
        return receive.envelope(request, body.parse(request.body))

    async def probe(self) -> None:
        """See `Channel`: any answer of `callback_url` is enough."""
        if self._url is None:
            return
        try:
            async with self._tools.http.head(self._url, allow_redirects=False, timeout=_TIMEOUT):
                pass
        except (aiohttp.ClientError, OSError, ValueError) as error:
            raise outcome.failure(error, urlsplit(self._url).hostname or "") from None

    async def send(self, outbound: Outbound) -> Sent:
        """See `Channel`."""
        if self._url is None:
            return Sent(kept=True)
        files = [await self._tools.fetch(attachment.blob) for attachment in outbound.attachments]
        content = send.payload(outbound, files)
        now = self._tools.now()
        headers = signature.sign(self._settings.signer(now), outbound.id, int(now.timestamp()), content)
        headers["Content-Type"] = "application/json"
        try:
            async with self._tools.http.post(
                self._url, data=BytesIO(content), headers=headers, allow_redirects=False, timeout=_TIMEOUT
            ) as answer:
                if answer.status == 410:
                    raise Gone("the receiver says it is gone for good (410)", {"callback_disabled": True})
                outcome.check(answer.status, answer.headers, now)
        except (aiohttp.ClientError, OSError, ValueError) as error:
            raise outcome.failure(error, urlsplit(self._url).hostname or "") from None
        return Sent()
