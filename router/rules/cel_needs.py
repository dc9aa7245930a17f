"""What a CEL expression hangs on: read off its `&&`, `||` and the comparisons that are simple enough.

This does not evaluate anything: what it can't read it takes for something that may hold on any message.
"""

import re
from collections.abc import Callable, Iterator
from typing import Final

import re2

from router.rules.fields import FIELDS, field_named
from router.rules.needs import Need, at_least, at_most, either, every, nothing, one_of
from router.rules.text import folded

_TEXT: Final = r"""(?:'[^'\\\n]*'|"[^"\\\n]*")"""
_NAME: Final = r"[a-zA-Z_]\w*(?:\.[a-zA-Z_]\w*)*"
_TOKENS: Final = re.compile(rf"\s*({_TEXT}|{_NAME}|\d+(?:\.\d+)?|&&|\|\||[=!<>]=|\S)", re.ASCII)
_NUMBER: Final = re.compile(r"\d{1,15}(?:\.\d{1,15})?", re.ASCII)
_ORDERS: Final = {">": at_least, ">=": at_least, "<": at_most, "<=": at_most}
# Escapes, comments, long texts and the conditional operator are left to the language.
_UNREAD: Final = re.compile(r"""[\\?`]|//|'''|\"{3}|[rRbB]['"]""")
_LISTS: Final = frozenset({"tags", "customer.tags", "ticket.tags"})
# Names that are the same text in an expression as in the field of that name.
_SAME: Final = frozenset({"text", "language", "tier", "type", "priority", "queue", "kind", "actor", "event"})
# Of both, only the first 20,000 characters count there.
_PLAIN: Final = frozenset({"text", "id", "choice", "priority"})
_CUT: Final = frozenset({"text", "subject"})
_CONTAINS: Final = frozenset({"text.contains", "subject.contains"})


def need_of(source: str) -> Need:
    """The need of an expression that compiles."""
    return nothing if _UNREAD.search(source) else _either(_tokens(source))


def equality(source: str) -> tuple[str, str] | None:
    """(field, text) where the whole expression is `field == 'text'`."""
    return None if _UNREAD.search(source) else _equal(_tokens(source))


def _tokens(source: str) -> list[str]:
    return [token[1] for token in _TOKENS.finditer(source)]


def _either(tokens: list[str]) -> Need:
    parts = list(_split(tokens, "||"))
    return either([_every(part) for part in parts]) if len(parts) > 1 else _every(tokens)


def _every(tokens: list[str]) -> Need:
    parts = list(_split(tokens, "&&"))
    return every([_atom(part) for part in parts]) if len(parts) > 1 else _atom(tokens)


def _split(tokens: list[str], operator: str) -> Iterator[list[str]]:
    part: list[str] = []
    depth = 0
    for token in tokens:
        depth += (token in ("(", "[", "{")) - (token in (")", "]", "}"))
        if token == operator and depth == 0:
            yield part
            part = []
        else:
            part.append(token)
    yield part


def _atom(tokens: list[str]) -> Need:
    if len(tokens) > 2 and tokens[0] == "(" and _closes(tokens) == len(tokens) - 1:
        return _either(tokens[1:-1])
    for read in _READERS:
        if (need := read(tokens)) is not None:
            return need
    return nothing


def _closes(tokens: list[str]) -> int:
    depth = 0
    for at, each in enumerate(tokens):
        depth += (each == "(") - (each == ")")
        if depth == 0:
            return at
    return len(tokens)


def _is_text(token: str) -> bool:
    return len(token) > 1 and token[0] in "'\"" and token[0] == token[-1]


def _field(name: str) -> str | None:
    if name in _CUT or name not in FIELDS or FIELDS[name].kind not in _PLAIN:
        return None
    return name if "." in name or name in _SAME else None


def _equal(tokens: list[str]) -> tuple[str, str] | None:
    if len(tokens) != 3 or tokens[1] != "==":
        return None
    left, right = (tokens[0], tokens[2]) if _is_text(tokens[2]) else (tokens[2], tokens[0])
    field = _field(left)
    return (field, right[1:-1]) if field is not None and _is_text(right) else None


def _equals(tokens: list[str]) -> Need | None:
    if (found := _equal(tokens)) is not None:
        return one_of([found])
    if len(tokens) == 3 and tokens[1] == "==" and _is_text(tokens[2]) and _is_number_or_any(tokens[0]):
        return one_of([("~" + tokens[0], folded(tokens[2][1:-1]))])
    return None


def _compared(tokens: list[str]) -> Need | None:
    """`customer.attributes.orders > 10`."""
    if len(tokens) != 3 or tokens[1] not in _ORDERS or not _is_number_or_any(tokens[0]):
        return None
    if not _NUMBER.fullmatch(tokens[2]):
        return None
    return _ORDERS[tokens[1]](tokens[0], float(tokens[2]))


def _contains(tokens: list[str]) -> Need | None:
    """`text.contains('refund')`."""
    if len(tokens) != 4 or tokens[0] not in _CONTAINS or (tokens[1], tokens[3]) != ("(", ")"):
        return None
    if not _is_text(tokens[2]) or len(tokens[2]) == 2:
        return None
    return one_of([("/$" + tokens[0].partition(".")[0], re2.escape(tokens[2][1:-1]))])


def _is_number_or_any(name: str) -> bool:
    field = field_named(name)
    return field is not None and field.kind in ("number", "any")


def _one_of_list(tokens: list[str]) -> Need | None:
    """`customer.tier in ['gold', 'silver']`."""
    if len(tokens) < 5 or tokens[1:3] != ["in", "["] or tokens[-1] != "]":
        return None
    field, texts = _field(tokens[0]), tokens[3:-1]
    if field is None or not all(map(_is_text, texts[::2])) or set(texts[1::2]) - {","}:
        return None
    return one_of((field, text[1:-1]) for text in texts[::2])


def _member(tokens: list[str]) -> Need | None:
    """`'vip' in tags`."""
    if len(tokens) != 3 or tokens[1] != "in" or not _is_text(tokens[0]) or tokens[2] not in _LISTS:
        return None
    return one_of([("*" + tokens[2], folded(tokens[0][1:-1]))])


_READERS: Final[tuple[Callable[[list[str]], Need | None], ...]] = (
    _equals,
    _one_of_list,
    _member,
    _compared,
    _contains,
)
