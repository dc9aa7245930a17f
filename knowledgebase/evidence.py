"""The evidence: what speaks for each of the few articles that a question may mean."""

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Final

import msgspec
import numpy as np
from rapidfuzz import fuzz

from knowledgebase.alike import alike
from knowledgebase.block import Floats, Ints
from knowledgebase.growing import Vectors
from knowledgebase.index import VIEWS, Index
from knowledgebase.question import Question, read
from knowledgebase.spelling import reread, reworded
from knowledgebase.text import MAX_CHARACTERS, normalise, runs

Encode = Callable[[Sequence[str]], Vectors]

_CONTENDERS: Final = 8
"""Articles that are looked at closely."""
_NEIGHBOURS: Final = 32
"""Phrasings that vote for their articles."""
_RIDGE: Final = 0.3
_VOTING: Final = {2: (1.0, 0.0), 3: (0.25, 0.0, 0.75)}
"""What each view counts in the votes, by how many views there are: none for letters, of which there is no
kernel."""
_FEW_ARTICLES, _MANY_ARTICLES = 10, 2_000
"""So few and so many had the desks that confidences were fitted to; what lies beyond counts as these."""
_SLIPS_WITHIN: Final = 64
"""Runs of the longest text that is read a second time with its slips mended."""
_COMPARED_CHARACTERS: Final = 300
_SHARES: Final = {2: (0.5, 0.5), 3: (0.15, 0.15, 0.7)}
"""What each view counts where one number is wanted, by how many views there are."""


class Evidence(msgspec.Struct, frozen=True, kw_only=True):
    """What speaks for each contending article, and what is known of the question."""

    article: Ints
    """Positions of the articles in the index."""
    columns: Mapping[str, Floats]
    """Name -> one value for each of them.

    For each view (`meant`, `spelt`, and `sense` with an encoder), cosines of the question and `near_…` the
    article's nearest phrasing, `whole_…` all of them taken together. `ridge`: the votes of the question's
    nearest phrasings. `coverage`: share of the question's weight whose terms the article holds. With the
    nearest phrasing: `said`, the share of its weight that the question holds; `extra`, the weight of the
    question that it lacks, as log(1 + nats); `letters`, rapidfuzz's token_sort_ratio; `exact`, 1 where it
    reads like the question word for word; `alike`, with some encoders, the logit that both ask the same;
    `kin`, how near in sense the article's next phrasing is to it. `log_count`, `single`: logarithm and
    inverse of the number of phrasings.
    """
    question: Mapping[str, float]
    """`unspaced`: share of its letters in scripts without spaces. `unknown`: share of its weight that no
    article holds. `content`, `unknown_content`: its terms that carry subject, and those of them that no
    article holds, by their kinds' weights, as log(1 + n). `articles`: the logarithm of how many there are to
    be mistaken for each other. `nearest_…`: the cosine of the nearest phrasing of all, by words and sense."""


def search(
    index: Index, text: str, encode: Encode | None = None, weights: Floats | None = None
) -> list[Evidence]:
    """The evidence for at most eight articles, unordered, in each reading of the text.

    Two readings where slips could be mended, else one; none where nothing of the text is known. `encode` is
    what the index's vectors were made with, `weights` are its own of `knowledgebase.alike`.
    """
    split = runs(normalise(text))
    if not split:
        return []
    readings, texts = [read(split, index)], [text]
    if len(split) <= _SLIPS_WITHIN and (mended := index.spelling.mend(split)):
        readings.append(read(reread(split, mended), index))
        texts.append(reworded(text[:MAX_CHARACTERS], mended))
    vectors = encode(texts) if encode else [None] * len(texts)
    found = [_gather(index, *each, weights) for each in zip(readings, vectors, strict=True)]
    return [evidence for evidence in found if evidence is not None]


def _gather(
    index: Index, question: Question, vector: Vectors | None, weights: Floats | None
) -> Evidence | None:
    near = index.near(question, vector)
    shares = np.array(_SHARES[len(near)])
    fused, whole = shares @ near, index.whole(near)
    standing = np.maximum.reduceat(fused, index.starts) + shares @ whole
    many = min(_CONTENDERS, len(standing))
    contenders = np.argpartition(-standing, many - 1)[:many]
    contenders = contenders[standing[contenders] > 0]
    if not len(contenders):
        return None
    nearest = _nearest(index, fused, contenders)
    columns = {"ridge": _votes(index, near)[contenders]}
    columns["coverage"] = _coverage(index, question, contenders)
    for name, values, wholes in zip(VIEWS, near, whole, strict=False):
        columns[f"near_{name}"] = np.maximum.reduceat(values, index.starts)[contenders]
        columns[f"whole_{name}"] = wholes[contenders]
    columns |= _with_nearest(index, question, nearest)
    if weights is not None and vector is not None and index.vectors is not None:
        columns["alike"] = alike(weights, index.vectors[nearest], vector)
    if index.vectors is not None and vector is not None:
        columns["kin"] = _kin(index, index.vectors, contenders, nearest)
    columns["log_count"] = np.log(index.count[contenders])
    columns["single"] = 1 / index.count[contenders]
    facts = {
        "articles": math.log(min(max(len(index.count), _FEW_ARTICLES), _MANY_ARTICLES)),
        "nearest_meant": float(near[0].max()),
    }
    if len(near) == len(VIEWS):
        facts["nearest_sense"] = float(near[2].max())
    return Evidence(article=contenders, columns=columns, question={**question.facts, **facts})


def _nearest(index: Index, fused: Floats, contenders: Ints) -> Ints:
    """The row of each contender's nearest phrasing."""
    spans = zip(index.starts[contenders].tolist(), index.count[contenders].tolist(), strict=True)
    return np.array([start + int(fused[start : start + count].argmax()) for start, count in spans])


def _kin(index: Index, vectors: Vectors, contenders: Ints, nearest: Ints) -> Floats:
    """For each contender, the cosine of its nearest phrasing and the next of its own.

    A question as near as they are to each other is one of them; a narrow article's nearest says less.
    """
    found = []
    for article, row in zip(contenders.tolist(), nearest.tolist(), strict=True):
        start = int(index.starts[article])
        near = vectors[start : start + int(index.count[article])] @ vectors[row]
        near[row - start] = 0.0
        found.append(float(near.max()))
    return np.array(found)


def _votes(index: Index, near: Floats) -> Floats:
    """For each article, kernel ridge regression over the question's neighbours.

    Local, so it costs the same however many phrasings there are, and nothing is fitted beforehand. (Measured
    on CLINC150 and HWU64: 32 neighbours rank as well as a ridge over all phrasings and tell right from wrong
    better.)
    """
    shares = np.array(_VOTING[len(near)])
    fused = shares @ near
    many = min(_NEIGHBOURS, len(fused))
    rows = np.argpartition(-fused, many - 1)[:many]
    kernel = shares[0] * index.kernel(rows)
    if len(shares) == len(VIEWS) and index.vectors is not None:
        vectors = index.vectors[rows]
        kernel += shares[2] * (vectors @ vectors.T)
    kernel[np.diag_indices(many)] = 1.0 + _RIDGE
    votes = np.linalg.solve(kernel, fused[rows])
    return np.bincount(index.owner[rows], votes, len(index.count)).astype(np.float64, copy=False)


def _coverage(index: Index, question: Question, contenders: Ints) -> Floats:
    """Share of the question's meant weight whose terms occur anywhere in each contender."""
    place = np.full(len(index.count), len(contenders))
    place[contenders] = np.arange(len(contenders))
    known = index.affordable(question.meant.known)
    held = np.zeros((len(known), len(contenders) + 1))
    for position, (number, weight) in enumerate(known):
        held[position, place[index.owner[index.postings(number)]]] = weight
    return np.asarray(held[:, :-1].sum(axis=0) / question.mass)


def _with_nearest(index: Index, question: Question, nearest: Ints) -> dict[str, Floats]:
    numbers, position = index.numbers(nearest)
    weights = index.weights(numbers)
    asked = np.isin(numbers, [number for number, _ in question.meant.known])
    shared = np.bincount(position, weights * asked, len(nearest))
    total = np.bincount(position, weights, len(nearest))
    spoken = question.spoken[:_COMPARED_CHARACTERS]
    texts = [index.phrasings[row].spoken for row in nearest.tolist()]
    letters = [fuzz.token_sort_ratio(spoken, text[:_COMPARED_CHARACTERS]) / 100 for text in texts]
    return {
        "said": shared / np.where(total > 0, total, 1.0),
        "extra": np.log1p(np.maximum(0.0, question.mass - shared)),
        "letters": np.array(letters),
        "exact": np.array([float(text == question.spoken) for text in texts]),
    }
