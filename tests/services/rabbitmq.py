"""RabbitMQ with an epmd of its own, so that it meets no other Erlang node of the machine."""

import itertools
import os
import subprocess
from pathlib import Path

from tests.desk import free_port
from tests.services.process import START_SECONDS, Process, answers, program

_CONFIGURATION = """
log.console = false
vm_memory_high_watermark.absolute = 512MiB
disk_free_limit.absolute = 50MB
"""
# Any AMQP broker answers a version that it does not speak with the eight bytes of the one that it does.
_ASKED = b"AMQP\0\0\x09\x01"


_ALL = '<<".*">>, <<".*">>, <<".*">>'
_BIN = Path("/usr/lib/rabbitmq/bin")


class RabbitMq:
    """A broker; `url` is the same after a restart, and so are its queues."""

    def __init__(self, folder: Path) -> None:
        # What Debian puts on the PATH refuses every user but root and rabbitmq.
        server, self._control = (
            _BIN / name if (_BIN / name).is_file() else program("rabbitmq-server", name, "/usr/sbin")
            for name in ("rabbitmq-server", "rabbitmqctl")
        )
        self._port, epmd_port, distribution = free_port(), free_port(), free_port()
        self.url = f"amqp://guest:guest@127.0.0.1:{self._port}/"
        for name in ("home", "mnesia", "log", "schema", "gen"):
            (folder / name).mkdir(exist_ok=True)
        (folder / "none.conf").touch()
        (folder / "enabled_plugins").write_text("[].")
        (folder / "rabbitmq.conf").write_text(_CONFIGURATION)
        self._node = f"frontdesk{self._port}@localhost"
        self._numbers = itertools.count(1)
        env = self._env = dict(os.environ) | {
            "HOME": str(folder / "home"),
            "ERL_EPMD_PORT": str(epmd_port),
            "ERL_EPMD_ADDRESS": "127.0.0.1",
            "RABBITMQ_NODENAME": self._node,
            "RABBITMQ_NODE_IP_ADDRESS": "127.0.0.1",
            "RABBITMQ_NODE_PORT": str(self._port),
            "RABBITMQ_DIST_PORT": str(distribution),
            "RABBITMQ_MNESIA_BASE": str(folder / "mnesia"),
            "RABBITMQ_LOG_BASE": str(folder / "log"),
            "RABBITMQ_PID_FILE": str(folder / "pid"),
            "RABBITMQ_ENABLED_PLUGINS_FILE": str(folder / "enabled_plugins"),
            "RABBITMQ_SCHEMA_DIR": str(folder / "schema"),
            "RABBITMQ_GENERATED_CONFIG_DIR": str(folder / "gen"),
            "RABBITMQ_CONF_ENV_FILE": str(folder / "none.conf"),
            "RABBITMQ_CONFIG_FILE": str(folder / "rabbitmq"),
            "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS": (
                "-kernel inet_dist_use_interface {127,0,0,1} +S 1:1 +sbwt none"
            ),
        }
        # Left to itself, the node would start an epmd that outlives it.
        self._epmd_port = epmd_port
        self._epmd = Process(
            [program("erlang-base", "epmd"), "-port", str(epmd_port), "-address", "127.0.0.1"],
            folder / "epmd.out",
            env=env,
        )
        self._server = Process([server], folder / "out", env=env)

    def new_vhost(self) -> str:
        """The address of a new virtual host, so that one desk's lanes are not another's; takes 2 s."""
        name = f"desk{next(self._numbers)}"
        made = f'rabbit_vhost:add(<<"{name}">>, <<"guest">>)'
        allowed = (
            f'rabbit_auth_backend_internal:set_permissions(<<"guest">>, <<"{name}">>, {_ALL}, <<"guest">>)'
        )
        subprocess.run(
            [self._control, "-q", "-n", self._node, "eval", f"{made}, {allowed}."],
            env=self._env,
            check=True,
            capture_output=True,
            timeout=START_SECONDS,
        )
        return f"{self.url}{name}"

    def start(self) -> None:
        """Start it and wait until it takes connections; 4 to 10 s on the first start."""
        # NAMES_REQ of the Erlang distribution protocol: a length, then one letter.
        self._epmd.start(lambda: answers(self._epmd_port, b"\0\x01n", 4))
        self._server.start(lambda: answers(self._port, _ASKED, 8))

    @property
    def pid(self) -> int:
        """The process that it all runs in, or is started by."""
        return self._server.pid

    def revive(self) -> None:
        """Start it again if it was killed."""
        if not self._server.runs:
            self.start()

    def kill(self) -> None:
        """End it with no chance to tidy up."""
        self._server.kill()
        self._epmd.kill()

    def freeze(self) -> None:
        """Let it stand still: connections stay open and nobody answers."""
        self._server.freeze()

    def thaw(self) -> None:
        """Let it go on."""
        self._server.thaw()
