"""A question as the index looks at it: its known terms in each lexical view, and what is known of it."""

import math
from collections.abc import Mapping, Sequence
from typing import Final, NamedTuple, Protocol

from knowledgebase.terms import Terms, is_function, terms
from knowledgebase.text import is_unspaced

_LONG_NUMBER: Final = 5
"""Digits from which a number is an order's or a customer's: no article could hold it."""


class Weights(Protocol):
    """What an index knows of terms."""

    def meant(self, term: str) -> int | None:
        """The number of a meant term that some article holds."""

    def spelt(self, term: str) -> int | None:
        """The number of a spelt term that some article holds."""

    def weight(self, number: int) -> float:
        """What the term of this number weighs."""

    def unknown_weight(self, *, function: bool) -> float:
        """What a term that no article holds weighs."""


class View(NamedTuple):
    """One view of a question: (number, weight) of its known terms, and its length as a vector."""

    known: list[tuple[int, float]]
    norm: float


class Question(NamedTuple):
    """`spoken`: its runs in order. `mass`: weight of its meant terms. `facts`: see `Evidence.question`."""

    spoken: str
    meant: View
    spelt: View
    mass: float
    facts: Mapping[str, float]


def read(split: Sequence[str], weights: Weights) -> Question:
    """The question that the runs make."""
    found = _without_long_numbers(terms(split))
    known: list[tuple[int, float]] = []
    square = mass = unknown = content = unknown_content = 0.0
    for term, kind in found.meant.items():
        number, function = weights.meant(term), is_function(term)
        if number is None:
            weight = weights.unknown_weight(function=function) * kind
            unknown += weight
            unknown_content += 0.0 if function else kind
        else:
            weight = weights.weight(number)
            known.append((number, weight))
        mass += weight
        square += weight * weight
        content += 0.0 if function else kind
    facts = {
        "unspaced": _letters([run for run in split if is_unspaced(run)]) / max(1, _letters(split)),
        "unknown": unknown / mass if mass else 1.0,
        "content": math.log1p(content),
        "unknown_content": math.log1p(unknown_content),
    }
    meant = View(known, math.sqrt(square) or 1.0)
    return Question(" ".join(split), meant, _spelt(found.spelt, weights), mass or 1.0, facts)


def _spelt(found: Mapping[str, float], weights: Weights) -> View:
    known: list[tuple[int, float]] = []
    square = 0.0
    for term, kind in found.items():
        number = weights.spelt(term)
        if number is None:
            weight = weights.unknown_weight(function=False) * kind
        else:
            weight = weights.weight(number)
            known.append((number, weight))
        square += weight * weight
    return View(known, math.sqrt(square) or 1.0)


def _without_long_numbers(found: Terms) -> Terms:
    meant = {
        term: kind for term, kind in found.meant.items() if len(term) < _LONG_NUMBER or not term.isdecimal()
    }
    return Terms(meant, found.spelt)


def _letters(split: Sequence[str]) -> int:
    return sum(map(len, split))
