"""RabbitMQ with an epmd of its own, so that it meets no other Erlang node of the machine."""

import os
from pathlib import Path

from tests.desk import free_port
from tests.services.process import Process, answers, program

_CONFIGURATION = """
log.console = false
vm_memory_high_watermark.absolute = 512MiB
disk_free_limit.absolute = 50MB
"""
# Any AMQP broker answers a version that it does not speak with the eight bytes of the one that it does.
_ASKED = b"AMQP\0\0\x09\x01"


class RabbitMq:
    """A broker; `url` is the same after a restart, and so are its queues."""

    def __init__(self, folder: Path) -> None:
        server = program("rabbitmq-server", "rabbitmq-server", "/usr/lib/rabbitmq/bin", "/usr/sbin")
        # The wrapper on the PATH refuses every user but root and rabbitmq.
        behind = Path("/usr/lib/rabbitmq/bin/rabbitmq-server")
        self._port, epmd_port, distribution = free_port(), free_port(), free_port()
        self.url = f"amqp://guest:guest@127.0.0.1:{self._port}/"
        for name in ("home", "mnesia", "log", "schema", "gen"):
            (folder / name).mkdir(exist_ok=True)
        (folder / "none.conf").touch()
        (folder / "enabled_plugins").write_text("[].")
        (folder / "rabbitmq.conf").write_text(_CONFIGURATION)
        env = dict(os.environ) | {
            "HOME": str(folder / "home"),
            "ERL_EPMD_PORT": str(epmd_port),
            "ERL_EPMD_ADDRESS": "127.0.0.1",
            "RABBITMQ_NODENAME": f"frontdesk{self._port}@localhost",
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
        self._server = Process([behind if behind.is_file() else server], folder / "out", env=env)

    def start(self) -> None:
        """Start it and wait until it takes connections; 4 to 10 s on the first start."""
        # NAMES_REQ of the Erlang distribution protocol: a length, then one letter.
        self._epmd.start(lambda: answers(self._epmd_port, b"\0\x01n", 4))
        self._server.start(lambda: answers(self._port, _ASKED, 8))

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
