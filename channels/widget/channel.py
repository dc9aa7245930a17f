"""The widget channel itself."""

from typing import ClassVar, Self

from bus.envelope import Outbound
from channels.protocol import Capabilities, HookRequest, Received, Sent, Tools, Unauthenticated
from channels.settings import Settings
from channels.widget import frames, receive
from channels.widget.settings import WidgetSettings


class Widget:
    """Visitors speak over a socket that the gateway holds, and read what is stored: sending is the commit."""

    kind: ClassVar[str] = receive.KIND
    capabilities: ClassVar[Capabilities] = Capabilities(
        longest_text=frames.LONGEST_TEXT, media=True, buttons=True, idempotent=True
    )
    longest_body: ClassVar[int] = 0
    settings_type: ClassVar[type[Settings]] = WidgetSettings

    def __init__(self, channel_id: str, settings: WidgetSettings, tools: Tools) -> None:
        self._id = channel_id
        self.settings = settings

    def __repr__(self) -> str:
        return f"Widget({self._id!r})"

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_exc: object) -> None:
        return None

    def receive(self, request: HookRequest) -> Received:
        """See `Channel`; a widget has no hook."""
        raise Unauthenticated("a widget's visitors speak over their socket, not over a hook")

    async def send(self, outbound: Outbound) -> Sent:
        """See `Channel`."""
        return Sent()
