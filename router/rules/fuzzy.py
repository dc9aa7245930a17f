"""Phrases that occur more or less: misspelt, with a letter too many, in another form."""

from collections.abc import Callable
from typing import Any, Final

from rapidfuzz import fuzz

from router.rules.fields import Values
from router.rules.text import folded

SCORE: Final = 85.0
"""How alike, of 100, where a rule does not say."""
MOST_PHRASES: Final = 50
# Shorter ones are like everything.
SHORTEST: Final = 3
# The cost grows with the text times the phrase: 2,000 characters take a tenth of a millisecond.
_LOOKED_AT: Final = 2_000
_FORM: Final = (
    "'fuzzy' takes a phrase, a list of them, or an object with 'phrases' and a 'score' of 50 to 100"
)


def problem(value: Any) -> str | None:
    """What is wrong with the value of a fuzzy comparison, in words; None where it is right."""
    phrases, score = _read(value)
    if not isinstance(score, int | float) or isinstance(score, bool) or not 50 <= score <= 100:
        return _FORM
    if not isinstance(phrases, list) or not 1 <= len(phrases) <= MOST_PHRASES:
        return _FORM
    for phrase in phrases:
        if not isinstance(phrase, str) or not SHORTEST <= len(folded(phrase)) <= 100:
            return f"a fuzzy phrase has {SHORTEST} to 100 characters"
    return None


def test(slot: str, value: Any) -> Callable[[Values], bool]:
    """The test of a comparison nothing is wrong with."""
    phrases, score = _read(value)
    wanted = [folded(phrase) for phrase in phrases]

    def holds(values: Values) -> bool:
        text = values[slot]
        return isinstance(text, str) and any(alike(phrase, text, score) > 0 for phrase in wanted)

    return holds


def alike(phrase: str, text: str, score: float) -> float:
    """How alike the phrase and the best place in the text are, of 100; 0 below `score`."""
    text = text[:_LOOKED_AT]
    # A text shorter than the phrase would be sought in the phrase instead.
    if len(text) < len(phrase):
        return fuzz.ratio(phrase, text, score_cutoff=score)
    return fuzz.partial_ratio(phrase, text, score_cutoff=score)


def _read(value: Any) -> tuple[Any, Any]:
    if isinstance(value, dict) and set(value) <= {"phrases", "score"}:
        return value.get("phrases"), value.get("score", SCORE)
    return (value if isinstance(value, list) else [value]), SCORE
