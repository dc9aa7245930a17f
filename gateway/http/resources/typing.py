"""That an agent is typing, told to the customer where the channel can show it."""

from contextlib import suppress

import msgspec

from bus.live import Rate
from channels.protocol import SendError
from gateway.http.call import Call
from gateway.http.endpoint import Api
from gateway.http.visitor_socket import topic
from storage import conversations

api = Api("Conversations")
# A page says so every few seconds while somebody types.
_RATE = Rate(2, 4)


@api.asynchronous(
    "POST", "/api/v1/conversations/{conversation_id}/typing", status=204, summary="Say that you are typing"
)
async def say_typing(call: Call, conversation_id: str) -> None:
    """Shown for a moment, and kept nowhere. What comes too often is dropped: the next says the same."""
    parts = call.parts
    seen = await parts.store.read(lambda sql: conversations.get(sql, conversation_id))
    if await parts.live.limit(f"agent-typing:{call.principal.id}", _RATE):
        return
    # A widget's sockets are this desk's own; a platform is told by its channel.
    told = msgspec.json.encode({"typing": call.principal.name})
    await parts.live.publish(topic(seen.contact_point_id), told)
    connected = parts.connections.get(seen.channel_id)
    if connected is not None and connected.enabled and connected.channel.capabilities.typing:
        where = await parts.store.read(lambda sql: conversations.where(sql, conversation_id))
        # That it could not be shown is no error to who writes.
        with suppress(SendError):
            await connected.channel.type(where.thread, where.address)
