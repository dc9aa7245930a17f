"""The e-mail channel itself."""

from collections.abc import AsyncGenerator, Awaitable, Callable
from typing import ClassVar, Self

from pydantic import SecretStr

from bus.envelope import Outbound
from channels.mail import fetch, receive
from channels.mail.compose import compose
from channels.mail.letter import Letter, composed
from channels.mail.oauth import AccessToken, Login
from channels.mail.send import Sender
from channels.mail.settings import MailSettings
from channels.protocol import Capabilities, Channel, Heard, HookRequest, Received, Rejected, Sent, Tools
from channels.settings import Settings


class Mail(Channel):
    """A mailbox: mail comes by IMAP or is posted as raw MIME, and goes by SMTP."""

    kind: ClassVar[str] = receive.KIND
    capabilities: ClassVar[Capabilities] = Capabilities(
        longest_text=1_000_000,
        media=True,
        buttons=False,
        receipts=False,
        typing=False,
        edits=False,
        idempotent=False,
    )
    longest_body: ClassVar[int] = receive.LONGEST_BODY
    settings_type: ClassVar[type[Settings]] = MailSettings

    def __init__(self, channel_id: str, settings: MailSettings, tools: Tools) -> None:
        self._id, self.settings, self._tools = channel_id, settings, tools
        self._sender: Sender | None = None
        self._token: AccessToken | None = None

    def __repr__(self) -> str:
        return f"Mail({self._id!r}, {self.settings.address!r})"

    @property
    def polls(self) -> bool:
        """See `Channel`."""
        return self.settings.imap is not None

    async def __aenter__(self) -> Self:
        if self.settings.oauth is not None:
            self._token = AccessToken(
                self.settings.oauth,
                self.settings.oauth_client_secret.get_secret_value(),
                self.settings.oauth_refresh_token.get_secret_value(),
                self._tools.http,
                self._tools.now,
            )
        if self.settings.smtp is not None:
            self._sender = Sender(self.settings.smtp, self._login(self.settings.smtp_password))
        return self

    async def __aexit__(self, *_exc: object) -> None:
        if self._sender is not None:
            await self._sender.close()

    def receive(self, request: HookRequest) -> Received:
        """See `Channel`."""
        receive.authenticate(request.headers, self.settings.hook_secret.get_secret_value())
        return Received((receive.inbound(request.channel_id, request.body, request.now),))

    def listen(self, cursor: str) -> AsyncGenerator[Heard, None]:
        """See `Channel`."""
        login = self._login(self.settings.imap_password)
        return fetch.listen(self._id, self.settings, login, self._tools.now, cursor)

    async def connect(self, hook: str) -> None:
        """See `Channel`: signs in where mail is fetched from, and where it is given to be sent."""
        if self.settings.imap is not None:
            await fetch.prove(self.settings.imap, self._login(self.settings.imap_password))
        if self._sender is not None:
            await self._sender.prove()

    async def send(self, outbound: Outbound) -> Sent:
        """See `Channel`. The external id is the Message-ID."""
        if self._sender is None:
            raise Rejected("the channel has no smtp server: set one, then send again")
        files = [await self._tools.fetch(attachment.blob) for attachment in outbound.attachments]
        mail = compose(outbound, files, self.settings)
        await self._sender.send(self.settings.address, mail)
        return Sent(str(mail.message["Message-ID"]))

    async def tell(self, letter: Letter, about_to: Callable[[], Awaitable[None]]) -> None:
        """Give a mail of the desk's own to the server, as `Sender.hand` does."""
        if self._sender is None:
            raise Rejected("the channel that is the desk's own sender has no smtp server: set one")
        content = composed(letter, self.settings)
        await self._sender.hand(self.settings.address, letter.to, content, about_to)

    def _login(self, password: SecretStr) -> Login:
        if self._token is not None:
            return Login(self._token, oauth=True, refused=self._token.forget)

        async def secret() -> str:
            return password.get_secret_value()

        return Login(secret)
