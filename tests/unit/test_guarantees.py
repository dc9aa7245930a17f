"""docs/GUARANTEES.md names tests that exist, so that no promise stands there by itself."""

import ast
import re
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parents[2]
PROMISES = (ROOT / "docs/GUARANTEES.md").read_text(encoding="utf-8")
ROWS = [line.strip("|").split(" | ") for line in PROMISES.splitlines() if line.startswith("|")]
NAMED = re.compile(r"`(tests/[\w/]+\.py)::(\w+)`")


@cache
def names_in(path: str) -> frozenset[str]:
    """The names of a file's tests."""
    tree = ast.parse((ROOT / path).read_text(encoding="utf-8"))
    functions = [node for node in tree.body if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)]
    return frozenset(one.name for one in functions if one.name.startswith("test_"))


def test_every_test_that_proves_a_promise_exists() -> None:
    """Files and functions, by their names as pytest takes them."""
    named = NAMED.findall(PROMISES)
    assert [(path, name) for path, name in named if name not in names_in(path)] == []


def test_every_promise_is_proved() -> None:
    """Each row of the tables names at least one test."""
    promises = [row for row in ROWS if row[0].strip() not in ("promise", "---")]
    assert len(promises) > 10
    assert [promise for promise, proof in promises if not NAMED.search(proof)] == []
