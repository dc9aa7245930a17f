"""Blobs (raw events, attachments), named by the SHA-256 of their bytes; the folder end.

BlobError
├── MissingBlob       there is none of that name
├── SpoiledBlob       what came is not what was kept
└── BlobsUnavailable  the disk is full, the store is away: nothing was kept, try again
"""

import asyncio
import hashlib
import os
import re
import time
from pathlib import Path
from typing import Protocol

from storage.store import StoreUnavailable

_NAME = re.compile(r"[0-9a-f]{64}")
# A temporary file this old, in seconds, belongs to a process that was killed.
_ABANDONED = 3600


class BlobError(Exception):
    """The blob store could not do what was asked."""


class MissingBlob(BlobError):
    """There is no blob of that name."""


class SpoiledBlob(BlobError):
    """The bytes do not have the digest that is their name."""


class BlobsUnavailable(BlobError, StoreUnavailable):
    """Nothing was kept: try again."""


def place(name: str) -> str:
    """Where a blob of this name is kept, `ab/abcdef…`; raises `ValueError` for what is not a name."""
    # Also what keeps a name from leaving the folder.
    if not _NAME.fullmatch(name):
        raise ValueError("a blob's name is 64 lower-case hexadecimal digits")
    return f"{name[:2]}/{name}"


class Blobs(Protocol):
    """Bytes by the SHA-256 of their content, in lower-case hex; any other name raises `ValueError`."""

    async def put(self, content: bytes) -> str:
        """Keep `content`; durable on return. Raises `BlobsUnavailable`."""
        ...

    async def get(self, name: str) -> bytes:
        """The content; raises `MissingBlob`, `SpoiledBlob` or `BlobsUnavailable`."""
        ...

    async def exists(self, name: str) -> bool:
        """Whether there is such a blob."""
        ...

    async def delete(self, name: str) -> None:
        """Forget a blob; one that is not there is no error."""
        ...


class FolderBlobs:
    """The embedded end: `ab/abcdef…` under a folder. Files are private to the user that serves."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._incoming = folder / "incoming"
        self._incoming.mkdir(mode=0o700, parents=True, exist_ok=True)
        _sweep(self._incoming, time.time() - _ABANDONED)

    async def put(self, content: bytes) -> str:
        """See `Blobs`."""
        return await asyncio.to_thread(self._put, content)

    async def get(self, name: str) -> bytes:
        """See `Blobs`."""
        path = self._path(name)
        try:
            return await asyncio.to_thread(path.read_bytes)
        except FileNotFoundError:
            raise MissingBlob(name) from None
        except OSError as error:
            raise BlobsUnavailable(os.strerror(error.errno or 0)) from error

    async def exists(self, name: str) -> bool:
        """See `Blobs`."""
        return await asyncio.to_thread(self._path(name).is_file)

    async def delete(self, name: str) -> None:
        """See `Blobs`."""
        await asyncio.to_thread(self._path(name).unlink, missing_ok=True)

    def _path(self, name: str) -> Path:
        return self._folder / place(name)

    def _put(self, content: bytes) -> str:
        name = hashlib.sha256(content).hexdigest()
        path = self._path(name)
        try:
            if not path.parent.is_dir():
                path.parent.mkdir(mode=0o700, exist_ok=True)
                _sync(self._folder)
            if not path.is_file():
                self._write(path, content)
            # Also for a blob that is there already: another thread may have renamed it just now.
            _sync(path.parent)
        except OSError as error:
            raise BlobsUnavailable(os.strerror(error.errno or 0)) from error
        return name

    def _write(self, path: Path, content: bytes) -> None:
        temporary = self._incoming / f"{path.name}.{os.getpid()}.{time.monotonic_ns()}"
        descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        try:
            with open(descriptor, "wb", buffering=0) as file:
                view = memoryview(content)
                while view:
                    view = view[file.write(view) :]
                os.fsync(descriptor)
            temporary.rename(path)
        except BaseException:
            temporary.unlink(missing_ok=True)
            raise


def _sync(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _sweep(folder: Path, before: float) -> None:
    for path in folder.iterdir():
        try:
            if path.stat().st_mtime < before:
                path.unlink()
        except FileNotFoundError:
            pass
