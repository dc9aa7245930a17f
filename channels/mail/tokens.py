"""How a reply finds its conversation: Message-IDs and reply addresses of ours, which nobody else can make.

Both carry an id and the first 80 bits of an HMAC-SHA256 over what kind of thing it is and the id.
"""

import base64
import hmac
import re
from typing import Final

_ID: Final = re.compile(r"<(msg_[0-9a-z]{1,40})\.([a-z2-7]{16})@[^<>@]+>")
_REPLY: Final = re.compile(r"[^@]*\+((?:cv|msg)_[0-9a-z]{1,40})\.([a-z2-7]{16})@[^@]+", re.IGNORECASE)


def message_id(key: str, message: str, address: str) -> str:
    """The Message-ID of one of our messages, the same on each attempt to send it."""
    return f"<{message}.{_mark(key, 'message', message)}@{address.rpartition('@')[2]}>"


def message_of(key: str, found: str) -> str:
    """The id of our message that a Message-ID names; "" for one that is not ours."""
    match = _ID.fullmatch(found)
    return match[1] if match and _same(match[2], _mark(key, "message", match[1])) else ""


def reply_address(key: str, address: str, answered: str) -> str:
    """Where replies come back to; `answered` is the id of a conversation, or of the message they answer."""
    local, _, domain = address.rpartition("@")
    return f"{local}+{answered}.{_mark(key, 'reply', answered)}@{domain}"


def answered_at(key: str, address: str) -> str:
    """The id that a reply address was made of; "" for an address that is not ours."""
    match = _REPLY.fullmatch(address.lower()) if len(address) < 400 else None
    return match[1] if match and _same(match[2], _mark(key, "reply", match[1])) else ""


def _mark(key: str, what: str, id_: str) -> str:
    digest = hmac.digest(key.encode(), f"{what}:{id_}".encode(), "sha256")
    return base64.b32encode(digest[:10]).decode("ascii").lower()


def _same(one: str, other: str) -> bool:
    return hmac.compare_digest(one.encode(), other.encode())
