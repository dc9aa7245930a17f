"""How well matching does on sets that it was not fitted to: `python -m tests.bench.kb_held_out FOLDER`.

For each set the tables, the weights of `knowledgebase.alike` and the confidences that thresholds are reckoned
with are made without it (of the pairs, without the half that is asked). Desks are whole: of CLINC150 all
labels; of HWU64 all but a fifth, ten different ones, because which labels are left out moves the figures more
than chance does.
"""

import argparse
from collections import defaultdict
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from knowledgebase import calibration
from tests.bench import kb_desks, kb_train
from tests.bench.kb_desks import Desk
from tests.bench.kb_train import PAIRS, SETS, Encoded, Floats, Sample

Flags = NDArray[np.bool_]
TARGET = 0.9
LABELS = 100
_SEEDS = (101, 102)
_FOLDS = range(100, 110)
_MOST = 1_000
_PAIRS = ((250, 250), (800, 400), (800, 800))


class Figures(NamedTuple):
    """Shares: see `knowledgebase.evaluation.Figures`; `answered` is of all questions, without labels."""

    top_1: float
    recall: float
    precision: float
    answered: float
    after_labels: float
    refused: float


def judged_desks(folder: Path) -> Iterator[Desk]:
    """What is asked; desks of one name are averaged."""
    for seed in _SEEDS:
        for phrasings in (1, 3, 10):
            desk = kb_desks.intents(folder / "clinc150.jsonl", phrasings, seed)
            yield from _and_slips(desk, f"CLINC150 k={phrasings}", seed, phrasings == 10)
        for articles, hard in _PAIRS:
            desk = kb_desks.pairs(folder / f"{PAIRS}.jsonl", articles, hard, seed, 1)
            yield from _and_slips(desk, f"LCQMC {articles}+{hard}", seed, articles == hard == 250)
    for fold in _FOLDS:
        for phrasings in (1, 3, 10):
            desk = kb_desks.intents(folder / "hwu64.jsonl", phrasings, fold, left_out=0.2, fold=fold)
            yield from _and_slips(desk, f"HWU64 k={phrasings}", fold, phrasings == 10)


def _and_slips(desk: Desk, name: str, seed: int, slips: bool) -> Iterator[Desk]:
    desk = desk._replace(name=name, questions=desk.questions[:_MOST])
    yield desk
    if slips:
        yield kb_desks.with_slips(desk, 1.0, seed)._replace(name=f"{name} slips")


class HeldOut:
    """Tables fitted without each set, and the confidences of the best candidates on it."""

    def __init__(self, chosen: Sequence[Sample]) -> None:
        self.tables: dict[str, kb_train.Found] = {}
        self._seen: dict[str, list[float]] = {}
        for held in SETS:
            self.tables[held] = kb_train.fitted([one for one in chosen if one.source != held])
            seen = kb_train.judged([one for one in chosen if one.source == held], self.tables[held])
            self._seen[held] = [confidence for sure in seen.values() for confidence, _ in sure]

    def reference(self, source: str) -> Floats:
        """The confidences of the other sets."""
        away = PAIRS if source.startswith(PAIRS) else source
        kept = [some for held, some in self._seen.items() if not held.startswith(away)]
        return np.array(calibration.spread([confidence for some in kept for confidence in some]))


def figures(desk: Desk, sure: Sequence[tuple[float, bool]], reference: Floats) -> Figures:
    """Of a desk's questions, in their order."""
    confidence = np.array([each[0] for each in sure])
    right = np.array([each[1] for each in sure])
    answerable = np.array([one.article is not None for one in desk.questions])
    answered = confidence >= calibration.threshold_over(reference, calibration.UNCALIBRATED, TARGET)
    labels = [
        calibration.Label(confidence=float(one), right=bool(each))
        for one, each in zip(confidence[:LABELS], right[:LABELS], strict=True)
    ]
    fitted = calibration.fit(labels)
    threshold = calibration.threshold_over(reference, fitted, TARGET)
    later = np.array([fitted.apply(one) >= threshold for one in confidence[LABELS:]])
    return Figures(
        float(right[answerable].mean()),
        _recall(confidence, right & answerable, int(answerable.sum())),
        _share(right[answered]),
        float(answered.mean()),
        _share(right[LABELS:][later]),
        float((~answered)[~answerable].mean()),
    )


def _share(true: Flags) -> float:
    return float(true.mean()) if len(true) else np.nan


def _recall(confidence: Floats, right: Flags, answerable: int) -> float:
    order = np.argsort(-confidence, kind="stable")
    so_far = np.cumsum(right[order])
    enough = np.flatnonzero(so_far / np.arange(1, len(order) + 1) >= TARGET)
    return float(so_far[enough[-1]]) / answerable if len(enough) else 0.0


def report(measured: dict[str, list[Figures]]) -> None:
    """The mean of each figure; of R@P90 the span over the desks of a name, too."""
    print(f"{'':22}" + " ".join(f"{name:>12}" for name in Figures._fields) + "   recall's span")
    for name, found in measured.items():
        means = " ".join(f"{value:12.3f}" for value in np.nanmean(np.array(found), axis=0))
        recalls = [one.recall for one in found]
        print(f"{name:22}{means}   {min(recalls):.2f} to {max(recalls):.2f}")


def main() -> None:
    """Fit without each set and print what each reaches."""
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    options.add_argument("folder", type=Path)
    options.add_argument("--lexical", action="store_true", help="without the encoder")
    given = options.parse_args()
    encode = Encoded()
    alike = kb_train.halves(given.folder, encode)
    used = None if given.lexical else encode
    held = HeldOut(kb_train.all_samples(given.folder, used, alike))
    measured: dict[str, list[Figures]] = defaultdict(list)
    for desk in judged_desks(given.folder):
        found = kb_train.judged(list(kb_train.samples(desk, used, alike)), held.tables[desk.source])
        measured[desk.name].append(figures(desk, found[desk.name], held.reference(desk.source)))
    report(measured)


if __name__ == "__main__":
    main()
