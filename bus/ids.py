"""Ids: prefixed and sortable; a message's id is derived, so the same event always has the same one."""

import base64
import hashlib
import secrets
import zlib
from collections.abc import Callable
from datetime import datetime

_CROCKFORD = bytes.maketrans(b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567", b"0123456789abcdefghjkmnpqrstvwxyz")

Randomness = Callable[[int], bytes]


def _text(data: bytes) -> str:
    # Crockford's alphabet is in ASCII order, so the text sorts as the bytes do.
    return base64.b32encode(data).translate(_CROCKFORD).decode("ascii")


def new_id(prefix: str, now: datetime, random: Randomness = secrets.token_bytes) -> str:
    """`prefix_` and 26 characters: 48 bits of milliseconds, then 80 random bits, so ids sort by age.

    The layout follows ULID; the text is lower-case Crockford base 32.
    """
    milliseconds = int(now.timestamp() * 1000)
    return f"{prefix}_{_text(milliseconds.to_bytes(6, 'big') + random(10))[:26]}"


def message_id(channel_id: str, external_id: str) -> str:
    """The id of what a platform sent: 120 bits of BLAKE2b over channel and external id, in hex."""
    told = channel_id.encode() + b"\0" + external_id.encode("utf-8", "surrogatepass")
    return f"msg_{hashlib.blake2b(told, digest_size=15).hexdigest()}"


def album_key(album: str) -> str:
    """What stands for the external id of the message that an album's parts make."""
    return f"album:{album}"


def partition(channel_id: str, address: str, partitions: int) -> int:
    """Where a contact's messages go, so that theirs keep their order: CRC-32 of channel and address."""
    return zlib.crc32(f"{channel_id}{address}".encode("utf-8", "surrogatepass")) % partitions
