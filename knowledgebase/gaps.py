"""Gaps: questions that no article answered, those that mean the same together, the largest group first."""

import math
from collections import Counter, defaultdict
from collections.abc import Sequence
from datetime import datetime
from typing import Final

import msgspec

from knowledgebase.terms import is_function, terms
from knowledgebase.text import is_unspaced, language, normalise, runs

_ALIKE: Final = 0.42
"""Cosine from which a question joins a group."""
_EXAMPLES: Final = 5
_LONGEST_TITLE: Final = 120


class Asked(msgspec.Struct, frozen=True, kw_only=True):
    """A question, the ticket it became, and the best reply that an agent gave there ("" for none yet)."""

    text: str
    at: datetime
    ticket_id: str
    reply: str = ""


class Gap(msgspec.Struct, frozen=True, kw_only=True):
    """Questions that mean the same: how many, some of them, their tickets, and an article that would answer.

    `answer` is the agents' reply that the group's other replies resemble most; "" where nobody has replied.
    """

    title: str
    volume: int
    language: str
    examples: tuple[str, ...]
    tickets: tuple[str, ...]
    latest: datetime
    answer: str


_Vector = dict[str, float]


def gaps(asked: Sequence[Asked], limit: int = 50) -> list[Gap]:
    """The largest groups, newest first among equals."""
    vectors = _vectors([one.text for one in asked])
    groups: list[list[int]] = []
    leaders: dict[str, list[tuple[int, float]]] = {}
    for number, vector in enumerate(vectors):
        scores: dict[int, float] = defaultdict(float)
        for term, weight in vector.items():
            for group, theirs in leaders.get(term, ()):
                scores[group] += weight * theirs
        group = max(scores, key=scores.__getitem__, default=-1)
        if scores and scores[group] >= _ALIKE:
            groups[group].append(number)
            continue
        for term, weight in vector.items():
            leaders.setdefault(term, []).append((len(groups), weight))
        groups.append([number])
    found = [_gap([asked[number] for number in group]) for group in groups]
    return sorted(found, key=lambda gap: (-gap.volume, -gap.latest.timestamp()))[:limit]


def _vectors(texts: Sequence[str]) -> list[_Vector]:
    """Terms weighted by their rarity among the questions, of length 1."""
    split = [_loosely(terms(runs(normalise(text))).meant) for text in texts]
    holding = Counter(term for one in split for term in one)
    vectors = []
    for one in split:
        weighted = {
            term: kind * (0.2 if is_function(term) else 1) * math.log(1 + len(texts) / holding[term])
            for term, kind in one.items()
        }
        norm = math.sqrt(sum(weight * weight for weight in weighted.values())) or 1.0
        vectors.append({term: weight / norm for term, weight in weighted.items()})
    return vectors


def _loosely(meant: dict[str, float]) -> dict[str, float]:
    """Of a script without spaces, characters before bigrams and nothing longer: words stand in any order."""
    loose = {1: 0.6, 2: 0.4}
    return {
        term: loose[len(term)] if is_unspaced(term) else kind
        for term, kind in meant.items()
        if len(term) in loose or not is_unspaced(term)
    }


def _gap(members: Sequence[Asked]) -> Gap:
    texts = [" ".join(one.text.split()) for one in members]
    # The shortest that is not a stub says it plainest.
    title = min(texts, key=lambda text: (len(text) < 8, len(text)))[:_LONGEST_TITLE]
    examples = tuple(dict.fromkeys(text[:300] for text in texts))[:_EXAMPLES]
    return Gap(
        title=title,
        volume=len(members),
        language=language(" ".join(texts)),
        examples=examples,
        tickets=tuple(one.ticket_id for one in members[:_EXAMPLES]),
        latest=max(one.at for one in members),
        answer=_best_reply([one.reply for one in members if one.reply.strip()]),
    )


def _best_reply(replies: Sequence[str]) -> str:
    if not replies:
        return ""
    vectors = _vectors(replies[:50])
    centre: dict[str, float] = defaultdict(float)
    for vector in vectors:
        for term, weight in vector.items():
            centre[term] += weight
    agreement = [sum(weight * centre[term] for term, weight in vector.items()) for vector in vectors]
    return replies[max(range(len(vectors)), key=agreement.__getitem__)]
