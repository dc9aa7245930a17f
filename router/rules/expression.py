"""Conditions in CEL (Common Expression Language, https://cel.dev), where a list of comparisons won't do.

The names are those of the fields, as maps: `customer.tier == 'gold' && size(tags) > 0`. `channel` is a map of
`id`, `kind` and `name`; `ticket` and `match` are null where there is none. An expression is compiled when it
is saved; what the language can't check then (a key that is not there, a text compared with a number) is a
miss when it runs, with the reason in the trace.
"""

import re
from functools import lru_cache
from typing import Final

from router.rules import cel_library as cel
from router.rules.cel_needs import equality, need_of
from router.rules.fields import Values
from router.rules.roots import NAMES, WHOLE, Parts, asked_root, merged

LONGEST: Final = 1_000

_GIVEN: Final = "@given"
_FUNCTIONS: Final = frozenset(
    {"size", "contains", "startsWith", "endsWith", "matches", "int", "uint", "double", "string"}
    | {"timestamp", "duration"}
)
_LITERAL: Final = re.compile(
    r"""//[^\n]*|[rR]?[bB]?[rR]?(?:\"{3}(?:[^"\\]|\\.|"(?!""))*\"{3}|'{3}(?:[^'\\]|\\.|'(?!''))*'{3}"""
    r"""|"(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)*')""",
    re.DOTALL,
)
_MACRO: Final = re.compile(r"\.\s*(all|exists|exists_one|filter|map)\s*\(\s*(\w+)\s*,")
_USE: Final = re.compile(r"(?<![\w.])([a-z_]+)((?:\s*\.\s*\w+)*)\s*(\(?)", re.ASCII)
_COMPUTED_PATTERN: Final = re.compile(r'\bmatches\s*\(\s*(?!"\s*\))')


class Expression:
    """A compiled expression."""

    def __init__(self, source: str) -> None:
        """Raises ValueError, in words for the author, where `source` can't be a condition."""
        if not 0 < len(source) <= LONGEST:
            raise ValueError(f"an expression has 1 to {LONGEST} characters")
        self._program = cel.compile(source)
        self._names = _checked_names(source, self._program.variables(), self._program.functions())
        # Where one of these is there, the library has the name; a rule that changes the value takes it away.
        self._slots = tuple((name, "^" + name) for name in self._names)
        self.parts = _parts(source, self._names)
        self.need = need_of(source)
        # What it says in the engine's own terms, where it is that simple.
        self.equality = equality(source)

    def holds(self, values: Values) -> bool:
        """Whether the expression is true; anything else, an error too, is a miss."""
        try:
            return self._program.execute(self._context(values)) is True
        except Exception:  # the library raises what the operation would: KeyError, TypeError, …
            return False

    def evaluate(self, values: Values) -> tuple[bool, str]:
        """Whether it is true, and what it came to, in words."""
        try:
            result = self._program.execute(self._context(values))
        except Exception as error:  # the library raises what the operation would: KeyError, TypeError, …
            said = str(error).partition("\n")[0][:200]
            return False, f"error: no such key {said}" if isinstance(error, KeyError) else f"error: {said}"
        if isinstance(result, bool):
            return result, "true" if result else "false"
        return False, f"{str(result)[:200]}, which is neither true nor false"

    def _context(self, values: Values) -> cel.Context:
        """The message's names as the library holds them: giving it a map of ten costs 20 µs, so once."""
        context = values.get(_GIVEN)
        if context is None:
            context = values[_GIVEN] = cel.Context()
        for name, slot in self._slots:
            if slot not in values:
                context.add_variable(name, asked_root(values, name))
                values[slot] = True
        return context


@lru_cache(maxsize=2_000)
def expression(source: str) -> Expression:
    """The compiled expression. Raises ValueError, in words for the author."""
    return Expression(source)


def _parts(source: str, names: tuple[str, ...]) -> Parts:
    """What the expression asks of each name, so that no message is copied whole for one tier."""
    bare = _LITERAL.sub(_blank, source)
    asked: Parts = {}
    for use in _USE.finditer(bare):
        if use[1] in names:
            path = [part.strip() for part in use[2].split(".")[1:]]
            if use[3] == "(" and path:
                path.pop()
            part: Parts = WHOLE
            for key in reversed(path):
                part = {key: part}
            asked = merged(asked, {use[1]: part})
    return asked


def _checked_names(source: str, names: list[str], functions: list[str]) -> tuple[str, ...]:
    unknown = [name for name in functions if name.isidentifier() and not name.startswith("_")]
    unknown = [name for name in unknown if name not in _FUNCTIONS]
    if unknown:
        raise ValueError(f"no function named '{unknown[0]}': there are {', '.join(sorted(_FUNCTIONS))}")
    bare = _LITERAL.sub(_blank, source)
    bound = _macro_names(bare)
    if _COMPUTED_PATTERN.search(bare):
        raise ValueError("'matches' takes its pattern as a literal text")
    for name in names:
        if name not in bound and name not in NAMES:
            raise ValueError(f"no field named '{name}': there are {', '.join(sorted(NAMES))}")
    return tuple(name for name in names if name in NAMES)


def _blank(literal: re.Match[str]) -> str:
    return " " if literal[0].startswith("//") else '"'


def _macro_names(bare: str) -> set[str]:
    """The names that macros bind. Raises ValueError for `map` and for a macro inside another.

    Three macros nested over 400 items ran for 52 s; `map` can build texts larger than memory.
    """
    bound: set[str] = set()
    closes_at = 0
    for macro in _MACRO.finditer(bare):
        if macro[1] == "map":
            raise ValueError("'map' is not offered in a condition: use exists or all")
        if macro.start() < closes_at:
            raise ValueError(f"'{macro[1]}' can't stand inside another all, exists, exists_one or filter")
        closes_at = _closing(bare, bare.index("(", macro.start()))
        bound.add(macro[2])
    return bound


def _closing(bare: str, opening: int) -> int:
    depth = 0
    for at in range(opening, len(bare)):
        depth += {"(": 1, ")": -1}.get(bare[at], 0)
        if depth == 0:
            return at
    return len(bare)
