"""From an `Outbound` to the body that `callback_url` gets."""

import base64
from collections.abc import Sequence
from typing import Any

import orjson

from bus.envelope import Outbound
from channels.pieces import worded


def payload(outbound: Outbound, files: Sequence[bytes]) -> bytes:
    """The JSON body; `files` are the attachments' bytes, in their order."""
    data: dict[str, Any] = {
        "id": outbound.id,
        "conversation": outbound.thread or None,
        "to": {"id": outbound.address},
        "author": outbound.author,
        "text": worded(outbound),
        "attachments": [
            {"name": one.name, "type": one.type, "data": base64.b64encode(data).decode("ascii")}
            for one, data in zip(outbound.attachments, files, strict=True)
        ],
    }
    if outbound.html is not None:
        data["html"] = outbound.html
    if outbound.options:
        data["options"] = [{"value": one.value, "label": one.label} for one in outbound.options]
    document = {"type": "message.created", "timestamp": outbound.created_at, "data": data}
    return orjson.dumps(document, option=orjson.OPT_UTC_Z)
