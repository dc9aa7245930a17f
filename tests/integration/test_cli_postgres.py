"""The commands on a desk in PostgreSQL: what they do to a file they do there, and no file is made."""

import json
import subprocess
from pathlib import Path

import pytest

from gateway.demo import content
from tests.desk import FRONTDESK, environment
from tests.services.servers import Servers


class Commands:
    """Runs commands with a database's address in their environment."""

    def __init__(self, data: Path, database: str) -> None:
        # No command talks to the broker but doctor, which reports what it finds.
        self._env = environment(data, database_url=database, amqp_url="amqp://127.0.0.1:1/")

    def run(self, *arguments: str, status: int = 0) -> str:
        """Its stdout."""
        done = subprocess.run(
            [str(FRONTDESK), *arguments], env=self._env, capture_output=True, text=True, check=False
        )
        assert done.returncode == status, done.stderr
        return done.stdout


@pytest.fixture
def commands(servers: Servers, tmp_path: Path) -> Commands:
    """An empty database, not even migrated."""
    return Commands(tmp_path / "data", servers.postgresql.new_database())


def test_a_desk_is_administered_in_postgresql(commands: Commands, tmp_path: Path) -> None:
    """The first command makes the schema; each finds what those before it left."""
    commands.run("migrate")
    token = commands.run("token", "create", "--name", "ci", "--role", "admin").strip()
    assert token.startswith("fd_")
    assert [row["name"] for row in json.loads(commands.run("token", "list", "--json"))] == ["ci"]
    commands.run("user", "create", "--name", "Ann", "--email", "ann@example.org", "--role", "admin")
    assert [row["email"] for row in json.loads(commands.run("user", "list", "--json"))] == ["ann@example.org"]
    articles = tmp_path / "articles.jsonl"
    articles.write_text(
        '{"id": "art_1", "title": "Hours", "answer": "9 to 5", "phrasings": ["opening hours"]}\n'
    )
    commands.run("kb", "import", str(articles))
    assert json.loads(commands.run("kb", "export"))["id"] == "art_1"
    assert json.loads(commands.run("deadletter", "list", "--json")) == []
    assert [path.name for path in (tmp_path / "data").iterdir()] == []


def test_the_demo_is_seeded_into_postgresql_and_cleared(commands: Commands) -> None:
    """Everything the demo holds can be written there, and deleted."""
    commands.run("demo")
    expected = sorted(article.id for article in content.articles())
    lines = commands.run("kb", "export").splitlines()
    assert sorted(json.loads(line)["id"] for line in lines) == expected
    commands.run("demo", "--clear", "--yes")
    assert commands.run("kb", "export") == ""


def test_the_doctor_looks_at_postgresql(commands: Commands) -> None:
    """It names the store that it has found, and its revision."""
    commands.run("migrate")
    findings = {row["check"]: row for row in json.loads(commands.run("doctor", "--json", status=1))}
    assert findings["migrations"]["ok"]
    assert findings["store"]["found"] == "PostgreSQL, 0 events so far"
    assert not findings["bus"]["ok"]
