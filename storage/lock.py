"""The lock of the process that serves: a second one on the same database is refused."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from storage.store import StoreError


class AlreadyServed(StoreError):
    """Another process serves this database."""


@contextmanager
def sole_server(database: Path) -> Iterator[None]:
    """Hold the lock beside `database` while serving; the kernel lets go of it when the process ends.

    Commands that only read or write a little do not take it. Raises `AlreadyServed`.
    """
    path = database.with_name(f"{database.name}.lock")
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            holder = os.pread(descriptor, 32, 0).decode("ascii", "replace").strip() or "unknown"
            raise AlreadyServed(f"{database} is already served by process {holder}") from error
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, f"{os.getpid()}\n".encode(), 0)
        yield
    finally:
        os.close(descriptor)
