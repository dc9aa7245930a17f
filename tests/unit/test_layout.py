"""The layout of the project: its rooms, their docstrings, its locks and the commands that guard them."""

import ast
import re
import subprocess
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
ROOMS = {"bus", "channels", "gateway", "knowledgebase", "router", "storage", "workers"}
LOCKS = ("requirements.lock", "requirements-dev.lock")

# Joined here, so that this file does not name what no file may name.
REGISTRY_HOSTS = tuple(
    ".".join(parts)
    for parts in (
        ("pypi", "org"),
        ("pythonhosted", "org"),
        ("npmjs", "org"),
        ("npmjs", "com"),
        ("yarnpkg", "com"),
        ("deb", "debian", "org"),
        ("archive", "ubuntu", "com"),
        ("crates", "io"),
        ("proxy", "golang", "org"),
    )
)


def tracked_files() -> list[Path]:
    """Every file under version control that still exists, relative to the root."""
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, check=True, capture_output=True, text=True)
    return [Path(name) for name in listed.stdout.split("\0") if name and (ROOT / name).is_file()]


def python_files() -> list[Path]:
    """Every Python file of the rooms and the tests that is under version control."""
    return [path for path in tracked_files() if path.suffix == ".py" and path.parts[0] in ROOMS | {"tests"}]


def planned_commands(target: str) -> str:
    """What `make target` would run, without running it."""
    planned = subprocess.run(
        ["make", "--dry-run", target], cwd=ROOT, check=True, capture_output=True, text=True
    )
    return planned.stdout


def test_the_rooms_are_the_seven_named_ones() -> None:
    """The packages at the root are the seven rooms and the tests, and no other Python stands beside them."""
    with_python = {path.parts[0] for path in tracked_files() if path.suffix == ".py"}
    assert with_python == ROOMS | {"tests"}


def test_the_distribution_ships_every_room() -> None:
    """What the wheel packs is what stands at the root, without the tests."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    assert set(project["tool"]["hatch"]["build"]["targets"]["wheel"]["packages"]) == ROOMS


def test_every_folder_with_python_is_a_package() -> None:
    """Every folder that holds Python has an __init__.py, so that names never depend on where a test runs."""
    files = set(python_files())
    folders = {folder for path in files for folder in path.parents if folder != Path()}
    assert {folder for folder in folders if folder / "__init__.py" not in files} == set()


def test_every_module_says_what_it_is_for() -> None:
    """Every module opens with a docstring whose first line is a sentence."""
    silent = []
    for path in python_files():
        docstring = ast.get_docstring(ast.parse((ROOT / path).read_text(encoding="utf-8")))
        if not docstring or not docstring.splitlines()[0].endswith((".", "?", ":")):
            silent.append(str(path))
    assert silent == []


def test_no_module_has_a_name_that_says_nothing() -> None:
    """No module is called utils, helpers, common, manager or misc."""
    vague = {"utils", "helpers", "common", "manager", "misc"}
    assert [str(path) for path in python_files() if vague & {path.stem, *path.parent.parts}] == []


def test_no_file_names_a_package_registry() -> None:
    """Where packages come from is the reader's own configuration, so no file names a registry's host."""
    named = [
        f"{path}: {host}"
        for path in tracked_files()
        for host in REGISTRY_HOSTS
        if host.encode() in (ROOT / path).read_bytes()
    ]
    assert named == []


@pytest.mark.parametrize("lock", LOCKS)
def test_a_lock_holds_names_versions_and_hashes_only(lock: str) -> None:
    """Each line of a lock is a comment, a pinned name with its marker, or a SHA-256: no address, no path."""
    pin = re.compile(r"[a-z0-9-]+==[0-9a-z.]+( ; [a-z_]+ [=<>!]+ '[\w.]+')? \\")
    digest = re.compile(r" {4}--hash=sha256:[0-9a-f]{64}( \\)?")
    lines = [line for line in (ROOT / lock).read_text().splitlines() if not line.startswith("#")]
    assert [line for line in lines if not pin.fullmatch(line) and not digest.fullmatch(line)] == []


def test_both_locks_agree() -> None:
    """What runs in production is what the tests ran with: the smaller lock is part of the larger one."""
    running, testing = (set((ROOT / lock).read_text().splitlines()) for lock in LOCKS)
    assert {line for line in running - testing if "==" in line} == set()


def test_every_dependency_is_accounted_for() -> None:
    """docs/DEPENDENCIES.md has one row for each runtime dependency, in the order of pyproject.toml."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    declared = [re.split(r"[\[><=~!;]", line)[0] for line in project["project"]["dependencies"]]
    table = (ROOT / "docs" / "DEPENDENCIES.md").read_text(encoding="utf-8")
    assert re.findall(r"^\| ([a-z][a-z0-9-]*) \|", table, re.MULTILINE)[1:] == declared


def test_check_runs_every_guard() -> None:
    """`make check` runs the formatter, the linter, the types and the import layers."""
    planned = planned_commands("check")
    guards = ("ruff format --check .", "ruff check .", "mypy", "lint-imports")
    assert [guard for guard in guards if f".venv/bin/{guard}" not in planned] == []


def test_continuous_integration_runs_check_and_test() -> None:
    """.ci/run is executable and calls the two commands that a developer runs."""
    script = ROOT / ".ci" / "run"
    assert script.stat().st_mode & 0o111 == 0o111
    assert [line for line in script.read_text().splitlines() if line.startswith("make")] == [
        "make check",
        "make test",
    ]
