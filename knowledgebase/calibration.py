"""Calibration: a desk's own labels correct its confidences and set the threshold for answering.

Confidences as shipped hold for an average desk. Platt scaling (Platt 1999) moves a desk's to where its labels
say they belong: odds to a power, times a factor, both held near 1 until labels outweigh that.
"""

import math
from collections.abc import Sequence
from functools import cache
from importlib.resources import files
from typing import Final

import msgspec
import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

_SLOPE_SPREAD: Final = 0.35
_OFFSET_SPREAD: Final = 0.8
"""How far an average desk's slope and offset lie from those shipped (standard deviations, by judgement)."""
_MOST_LABELS: Final = 5_000
_REFERENCE_WEIGHT: Final = 50
"""The shipped desks' confidences count as so many of the desk's own."""
_SURE: Final = 4.0
"""Log-odds (0.98) beyond which a twentieth counts. A customer may ask for a person although the answer was
right, and one such label of a text that is a phrasing word for word must not outweigh all others."""
_CAUTION: Final = 1 / 3
_CAUTION_LABELS: Final = 40
"""With no label a third of the errors that the target allows are not used, with so many a sixth."""


class Label(msgspec.Struct, frozen=True, kw_only=True):
    """One answer that was shown and judged: its confidence before calibration, and whether it was right."""

    confidence: float
    right: bool


class Calibration(msgspec.Struct, frozen=True, kw_only=True):
    """Fitted to `labels` labels; `seen` holds their confidences before calibration."""

    slope: float = 1.0
    offset: float = 0.0
    labels: int = 0
    seen: tuple[float, ...] = ()

    def apply(self, confidence: float) -> float:
        """The calibrated confidence."""
        return float(self._applied(np.array([confidence]))[0])

    def threshold(self, target_precision: float) -> float:
        """From which calibrated confidence to answer, so that a share `target_precision` of answers is right.

        The lowest at which the mean confidence of what is answered reaches the target, over the confidences
        that this desk and the shipped ones have seen; stricter while labels are few.
        """
        return _threshold(self, target_precision)

    def raw_threshold(self, target_precision: float) -> float:
        """The same before calibration."""
        reached = _logit(np.array([self.threshold(target_precision)]))
        return float(_confidence((reached - self.offset) / self.slope)[0])

    def _applied(self, raw: Floats) -> Floats:
        return _confidence(self.slope * _logit(raw) + self.offset)


UNCALIBRATED: Final = Calibration()


def fit(labels: Sequence[Label]) -> Calibration:
    """The likeliest calibration (the newest 5,000 labels count; none leaves confidences as they are)."""
    kept = labels[-_MOST_LABELS:]
    if not kept:
        return UNCALIBRATED
    raw = np.array([label.confidence for label in kept])
    right = np.array([label.right for label in kept], dtype=np.float64)
    columns = np.column_stack([_logit(raw), np.ones(len(raw))])
    prior, precision = np.array([1.0, 0.0]), np.array([_SLOPE_SPREAD**-2, _OFFSET_SPREAD**-2])
    found = prior.copy()
    for _ in range(50):
        chance = 1 / (1 + np.exp(-(columns @ found)))
        gradient = columns.T @ (chance - right) + precision * (found - prior)
        curvature = (columns.T * (chance * (1 - chance))) @ columns + np.diag(precision)
        step = np.linalg.solve(curvature, gradient)
        found = found - step / max(1.0, float(np.abs(step).max()))
        if float(np.abs(step).max()) < 1e-9:
            break
    # A slope below nothing would turn the ranking round.
    slope = max(0.05, float(found[0]))
    return Calibration(slope=slope, offset=float(found[1]), labels=len(kept), seen=tuple(raw.tolist()))


@cache
def _threshold(calibration: Calibration, target: float) -> float:
    return threshold_over(_reference(), calibration, target)


def threshold_over(reference: Floats, calibration: Calibration, target: float) -> float:
    """`Calibration.threshold` with other confidences than the shipped desks'."""
    values = calibration._applied(reference)
    weights = np.full(len(reference), _REFERENCE_WEIGHT / len(reference))
    if calibration.seen:
        own = calibration._applied(np.array(calibration.seen))
        values, weights = np.concatenate([values, own]), np.concatenate([weights, np.ones(len(own))])
    order = np.argsort(-values)
    values, weights = values[order], weights[order]
    mean = np.cumsum(values * weights) / np.cumsum(weights)
    caution = _CAUTION * _CAUTION_LABELS / (_CAUTION_LABELS + calibration.labels)
    enough = np.flatnonzero(mean >= target + (1 - target) * caution)
    return float(values[enough[-1]]) if len(enough) else 1.0


@cache
def _reference() -> Floats:
    """Best candidates' confidences on the desks that the shipped tables were judged on, evenly drawn."""
    text = files("knowledgebase").joinpath("reference.json").read_bytes()
    return np.array(msgspec.json.decode(text, type=list[float]))


def _logit(confidence: Floats) -> Floats:
    """Log-odds, drawn together where they are sure."""
    bounded = np.clip(confidence, 1e-6, 1 - 1e-6)
    odds = np.log(bounded / (1 - bounded))
    within = np.clip(odds, -_SURE, _SURE)
    return np.asarray(within + (odds - within) / 20)


def _confidence(logit: Floats) -> Floats:
    within = np.clip(logit, -_SURE, _SURE)
    return np.asarray(1 / (1 + np.exp(-(within + (logit - within) * 20))))


def spread(confidences: Sequence[float], many: int = 200) -> list[float]:
    """So many of the confidences, evenly drawn by rank: what `reference.json` holds."""
    ordered = sorted(confidences)
    return [round(ordered[math.floor((at + 0.5) * len(ordered) / many)], 4) for at in range(many)]
