"""From an `Outbound` to the body that `callback_url` gets."""

import base64
from collections.abc import Sequence
from typing import Any

import orjson

from bus.envelope import Option, Outbound

# What the options of a question carry; those that only ask whether an answer helped stay out of the text.
_ASKED = "article:"


def payload(outbound: Outbound, files: Sequence[bytes]) -> bytes:
    """The JSON body; `files` are the attachments' bytes, in their order."""
    data: dict[str, Any] = {
        "id": outbound.id,
        "conversation": outbound.thread or None,
        "to": {"id": outbound.address},
        "author": outbound.author,
        "text": text_of(outbound),
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


def text_of(outbound: Outbound) -> str:
    """The text, with a question's options as numbered lines: a plain program has no buttons to show."""
    if not any(option.value.startswith(_ASKED) for option in outbound.options):
        return outbound.text
    return "\n".join((outbound.text, *_numbered(outbound.options)))


def _numbered(options: Sequence[Option]) -> list[str]:
    return [f"{number}. {option.label}" for number, option in enumerate(options, 1)]
