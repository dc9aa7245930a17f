"""From evidence to confidence: the chance that an article answers the question, or that none does.

A conditional logit (McFadden 1974): each contending article gets a score linear in its evidence, "none of
these" gets one linear in what is known about the question, and a softmax over all of them gives the
chances. So they sum to at most 1, and a close second lowers the first. Scores are fused, not ranks: a rank
does not say how near the nearest is.

The coefficients stand in `coefficients.json`, a table for each encoder; `python -m tests.bench.kb_train`
makes them and tells what they were fitted to and judged on.
"""

from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from typing import Final, NamedTuple

import msgspec
import numpy as np
from numpy.typing import NDArray

from knowledgebase.block import Floats
from knowledgebase.evidence import Evidence

LEXICAL: Final = "lexical"
SEMANTIC: Final = "semantic"

_EXACT: Final = 4.0
"""Added where the question is one of the phrasings word for word. Set by hand: the samples hold few such."""
_OTHER_LANGUAGE: Final = 2.5
"""Taken off the score of an article in another language than the question's, by hand: where both speak of
"iPhone 15", the customer's own goes first."""
_OWN_LANGUAGE: Final = 0.7
"""How far an article in another language must be ahead, where sense is compared, to go before the own."""


_BY_COUNT: Final = ("ridge", "coverage", "near_meant", "said")
"""Evidence that counts otherwise where there are few phrasings,"""
_BY_SCRIPT: Final = ("ridge", "coverage", "near_meant", "whole_meant", "letters", "said")
"""in scripts without spaces,"""
_BY_LANGUAGE: Final = ("ridge", "near_sense", "whole_sense")
"""and in another language than the question's."""
_OF_THE_DESK: Final = ("articles", "nearest_meant", "nearest_sense")
"""What is known of a question beside the articles that contend."""
_CLOSE: Final = (
    "ridge",
    "coverage",
    "near_meant",
    "near_spelt",
    "near_sense",
    "said",
    "extra",
    "letters",
    "alike",
)
"""Evidence looked at again where an article has one phrasing, in a script without spaces: the nearest is then
often a question about something else that looks alike."""


class Table(msgspec.Struct, frozen=True):
    """Coefficients by feature."""

    article: Mapping[str, float]
    none: Mapping[str, float]
    close: Mapping[str, float]


class Features(NamedTuple):
    """Names and values: articles × features for the contenders, one each for "none of these".

    `close`: what counts among articles of one phrasing in scripts without spaces, 0 elsewhere.
    """

    article: Mapping[str, Floats]
    none: Mapping[str, float]
    close: Mapping[str, Floats]


@cache
def shipped() -> Mapping[str, Table]:
    """The tables by kind of encoder: `LEXICAL` without one, `SEMANTIC` with one."""
    text = files("knowledgebase").joinpath("coefficients.json").read_bytes()
    return msgspec.json.decode(text, type=dict[str, Table])


def features(evidence: Evidence, foreign: NDArray[np.bool_]) -> Features:
    """What the logit is linear in; `foreign`: which contenders are in another language than the question."""
    columns, asked = dict(evidence.columns), evidence.question
    for name in ("exact", "alike"):
        columns.pop(name, None)
    away, unspaced = foreign.astype(np.float64), asked["unspaced"]
    article = columns | {f"single_{name}": columns["single"] * columns[name] for name in _BY_COUNT}
    article |= {f"unspaced_{name}": unspaced * columns[name] for name in _BY_SCRIPT}
    article |= {f"foreign_{name}": away * columns[name] for name in _BY_LANGUAGE if name in columns}
    at_home = 1.0 - float(away.mean())
    none = {name: asked[name] for name in _OF_THE_DESK if name in asked}
    none |= {
        "none": 1.0,
        "unspaced": unspaced,
        "unknown": at_home * asked["unknown"],
        "content": asked["content"],
        "unknown_content": at_home * asked["unknown_content"],
        "foreign": 1.0 - at_home,
    }
    few = unspaced * (1.0 - away) * (columns["single"] == 1.0)
    close = {name: few * evidence.columns[name] for name in _CLOSE if name in evidence.columns}
    return Features(article, none, {"few": few} | close)


def _outdone(scores: Floats, foreign: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Which articles in another language say no more than one in the own: translations, most likely."""
    if foreign.all():
        return np.zeros_like(foreign)
    own = float(scores[~foreign].max())
    return np.asarray(foreign & (scores <= own + _OWN_LANGUAGE))


def confidences(evidence: Evidence, foreign: NDArray[np.bool_]) -> Floats:
    """The chance of each contending article, 0 to 1."""
    kind = SEMANTIC if "near_sense" in evidence.columns else LEXICAL
    table, found = shipped()[kind], features(evidence, foreign)
    scores = _EXACT * evidence.columns["exact"]
    for name, weight in table.article.items():
        scores = scores + weight * found.article[name]
    # An encoder without weights of `alike` does without all of it: they were fitted together.
    if table.close.keys() <= found.close.keys():
        for name, weight in table.close.items():
            scores = scores + weight * found.close[name]
    scores = scores - _OTHER_LANGUAGE * (foreign if kind == LEXICAL else _outdone(scores, foreign))
    none = sum(weight * found.none[name] for name, weight in table.none.items())
    highest = max(none, float(scores.max()))
    chances = np.exp(scores - highest)
    return np.asarray(chances / (chances.sum() + np.exp(none - highest)))
