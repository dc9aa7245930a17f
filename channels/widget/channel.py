"""The widget channel itself."""

from typing import ClassVar

from bus.envelope import Outbound
from channels.protocol import Capabilities, Channel, Sent, Tools
from channels.settings import Settings
from channels.widget import receive
from channels.widget.settings import WidgetSettings


class Widget(Channel):
    """Visitors speak over a socket that the gateway holds, and read what is stored: sending is the commit."""

    kind: ClassVar[str] = receive.KIND
    capabilities: ClassVar[Capabilities] = Capabilities(
        longest_text=None,
        media=True,
        buttons=True,
        receipts=True,
        typing=True,
        edits=False,
        idempotent=True,
    )
    settings_type: ClassVar[type[Settings]] = WidgetSettings

    def __init__(self, channel_id: str, settings: WidgetSettings, tools: Tools) -> None:
        self._id = channel_id
        self.settings = settings

    def __repr__(self) -> str:
        return f"Widget({self._id!r})"

    async def send(self, outbound: Outbound) -> Sent:
        """See `Channel`."""
        return Sent()
