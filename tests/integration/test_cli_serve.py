"""`frontdesk serve` as a process: the first start, the next ones, and what stops a start in one sentence."""

import json
import re
import subprocess
import urllib.request
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from tests.desk import FRONTDESK, Desk, environment, free_port, running_desk


@pytest.fixture(scope="module")
def demo() -> Iterator[Desk]:
    """A running demo desk, just started for the first time."""
    with running_desk(demo=True) as desk:
        yield desk


def refusal(data: Path, *arguments: str, **settings: object) -> str:
    """The sentence with which a start is refused."""
    done = subprocess.run(
        [str(FRONTDESK), "serve", *arguments],
        env=environment(data, **settings),
        cwd=data.parent,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert (done.returncode, done.stdout) == (1, "")
    return done.stderr.removeprefix("frontdesk: ").removesuffix("\n")


def ask(desk: Desk, token: str, path: str) -> Any:
    """What the API answers to a GET."""
    request = urllib.request.Request(desk.url + path, headers={"Authorization": f"Bearer {token}"})  # noqa: S310
    with closing(urllib.request.urlopen(request, timeout=30)) as response:  # noqa: S310
        return json.load(response)


def test_the_first_start_says_what_runs_where_and_how_to_sign_in(demo: Desk) -> None:
    """URLs, the admin's name and a random password."""
    said = demo.output
    assert [line.split()[-1] for line in said.splitlines() if "http" in line][:3] == [
        f"{demo.url}/",
        f"{demo.url}/demo",
        f"{demo.url}/docs",
    ]
    assert demo.admin == "admin@example.org"
    assert len(demo.password) == 16


def test_the_admin_signs_in_with_the_password_that_was_printed(demo: Desk) -> None:
    """The password of the first start opens a session."""
    body = json.dumps({"email": demo.admin, "password": demo.password}).encode()
    request = urllib.request.Request(  # noqa: S310 - the desk's own address
        f"{demo.url}/api/v1/session", data=body, headers={"Content-Type": "application/json"}
    )
    with closing(urllib.request.urlopen(request, timeout=30)) as response:  # noqa: S310
        assert (response.status, json.load(response)["agent"]["role"]) == (201, "admin")


def test_the_lines_to_paste_send_a_message(demo: Desk) -> None:
    """Pasted into a shell as they were printed, the three lines are signed rightly and answered 202."""
    lines = re.search(r"^at=.*\n.*\n.*$", demo.output, re.MULTILINE)
    assert lines is not None
    done = subprocess.run(["sh", "-c", lines.group()], capture_output=True, text=True, check=True, timeout=30)
    answer = json.loads(done.stdout)
    assert (answer["id"][:4], answer["duplicate"]) == ("msg_", False)


def test_a_token_made_beside_the_running_server_opens_it(demo: Desk) -> None:
    """The server knows it at once, and serves the demo's tickets."""
    tickets = ask(demo, demo.token(), "/api/v1/tickets?limit=100")["data"]
    assert len(tickets) >= 23


def test_another_server_on_the_same_folder_is_refused(demo: Desk) -> None:
    """The sentence names the process that has it."""
    assert refusal(demo.data) == (
        f"{demo.data / 'frontdesk.db'} is already served by process {demo.pid}: stop it, or choose another "
        "folder with --data or FRONTDESK_DATA."
    )


def test_a_port_in_use_is_refused(demo: Desk, tmp_path: Path) -> None:
    """The sentence names the port and what changes it, and no admin is made whose password nobody saw."""
    assert refusal(tmp_path / "data", port=demo.port) == (
        f"Port {demo.port} on 127.0.0.1 is in use: stop what uses it, or choose another with --port or "
        "FRONTDESK_PORT."
    )
    with running_desk(data=tmp_path / "data") as later:
        assert later.password != ""


def test_a_folder_that_cannot_be_made_is_refused(tmp_path: Path) -> None:
    """A data folder below a file can't be."""
    (tmp_path / "file").write_text("")
    data = tmp_path / "file" / "data"
    said = subprocess.run(
        [str(FRONTDESK), "serve"],
        env=environment(data, port=free_port()),
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert (said.returncode, said.stdout) == (1, "")
    assert said.stderr == (
        f"frontdesk: The data folder {data} can't be written (Not a directory): "
        "choose another with --data or FRONTDESK_DATA, or make it yours.\n"
    )


def test_a_file_that_is_no_database_is_refused(tmp_path: Path) -> None:
    """It is left as it was: it may be somebody's."""
    data = tmp_path / "data"
    data.mkdir()
    (data / "frontdesk.db").write_bytes(b"something else" * 1000)
    assert refusal(data, port=free_port()).startswith(f"The database {data / 'frontdesk.db'} can't be read (")
    assert (data / "frontdesk.db").read_bytes() == b"something else" * 1000


def test_a_wrong_setting_is_refused(tmp_path: Path) -> None:
    """The start stops before anything is made."""
    assert refusal(tmp_path / "data", port="many") == (
        "FRONTDESK_PORT must be a number from 0 (any free port) to 65535."
    )
    assert list(tmp_path.iterdir()) == []


def test_the_next_start_keeps_everything_and_prints_no_password() -> None:
    """After a stop, and after a kill, the desk comes back with the same admin and no new password."""
    with running_desk() as desk:
        first, token = desk.password, desk.token()
        assert desk.stop() == 0
        desk.start()
        assert (desk.admin, "Password" in desk.output) == ("admin@example.org", False)
        desk.kill9()
        desk.start()
        assert desk.password == first
        assert ask(desk, token, "/api/v1/tickets")["data"] == []


def test_a_desk_without_the_demo_is_empty() -> None:
    """Nobody is there but the admin, and no channel is open."""
    with running_desk() as desk:
        assert len(json.loads(desk.run("user", "list", "--json"))) == 1
        assert json.loads(desk.run("channel", "list", "--json")) == []
