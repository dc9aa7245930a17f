"""Many envelopes in one AMQP message: a version byte, then each behind its length (4 bytes, big-endian)."""

from collections.abc import Sequence

VERSION = 1
_LENGTH = 4


class NotFrames(Exception):
    """The bytes are not what `pack` made, or a newer release made them."""


def pack(bodies: Sequence[bytes]) -> bytes:
    """One message of all `bodies`, in order."""
    parts = [bytes([VERSION])]
    for body in bodies:
        parts.append(len(body).to_bytes(_LENGTH, "big"))
        parts.append(body)
    return b"".join(parts)


def unpack(message: bytes) -> list[bytes]:
    """What `pack` took, at least one; raises `NotFrames`."""
    if len(message) <= _LENGTH or message[0] != VERSION:
        raise NotFrames(f"{len(message)} bytes that begin with {message[:1].hex() or 'nothing'}")
    bodies: list[bytes] = []
    at, end = 1, len(message)
    while at < end:
        start = at + _LENGTH
        at = start + int.from_bytes(message[at:start], "big")
        if start > end or at > end:
            raise NotFrames(f"{len(message)} bytes that end within a length or a body")
        bodies.append(message[start:at])
    return bodies
