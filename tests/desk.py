"""A whole desk as a process of its own, for tests that need the real thing: start, stop, kill, restart."""

import os
import re
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO
from urllib.error import URLError
from urllib.request import urlopen

# A machine that is busy with other tests takes its time.
READY_SECONDS = 240.0
STOP_SECONDS = 40.0
FRONTDESK = Path(sys.executable).with_name("frontdesk")


def environment(data: Path, **settings: object) -> dict[str, str]:
    """This process's environment with no settings of the desk's but these (`port=1` is FRONTDESK_PORT).

    Matching is by words alone where nothing else is said: no test waits for an encoder that it is not about.
    """
    bare = {name: value for name, value in os.environ.items() if not name.upper().startswith("FRONTDESK_")}
    given = {"data": data, "encoder": "lexical", **settings}
    return bare | {f"FRONTDESK_{name.upper()}": str(value) for name, value in given.items()}


def free_port() -> int:
    """A port that nothing listens on at the moment."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        port: int = listening.getsockname()[1]
        return port


class Desk:
    """A desk in a folder of its own. `output` is what it has said on stdout since it was last started."""

    def __init__(self, data: Path, *, demo: bool, **settings: object) -> None:
        self.data = data
        self.port = int(str(settings.pop("port", 0))) or free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.admin = ""
        self.password = ""
        self._demo = demo
        self._env = environment(data, port=self.port, **settings)
        self._process: subprocess.Popen[bytes] | None = None
        self._said: IO[bytes] | None = None

    @property
    def pid(self) -> int:
        """The server's process."""
        assert self._process is not None
        return self._process.pid

    @property
    def output(self) -> str:
        """What the terminal shows."""
        return self._log("stdout").read_text(encoding="utf-8")

    @property
    def errors(self) -> str:
        """Its log."""
        return self._log("stderr").read_text(encoding="utf-8")

    def start(self) -> None:
        """Start it and wait until it is ready."""
        command = [str(FRONTDESK), "serve", *(["--demo"] if self._demo else [])]
        with self._log("stdout").open("wb") as out, self._log("stderr").open("ab") as err:
            self._process = subprocess.Popen(
                command, env=self._env, cwd=self.data.parent, stdout=out, stderr=err
            )
        self._wait_until_ready()
        self._read_credentials()

    def stop(self) -> int:
        """Ask it to stop and wait; returns its exit status."""
        assert self._process is not None
        if self._process.poll() is None:
            self._process.send_signal(signal.SIGTERM)
        return self._process.wait(STOP_SECONDS)

    def kill9(self) -> None:
        """End it with no chance to tidy up."""
        if self._process is not None:
            self._process.kill()
            self._process.wait(STOP_SECONDS)

    def restart(self) -> None:
        """Start it again on the same folder and port, whether it was stopped, killed or still runs."""
        self.stop()
        self.start()

    def run(self, *arguments: str, stdin: str = "") -> str:
        """A `frontdesk` command on the same folder; returns its stdout, and fails where it fails."""
        done = subprocess.run(
            [str(FRONTDESK), *arguments],
            env=self._env,
            cwd=self.data.parent,
            input=stdin,
            capture_output=True,
            text=True,
            check=False,
            timeout=READY_SECONDS,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    def token(self, role: str = "admin") -> str:
        """A fresh API token."""
        return self.run("token", "create", "--name", f"test {role}", "--role", role).strip()

    def channel(self, kind: str) -> str:
        """The id of the first channel of a kind."""
        rows = [line.split() for line in self.run("channel", "list").splitlines()]
        return next(row[0] for row in rows if row[1] == kind)

    def _log(self, name: str) -> Path:
        return self.data.parent / f"desk.{name}"

    def _wait_until_ready(self) -> None:
        assert self._process is not None
        until = time.monotonic() + READY_SECONDS
        while time.monotonic() < until:
            if (status := self._process.poll()) is not None:
                raise AssertionError(f"the desk ended with status {status}: {self.errors[-2000:]}")
            try:
                with urlopen(f"{self.url}/readyz", timeout=5):  # noqa: S310 - the desk's own address
                    return
            except (URLError, ConnectionError, TimeoutError):
                time.sleep(0.05)
        raise AssertionError(f"the desk was not ready in {READY_SECONDS} s: {self.errors[-2000:]}")

    def _read_credentials(self) -> None:
        said = dict(re.findall(r"^ {2}(Sign in as|Password) +(\S+)", self.output, re.MULTILINE))
        self.admin = said["Sign in as"]
        self.password = said.get("Password", self.password)


@contextmanager
def running_desk(*, demo: bool = False, **settings: object) -> Iterator[Desk]:
    """A desk that runs while the block does; keywords are settings (`hook_rate=5`).

    Its folder is a new one that goes with it, unless `data` names one.
    """
    with tempfile.TemporaryDirectory(prefix="frontdesk-") as folder:
        desk = Desk(Path(str(settings.pop("data", Path(folder) / "data"))), demo=demo, **settings)
        try:
            desk.start()
            yield desk
        finally:
            desk.kill9()
