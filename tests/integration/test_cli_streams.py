"""The JSON-lines commands as other programs drive them: a line in, a line out, at once, come what may."""

import json
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.desk import FRONTDESK, environment

ARTICLES = (
    {"id": "a1", "title": "Tracking", "phrasings": ["Where is my parcel?", "track my order"]},
    {"id": "a2", "title": "退款", "phrasings": ["退款多久到账?", "什么时候退钱"]},
)
SLA_LINE = {
    "calendars": {"nyc": {"tz": "America/New_York", "weekly": {"mon": [["09:00", "17:00"]]}}},
    "calendar": "nyc",
    "policy": {"metric": "first_response", "target_minutes": 120},
    "events": [{"id": "e1", "at": "2026-11-23T14:00:00Z", "type": "created"}],
}


@pytest.fixture
def articles(tmp_path: Path) -> Path:
    """A file of two articles."""
    file = tmp_path / "articles.jsonl"
    file.write_text("".join(json.dumps(article) + "\n" for article in ARTICLES), encoding="utf-8")
    return file


@contextmanager
def talking(folder: Path, *arguments: str) -> Iterator[subprocess.Popen[bytes]]:
    """A command that runs while the block does, with pipes to talk through."""
    command = [str(FRONTDESK), *arguments]
    pipe = subprocess.PIPE
    process = subprocess.Popen(
        command, stdin=pipe, stdout=pipe, stderr=pipe, cwd=folder, env=environment(folder / "data")
    )
    with process:
        try:
            yield process
        finally:
            process.kill()


def say(process: subprocess.Popen[bytes], line: bytes) -> Any:
    """Write one line and read the one that answers it."""
    assert process.stdin is not None
    assert process.stdout is not None
    process.stdin.write(line + b"\n")
    process.stdin.flush()
    return json.loads(process.stdout.readline())


def answers(folder: Path, arguments: list[str], stdin: bytes) -> list[Any]:
    """What a command prints for the whole of its input; it must succeed and say nothing else."""
    done = subprocess.run(
        [str(FRONTDESK), *arguments],
        input=stdin,
        capture_output=True,
        check=False,
        cwd=folder,
        env=environment(folder / "data"),
        timeout=60,
    )
    assert (done.returncode, done.stderr) == (0, b"")
    return [json.loads(line) for line in done.stdout.splitlines()]


def test_a_match_is_answered_before_the_next_line_is_written(tmp_path: Path, articles: Path) -> None:
    """Each question has its answer at once, so a program can hold a conversation with the command."""
    with talking(tmp_path, "kb", "match", "--articles", str(articles)) as process:
        first = say(process, b'{"text": "where is my parcel"}')
        second = say(process, '{"text": "退款多久到账", "language": "zh"}'.encode())
    assert [(one["outcome"], one["candidates"][0]["article_id"]) for one in (first, second)] == [
        ("answer", "a1"),
        ("answer", "a2"),
    ]
    assert set(first) == {"outcome", "candidates", "encoder"}
    assert set(first["candidates"][0]) == {"article_id", "title", "confidence"}


def test_bad_questions_are_answered_by_their_line_and_stop_nothing(tmp_path: Path, articles: Path) -> None:
    """No JSON, no text, a blank line, bytes that are not UTF-8 and a line of 3 MB each get an error."""
    lines = [
        b"nonsense",
        b'{"language": "en"}',
        b"",
        b'{"text": "\xff"}',
        b'{"text": "' + b"x" * 3_000_000 + b'"}',
        b'{"text": "where is my parcel"}',
    ]
    said = answers(tmp_path, ["kb", "match", "--articles", str(articles)], b"\n".join(lines) + b"\n")
    assert [one.get("line") for one in said] == [1, 2, 3, 4, 5, None]
    assert said[-1]["outcome"] == "answer"


def test_matching_needs_no_desk(tmp_path: Path, articles: Path) -> None:
    """No data folder is made."""
    answers(tmp_path, ["kb", "match", "--articles", str(articles)], b'{"text": "hello"}\n')
    assert [path.name for path in tmp_path.iterdir()] == ["articles.jsonl"]


def test_a_wrong_articles_file_fails_with_its_line(tmp_path: Path, articles: Path) -> None:
    """The sentence names the file and the line, and the status is 1."""
    articles.write_text('{"id": "a1", "phrasings": []}\n{"id": "a1", "phrasings": []}\n')
    done = subprocess.run(
        [str(FRONTDESK), "kb", "match", "--articles", str(articles)],
        capture_output=True,
        text=True,
        check=False,
        env=environment(tmp_path / "data"),
    )
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == f"frontdesk: {articles}, line 2: article 'a1' is there already.\n"


def test_a_clock_is_read_a_line_at_a_time(tmp_path: Path) -> None:
    """`frontdesk sla` answers each line at once, and a bad one with an error."""
    with talking(tmp_path, "sla") as process:
        read = say(process, json.dumps(SLA_LINE).encode())
        bad = say(process, b"[]")
        again = say(process, json.dumps(SLA_LINE).encode())
    assert read["deadline_utc"] == "2026-11-23T16:00:00Z"
    assert set(bad) == {"error"}
    assert again == read


def test_tickets_are_assigned_an_event_at_a_time(tmp_path: Path) -> None:
    """`frontdesk assign` runs the engine: the offer comes with the event that made it possible."""
    with talking(tmp_path, "assign") as process:
        say(process, b'{"at":0,"event":"config","tiers":["gold","normal"]}')
        waits = say(
            process,
            b'{"at":1,"event":"ticket","id":"t1","skills":{"G":1},"tier":"gold","channel":"chat","units":1,'
            b'"promise_s":300}',
        )
        bad = say(process, b'{"at":1,"event":"nothing"}')
        comes = say(
            process,
            b'{"at":2,"event":"agent","id":"a1","skills":{"G":3},"channels":{"chat":4},"capacity":4,'
            b'"online":true}',
        )
    assert waits["offers"] == []
    assert (set(bad), bad["line"]) == ({"error", "line"}, 3)
    assert [(offer["ticket"], offer["agent"]) for offer in comes["offers"]] == [("t1", "a1")]
