"""Signatures by Standard Webhooks 1.0 (symmetric, `v1`): HMAC-SHA256 over `id.timestamp.body`.

https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md
"""

import base64
import binascii
import hmac
from collections.abc import Mapping

from channels.protocol import Unauthenticated

PREFIX = "whsec_"
# The specification's bounds for a key, in bytes, and its libraries' tolerance for a timestamp.
SHORTEST_KEY, LONGEST_KEY = 24, 64
TOLERANCE_S = 300


def key_of(secret: str) -> bytes:
    """The key in a `whsec_…` secret; raises ValueError."""
    if not secret.startswith(PREFIX):
        raise ValueError(f"a secret starts with {PREFIX}")
    try:
        key = base64.b64decode(secret.removeprefix(PREFIX), validate=True)
    except (binascii.Error, ValueError):
        raise ValueError(f"after {PREFIX} a secret is base64") from None
    if not SHORTEST_KEY <= len(key) <= LONGEST_KEY:
        raise ValueError(f"a secret holds {SHORTEST_KEY} to {LONGEST_KEY} bytes")
    return key


def secret_of(key: bytes) -> str:
    """The `whsec_…` form of a key."""
    return PREFIX + base64.b64encode(key).decode("ascii")


def sign(key: bytes, message_id: str, timestamp: int, body: bytes) -> dict[str, str]:
    """The three headers for a body; `timestamp` in whole seconds since 1970."""
    signed = _signature(key, message_id.encode(), str(timestamp).encode(), body)
    return {
        "webhook-id": message_id,
        "webhook-timestamp": str(timestamp),
        "webhook-signature": signed.decode("ascii"),
    }


def verify(key: bytes, headers: Mapping[str, str], body: bytes, now: float) -> None:
    """Raise `Unauthenticated` unless one of the signatures is ours; `now` in seconds since 1970."""
    message_id = headers.get("webhook-id")
    timestamp = headers.get("webhook-timestamp")
    signatures = headers.get("webhook-signature")
    if not message_id or not timestamp or not signatures:
        raise Unauthenticated("the headers webhook-id, webhook-timestamp and webhook-signature are needed")
    # Twelve digits reach the year 33658, and int() of thousands of them is slow.
    if not (timestamp.isascii() and timestamp.isdigit() and len(timestamp) <= 12):
        raise Unauthenticated("webhook-timestamp is a whole number of seconds since 1970")
    if abs(now - int(timestamp)) > TOLERANCE_S:
        raise Unauthenticated(f"webhook-timestamp is more than {TOLERANCE_S} seconds away from now")
    # Header bytes that are not UTF-8 arrive as lone surrogates.
    expected = _signature(key, message_id.encode("utf-8", "surrogateescape"), timestamp.encode(), body)
    for signature in signatures.encode("utf-8", "surrogateescape").split(b" "):
        if hmac.compare_digest(signature, expected):
            return
    raise Unauthenticated("no signature in webhook-signature fits this body and this channel's secret")


def _signature(key: bytes, message_id: bytes, timestamp: bytes, body: bytes) -> bytes:
    digest = hmac.digest(key, b"%b.%b.%b" % (message_id, timestamp, body), "sha256")
    return b"v1," + binascii.b2a_base64(digest, newline=False)
