"""`frontdesk rules`: files that diff well, tests, versions, and decisions made again."""

import json
import sqlite3
import subprocess
import tomllib
from pathlib import Path
from typing import Any

import msgspec
import pytest

from tests.desk import FRONTDESK, environment

GOLD: dict[str, Any] = {
    "id": "gold",
    "name": "Gold “first”",
    "stage": "enrich",
    "if": {"all": [{"field": "customer.tier", "op": "is", "value": "gold"}, {"cel": "size(text) > 0"}]},
    "then": [{"tag": "vip"}],
}
CASE = {"name": "gold", "message": {"text": "你好", "tier": "gold"}, "expect": {"tags": ["vip"]}}


@pytest.fixture
def desk(tmp_path: Path) -> Path:
    """A folder with a desk in it."""
    run(tmp_path, "migrate")
    return tmp_path


def run(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    """One command on the folder's desk."""
    env = environment(folder / "data")
    return subprocess.run(
        [str(FRONTDESK), *words],
        env=env,
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )


def test_a_set_goes_out_as_toml_and_comes_back_the_same(desk: Path) -> None:
    """Byte for byte: a second export of what was imported is the first one."""
    (desk / "rules.json").write_text(json.dumps({"rules": [GOLD], "cases": [CASE]}), encoding="utf-8")
    imported = run(desk, "rules", "import", "rules.json", "--publish", "--note", "first")
    first = run(desk, "rules", "export", "--toml").stdout
    (desk / "rules.toml").write_text(first, encoding="utf-8")
    run(desk, "rules", "import", "rules.toml", "--publish")
    assert imported.stderr == "version 1, published\n"
    assert tomllib.loads(first) == {"version": 1, "rules": [GOLD], "cases": [CASE]}
    assert run(desk, "rules", "export", "--toml").stdout == first


def test_tests_beside_the_rules_decide_whether_they_are_published(desk: Path) -> None:
    """Failing ones are named; a reason overrules them."""
    failing = {**CASE, "expect": {"tags": ["other"]}}
    (desk / "rules.json").write_text(json.dumps({"rules": [GOLD], "cases": [failing]}), encoding="utf-8")
    tested = run(desk, "rules", "test", "rules.json")
    refused = run(desk, "rules", "import", "rules.json", "--publish")
    overruled = run(desk, "rules", "import", "rules.json", "--publish", "--overrule", "it is old")
    assert (tested.returncode, refused.returncode, overruled.returncode) == (1, 1, 0)
    assert "there is no tag other" in tested.stdout


def test_a_second_person_approves_where_the_desk_asks_for_it(desk: Path) -> None:
    """The command line can't approve what it made; what it made decides only once somebody else has."""
    (desk / "rules.json").write_text(json.dumps([GOLD]), encoding="utf-8")
    (desk / "frontdesk.toml").write_text("rules_approval = true\n", encoding="utf-8")
    at_once = run(desk, "rules", "import", "rules.json", "--publish")
    drafted = run(desk, "rules", "import", "rules.json")
    early = run(desk, "rules", "publish", "1")
    alone = run(desk, "rules", "approve", "1")
    assert [one.returncode for one in (at_once, drafted, early, alone)] == [1, 0, 1, 1]
    assert "A second admin must approve first; nothing was published." in at_once.stderr
    assert drafted.stderr == "version 1, a draft\n"
    with sqlite3.connect(desk / "data" / "frontdesk.db") as rows:
        rows.execute("UPDATE rule_versions SET author = 'agt_1'")
    rows.close()
    assert [run(desk, "rules", *words, "1").returncode for words in (("approve",), ("publish",))] == [0, 0]
    (listed,) = json.loads(run(desk, "rules", "versions", "--json").stdout)
    assert (listed["state"], listed["approved_by"]) == ("published", "command line")


def test_one_message_is_tried_on_a_draft_or_a_file(desk: Path) -> None:
    """What each rule said of it, and what would be decided; nothing is stored."""
    (desk / "rules.json").write_text(json.dumps([GOLD]), encoding="utf-8")
    run(desk, "rules", "import", "rules.json")
    words = ("rules", "simulate", "你好", "--tier", "gold")
    published = json.loads(run(desk, *words, "--json").stdout)
    by_draft = json.loads(run(desk, *words, "--version", "1", "--json").stdout)
    by_file = run(desk, *words, "--rules", "rules.json")
    nowhere = run(desk, *words, "--version", "9")
    assert [one["rule_id"] for one in published["trace"] if one["rule_id"] != "default"] == []
    assert by_draft["decision"]["effects"][0]["tags"] == ["vip"]
    assert "gold     hit    tag vip" in by_file.stdout
    assert (nowhere.returncode, nowhere.stderr) == (1, "frontdesk: There is no rule-set version 9.\n")
    with sqlite3.connect(desk / "data" / "frontdesk.db") as rows:
        assert rows.execute("SELECT count(*) FROM decisions").fetchone() == (0,)
    rows.close()


def test_a_file_without_phrases_is_tried_with_those_in_force(desk: Path) -> None:
    """As the API does: what differs then is the rules' doing."""
    lists = {"urgency": {"qzfast": 70}}
    (desk / "all.json").write_text(json.dumps({"rules": [GOLD], "lists": lists}), encoding="utf-8")
    (desk / "bare.json").write_text(json.dumps([GOLD]), encoding="utf-8")
    run(desk, "rules", "import", "all.json", "--publish")
    tried = run(desk, "rules", "simulate", "qzfast, urgent", "--rules", "bare.json", "--json")
    assert json.loads(tried.stdout)["scores"]["urgency"] == {"qzfast": 70}


def test_a_decision_is_made_again_and_compared_as_far_as_can_be(tmp_path: Path) -> None:
    """Byte for byte; where other code made it, what came of it; and it is said which of the two."""
    run(tmp_path, "demo")
    again = ("rules", "explain", "--replay", "dec_1")
    same = run(tmp_path, *again)
    altered(tmp_path, why="in other words")
    differs = run(tmp_path, *again)
    altered(tmp_path, made_by="0123456789ab")
    by_other_code = run(tmp_path, *again)
    edited = run(tmp_path, *again, "--set", "message.event.text=My lawyer will write", "--why-not", "vip")
    assert (same.returncode, same.stderr) == (0, "the same as stored, byte for byte\n")
    assert (differs.returncode, differs.stderr) == (1, "not the same as stored: in its details\n")
    assert by_other_code.returncode == 0
    assert "the same comes of it; bytes are not compared: other code made" in by_other_code.stderr
    assert (edited.returncode, "type: '' → 'complaint'" in edited.stderr) == (0, True)
    assert "rule vip would have sent it there, but the expression customer.tier" in edited.stdout


def altered(folder: Path, *, why: str = "", made_by: str = "") -> None:
    """Change what is stored of the first decision: its reason in words, or the mark of what made it."""
    with sqlite3.connect(folder / "data" / "frontdesk.db") as rows:
        stored = rows.execute("SELECT context, decision FROM decisions WHERE seq = 1").fetchone()
        context, decision = (msgspec.msgpack.decode(one) for one in stored)
        context |= {"made_by": made_by} if made_by else {}
        decision |= {"why": why} if why else {}
        changed = (msgspec.msgpack.encode(context), msgspec.msgpack.encode(decision))
        rows.execute("UPDATE decisions SET context = ?, decision = ? WHERE seq = 1", changed)
    rows.close()


def test_a_set_of_a_newer_release_is_refused(desk: Path) -> None:
    """With what to do about it."""
    (desk / "rules.toml").write_text("version = 2\n", encoding="utf-8")
    refused = run(desk, "rules", "validate", "rules.toml")
    assert (refused.returncode, refused.stderr) == (
        1,
        "frontdesk: it is of form 2; this release reads form 1: use a newer release.\n",
    )
