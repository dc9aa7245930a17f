"""The folder of blobs beyond the port: private files, nothing half-written, a disk that refuses."""

import asyncio
import os
import time
from pathlib import Path

import pytest

from storage.blobs import BlobsUnavailable, FolderBlobs
from storage.store import StoreUnavailable


async def test_blobs_are_private(tmp_path: Path) -> None:
    """Only the user that serves may read them."""
    name = await FolderBlobs(tmp_path / "blobs").put(b"secret invoice")
    path = tmp_path / "blobs" / name[:2] / name
    assert [found.stat().st_mode & 0o777 for found in (path, path.parent)] == [0o600, 0o700]


def test_nothing_is_left_beside_a_blob(tmp_path: Path) -> None:
    """After a put the folder holds the blob and no temporary file."""
    name = asyncio.run(FolderBlobs(tmp_path).put(b"x" * 300_000))
    assert [path.relative_to(tmp_path) for path in tmp_path.rglob("*") if path.is_file()] == [
        Path(name[:2]) / name
    ]


async def test_a_disk_that_refuses_keeps_nothing(tmp_path: Path) -> None:
    """What can't be written is unavailable, for the store's callers too, and works once it can."""
    blobs = FolderBlobs(tmp_path)
    (tmp_path / "incoming").rmdir()
    with pytest.raises(BlobsUnavailable) as caught:
        await blobs.put(b"content")
    assert isinstance(caught.value, StoreUnavailable)
    (tmp_path / "incoming").mkdir()
    assert await blobs.get(await blobs.put(b"content")) == b"content"


def test_what_a_killed_process_left_is_swept(tmp_path: Path) -> None:
    """Opening the folder removes temporary files over an hour old, and leaves what may still be written."""
    incoming = tmp_path / "incoming"
    incoming.mkdir()
    now = time.time()
    for name, age in (("old", 3700), ("new", 10)):
        (incoming / name).write_bytes(b"half")
        os.utime(incoming / name, (now - age, now - age))
    FolderBlobs(tmp_path)
    assert [path.name for path in incoming.iterdir()] == ["new"]
