"""Channel secrets at rest: AES-256-GCM under one key, bound to the channel they belong to.

A sealed secret is one byte for this form (1), four that name the key, a nonce of 12 bytes (NIST SP 800-38D,
8.2.2: random, below 2**32 messages a key), then ciphertext and tag.

    SecretError   the key or what it should open is not right; the text says what to do
"""

import hashlib
import hmac
import json
import os
import stat
from functools import partial
from pathlib import Path
from typing import Any

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

_FORM = b"\x01"
_KEY = 32
_NONCE = 12
_HEAD = 5


class SecretError(Exception):
    """A secret can't be sealed or opened; the text says what to do and holds no secret."""


class Secrets:
    """Seals and opens what a channel must keep to itself."""

    def __init__(self, key: bytes) -> None:
        if len(key) != _KEY:
            raise SecretError(f"the secrets key must be {_KEY} bytes long; this one has {len(key)}")
        self._cipher = AESGCM(key)
        self._derive = partial(hmac.digest, key, digest="sha256")
        self._head = _FORM + hashlib.sha256(b"frontdesk secrets key" + key).digest()[:4]

    def derived(self, purpose: str) -> bytes:
        """A key of 32 bytes for a purpose, always the same one while the key file is the same."""
        return self._derive(b"frontdesk " + purpose.encode())

    def seal(self, channel_id: str, secrets: dict[str, Any]) -> bytes:
        """Encrypt a channel's secrets."""
        nonce = os.urandom(_NONCE)
        plain = json.dumps(secrets, separators=(",", ":")).encode()
        return self._head + nonce + self._cipher.encrypt(nonce, plain, self._head + channel_id.encode())

    def open(self, channel_id: str, sealed: bytes) -> dict[str, Any]:
        """Decrypt what `seal` made for the same channel; raises `SecretError`."""
        if sealed[:1] != _FORM:
            raise SecretError(f"channel {channel_id}'s secrets were sealed by a newer release")
        if sealed[:_HEAD] != self._head:
            raise SecretError(
                f"channel {channel_id}'s secrets were sealed with another key: put that key file back"
            )
        nonce, ciphertext = sealed[_HEAD : _HEAD + _NONCE], sealed[_HEAD + _NONCE :]
        try:
            plain = self._cipher.decrypt(nonce, ciphertext, self._head + channel_id.encode())
        except (InvalidTag, ValueError) as error:
            raise SecretError(f"channel {channel_id}'s secrets are damaged: set them again") from error
        opened: dict[str, Any] = json.loads(plain)
        return opened


def load_key(path: Path) -> bytes:
    """The key in a file of mode 0600, made on first use; raises `SecretError`."""
    if not path.exists():
        _make_key(path)
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        mode = stat.S_IMODE(os.fstat(descriptor).st_mode)
        if mode & 0o077:
            raise SecretError(f"{path} can be read by others (mode {mode:04o}): run chmod 600 {path}")
        return os.read(descriptor, 4096)
    finally:
        os.close(descriptor)


def _make_key(path: Path) -> None:
    # Linked into place whole: a command and the server may both be the first.
    temporary = path.with_name(f"{path.name}.{os.getpid()}")
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    try:
        os.write(descriptor, os.urandom(_KEY))
        os.fsync(descriptor)
        try:
            os.link(temporary, path)
        except FileExistsError:
            return
        folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY)
        os.fsync(folder)
        os.close(folder)
    finally:
        os.close(descriptor)
        temporary.unlink()
