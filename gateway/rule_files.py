"""A rule set as a file: TOML that diffs well in Git, or JSON. The same document gives the same bytes.

    version = 1
    [[rules]]      one table a rule, its members in a fixed order, in the order in which rules are tried
    [[cases]]      its test cases
    [lists.NAME]   the phrases of a score, in order, each with its weight

A JSON file may also be the bare list of rules.
"""

import json
import tomllib
from pathlib import Path
from typing import Any, Final, NamedTuple

FORM: Final = 1
"""What this release reads and writes; a file of a higher one is refused."""
_ORDER: Final = ("id", "name", "note", "stage", "on", "events", "if", "then")
_WIDTH: Final = 100


class BadFile(ValueError):
    """It can't be read as a rule set; the text is one sentence that says why."""


class RuleDocument(NamedTuple):
    """What a file holds; lists and cases are None where it does not speak of them."""

    rules: list[dict[str, Any]]
    lists: dict[str, Any] | None = None
    cases: list[Any] | None = None


def read(file: Path) -> RuleDocument:
    """The document in a file; raises `BadFile`, OSError."""
    raw = file.read_bytes()
    try:
        if file.suffix == ".toml":
            return _document(tomllib.loads(raw.decode()))
        return _document(json.loads(raw))
    except BadFile:
        raise
    except (ValueError, RecursionError) as error:
        kind = "TOML" if file.suffix == ".toml" else "JSON"
        raise BadFile(f"{file} is not {kind}: {error}") from None


def as_json(document: RuleDocument) -> str:
    """As JSON, for programs."""
    return json.dumps(document.rules, ensure_ascii=False, indent=2) + "\n"


def as_toml(document: RuleDocument) -> str:
    """As TOML, for people and Git."""
    parts = [f"version = {FORM}\n"]
    for rule in document.rules:
        known = {name: rule[name] for name in _ORDER if name in rule}
        parts.append(_table("[[rules]]", known | rule))
    parts += [_table("[[cases]]", case) for case in document.cases or []]
    for name, phrases in sorted((document.lists or {}).items()):
        parts.append(_table(f"[lists.{name}]", dict(sorted(phrases.items()))))
    return "\n".join(parts)


def _document(found: Any) -> RuleDocument:
    if isinstance(found, list):
        return RuleDocument(found)
    if not isinstance(found, dict) or not isinstance(found.get("rules", []), list):
        raise BadFile("it holds no list of rules")
    form = found.get("version", FORM)
    if form != FORM:
        raise BadFile(f"it is of form {form!r}; this release reads form {FORM}: use a newer release")
    if unknown := sorted(found.keys() - {"version", "rules", "cases", "lists"}):
        raise BadFile(f"'{unknown[0]}' is nothing a rule set has")
    return RuleDocument(found.get("rules", []), found.get("lists"), found.get("cases"))


def _table(head: str, members: dict[str, Any]) -> str:
    lines = [f"{_key(name)} = {_value(value, 0)}" for name, value in members.items() if value is not None]
    return "\n".join([head, *lines, ""])


def _value(value: Any, depth: int) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return repr(value)
    if isinstance(value, dict):
        inner = ", ".join(
            f"{_key(name)} = {_value(one, depth + 1)}" for name, one in value.items() if one is not None
        )
        return f"{{ {inner} }}" if inner else "{}"
    if isinstance(value, list | tuple):
        flat = "[" + ", ".join(_value(one, depth + 1) for one in value) + "]"
        if depth or len(flat) <= _WIDTH:
            return flat
        # Lists may run over lines, inline tables may not: one line a member is what diffs well.
        return "[\n" + "".join(f"  {_value(one, depth + 1)},\n" for one in value) + "]"
    return _text(str(value))


def _key(name: str) -> str:
    bare = name.isascii() and name.replace("-", "").replace("_", "").isalnum()
    return name if bare else _text(name)


def _text(text: str) -> str:
    # JSON's escapes are TOML's, but for DEL, which TOML wants escaped.
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")
