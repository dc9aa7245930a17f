"""Redis that keeps nothing on disk."""

from pathlib import Path

from tests.desk import free_port
from tests.services.process import Process, answers, program


class Redis:
    """A server; `url` is the same after a restart, when it is empty."""

    def __init__(self, folder: Path) -> None:
        self._port = free_port()
        self.url = f"redis://127.0.0.1:{self._port}/0"
        keep_nothing = ("--save", "", "--appendonly", "no", "--dir", str(folder))
        self._server = Process(
            [
                program("redis-server", "redis-server"),
                *("--bind", "127.0.0.1", "--port", str(self._port)),
                *keep_nothing,
            ],
            folder / "out",
        )

    def start(self) -> None:
        """Start it and wait until it answers."""
        self._server.start(lambda: answers(self._port, b"PING\r\n", 7))

    def revive(self) -> None:
        """Start it again if it was killed."""
        if not self._server.runs:
            self.start()

    def kill(self) -> None:
        """End it with no chance to tidy up."""
        self._server.kill()

    def freeze(self) -> None:
        """Let it stand still: connections stay open and nobody answers."""
        self._server.freeze()

    def thaw(self) -> None:
        """Let it go on."""
        self._server.thaw()
