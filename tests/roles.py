"""A desk whose roles are processes of their own, on real servers: start, stop, kill and pause each."""

import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.error import URLError
from urllib.request import urlopen

from tests.desk import FRONTDESK, READY_SECONDS, STOP_SECONDS, environment, free_port
from tests.services.servers import Servers

ROOT = Path(__file__).parents[1]


class RoleProcess:
    """One process of one role. `url` stays the same when it is started again.

    `inbound@3600` is one whose machine's clock is so many seconds ahead.
    """

    def __init__(self, role: str, env: dict[str, str], folder: Path) -> None:
        self.role, _, shift = role.partition("@")
        self._command = [sys.executable, "-m", "tests.skewed", shift] if shift else [str(FRONTDESK)]
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        paths = os.pathsep.join([str(ROOT), *filter(None, [env.get("PYTHONPATH")])])
        self._env = env | {"FRONTDESK_PORT": str(self.port), "PYTHONPATH": paths}
        self._folder = folder
        self._log = folder / f"{self.role}-{self.port}.log"
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def errors(self) -> str:
        """Its log, and what it said."""
        return self._log.read_text(encoding="utf-8")

    @property
    def pid(self) -> int:
        """The process's id, which the owner's name in its leases has in it."""
        assert self._process is not None
        return self._process.pid

    @property
    def ended(self) -> bool:
        """Whether it was started and has ended."""
        return self._process is not None and self._process.poll() is not None

    def start(self) -> None:
        """Start it; `wait_until_ready` waits."""
        with self._log.open("ab") as out:
            self._process = subprocess.Popen(
                [*self._command, "worker", "--role", self.role],
                env=self._env,
                cwd=self._folder,
                stdout=out,
                stderr=out,
            )

    def wait_until_ready(self) -> None:
        """Return once `/readyz` says so."""
        assert self._process is not None
        until = time.monotonic() + READY_SECONDS
        while time.monotonic() < until:
            status = self._process.poll()
            assert status is None, f"{self.role} ended with status {status}: {self.errors[-2000:]}"
            try:
                with urlopen(f"{self.url}/readyz", timeout=5):  # noqa: S310 - the desk's own address
                    return
            except (URLError, ConnectionError, TimeoutError):
                time.sleep(0.05)
        raise AssertionError(f"{self.role} was not ready in {READY_SECONDS} s: {self.errors[-2000:]}")

    def signal(self, number: int) -> None:
        """Send it a signal."""
        assert self._process is not None
        self._process.send_signal(number)

    def stop(self) -> int:
        """Ask it to stop and wait; returns its exit status."""
        self.signal(signal.SIGTERM)
        return self.wait()

    def wait(self) -> int:
        """Wait until it has ended; returns its exit status."""
        assert self._process is not None
        return self._process.wait(STOP_SECONDS)

    def kill9(self) -> None:
        """End it with no chance to tidy up, also while it is paused."""
        if self._process is not None and self._process.poll() is None:
            self._process.kill()
            self._process.wait(STOP_SECONDS)


class Fleet:
    """The processes of one desk. `database` and `env` are what they are given."""

    def __init__(self, folder: Path, database: str, env: dict[str, str]) -> None:
        self.database, self.env = database, env
        self._folder = folder
        self.processes: list[RoleProcess] = []

    def start(self, *roles: str) -> list[RoleProcess]:
        """Start one process for each, all at once, and wait until they are ready."""
        started = [RoleProcess(role, self.env, self._folder) for role in roles]
        self.processes += started
        for one in started:
            one.start()
        for one in started:
            one.wait_until_ready()
        return started

    def run(self, *arguments: str) -> str:
        """A `frontdesk` command; returns its stdout, and fails where it fails."""
        done = subprocess.run(
            [str(FRONTDESK), *arguments],
            env=self.env,
            cwd=self._folder,
            capture_output=True,
            text=True,
            check=False,
            timeout=READY_SECONDS,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout


@contextmanager
def fleet_on(
    servers: Servers, *, database: str = "", through: str = "", **settings: object
) -> Iterator[Fleet]:
    """A migrated desk without a process yet; what is started ends with the block.

    `database` is the address of an empty one, `through` another address of it that the processes are given.
    """
    database = database or servers.postgresql.new_database()
    with tempfile.TemporaryDirectory(prefix="frontdesk-") as folder:
        data = Path(folder) / "data"
        settings.setdefault("redis_url", servers.redis.url)
        if "amqp_url" not in settings:
            settings["amqp_url"] = servers.rabbitmq.new_vhost()
        env = environment(data, database_url=through or database, hook_rate=100_000, **settings)
        fleet = Fleet(Path(folder), database, env)
        try:
            fleet.run("migrate")
            yield fleet
        finally:
            for one in fleet.processes:
                one.kill9()
