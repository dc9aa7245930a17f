"""Fits the confidence tables that ship with the product: `python -m tests.bench.kb_train FOLDER`.

FOLDER holds clinc150.jsonl (CC BY 3.0), hwu64.jsonl (CC BY 4.0) and lcqmc_dev.jsonl (research use: read,
never copied). Each table is fitted by maximum likelihood with a small ridge, by Newton's method, to random
desks in several sizes, some asked with typing slips, some in made-up languages. It is first fitted without
each set, or half of the pairs, and judged on that; then to all of them, which is what is written to
`knowledgebase/`. What a table says of articles that look alike is fitted afterwards, to pairs alone, as are
the weights of `knowledgebase.alike`; those that a desk is asked with come from the half it is not drawn from.
"""

import argparse
import json
from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import NamedTuple

import msgspec
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
PAIRS = "lcqmc_dev"
SETS = ("clinc150", "hwu64", f"{PAIRS} 0", f"{PAIRS} 1")
_MOST = 8
_RIDGE = 3e-4
_ALIKE_RIDGE = 1 / 400
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
    for number, articles in enumerate((30, 60, 120, 250, 400, 600, 800, 1_000)):
        for part in (0, 1):
            path, hard = folder / f"{PAIRS}.jsonl", articles // (1 + number % 3)
            desk = kb_desks.pairs(path, articles, hard, number, part)
            yield kb_desks.with_slips(kb_desks.thinned(desk, 0.5, _QUESTIONS), 0.1, number)
    for number, articles in enumerate((30, 60, 120, 250, 400)):
        for part in (0, 1):
            desk = kb_desks.pairs(
                folder / f"{PAIRS}.jsonl", articles, articles // 3, number, part, phrasings=2
            )
            yield kb_desks.with_slips(kb_desks.thinned(desk, 0.3, _QUESTIONS), 0.1, number)


def samples(desk: Desk, encode: Encoded | None, alike: Mapping[str, Floats]) -> Iterator[Sample]:
    """What the logit sees of a desk's questions; `alike` has the weights by the desk's source."""
    weights = alike.get(desk.source, alike[SETS[-1]]) if encode else None
    vectors = encode([text for each in desk.sense for text in each]) if encode else None
    index = Index(desk.articles, vectors)
    for number, one in enumerate(desk.questions):
        found = search(index, one.text, partial(_sensed, encode, one) if encode else None, weights)
        for evidence in found:
            places = evidence.article.tolist()
            right = places.index(one.article) if one.article in places else len(places)
            foreign = np.full(len(places), desk.foreign)
            shown = confidence.features(evidence, foreign)
            weight = 1 / len(desk.questions) / len(found)
            yield Sample(desk.source, desk.name, number, shown, right, weight)


def all_samples(folder: Path, encode: Encoded | None, alike: Mapping[str, Floats]) -> list[Sample]:
    """Those of all desks; without an encoder nobody could answer in another language."""
    kept = (desk for desk in desks(folder) if encode or not desk.foreign)
    return [one for desk in kept for one in samples(desk, encode, alike)]


def halves(folder: Path, encode: Encoded) -> dict[str, Floats]:
    """The weights of `knowledgebase.alike` for each half of the pairs, learnt from the other."""
    path = folder / f"{PAIRS}.jsonl"
    return {f"{PAIRS} {part}": asking_alike(kb_desks.pair_rows(path, 1 - part), encode) for part in (0, 1)}


def _sensed(encode: Encoded, one: Asked, texts: Sequence[str]) -> Vectors:
    """What the encoder makes of the readings; of a disguised question it reads what stands behind it."""
    return encode(texts if one.text == one.sense else [one.sense] * len(texts))


class Matrix(NamedTuple):
    """Samples as arrays: samples × contenders × features, which contenders there are, samples × features."""

    article: Floats
    close: Floats
    there: NDArray[np.bool_]
    none: Floats
    right: NDArray[np.int64]
    weight: Floats


class Found(NamedTuple):
    """Coefficients, in the order of the features."""

    article: Floats
    none: Floats
    close: Floats


def matrix(chosen: Sequence[Sample]) -> Matrix:
    """The samples as arrays."""
    first = chosen[0].features
    article = np.zeros((len(chosen), _MOST, len(first.article)))
    close = np.zeros((len(chosen), _MOST, len(first.close)))
    there = np.zeros((len(chosen), _MOST), dtype=np.bool_)
    right = np.empty(len(chosen), dtype=np.int64)
    for row, one in enumerate(chosen):
        many = len(one.features.article["ridge"])
        article[row, :many] = np.column_stack([one.features.article[name] for name in first.article])
        close[row, :many] = np.column_stack([one.features.close[name] for name in first.close])
        there[row, :many] = True
        right[row] = one.right if one.right < many else _MOST
    none = np.array([[one.features.none[name] for name in first.none] for one in chosen])
    return Matrix(article, close, there, none, right, np.array([one.weight for one in chosen]))


def scores(data: Matrix, found: Found) -> Floats:
    """Samples × (contenders and none)."""
    article = data.article @ found.article + data.close @ found.close
    return np.column_stack([article, data.none @ found.none])


def softmax(data: Matrix, given: Floats) -> Floats:
    """The chances that the scores come to."""
    kept = given.copy()
    kept[:, :-1][~data.there] = -np.inf
    odds = np.exp(kept - kept.max(axis=1, keepdims=True))
    return np.asarray(odds / odds.sum(axis=1, keepdims=True))


def likeliest(data: Matrix, full: Floats, given: Floats) -> Floats:
    """The coefficients of samples × (contenders and none) × features that, put on the scores `given`, make
    the right ones likeliest."""
    rows, weight = np.arange(len(data.right)), data.weight / data.weight.sum()
    found = np.zeros(full.shape[2])

    def loss(tried: Floats) -> float:
        chance = softmax(data, given + full @ tried)[rows, data.right]
        return float(_RIDGE * tried @ tried - weight @ np.log(chance + 1e-300))

    for _ in range(25):
        chance = softmax(data, given + full @ found)
        off = chance.copy()
        off[rows, data.right] -= 1
        gradient = np.einsum("n,nc,ncf->f", weight, off, full, optimize=True) + 2 * _RIDGE * found
        mean = np.einsum("nc,ncf->nf", chance, full)
        spread = (full * np.sqrt(weight[:, None] * chance)[:, :, None]).reshape(-1, len(found))
        curvature = spread.T @ spread - (mean.T * weight) @ mean + 2 * _RIDGE * np.eye(len(found))
        # A whole step may leap over the best and away: from few desks of one kind it does.
        step = np.linalg.solve(curvature, gradient)
        while loss(found - step) > loss(found) and float(np.abs(step).max()) >= 1e-4:
            step /= 2
        found -= step
        if float(np.abs(step).max()) < 1e-4:
            break
    return found


def fitted(chosen: Sequence[Sample]) -> Found:
    """First what holds for all desks; with that fixed, what is to be added where articles look alike."""
    data = matrix(chosen)
    many, asked, close = data.article.shape[2], data.none.shape[1], data.close.shape[2]
    full = np.zeros((len(chosen), _MOST + 1, many + asked))
    full[:, :-1, :many], full[:, -1, many:] = data.article, data.none
    first = likeliest(data, full, np.zeros(full.shape[:2]))
    found = Found(first[:many], first[many:], np.zeros(close))
    pairs = matrix([one for one in chosen if one.source.startswith(PAIRS)])
    full = np.zeros((len(pairs.right), _MOST + 1, close))
    full[:, :-1] = pairs.close
    return found._replace(close=likeliest(pairs, full, scores(pairs, found)))


def asking_alike(rows: Sequence[kb_desks.PairRow], encode: Encoded) -> Floats:
    """Weights of `knowledgebase.alike`: a logistic regression with a ridge, by Newton's method."""
    one, other = (encode([row[side] for row in rows]) for side in ("a", "b"))
    columns = np.column_stack([one * other, np.ones(len(rows))]).astype(np.float64)
    same = np.array([row["same"] for row in rows], dtype=np.float64)
    ridge = np.append(np.full(columns.shape[1] - 1, _ALIKE_RIDGE), 0.0)
    found = np.zeros(columns.shape[1])
    for _ in range(12):
        chance = 1 / (1 + np.exp(-columns @ found))
        gradient = columns.T @ (chance - same) + ridge * found
        curvature = (columns.T * (chance * (1 - chance))) @ columns + np.diag(ridge)
        found -= np.linalg.solve(curvature, gradient)
    return found


def judged(chosen: Sequence[Sample], found: Found) -> dict[str, list[tuple[float, bool]]]:
    """Desk -> (confidence of the best candidate, whether it is right) of each question, the surer reading."""
    data = matrix(chosen)
    best: dict[tuple[str, int], tuple[float, bool]] = {}
    for one, chance, right in zip(
        chosen, softmax(data, scores(data, found))[:, :-1], data.right, strict=True
    ):
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


def table(names: Features, found: Found) -> Table:
    """The coefficients by name, rounded."""
    parts = (
        {name: round(float(value), 3) for name, value in zip(shown, values, strict=True)}
        for shown, values in zip(names, found, strict=True)
    )
    return Table(*parts)


def main() -> None:
    """Fit, judge and write."""
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    options.add_argument("folder", type=Path)
    folder = options.parse_args().folder
    encode = Encoded()
    alike = halves(folder, encode)
    tables, reference = {}, []
    for kind, encoder in ((LEXICAL, None), (SEMANTIC, encode)):
        chosen = all_samples(folder, encoder, alike)
        for held in SETS:
            seen = judged(
                [one for one in chosen if one.source == held],
                fitted([one for one in chosen if one.source != held]),
            )
            report(seen, f"{held} ({kind})")
            reference += [conf for sure in seen.values() for conf, _ in sure]
        tables[kind] = table(chosen[0].features, fitted(chosen))
    room = Path(confidence.__file__).parent
    (room / "coefficients.json").write_bytes(msgspec.json.format(msgspec.json.encode(tables)) + b"\n")
    weights = [
        round(float(weight), 3)
        for weight in asking_alike(kb_desks.pair_rows(folder / f"{PAIRS}.jsonl"), encode)
    ]
    (room / "alike.json").write_text(json.dumps({Universal.name: weights}) + "\n", encoding="utf-8")
    (room / "reference.json").write_text(json.dumps(calibration.spread(reference)) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
