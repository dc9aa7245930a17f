"""How right the bot is, and what it would have done at another setting: shares with their uncertainty."""

from collections.abc import Callable, Iterable, Sequence
from math import sqrt
from typing import Final, Literal

import msgspec

SETTINGS: Final = (0.7, 0.75, 0.8, 0.85, 0.9, 0.93, 0.95, 0.97, 0.99)
_Z: Final = 1.96
_ENOUGH: Final = 20
"""Labels without which nobody can tell a drift from chance."""


class Exposure(msgspec.Struct, frozen=True, kw_only=True):
    """A question's best confidence, and what was made of it."""

    confidence: float
    outcome: str


class Judged(msgspec.Struct, frozen=True, kw_only=True):
    """A labelled one; `answered` says that the article was sent, not suggested."""

    confidence: float
    right: bool
    answered: bool


class Share(msgspec.Struct, frozen=True, kw_only=True):
    """A share of `of`, with the 95 % interval that so many allow; None without any."""

    value: float | None
    low: float
    high: float
    of: int


class Setting(msgspec.Struct, frozen=True, kw_only=True):
    """What a target precision would have done: the questions answered, and how many of those rightly."""

    target: float
    threshold: float
    answered: Share
    suggested: Share
    precision: Share


class Quality(msgspec.Struct, frozen=True, kw_only=True):
    """The real precision of what was answered. `state` is "drift" where the target lies outside its interval
    on the wrong side, "strict" where it lies below: more could be answered."""

    precision: Share
    target: float
    state: Literal["ok", "drift", "strict", "few_labels"]


def share(hits: int, of: int) -> Share:
    """Wilson's interval (1927), which holds for small numbers and shares near 0 or 1 as well."""
    if of == 0:
        return Share(value=None, low=0.0, high=1.0, of=0)
    value = hits / of
    scale = 1 + _Z * _Z / of
    middle = (value + _Z * _Z / (2 * of)) / scale
    half = _Z * sqrt(value * (1 - value) / of + _Z * _Z / (4 * of * of)) / scale
    low, high = max(0.0, middle - half), min(1.0, middle + half)
    return Share(value=round(value, 4), low=round(low, 4), high=round(high, 4), of=of)


def settings(
    exposures: Sequence[Exposure],
    judged: Sequence[Judged],
    threshold: Callable[[float], float],
    suggest_from: float,
) -> list[Setting]:
    """What each setting would have done with these questions."""
    return [_setting(target, threshold(target), exposures, judged, suggest_from) for target in SETTINGS]


def _setting(
    target: float,
    threshold: float,
    exposures: Sequence[Exposure],
    judged: Sequence[Judged],
    suggest_from: float,
) -> Setting:
    sure = sum(one.confidence >= threshold for one in exposures)
    likely = sum(suggest_from <= one.confidence < threshold for one in exposures)
    counted = [one.right for one in judged if one.confidence >= threshold]
    return Setting(
        target=target,
        threshold=round(threshold, 4),
        answered=share(sure, len(exposures)),
        suggested=share(likely, len(exposures)),
        precision=share(sum(counted), len(counted)),
    )


def quality(judged: Iterable[Judged], target: float) -> Quality:
    """The precision of what was answered, and whether it has left the target's band."""
    answers = [one.right for one in judged if one.answered]
    precision = share(sum(answers), len(answers))
    state: Literal["ok", "drift", "strict", "few_labels"] = "ok"
    if len(answers) < _ENOUGH:
        state = "few_labels"
    elif precision.high < target:
        state = "drift"
    elif precision.low > target + (1 - target) / 2:
        state = "strict"
    return Quality(precision=precision, target=target, state=state)
