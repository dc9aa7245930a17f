"""How long a ticket will likely wait: what four of five waited that came when as many were waiting before."""

from bisect import bisect_left, insort
from collections.abc import Sequence

SHARE = 0.8
# So many alike waits are enough to tell, and no more than so many count.
_LEAST, _MOST = 10, 60

Wait = tuple[float, float]
"""When a ticket began to wait, and when somebody had it, in seconds."""


def expected_wait(waits: Sequence[Wait], ahead: int) -> float | None:
    """P80 in seconds for a ticket with so many waiting before it; None where too little is known.

    `waits` are those of the last tickets of the same queue, by when they began.
    """
    alike = sorted(
        ((abs(before - ahead), -index, wait) for index, (before, wait) in enumerate(_with_ahead(waits)))
    )
    chosen = sorted(wait for _, _, wait in alike[:_MOST])
    if len(chosen) < _LEAST:
        return None
    return chosen[min(len(chosen) - 1, int(SHARE * (len(chosen) + 1)))]


def _with_ahead(waits: Sequence[Wait]) -> list[tuple[int, float]]:
    """How many were waiting when each came, and how long it waited."""
    ends: list[float] = []
    found = []
    for begun, had in waits:
        del ends[: bisect_left(ends, begun)]
        found.append((len(ends), had - begun))
        insort(ends, had)
    return found
