"""Patterns (RE2: linear time, whatever the text), and which of many match a text without trying each."""

from collections.abc import Iterable
from typing import Any, Final

import re2

LONGEST_PATTERN: Final = 1_000
# RE2's instructions: an ordinary pattern has under a hundred; the worst of 5,000 take 0.1 s over a long text.
_LARGEST_PROGRAM: Final = 5_000
_PATTERN_MEMORY: Final = 4 << 20
# Patterns that are tried as one first. Where none of them matches, as is usual, that is all.
_TOGETHER: Final = 50


def pattern(source: str, memory: int = _PATTERN_MEMORY) -> Any:
    """The compiled pattern; case does not count."""
    options = re2.Options()
    options.case_sensitive = False
    options.log_errors = False
    options.never_capture = True
    options.max_mem = memory
    return re2.compile(source, options)


def pattern_problem(value: Any) -> str | None:
    """What is wrong with a pattern, in words; None where it is right."""
    if not isinstance(value, str) or not 0 < len(value) <= LONGEST_PATTERN:
        return f"'matches' takes a pattern of 1 to {LONGEST_PATTERN} characters"
    try:
        size = pattern(value).programsize
    except (re2.error, UnicodeEncodeError) as error:
        return f"not a pattern RE2 can run in linear time: {_said(error)}"
    return None if size <= _LARGEST_PROGRAM else "the pattern is too costly: repeat less, or smaller classes"


def _said(error: Exception) -> str:
    said = error.args[0] if error.args else ""
    return said.decode("utf-8", "replace") if isinstance(said, bytes) else str(said)


class PatternIndex:
    """Which of many patterns match a text: fifty are tried as one, each by itself only where that matches."""

    def __init__(self, sources: Iterable[str]) -> None:
        """`sources` are patterns nothing is wrong with."""
        self._groups: list[tuple[Any, list[tuple[str, Any]]]] = []
        group: list[tuple[str, Any]] = []
        size = 0
        for source in sorted(sources):
            compiled = pattern(source)
            if group and (len(group) == _TOGETHER or size + compiled.programsize > _LARGEST_PROGRAM):
                self._groups.append((_joined(group), group))
                group, size = [], 0
            group.append((source, compiled))
            size += compiled.programsize
        if group:
            self._groups.append((_joined(group), group))

    def find(self, text: str) -> set[str]:
        """The patterns that match."""
        return {
            source
            for joined, group in self._groups
            if joined.search(text) is not None
            for source, one in group
            if one.search(text) is not None
        }


def _joined(group: list[tuple[str, Any]]) -> Any:
    if len(group) == 1:
        return group[0][1]
    return pattern("|".join(f"(?:{source})" for source, _ in group), 4 * _PATTERN_MEMORY)
