"""What README says to type, typed."""

import os
import re
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.error import URLError
from urllib.request import urlopen

import pytest

from tests.desk import environment, free_port

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"<!-- run -->\n```sh\n(.*?)```", README, re.DOTALL)


@pytest.fixture(scope="module")
def shell(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    """The environment of somebody who has typed `make run` in another terminal."""
    port = free_port()
    data = tmp_path_factory.mktemp("readme") / "data"
    env = environment(data, port=port) | {"PORT": str(port), "DATA": str(data)}
    env["DESK"] = f"http://127.0.0.1:{port}"
    # What make exports to the tests' own run would be taken for what a person typed.
    env = {name: value for name, value in env.items() if not name.startswith(("MAKE", "MFLAGS"))}
    with subprocess.Popen(["make", "run"], cwd=ROOT, env=env, start_new_session=True) as running:
        try:
            _wait(env["DESK"])
            yield env
        finally:
            os.killpg(running.pid, signal.SIGTERM)


def _wait(url: str) -> None:
    until = time.monotonic() + 90
    while time.monotonic() < until:
        try:
            with urlopen(f"{url}/readyz", timeout=5):  # noqa: S310 - the desk's own address
                return
        except (URLError, ConnectionError, TimeoutError):
            time.sleep(0.1)
    raise AssertionError("`make run` was not ready in 90 s")


def test_every_command_of_the_readme_works(shell: dict[str, str]) -> None:
    """The blocks run in order in one shell, as a reader would type them, and none fails."""
    script = "set -euo pipefail\n" + "\n".join(f"{block}\necho '--8<--'" for block in BLOCKS)
    script = script.replace("curl -sS", "curl -sS --fail-with-body")
    done = subprocess.run(
        ["bash", "-c", script], cwd=ROOT, env=shell, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    said = done.stdout.split("--8<--")
    assert len(said) == len(BLOCKS) + 1
    assert '"status":"queued"' in said[1]
    assert '"outcome":"answer"' in said[2]


def test_the_two_commands_of_the_readme_are_targets_of_the_makefile() -> None:
    """`make run` and `make test` exist."""
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    assert re.search(r"^run:", makefile, re.MULTILINE)
    assert re.search(r"^test:", makefile, re.MULTILINE)
