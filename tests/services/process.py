"""One server program as a process of its own: found, started, waited for, ended by its pid."""

import os
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path

# A machine that is busy with other tests takes its time.
START_SECONDS = 90.0
STOP_SECONDS = 20.0


class Missing(AssertionError):
    """A program is not installed; the text is the command that installs it."""


def program(package: str, name: str, *folders: str) -> Path:
    """Where a program of a Debian package is, on the PATH or in `folders` (patterns); raises `Missing`."""
    if found := shutil.which(name):
        return Path(found)
    for pattern in folders:
        # The newest of several versions.
        for folder in sorted(Path("/").glob(pattern.removeprefix("/")), reverse=True):
            if (folder / name).is_file():
                return folder / name
    raise Missing(
        f"{name} is not here; as root: apt-get update && apt-get install -y --no-install-recommends {package}"
    )


class Process:
    """A program that runs until it is ended. `said` is the file that has its output."""

    def __init__(
        self,
        command: Sequence[str | Path],
        said: Path,
        *,
        env: Mapping[str, str] | None = None,
        user: str | None = None,
    ) -> None:
        self._command = [str(part) for part in command]
        self._said, self._env, self._user = said, env, user
        self._running: subprocess.Popen[bytes] | None = None
        self._follower: subprocess.Popen[bytes] | None = None

    def start(self, ready: Callable[[], bool]) -> None:
        """Start it and wait until `ready()`."""
        with self._said.open("ab") as out:
            # A session of its own, so that whatever it starts can be ended with it.
            self._running = subprocess.Popen(
                self._command,
                env=dict(os.environ) if self._env is None else dict(self._env),
                cwd=self._said.parent,
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=subprocess.STDOUT,
                user=self._user,
                group=self._user,
                extra_groups=None if self._user is None else [],
                start_new_session=True,
            )
        self._follow(self._running.pid)
        until = time.monotonic() + START_SECONDS
        while not ready():
            if (status := self._running.poll()) is not None:
                raise AssertionError(f"{self._command[0]} ended with status {status}: {self._tail()}")
            if time.monotonic() > until:
                self.kill()
                raise AssertionError(f"{self._command[0]} was not ready in {START_SECONDS} s: {self._tail()}")
            time.sleep(0.02)

    @property
    def pid(self) -> int:
        """The program's process."""
        assert self._running is not None
        return self._running.pid

    @property
    def runs(self) -> bool:
        """Whether it was started and has not ended."""
        return self._running is not None and self._running.poll() is None

    def ended(self) -> None:
        """Wait until it has ended by itself."""
        assert self._running is not None
        self._running.wait(STOP_SECONDS)
        self.kill()

    def kill(self) -> None:
        """End it and what it started with no chance to tidy up."""
        if self._running is not None:
            with suppress(ProcessLookupError):
                os.killpg(self._running.pid, signal.SIGKILL)
            self._running.wait(STOP_SECONDS)
            self._running = None
        if self._follower is not None:
            self._follower.kill()
            self._follower.communicate()
            self._follower = None

    def freeze(self) -> None:
        """Let it stand still: its sockets stay open and nobody answers."""
        assert self._running is not None
        os.killpg(self._running.pid, signal.SIGSTOP)

    def thaw(self) -> None:
        """Let it go on."""
        assert self._running is not None
        os.killpg(self._running.pid, signal.SIGCONT)

    def _follow(self, pid: int) -> None:
        # Ends the program when whoever runs the tests dies with no chance to: then the pipe is closed.
        self._follower = subprocess.Popen(
            ["sh", "-c", f"read never; kill -KILL -{pid}"], stdin=subprocess.PIPE, start_new_session=True
        )

    def _tail(self) -> str:
        return self._said.read_text(errors="replace")[-2000:]


def answers(port: int, asked: bytes, expected: int) -> bool:
    """Whether a server on this port of loopback answers `asked` with at least `expected` bytes."""
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=2) as connection:
            connection.sendall(asked)
            return len(connection.recv(expected)) == expected
    except OSError:
        return False
