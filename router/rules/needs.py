"""What a condition hangs on: keys of which one must be there for it to hold, so that they find its rule.

A key is a slot of the values and what must be in it: `?field` holds the phrases found in a text, `*field` the
members of a list, `/field` the patterns that match a text (`/$field` as it was written), `>field` and
`<field` a number that is at least, or at most, the key's, any other slot one value. Of the parts of an `all`,
each of which would do, the rarest is taken, as far as the set of rules tells: a phrase before a channel or a
tier, and of phrases the one that the fewest rules name.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Final

Key = tuple[str, Any]
Weigh = Callable[[frozenset[Key]], tuple[int, int]]
"""How often one of the keys will be there: less is rarer."""
Need = Callable[[Weigh], "frozenset[Key] | None"]
"""The keys of a condition; None where it hangs on nothing that can be looked up."""

_PHRASE: Final = "?"
# A pattern has to be run before it is known whether it is there.
_COST: Final = {_PHRASE: 0, "/": 10, ">": 5, "<": 5}


def nothing(weigh: Weigh) -> frozenset[Key] | None:
    """The need of a condition that has to be tried on every message."""
    return None


def one_of(keys: Iterable[Key]) -> Need:
    """The condition holds only where one of these is there."""
    fixed = frozenset(keys)
    return lambda weigh: fixed


def at_least(field: str, bound: float) -> Need:
    """The condition holds only where the field is a number not below the bound."""
    return one_of([(">" + field, bound)])


def at_most(field: str, bound: float) -> Need:
    """The condition holds only where the field is a number not above the bound."""
    return one_of([("<" + field, bound)])


def every(parts: Sequence[Need]) -> Need:
    """All parts must hold: the rarest is enough to look for."""

    def need(weigh: Weigh) -> frozenset[Key] | None:
        known = [keys for part in parts if (keys := part(weigh)) is not None]
        return min(known, key=weigh, default=None)

    return need


def either(parts: Sequence[Need]) -> Need:
    """One part must hold: each has to be looked for."""

    def need(weigh: Weigh) -> frozenset[Key] | None:
        known = [part(weigh) for part in parts]
        return None if None in known else frozenset().union(*(keys for keys in known if keys is not None))

    return need


def weigher(phrases: Mapping[tuple[str, str], int]) -> Weigh:
    """The weights in a set of rules; `phrases`: how many rules name each (field, phrase)."""

    def weigh(keys: frozenset[Key]) -> tuple[int, int]:
        others = sum(_COST.get(slot[0], 1) for slot, _ in keys)
        return others, sum(phrases.get((slot[1:], value), 0) for slot, value in keys if slot[0] == _PHRASE)

    return weigh
