"""PostgreSQL with a cluster of its own, on TCP only."""

import itertools
import os
import shutil
import signal
import subprocess
import time
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from tests.desk import free_port
from tests.services.process import START_SECONDS, STOP_SECONDS, Process, program

_USER = "frontdesk"
_FOLDERS = ("/usr/lib/postgresql/*/bin",)


class PostgreSql:
    """A server, as durable as it is by default; `kill` and `start` again for a crash."""

    def __init__(self, folder: Path) -> None:
        self._port = free_port()
        # It refuses to run as root.
        self._runs_as = "postgres" if os.geteuid() == 0 else None
        self._data = folder / "data"
        self._isready = program("postgresql", "pg_isready", *_FOLDERS)
        self._psql = program("postgresql", "psql", *_FOLDERS)
        self._numbers = itertools.count(1)
        if self._runs_as:
            shutil.chown(folder, self._runs_as)
        self._init(program("postgresql", "initdb", *_FOLDERS))
        listen = {
            "listen_addresses": "127.0.0.1",
            "port": str(self._port),
            "unix_socket_directories": "",
            "max_connections": "200",
            # After a crash it opens and flushes each file of a hundred tests' databases, one by one, else.
            "recovery_init_sync_method": "syncfs",
        }
        self._server = Process(
            [
                program("postgresql", "postgres", *_FOLDERS),
                *("-D", self._data),
                *(part for name, value in listen.items() for part in ("-c", f"{name}={value}")),
            ],
            folder / "out",
            user=self._runs_as,
        )

    def start(self) -> None:
        """Start it and wait until it takes connections."""
        self._server.start(self._ready)

    @property
    def pid(self) -> int:
        """The process that it all runs in, or is started by."""
        return self._server.pid

    def revive(self) -> None:
        """Start it again if it was killed."""
        if not self._server.runs:
            self.start()

    def kill(self) -> None:
        """End it with no chance to tidy up, and every process of its own at the same moment.

        Each of them has a session for itself. One that is left over goes on answering until it looks up, and
        the server can't be started while it holds the memory that they share.
        """
        if self._server.runs:
            self._server.freeze()
            children = _children(self.pid)
            self._server.kill()
            for child in children:
                with suppress(ProcessLookupError):
                    os.kill(child, signal.SIGKILL)
            _wait_for_the_end_of(children)
        else:
            self._server.kill()

    def new_database(self, like: str = "") -> str:
        """The address of a new database: empty, or a copy of the one at the address `like`, not in use."""
        name = f"desk{next(self._numbers)}"
        template = like.rpartition("/")[2] or "template1"
        made = f"CREATE DATABASE {name} TEMPLATE {template}"
        subprocess.run(
            [self._psql, "-X", "-q", "-d", self._url("postgres"), "-c", made],
            check=True,
            timeout=START_SECONDS,
        )
        return self._url(name)

    def _url(self, database: str) -> str:
        return f"postgresql://{_USER}@127.0.0.1:{self._port}/{database}"

    def _init(self, initdb: Path) -> None:
        subprocess.run(
            [
                str(initdb),
                *("-D", str(self._data), "-U", _USER, "--auth=trust", "--encoding=UTF8", "--locale=C.UTF-8"),
                "--no-sync",
            ],
            check=True,
            capture_output=True,
            user=self._runs_as,
            cwd=self._data.parent,
            timeout=START_SECONDS,
        )

    def _ready(self) -> bool:
        asked = [str(self._isready), "-q", "-h", "127.0.0.1", "-p", str(self._port)]
        return subprocess.run(asked, check=False, timeout=START_SECONDS).returncode == 0


def _children(pid: int) -> list[int]:
    """The processes that one has started, of Linux's `/proc`."""
    found = Path("/proc").glob("[0-9]*/stat")
    return [int(stat.parent.name) for stat in found if _fields(stat)[1:2] == [str(pid)]]


def _fields(stat: Path) -> list[str]:
    """State, parent and what follows, of proc(5); none for a process that is gone."""
    try:
        # The name before them stands in brackets, and may hold any character.
        return stat.read_text().rpartition(")")[2].split()
    except (FileNotFoundError, ProcessLookupError):
        return []


def _wait_for_the_end_of(pids: Sequence[int]) -> None:
    until = time.monotonic() + STOP_SECONDS
    # One whose parent does not ask for its status stays as a zombie, which holds nothing.
    while any(_fields(Path(f"/proc/{pid}/stat"))[:1] not in ([], ["Z"]) for pid in pids):
        assert time.monotonic() < until, f"PostgreSQL's processes {pids} did not end"
        time.sleep(0.01)
