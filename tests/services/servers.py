"""The servers of one run of tests or benchmarks: each is started when it is first asked for."""

import shutil
import tempfile
from collections.abc import Callable
from contextlib import ExitStack
from functools import cached_property
from pathlib import Path
from types import TracebackType
from typing import Protocol, Self, TypeVar

from tests.services.postgresql import PostgreSql
from tests.services.rabbitmq import RabbitMq
from tests.services.redis import Redis
from tests.services.s3 import S3


class _Server(Protocol):
    def start(self) -> None: ...
    def kill(self) -> None: ...


S = TypeVar("S", bound=_Server)


class Servers:
    """A context: leaving it ends what was started and removes its folders."""

    def __init__(self) -> None:
        self._stack = ExitStack()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stack.close()

    @cached_property
    def rabbitmq(self) -> RabbitMq:
        """A broker."""
        return self._started(RabbitMq)

    @cached_property
    def redis(self) -> Redis:
        """A cache."""
        return self._started(Redis)

    @cached_property
    def postgresql(self) -> PostgreSql:
        """A database server."""
        return self._started(PostgreSql)

    @cached_property
    def s3(self) -> S3:
        """An object store."""
        return self._started(S3)

    def _started(self, make: Callable[[Path], S]) -> S:
        # Not a test's own folder: that one can't be entered by the user that PostgreSQL runs as.
        folder = Path(tempfile.mkdtemp(prefix="frontdesk-"))
        self._stack.callback(shutil.rmtree, folder, ignore_errors=True)
        server = make(folder)
        self._stack.callback(server.kill)
        server.start()
        return server
