"""The commands that change a desk's folder, as processes of their own."""

import json
import re
import subprocess
from pathlib import Path
from typing import Any

import pytest

from gateway.folder import prepare
from gateway.settings import Settings
from tests.desk import FRONTDESK, environment

RULE = {"id": "r1", "stage": "enrich", "then": [{"tag": "seen"}]}


class Folder:
    """A data folder and the commands on it."""

    def __init__(self, data: Path) -> None:
        self.data = data

    def run(self, *arguments: str) -> "subprocess.CompletedProcess[str]":
        """A command's outcome."""
        return subprocess.run(
            [str(FRONTDESK), *arguments],
            env=environment(self.data),
            cwd=self.data.parent,
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )

    def told(self, *arguments: str) -> str:
        """What a command that must succeed prints."""
        done = self.run(*arguments)
        assert done.returncode == 0, done.stderr
        return done.stdout

    def document(self, *arguments: str) -> Any:
        """The JSON that a command that must succeed prints."""
        return json.loads(self.told(*arguments, "--json"))


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    """A migrated, empty desk."""
    prepare(Settings.model_construct(data=tmp_path / "data"))
    return Folder(tmp_path / "data")


def test_help_comes_at_once_and_names_every_command(tmp_path: Path) -> None:
    """`frontdesk --help` lists what there is and imports none of it."""
    said = Folder(tmp_path / "data").told("--help")
    commands = re.findall(r"^  ([a-z]+)  +\S", said, re.MULTILINE)
    assert commands == [
        *["serve", "worker", "demo", "migrate", "doctor", "backup", "restore", "assign", "sla", "simulate"],
        *["user", "token", "channel", "rules", "kb", "mail", "ledger", "deadletter"],
    ]


def test_a_token_is_all_that_creating_one_prints(folder: Folder) -> None:
    """Standard output holds the token and nothing else, and the list knows it without its secret."""
    done = folder.run("token", "create", "--name", "robot", "--role", "supervisor")
    assert re.fullmatch(r"fd_[A-Za-z0-9_-]{43}\n", done.stdout)
    assert done.stderr == ""
    (listed,) = folder.document("token", "list")
    assert (listed["name"], listed["role"], listed["revoked_at"]) == ("robot", "supervisor", None)
    assert done.stdout.strip() not in folder.told("token", "list")


def test_a_revoked_token_says_so(folder: Folder) -> None:
    """The list shows when a token ended; one that does not exist can't be ended."""
    folder.told("token", "create", "--name", "robot", "--role", "agent")
    (listed,) = folder.document("token", "list")
    folder.told("token", "revoke", listed["id"])
    assert folder.document("token", "list")[0]["revoked_at"] is not None
    missing = folder.run("token", "revoke", "tok_none")
    assert (missing.returncode, missing.stderr) == (1, "frontdesk: There is no token tok_none.\n")


@pytest.mark.parametrize(
    "arguments",
    [
        ("token", "create", "--name", "robot", "--role", "king"),
        ("token", "create", "--role", "admin"),
        ("channel", "create", "--kind", "pigeon", "--name", "x"),
        ("channel", "create", "--kind", "webhook", "--name", "x", "--settings", "[]"),
        (
            "channel",
            "create",
            "--kind",
            "webhook",
            "--name",
            "x",
            "--settings",
            '{"callback_url": "ftp://x"}',
        ),
        ("user", "create", "--name", "Ann", "--email", "ann"),
        ("serve", "--port", "many"),
        ("nothing",),
    ],
)
def test_wrong_usage_ends_with_status_2(tmp_path: Path, arguments: tuple[str, ...]) -> None:
    """What the command line itself gets wrong is told apart from what failed."""
    assert Folder(tmp_path / "data").run(*arguments).returncode == 2


def test_a_folder_without_a_desk_is_not_made_into_one(tmp_path: Path) -> None:
    """A token made elsewhere would open nothing here, so the command fails and says where it looked."""
    done = Folder(tmp_path / "data").run("token", "create", "--name", "robot", "--role", "admin")
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith(f"frontdesk: There is no desk in {tmp_path / 'data'}: ")
    assert list(tmp_path.iterdir()) == []


def test_a_wrong_setting_fails_every_command(folder: Folder) -> None:
    """A variable that is no setting is named."""
    done = subprocess.run(
        [str(FRONTDESK), "token", "list"],
        env=environment(folder.data, prot=1),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    assert done.stderr == (
        "frontdesk: The variable FRONTDESK_PROT is not a setting: did you mean FRONTDESK_PORT?\n"
    )


def test_a_new_user_has_a_password_of_their_own(folder: Folder) -> None:
    """Making an agent and resetting a password each print a new random password."""
    first = folder.told("user", "create", "--name", "Ann Lee", "--email", "Ann@example.org").strip()
    second = folder.told("user", "reset-password", "ann@example.org").strip()
    third = folder.told("user", "reset-password", "Ann Lee").strip()
    assert [len(password) for password in (first, second, third)] == [16, 16, 16]
    assert len({first, second, third}) == 3
    (listed,) = folder.document("user", "list")
    assert (listed["name"], listed["email"], listed["role"]) == ("Ann Lee", "ann@example.org", "agent")


def test_resetting_nobodys_password_fails(folder: Folder) -> None:
    """A name that no agent has is refused."""
    done = folder.run("user", "reset-password", "nobody")
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith("frontdesk: There is no agent nobody: ")


def test_a_channel_shows_its_secret_once(folder: Folder) -> None:
    """The secret is printed when the channel is made, and never by the list."""
    made = json.loads(folder.told("channel", "create", "--kind", "webhook", "--name", "Shop"))
    assert made["secrets"]["secret"].startswith("whsec_")
    listed = folder.told("channel", "list", "--json")
    assert [(one["id"], one["kind"], one["name"]) for one in json.loads(listed)] == [
        (made["id"], "webhook", "Shop")
    ]
    assert made["secrets"]["secret"] not in listed


def test_rules_go_out_as_they_came_in(folder: Folder) -> None:
    """A published file is what export prints; a draft is not."""
    file = folder.data.parent / "rules.json"
    file.write_text(json.dumps([RULE]))
    folder.told("rules", "import", str(file))
    assert json.loads(folder.told("rules", "export")) == []
    folder.told("rules", "import", str(file), "--publish", "--note", "first")
    assert json.loads(folder.told("rules", "export")) == [RULE]


def test_every_fault_of_a_rule_file_is_printed_with_its_place(folder: Folder) -> None:
    """Validating fails and names each fault; importing such a file stores nothing."""
    file = folder.data.parent / "rules.json"
    file.write_text(json.dumps([RULE | {"stage": "never"}, RULE | {"id": "r2", "then": []}]))
    done = folder.run("rules", "validate", str(file))
    places = [line.partition(":")[0] for line in done.stderr.splitlines()]
    assert (done.returncode, places) == (1, ["/0/stage", "/1/then", "frontdesk"])
    assert folder.run("rules", "import", str(file), "--publish").returncode == 1
    assert json.loads(folder.told("rules", "export")) == []


def test_articles_go_out_as_they_came_in(folder: Folder) -> None:
    """Export gives what import took; importing a changed file changes those articles and adds the others."""
    file = folder.data.parent / "articles.jsonl"
    one = {"id": "a1", "title": "One", "answer": "1", "phrasings": ["one?"], "language": "en", "tags": ["x"]}
    two = {"id": "a2", "title": "二", "answer": "2", "phrasings": ["二?"], "language": "zh", "tags": []}
    file.write_text(json.dumps(one | {"title": "Eins"}) + "\n")
    folder.told("kb", "import", str(file))
    file.write_text(json.dumps(one) + "\n" + json.dumps(two) + "\n")
    assert folder.run("kb", "import", str(file)).stderr == "1 added, 1 changed\n"
    lines = folder.told("kb", "export").splitlines()
    given = [{name: value for name, value in json.loads(line).items() if name in one} for line in lines]
    assert given == [one, two]


def test_an_import_names_every_bad_row_and_takes_none(folder: Folder) -> None:
    """Nothing is half-imported; told to skip bad rows, the good one is taken; an old export is refused."""
    file = folder.data.parent / "articles.csv"
    file.write_text("id,title,answer\na1,One,1\na2,Two,\na1,Again,2\n", encoding="utf-8")
    refused = folder.run("kb", "import", str(file))
    assert (refused.returncode, refused.stderr.splitlines()) == (
        1,
        [
            "row 2: The answer is missing.",
            "row 3: The article 'a1' stands at row 1 already.",
            "frontdesk: Nothing was imported: 2 rows at fault; --skip-bad takes the others.",
        ],
    )
    assert folder.told("kb", "export") == ""
    taken = folder.run("kb", "import", str(file), "--skip-bad", "--json")
    assert json.loads(taken.stdout) | {"faults": 2} == {
        **{"imported": True, "added": 1, "changed": 0, "unchanged": 0, "faults": 2}
    }
    pages = folder.data.parent / "pages"
    folder.told("kb", "export", str(pages))
    page = pages / "a1.md"
    page.write_text(page.read_text().replace("\n\n1\n", "\n\n2\n"))
    assert folder.run("kb", "import", str(pages)).stderr == "0 added, 1 changed\n"
    page.write_text(page.read_text().replace("\n\n2\n", "\n\n3\n"))
    conflict = folder.run("kb", "import", str(pages))
    assert (conflict.returncode, conflict.stderr.splitlines()[0]) == (
        1,
        "a1.md: Article 'a1' was changed since: it is at version 2, not 1.",
    )
    rehearsed = folder.run("kb", "import", str(pages), "--overwrite", "--dry-run")
    assert rehearsed.stderr == "would be 0 added, 1 changed\n"
    assert folder.run("kb", "import", str(pages), "--overwrite").stderr == "0 added, 1 changed\n"
    assert folder.run("kb", "import", str(file), "--format", "docx").returncode == 2


def test_the_demo_fills_an_empty_desk_and_only_that(folder: Folder) -> None:
    """Seeding a desk in use fails; emptying it keeps tokens and admins, and it can be seeded again."""
    folder.told("user", "create", "--name", "Boss", "--email", "boss@example.org", "--role", "admin")
    folder.told("token", "create", "--name", "robot", "--role", "admin")
    folder.told("demo")
    assert len(folder.document("channel", "list")) == 2
    assert folder.run("demo").returncode == 1
    folder.told("demo", "--clear", "--yes")
    assert folder.document("channel", "list") == []
    assert [agent["name"] for agent in folder.document("user", "list")] == ["Boss"]
    assert [token["name"] for token in folder.document("token", "list")] == ["robot"]
    folder.told("demo")
    assert len(folder.document("user", "list")) == 7


def test_emptying_a_desk_asks_first(folder: Folder) -> None:
    """Without an answer nothing is deleted."""
    folder.told("demo")
    assert folder.run("demo", "--clear").returncode == 1
    assert len(folder.document("channel", "list")) == 2


def test_the_doctor_finds_nothing_wrong_with_a_healthy_desk(folder: Folder) -> None:
    """Every check is there and passes."""
    folder.told("demo")
    findings = folder.document("doctor")
    assert [(finding["check"], finding["ok"]) for finding in findings] == [
        (name, True)
        for name in (
            *("settings", "folder", "disk", "encoder", "server", "migrations", "store"),
            *("bus", "live", "blobs", "channels", "clock"),
        )
    ]


def test_the_doctor_says_what_to_do_about_a_lost_key(folder: Folder) -> None:
    """With another key file the channels' secrets can't be opened: that check fails, the others pass."""
    folder.told("demo")
    key = folder.data / "secret.key"
    key.chmod(0o600)
    key.write_bytes(bytes(32))
    done = folder.run("doctor", "--json")
    (wrong,) = [finding for finding in json.loads(done.stdout) if not finding["ok"]]
    assert (done.returncode, wrong["check"]) == (1, "channels")
    assert "sealed with another key" in wrong["found"]
    assert wrong["to_do"] != ""


def test_the_doctor_can_look_before_the_first_start(tmp_path: Path) -> None:
    """Where there is no desk yet nothing is wrong, and looking makes none."""
    findings = Folder(tmp_path / "data").document("doctor")
    assert [finding["ok"] for finding in findings] == [True] * len(findings)
    assert list(tmp_path.iterdir()) == []


def test_migrating_makes_a_desk(tmp_path: Path) -> None:
    """The folder is its owner's alone, and migrating again changes nothing."""
    made = Folder(tmp_path / "data")
    assert [made.run("migrate").returncode, made.run("migrate").returncode] == [0, 0]
    modes = {path.name: path.stat().st_mode & 0o777 for path in (made.data, made.data / "frontdesk.db")}
    assert modes == {"data": 0o700, "frontdesk.db": 0o600}
    assert made.document("token", "list") == []


def test_a_worker_alone_needs_servers(folder: Folder) -> None:
    """Embedded, the desk is one process, and the sentence says which command runs it."""
    done = folder.run("worker", "--role", "inbound")
    assert (done.returncode, done.stdout) == (1, "")
    assert "frontdesk serve runs them all" in done.stderr
