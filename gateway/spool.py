"""The spool: what is accepted while the bus is away, on this machine's disk until the bus has it.

A publish that the bus can't take is written to a file and flushed before it counts. From then on all that
comes joins the spool, so that nothing overtakes, until it has been handed over and is empty. Each process has
a folder of its own under a lock; one that a dead process left is taken over by any that uses the same place.

What was handed over just before a crash is handed over again: the intake knows each message by its id.
"""

import asyncio
import fcntl
import os
import secrets
import time
import zlib
from collections import deque
from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from struct import Struct
from typing import NamedTuple

import structlog

from bus.port import Bus, BusError, BusUnavailable

log = structlog.get_logger()
# A file is handed over and removed whole, so this is about what is in memory and may be handed over twice.
FILE_BYTES = 4 * 1024 * 1024
# What is handed to the bus in one call.
TOGETHER = 200
AGAIN_AFTER = 0.5
# How often to look for what a dead process left, in seconds.
LOOK = 5.0
_OWNER = "owner"
# The record's length after this head, its CRC-32, the length of the lane's name.
_HEAD = Struct(">IIB")

Record = tuple[str, bytes]


class _Call(NamedTuple):
    records: list[Record]
    done: "asyncio.Future[None]"


class Spool:
    """Publishes through the bus, or keeps what it can't take. Open with `async with`; `run` hands it over.

    `limit` is how many bytes may wait on the disk; `size` is how many do.
    """

    def __init__(self, bus: Bus, place: Path, limit: int) -> None:
        self._bus, self._place, self._limit = bus, place, limit
        self.size = 0
        self._folder = place / f"{time.time_ns():x}-{secrets.token_hex(4)}"
        self._locks: dict[Path, int] = {}
        self._files: deque[Path] = deque()
        self._current: _File | None = None
        self._calls: list[_Call] = []
        self._writing: asyncio.Task[None] | None = None
        # The disk is asked for one thing at a time.
        self._turn = asyncio.Lock()
        self._news = asyncio.Event()
        self._open = False

    async def __aenter__(self) -> "Spool":
        self._place.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._adopt()
        self._open = True
        return self

    async def __aexit__(self, *_exc: object) -> None:
        self._open = False
        if self._writing is not None:
            await asyncio.wait([self._writing])
        if self._current is not None:
            self._current.close()
        for folder in list(self._locks):
            self._release(folder)

    async def publish(self, lane: str, bodies: Sequence[bytes]) -> None:
        """See `Bus`. Raises `BusUnavailable` when neither the bus nor the disk takes it."""
        if not self._busy:
            try:
                await self._bus.publish(lane, bodies)
                return
            except BusUnavailable as error:
                if not self._busy:
                    log.warning("the bus is away: what comes is spooled", reason=str(error))
        await self._keep([(lane, body) for body in bodies])

    async def healthy(self) -> None:
        """Return when what comes can be taken; raises `BusUnavailable`."""
        try:
            await self._bus.healthy()
        except BusError as error:
            if self.size >= self._limit:
                raise BusUnavailable(f"{error}, and the spool is full") from error

    async def run(self) -> None:
        """Hand over what waits until cancelled; a bus that is away is waited for."""
        while True:
            self._adopt()
            with suppress(TimeoutError):
                async with asyncio.timeout(LOOK):
                    await self._news.wait()
            self._news.clear()
            while self._files:
                try:
                    await self._hand_over(self._files[0])
                except (BusError, OSError) as error:
                    log.warning("the spool waits", reason=str(error), files=len(self._files), bytes=self.size)
                    await asyncio.sleep(AGAIN_AFTER)

    @property
    def _busy(self) -> bool:
        return bool(self._files or self._calls or self._writing)

    # --- keeping --------------------------------------------------------------------------------------

    async def _keep(self, records: list[Record]) -> None:
        if not self._open:
            raise BusUnavailable("the spool is closed")
        size = sum(_size(record) for record in records)
        if self.size + size > self._limit:
            raise BusUnavailable("the bus is away and the spool is full")
        self.size += size
        done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._calls.append(_Call(records, done))
        if self._writing is None:
            self._writing = asyncio.create_task(self._write(), name="spool-writer")
        try:
            # It is written also when whoever waits for it is gone.
            await asyncio.shield(done)
        except OSError as error:
            raise BusUnavailable(f"the bus is away and the disk takes nothing: {error.strerror}") from error

    async def _write(self) -> None:
        try:
            while self._calls:
                calls, self._calls = self._calls, []
                records = [record for call in calls for record in call.records]
                try:
                    async with self._turn:
                        await asyncio.to_thread(self._append, records)
                except OSError as error:
                    self.size -= sum(_size(record) for record in records)
                    for call in calls:
                        if not call.done.done():
                            call.done.set_exception(OSError(error.errno, error.strerror))
                            # Whoever waited may be gone, which is no error.
                            call.done.exception()
                    continue
                for call in calls:
                    if not call.done.done():
                        call.done.set_result(None)
        finally:
            self._writing = None
            self._news.set()

    def _append(self, records: Sequence[Record]) -> None:
        if self._folder not in self._locks:
            self._locks[self._folder] = _made(self._folder)
        if self._current is None or self._current.length >= FILE_BYTES:
            if self._current is not None:
                self._current.close()
                self._current = None
            self._current = _File(self._folder / f"{time.time_ns():020}")
            self._files.append(self._current.path)
        try:
            self._current.append(b"".join(_packed(record) for record in records))
        except OSError:
            if not self._current.length:
                self._current.close()
                self._files.remove(self._current.path)
                self._current.path.unlink()
                self._current = None
            raise

    # --- handing over ---------------------------------------------------------------------------------

    async def _hand_over(self, path: Path) -> None:
        async with self._turn:
            if self._current is not None and self._current.path == path:
                # What comes now goes into the next.
                self._current.close()
                self._current = None
        content = await asyncio.to_thread(path.read_bytes)
        lanes: dict[str, list[bytes]] = {}
        for lane, body in unpacked(content):
            lanes.setdefault(lane, []).append(body)
        found = await asyncio.gather(
            *(self._publish(lane, bodies) for lane, bodies in lanes.items()), return_exceptions=True
        )
        for error in found:
            if error is not None:
                raise error
        async with self._turn:
            with suppress(OSError):
                # What stays is handed over again by the next process, which is harmless.
                await asyncio.to_thread(path.unlink)
            self._files.popleft()
            self.size -= len(content)
            if path.parent != self._folder and path.parent not in {one.parent for one in self._files}:
                self._release(path.parent)
        if not self._files:
            log.info("the spool is empty")

    async def _publish(self, lane: str, bodies: list[bytes]) -> None:
        for start in range(0, len(bodies), TOGETHER):
            await self._bus.publish(lane, bodies[start : start + TOGETHER])

    # --- whose is what --------------------------------------------------------------------------------

    def _adopt(self) -> None:
        """Take over what dead processes left: it is older than all of ours."""
        left: list[Path] = []
        for folder in sorted(self._place.iterdir()):
            if folder == self._folder or folder in self._locks or folder.name.startswith("."):
                continue
            try:
                self._locks[folder] = _lock(folder)
            except OSError:
                # Its process lives, or another has taken it over.
                continue
            files = sorted(path for path in folder.iterdir() if path.name != _OWNER)
            if not files:
                self._release(folder)
            left += files
        if left:
            self._files.extendleft(reversed(left))
            self.size += sum(path.stat().st_size for path in left)
            log.warning("takes over what was spooled before", files=len(left))
            self._news.set()

    def _release(self, folder: Path) -> None:
        """Give up a folder, and remove it if it is empty."""
        descriptor = self._locks.pop(folder)
        try:
            if {path.name for path in folder.iterdir()} <= {_OWNER}:
                (folder / _OWNER).unlink(missing_ok=True)
                folder.rmdir()
        except OSError as error:
            log.warning("an empty spool can't be removed", folder=str(folder), reason=error.strerror)
        finally:
            os.close(descriptor)


class _File:
    """One file of records that is being written. `length`: the bytes that are safe."""

    def __init__(self, path: Path) -> None:
        self.path, self.length = path, 0
        self._descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)

    def append(self, content: bytes) -> None:
        """Write and flush; of what fails nothing stays. Raises `OSError`."""
        try:
            done = 0
            while done < len(content):
                done += os.pwrite(self._descriptor, content[done:], self.length + done)
            os.fsync(self._descriptor)
        except OSError:
            with suppress(OSError):
                os.ftruncate(self._descriptor, self.length)
            raise
        self.length += len(content)

    def close(self) -> None:
        """No more comes."""
        os.close(self._descriptor)


def _made(folder: Path) -> int:
    """Make a folder that is locked before anybody else can see it."""
    hidden = folder.with_name(f".{folder.name}")
    hidden.mkdir(mode=0o700)
    descriptor = _lock(hidden)
    hidden.rename(folder)
    return descriptor


def _lock(folder: Path) -> int:
    """Hold a folder for as long as this process lives; raises `OSError` where another does."""
    path = folder / _OWNER
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        # Whoever had it may have removed it just before it let go.
        if path.stat().st_ino != os.fstat(descriptor).st_ino:
            raise FileNotFoundError(path)
    except OSError:
        os.close(descriptor)
        raise
    return descriptor


def _size(record: Record) -> int:
    return _HEAD.size + len(record[0]) + len(record[1])


def _packed(record: Record) -> bytes:
    lane, body = record
    content = lane.encode() + body
    return _HEAD.pack(len(content), zlib.crc32(content), len(lane)) + content


def unpacked(content: bytes) -> Iterator[Record]:
    """The records of a file; what a crash left half-written at its end was never confirmed."""
    at = 0
    while at + _HEAD.size <= len(content):
        length, checksum, name = _HEAD.unpack_from(content, at)
        start = at + _HEAD.size
        at = start + length
        record = content[start:at]
        if at > len(content) or zlib.crc32(record) != checksum:
            return
        yield record[:name].decode(), record[name:]
