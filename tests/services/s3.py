"""An S3-compatible store: moto's server, which keeps everything in memory."""

import sys
from pathlib import Path
from urllib.request import Request, urlopen

from tests.desk import free_port
from tests.services.process import Process, answers


class S3:
    """A server without a bucket."""

    def __init__(self, folder: Path) -> None:
        self._port = free_port()
        self._server = Process(
            [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(self._port)], folder / "out"
        )

    def start(self) -> None:
        """Start it and wait until it answers."""
        self._server.start(lambda: answers(self._port, b"HEAD / HTTP/1.0\r\n\r\n", 4))

    def kill(self) -> None:
        """End it with no chance to tidy up."""
        self._server.kill()

    def url(self, bucket: str) -> str:
        """The address of a bucket."""
        return f"s3://key:secret@127.0.0.1:{self._port}/{bucket}?tls=0"

    def new_bucket(self, bucket: str) -> str:
        """Make a bucket; returns its address."""
        self.ask("PUT", bucket)
        return self.url(bucket)

    def ask(self, method: str, path: str, content: bytes | None = None) -> bytes:
        """Ask the server past every client; returns the answer's body."""
        request = Request(
            f"http://127.0.0.1:{self._port}/{path}",
            data=content,
            method=method,
            headers={"Authorization": "AWS4-HMAC-SHA256 Credential=key/20260101/us-east-1/s3/aws4_request"},
        )
        with urlopen(request, timeout=10) as response:  # noqa: S310 - the server's own address
            answered: bytes = response.read()
            return answered
