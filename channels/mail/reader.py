"""Reads mail in processes of their own, which can be killed: no mail may hold up a desk, whatever is in it.

A process is started when first needed, reads one mail after another, and is ended when one takes too long: by
its own timer of the processor's time, so that a busy machine sets nothing aside, and at last by the clock.
What it gets and gives travels as 8 bytes of length and then the bytes; the answer is `Read` in MessagePack.
"""

import asyncio
import os
import resource
import signal
import struct
import sys
from contextlib import suppress
from typing import BinaryIO, Final, Self

import msgspec

from channels.mail import limits
from channels.mail.envelope import set_aside
from channels.mail.message import Read

_LENGTH: Final = struct.Struct(">Q")
_decoder: Final = msgspec.msgpack.Decoder(Read)
# To start and to import everything, before the first mail is read.
_START_SECONDS: Final = 30.0
# By the clock a mail may take so many times its limit: a busy machine has other work too.
_PATIENCE: Final = 5.0
# One whose pipe has closed has ended, or is about to.
_END_SECONDS: Final = 5.0
# What goes through the pipes at a time: tens of megabytes at once would hold up the loop.
_PIECE: Final = 1 << 18


class Readers:
    """`count` processes; open with `async with`. Any number of callers share them.

    `whole`: however long a text is, all of it is given and not its beginning.
    """

    def __init__(self, count: int = 1, seconds: float = limits.SECONDS, *, whole: bool = False) -> None:
        self._idle: asyncio.Queue[_Process | None] = asyncio.Queue()
        for _ in range(count):
            self._idle.put_nowait(None)
        self._seconds, self._whole = seconds, whole
        self._open: set[_Process] = set()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_exc: object) -> None:
        for process in tuple(self._open):
            await process.kill()
        self._open.clear()

    async def read(self, raw: bytes) -> Read:
        """The mail; one that takes too long or breaks its reader is told as quarantined."""
        if len(raw) > limits.LONGEST_MAIL:
            return _aside(raw, f"it has more than {limits.LONGEST_MAIL // limits.MEGABYTE} MB")
        process = await self._idle.get()
        try:
            if process is None:
                process = await self._started()
            found, process = await self._answer(process, raw)
            return found
        except BaseException:
            # A caller that was cancelled leaves a process that has not answered.
            if process is not None:
                await self._end(process)
            process = None
            raise
        finally:
            self._idle.put_nowait(process)

    async def _answer(self, process: "_Process", raw: bytes) -> "tuple[Read, _Process | None]":
        try:
            async with asyncio.timeout(max(self._seconds * _PATIENCE, 1.0)):
                return await process.ask(raw), process
        except TimeoutError:
            overdue = True
        except (EOFError, ConnectionError, msgspec.DecodeError):
            await process.ended()
            overdue = False
        await self._end(process)
        overdue = overdue or process.overdue
        why = f"it took more than {self._seconds:g} seconds to read" if overdue else "it broke its reader"
        return _aside(raw, why), None

    async def _started(self) -> "_Process":
        async with asyncio.timeout(_START_SECONDS):
            process = await _Process.start(self._seconds, self._whole)
        self._open.add(process)
        return process

    async def _end(self, process: "_Process") -> None:
        self._open.discard(process)
        await process.kill()


class _Process:
    """One process that reads mail."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process

    @classmethod
    async def start(cls, seconds: float, whole: bool) -> Self:
        """Start it and wait until it has imported what it needs."""
        # Nothing of ours is in its environment: what it reads comes from strangers.
        kept = {
            name: os.environ[name] for name in ("PATH", "LANG", "LC_ALL", "SYSTEMROOT") if name in os.environ
        }
        started = await asyncio.create_subprocess_exec(
            sys.executable, "-I", "-c", _PROGRAM, str(seconds), "whole" if whole else "cut", *_paths(),
            stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, env=kept, limit=1 << 20,
        )  # fmt: skip
        process = cls(started)
        await process.ask(b"")
        return process

    async def ask(self, raw: bytes) -> Read:
        """What it makes of a mail."""
        stdin, stdout = self._process.stdin, self._process.stdout
        if stdin is None or stdout is None:
            raise EOFError
        # Both ways at once: a pipe that nobody empties stops the other side.
        given = asyncio.ensure_future(_give(stdin, raw))
        try:
            (length,) = _LENGTH.unpack(await _exactly(stdout, _LENGTH.size))
            answer = await _exactly(stdout, length)
        finally:
            given.cancel()
            with suppress(asyncio.CancelledError, ConnectionError):
                await given
        # Many megabytes are decoded on a thread: the loop has other things to do.
        return (
            await asyncio.to_thread(_decoder.decode, answer) if length > 1 << 16 else _decoder.decode(answer)
        )

    @property
    def overdue(self) -> bool:
        """Whether its own timer ended it."""
        return self._process.returncode == -signal.SIGPROF

    async def ended(self) -> None:
        """Wait for the end of one that is about to: how it ended is known to whoever looks first."""
        with suppress(TimeoutError):
            async with asyncio.timeout(_END_SECONDS):
                await self._process.wait()

    async def kill(self) -> None:
        """End it, whatever it is doing."""
        if self._process.returncode is None:
            with suppress(ProcessLookupError):
                self._process.kill()
        await self._process.wait()


async def _give(stdin: asyncio.StreamWriter, raw: bytes) -> None:
    stdin.write(_LENGTH.pack(len(raw)))
    for start in range(0, len(raw), _PIECE):
        stdin.write(raw[start : start + _PIECE])
        await stdin.drain()


async def _exactly(stdout: asyncio.StreamReader, length: int) -> bytearray:
    found = bytearray()
    while len(found) < length:
        piece = await stdout.read(min(_PIECE, length - len(found)))
        if not piece:
            raise EOFError
        found += piece
    return found


def _aside(raw: bytes, why: str) -> Read:
    return Read(mail=set_aside(raw, why))


def _paths() -> list[str]:
    return [path for path in sys.path if path]


_PROGRAM: Final = (
    "import sys; sys.path[:] = sys.argv[3:]; "
    "from channels.mail.reader import serve; serve(float(sys.argv[1]), whole=sys.argv[2] == 'whole')"
)


def serve(seconds: float, *, whole: bool) -> None:
    """The process's own loop: read mails from stdin to its end, each in `seconds` of processor time."""
    from channels.mail.parse import read  # noqa: PLC0415 - only the process itself needs the parsers
    from channels.mail.shorten import shortened  # noqa: PLC0415 - as above

    resource.setrlimit(resource.RLIMIT_AS, (limits.MOST_MEMORY, limits.MOST_MEMORY))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    encode = msgspec.msgpack.Encoder().encode
    stdin, stdout = sys.stdin.buffer, sys.stdout.buffer
    while raw := _next(stdin):
        # What the timer sends ends the process: nobody handles it.
        signal.setitimer(signal.ITIMER_PROF, seconds)
        found = read(raw[0])
        answer = encode(found if whole else shortened(found))
        signal.setitimer(signal.ITIMER_PROF, 0)
        stdout.write(_LENGTH.pack(len(answer)))
        stdout.write(answer)
        stdout.flush()


def _next(stdin: BinaryIO) -> tuple[bytes] | None:
    head = stdin.read(_LENGTH.size)
    if len(head) < _LENGTH.size:
        return None
    (length,) = _LENGTH.unpack(head)
    return (stdin.read(length),)
