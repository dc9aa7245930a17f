"""Signatures by Standard Webhooks 1.0 over `id.timestamp.body`: HMAC-SHA256 (`v1`) and Ed25519 (`v1a`).

https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md
"""

import base64
import binascii
import hmac
from collections.abc import Mapping
from typing import NamedTuple

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from channels.protocol import Unauthenticated

PREFIX = "whsec_"
PRIVATE, PUBLIC = "whsk_", "whpk_"
_SEED = 32
# The specification's bounds for a key, in bytes, and its libraries' tolerance for a timestamp.
SHORTEST_KEY, LONGEST_KEY = 24, 64
TOLERANCE_S = 300
# Each may cost a verification.
_MOST_SIGNATURES = 8


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


class Signer(NamedTuple):
    """What signs: each key makes a signature, so that whoever knows one of them can tell."""

    keys: tuple[bytes, ...]
    private: Ed25519PrivateKey | None = None


class Verifier(NamedTuple):
    """What a signature may be made with."""

    keys: tuple[bytes, ...]
    public: Ed25519PublicKey | None = None


def private_key_of(secret: str) -> Ed25519PrivateKey:
    """The key in a `whsk_…` secret, which is the seed or seed and public key; raises ValueError."""
    raw = _decoded(secret, PRIVATE)
    if len(raw) not in (_SEED, 2 * _SEED):
        raise ValueError(f"after {PRIVATE} there are {_SEED} bytes in base64, or {2 * _SEED}")
    return Ed25519PrivateKey.from_private_bytes(raw[:_SEED])


def public_key_of(text: str) -> Ed25519PublicKey:
    """The key in a `whpk_…` text; raises ValueError."""
    raw = _decoded(text, PUBLIC)
    if len(raw) != _SEED:
        raise ValueError(f"after {PUBLIC} there are {_SEED} bytes in base64")
    return Ed25519PublicKey.from_public_bytes(raw)


def public_text(private: Ed25519PrivateKey) -> str:
    """The `whpk_…` form of a private key's public one."""
    return PUBLIC + base64.b64encode(private.public_key().public_bytes_raw()).decode("ascii")


def sign(signer: Signer, message_id: str, timestamp: int, body: bytes) -> dict[str, str]:
    """The three headers for a body; `timestamp` in whole seconds since 1970."""
    content = _content(message_id.encode(), str(timestamp).encode(), body)
    signatures = [_mac(key, content) for key in signer.keys]
    if signer.private is not None:
        signatures.append(b"v1a," + base64.b64encode(signer.private.sign(content)))
    return {
        "webhook-id": message_id,
        "webhook-timestamp": str(timestamp),
        "webhook-signature": b" ".join(signatures).decode("ascii"),
    }


def verify(verifier: Verifier, headers: Mapping[str, str], body: bytes, now: float) -> None:
    """Raise `Unauthenticated` unless one of the signatures is good; `now` in seconds since 1970."""
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
    content = _content(message_id.encode("utf-8", "surrogateescape"), timestamp.encode(), body)
    given = signatures.encode("utf-8", "surrogateescape").split(b" ")[:_MOST_SIGNATURES]
    for key in verifier.keys:
        expected = _mac(key, content)
        if any(hmac.compare_digest(signature, expected) for signature in given):
            return
    if verifier.public is not None and any(_proves(verifier.public, one, content) for one in given):
        return
    raise Unauthenticated("no signature in webhook-signature fits this body and this channel's secret")


def _proves(public: Ed25519PublicKey, signature: bytes, content: bytes) -> bool:
    if not signature.startswith(b"v1a,"):
        return False
    try:
        public.verify(base64.b64decode(signature[4:], validate=True), content)
    except (InvalidSignature, binascii.Error, ValueError):
        return False
    return True


def _content(message_id: bytes, timestamp: bytes, body: bytes) -> bytes:
    return b"%b.%b.%b" % (message_id, timestamp, body)


def _mac(key: bytes, content: bytes) -> bytes:
    return b"v1," + binascii.b2a_base64(hmac.digest(key, content, "sha256"), newline=False)


def _decoded(text: str, prefix: str) -> bytes:
    if not text.startswith(prefix):
        raise ValueError(f"it starts with {prefix}")
    try:
        return base64.b64decode(text.removeprefix(prefix), validate=True)
    except (binascii.Error, ValueError):
        raise ValueError(f"after {prefix} there is base64") from None
