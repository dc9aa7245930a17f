"""An embedded desk's backup: taken while it runs, checked when it is put back.

A backup is a folder: `frontdesk.db`, `blobs/` as the desk has it, `secret.key`, and `backup.json`, written
last, which says what is in it. The database is copied first and the blobs after it: a blob is kept before
anything names it, so the copy names none that is missing.

    BackupError   it can't be taken or put back; the text says why and what to do
"""

import hashlib
import os
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from datetime import datetime
from pathlib import Path

import msgspec

from storage.store import StoreError

DATABASE = "frontdesk.db"
BLOBS = "blobs"
KEY = "secret.key"
MANIFEST = "backup.json"
_PRIVATE = 0o600


class BackupError(StoreError):
    """The backup can't be taken or put back."""


class Manifest(msgspec.Struct, frozen=True, kw_only=True):
    """What a backup holds. `database_sha256` is of the database's file, sizes are in bytes."""

    release: str
    taken_at: datetime
    database_bytes: int
    database_sha256: str
    blobs: int
    blob_bytes: int


class Place(msgspec.Struct, frozen=True, kw_only=True):
    """Where a desk keeps what it is made of."""

    database: Path
    blobs: Path
    key: Path


def take(desk: Place, to: Path, *, release: str, now: datetime) -> Manifest:
    """Copy a desk, which may be running, into the new folder `to`; raises `BackupError`."""
    if to.exists():
        raise BackupError(f"{to} is there already: name a folder that is not")
    if not desk.database.is_file():
        raise BackupError(f"there is no desk at {desk.database}: name its folder with --data")
    # Under another name until it is whole.
    partial = to.with_name(f"{to.name}.partial")
    try:
        shutil.rmtree(partial, ignore_errors=True)
        partial.mkdir(mode=0o700, parents=True)
        _copy_database(desk.database, partial / DATABASE)
        if desk.key.exists():
            _copy(desk.key, partial / KEY)
        sizes = [_copy_blob(blob, partial / BLOBS) for blob in _blobs(desk.blobs)]
        manifest = Manifest(
            release=release,
            taken_at=now,
            database_bytes=(partial / DATABASE).stat().st_size,
            database_sha256=_digest(partial / DATABASE),
            blobs=len(sizes),
            blob_bytes=sum(sizes),
        )
        _write(partial / MANIFEST, msgspec.json.format(msgspec.json.encode(manifest)) + b"\n")
        _settle(partial)
        partial.rename(to)
    except (OSError, sqlite3.Error) as error:
        shutil.rmtree(partial, ignore_errors=True)
        raise BackupError(f"the backup into {to} failed ({error}): nothing of it was kept") from error
    return manifest


def put_back(backup: Path, desk: Place) -> Manifest:
    """Make a desk of a backup where there is none, every byte checked; raises `BackupError`."""
    manifest = _manifest(backup)
    if desk.database.exists() or desk.blobs.exists() or desk.key.exists():
        raise BackupError(
            f"there is a desk in {desk.database.parent} already: name another folder with --data or "
            "FRONTDESK_DATA, or move that one away"
        )
    try:
        if _digest(backup / DATABASE) != manifest.database_sha256:
            raise BackupError(f"{backup / DATABASE} is not what was backed up: use another backup")
        desk.database.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        copied = sum(1 for blob in _blobs(backup / BLOBS) if _copy_blob(blob, desk.blobs) >= 0)
        if copied != manifest.blobs:
            raise BackupError(f"{backup} has {copied} of {manifest.blobs} blobs: use another backup")
        if (backup / KEY).exists():
            _copy(backup / KEY, desk.key)
        # Last and in one step: until then there is no desk.
        incoming = desk.database.with_name(f"{desk.database.name}.incoming")
        _copy(backup / DATABASE, incoming)
        _settle(desk.database.parent)
        incoming.rename(desk.database)
        _sync(desk.database.parent)
    except OSError as error:
        raise BackupError(f"{backup} can't be put back: {error}") from error
    return manifest


def _manifest(backup: Path) -> Manifest:
    try:
        return msgspec.json.decode((backup / MANIFEST).read_bytes(), type=Manifest)
    except OSError as error:
        raise BackupError(f"{backup} is no backup: it has no {MANIFEST}") from error
    except (msgspec.DecodeError, msgspec.ValidationError) as error:
        raise BackupError(f"{backup / MANIFEST} can't be read ({error}): use another backup") from error


def _copy_database(source: Path, target: Path) -> None:
    """SQLite's online backup: one consistent snapshot, whoever writes meanwhile."""
    target.touch(mode=_PRIVATE)
    with (
        closing(sqlite3.connect(f"{source.resolve().as_uri()}?mode=ro", uri=True, timeout=30)) as live,
        closing(sqlite3.connect(target)) as copy,
    ):
        # All pages in one turn: in several, each write of the desk in between would start it anew. Writers
        # do not wait for a reader.
        live.backup(copy)
        # The copy is one file; the desk turns its own log on again.
        copy.execute("PRAGMA journal_mode=DELETE")
        if (found := copy.execute("PRAGMA quick_check(1)").fetchone()[0]) != "ok":
            raise sqlite3.DatabaseError(found)


def _blobs(folder: Path) -> Iterator[Path]:
    # What is still being written has no name of its own yet.
    return (path for path in sorted(folder.glob("[0-9a-f][0-9a-f]/*")) if len(path.name) == 64)


def _copy_blob(blob: Path, folder: Path) -> int:
    """Copy a blob, which is named by its content; returns its size. Raises `BackupError`."""
    content = blob.read_bytes()
    if hashlib.sha256(content).hexdigest() != blob.name:
        raise BackupError(f"blob {blob} is damaged: its content is not what its name says")
    target = folder / blob.name[:2] / blob.name
    target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    _write(target, content)
    return len(content)


def _copy(source: Path, target: Path) -> None:
    target.touch(mode=_PRIVATE)
    shutil.copyfile(source, target)


def _write(target: Path, content: bytes) -> None:
    descriptor = os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, _PRIVATE)
    with open(descriptor, "wb") as file:
        file.write(content)


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _settle(folder: Path) -> None:
    """Have everything in the folder on the disk before anyone relies on it."""
    for path in folder.rglob("*"):
        _sync(path)
    _sync(folder)


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
