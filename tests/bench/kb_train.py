"""Fits the confidence tables that ship with the product: `python -m tests.bench.kb_train FOLDER`.

FOLDER holds clinc150.jsonl (CC BY 3.0), hwu64.jsonl (CC BY 4.0) and lcqmc_dev.jsonl (research use: read,
never copied). Each table is fitted by maximum likelihood with a small ridge, by Newton's method, to random
desks in several sizes, some asked with typing slips, some in made-up languages. It is first fitted without
each set and judged on that set; then to all of them, which is what is written to `knowledgebase/`.
"""

import argparse
import json
from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from knowledgebase import calibration, confidence
from knowledgebase.confidence import LEXICAL, SEMANTIC, Features, Table
from knowledgebase.encoder import Universal, Vectors
from knowledgebase.evidence import search
from knowledgebase.index import Index
from tests.bench import kb_desks
from tests.bench.kb_desks import Asked, Desk

Floats = NDArray[np.float64]
SETS = ("clinc150", "hwu64", "lcqmc_dev")
_MOST = 8
_RIDGE = 3e-4
_QUESTIONS = 400


class Sample(NamedTuple):
    """One reading of one question: what the logit sees, which contender is right (last: none), its weight."""

    source: str
    desk: str
    question: int
    features: Features
    right: int
    weight: float


class Encoded:
    """The encoder, each text once."""

    def __init__(self) -> None:
        self._encoder = Universal()
        self._known: dict[str, Vectors] = {}

    def __call__(self, texts: Sequence[str]) -> Vectors:
        """A vector for each text."""
        new = [text for text in dict.fromkeys(texts) if text not in self._known]
        self._known |= zip(new, self._encoder.encode(new), strict=True) if new else ()
        return np.stack([self._known[text] for text in texts])


def desks(folder: Path) -> Iterator[Desk]:
    """What the tables are fitted to."""
    for source, sizes, left_out in (("clinc150", (20, 50, 75), 0.0), ("hwu64", (10, 20, 30), 0.2)):
        path = folder / f"{source}.jsonl"
        for number, phrasings in enumerate((1, 3, 5, 10)):
            for size, disguise in zip(
                sizes, (None, kb_desks.other_letters, kb_desks.made_up_han), strict=True
            ):
                seed = 10 * number + size
                desk = kb_desks.intents(path, phrasings, seed, articles=size)
                desk = kb_desks.with_slips(kb_desks.thinned(desk, 0.3, _QUESTIONS), 0.1, seed)
                yield kb_desks.disguised(desk, disguise) if disguise else desk
            desk = kb_desks.intents(path, phrasings, number, articles=sizes[1])
            desk = kb_desks.thinned(desk, 0.3, _QUESTIONS)
            yield kb_desks.disguised(desk, kb_desks.other_letters, questions_only=True)
            desk = kb_desks.intents(path, phrasings, number, left_out=left_out, fold=1 + number)
            yield kb_desks.with_slips(kb_desks.thinned(desk, 0.2, _QUESTIONS), 0.1, number)
    for number, articles in enumerate((30, 60, 120, 250, 500, 1_000, 1_500, 2_000)):
        desk = kb_desks.pairs(folder / "lcqmc_dev.jsonl", articles, articles // (1 + number % 4), number)
        yield kb_desks.with_slips(kb_desks.thinned(desk, 0.4, _QUESTIONS), 0.1, number)


def samples(desk: Desk, encode: Encoded | None) -> Iterator[Sample]:
    """What the logit sees of a desk's questions."""
    vectors = encode([text for each in desk.sense for text in each]) if encode else None
    index = Index(desk.articles, vectors)
    for number, one in enumerate(desk.questions):
        found = search(index, one.text, partial(_sensed, encode, one) if encode else None)
        for evidence in found:
            places = evidence.article.tolist()
            right = places.index(one.article) if one.article in places else len(places)
            foreign = np.full(len(places), desk.foreign)
            shown = confidence.features(evidence, foreign)
            weight = 1 / len(desk.questions) / len(found)
            yield Sample(desk.source, desk.name, number, shown, right, weight)


def _sensed(encode: Encoded, one: Asked, texts: Sequence[str]) -> Vectors:
    """What the encoder makes of the readings; of a disguised question it reads what stands behind it."""
    return encode(texts if one.text == one.sense else [one.sense] * len(texts))


class Matrix(NamedTuple):
    """Samples as arrays: samples × contenders × features, which contenders there are, samples × features."""

    article: Floats
    there: NDArray[np.bool_]
    none: Floats
    right: NDArray[np.int64]
    weight: Floats


def matrix(chosen: Sequence[Sample]) -> tuple[list[str], list[str], Matrix]:
    """Names of the features of articles and of none, and the arrays."""
    names, asked = list(chosen[0].features.article), list(chosen[0].features.none)
    article = np.zeros((len(chosen), _MOST, len(names)))
    there = np.zeros((len(chosen), _MOST), dtype=np.bool_)
    right = np.empty(len(chosen), dtype=np.int64)
    for row, one in enumerate(chosen):
        many = len(one.features.article["ridge"])
        article[row, :many] = np.column_stack([one.features.article[name] for name in names])
        there[row, :many] = True
        right[row] = one.right if one.right < many else _MOST
    none = np.array([[one.features.none[name] for name in asked] for one in chosen])
    return names, asked, Matrix(article, there, none, right, np.array([one.weight for one in chosen]))


def chances(data: Matrix, found: Floats) -> Floats:
    """Samples × (contenders and none)."""
    many = data.article.shape[2]
    scores = np.column_stack([data.article @ found[:many], data.none @ found[many:]])
    scores[:, :-1][~data.there] = -np.inf
    scores -= scores.max(axis=1, keepdims=True)
    odds = np.exp(scores)
    return np.asarray(odds / odds.sum(axis=1, keepdims=True))


def fitted(data: Matrix) -> Floats:
    """The coefficients, articles' first, that make the right ones likeliest."""
    many, asked = data.article.shape[2], data.none.shape[1]
    full = np.zeros((len(data.right), _MOST + 1, many + asked))
    full[:, :-1, :many], full[:, -1, many:] = data.article, data.none
    rows, weight = np.arange(len(data.right)), data.weight / data.weight.sum()
    found = np.zeros(many + asked)
    for _ in range(12):
        chance = chances(data, found)
        off = chance.copy()
        off[rows, data.right] -= 1
        gradient = np.einsum("n,nc,ncf->f", weight, off, full, optimize=True) + 2 * _RIDGE * found
        mean = np.einsum("nc,ncf->nf", chance, full)
        spread = full * np.sqrt(weight[:, None] * chance)[:, :, None]
        spread = spread.reshape(-1, many + asked)
        curvature = spread.T @ spread - (mean.T * weight) @ mean + 2 * _RIDGE * np.eye(many + asked)
        step = np.linalg.solve(curvature, gradient)
        found -= step
        if float(np.abs(step).max()) < 1e-4:
            break
    return found


def judged(chosen: Sequence[Sample], data: Matrix, found: Floats) -> dict[str, list[tuple[float, bool]]]:
    """Desk -> (confidence of the best candidate, whether it is right) of each question, the surer reading."""
    best: dict[tuple[str, int], tuple[float, bool]] = {}
    for one, chance, right in zip(chosen, chances(data, found)[:, :-1], data.right, strict=True):
        sure = float(chance.max()), int(chance.argmax()) == int(right)
        best[one.desk, one.question] = max(sure, best.get((one.desk, one.question), (0.0, False)))
    desks: dict[str, list[tuple[float, bool]]] = {}
    for (desk, _), sure in best.items():
        desks.setdefault(desk, []).append(sure)
    return desks


def report(desks_: dict[str, list[tuple[float, bool]]], held: str) -> None:
    """Mean confidence beside the share right, and the precision of what is answered at some thresholds."""
    print(f"judged on {held}, which it was not fitted to")
    for desk, sure in desks_.items():
        conf, right = np.array([each[0] for each in sure]), np.array([each[1] for each in sure])
        at = " ".join(
            f"≥{level}: {right[conf >= level].mean():.2f} of {np.mean(conf >= level):.2f}"
            for level in (0.5, 0.65, 0.8, 0.9)
            if (conf >= level).any()
        )
        print(f"  {desk:45} mean {conf.mean():.2f}, right {right.mean():.2f}; {at}")


def main() -> None:
    """Fit, judge and write."""
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    options.add_argument("folder", type=Path)
    folder = options.parse_args().folder
    encode = Encoded()
    tables, reference = {}, []
    for kind, encoder in ((LEXICAL, None), (SEMANTIC, encode)):
        chosen = [
            one for desk in desks(folder) if encoder or not desk.foreign for one in samples(desk, encoder)
        ]
        names, asked, data = matrix(chosen)
        for held in SETS:
            inside = np.array([one.source != held for one in chosen])
            found = fitted(Matrix(*(part[inside] for part in data)))
            outside = [one for one in chosen if one.source == held]
            seen = judged(outside, Matrix(*(part[~inside] for part in data)), found)
            report(seen, f"{held} ({kind})")
            reference += [conf for sure in seen.values() for conf, _ in sure]
        rounded = [round(float(value), 3) for value in fitted(data)]
        tables[kind] = Table(
            article=dict(zip(names, rounded[: len(names)], strict=True)),
            none=dict(zip(asked, rounded[len(names) :], strict=True)),
        )
    room = Path(confidence.__file__).parent
    shipped = {kind: {"article": table.article, "none": table.none} for kind, table in tables.items()}
    (room / "coefficients.json").write_text(json.dumps(shipped, indent=1) + "\n", encoding="utf-8")
    (room / "reference.json").write_text(json.dumps(calibration.spread(reference)) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
