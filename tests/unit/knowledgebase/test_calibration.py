"""What a desk's own labels do to its confidences and to the threshold for answering."""

import random

from knowledgebase.calibration import UNCALIBRATED, Calibration, Label, fit


def labels(many: int, chance_of: float, seed: int = 1) -> list[Label]:
    """Confidences evenly from 0 to 1; of each share `chance_of` what the confidence says is right."""
    chance = random.Random(seed)
    drawn = (chance.random() for _ in range(many))
    return [Label(confidence=one, right=chance.random() < one * chance_of) for one in drawn]


def test_without_labels_confidences_stay() -> None:
    """An average desk's hold."""
    assert fit([]) == UNCALIBRATED
    assert [round(UNCALIBRATED.apply(one), 6) for one in (0.01, 0.5, 0.99)] == [0.01, 0.5, 0.99]


def test_labels_move_confidences_to_where_they_belong() -> None:
    """Where half of what was thought right is wrong, 0.9 comes to mean about a half."""
    found = fit(labels(1_000, 0.5))
    assert found.labels == 1_000
    assert 0.35 < found.apply(0.9) < 0.6


def test_a_few_labels_move_little() -> None:
    """One wrong answer is no reason to fall silent."""
    found = fit([Label(confidence=0.9, right=False)])
    assert 0.75 < found.apply(0.9) < 0.9


def test_a_wrong_label_of_the_surest_kind_does_not_outweigh_the_others() -> None:
    """A customer may ask for a person although the answer was the very one; and a label maps back."""
    sure = [Label(confidence=1.0, right=True)] * 11
    found = fit([*sure, Label(confidence=1.0, right=False)])
    assert 0.75 < found.apply(0.9) < 0.9
    assert found.apply(1.0) > 0.94
    raw = found.raw_threshold(0.8)
    assert abs(found.apply(raw) - found.threshold(0.8)) < 1e-6


def test_a_calibration_never_turns_the_ranking_round() -> None:
    """Even where the sure ones were wrong and the unsure ones right."""
    perverse = [Label(confidence=0.95, right=False), Label(confidence=0.05, right=True)] * 300
    found = fit(perverse)
    assert found.apply(0.9) > found.apply(0.5) > found.apply(0.1)


def test_the_threshold_grows_with_the_target_and_falls_with_labels() -> None:
    """More precision asks for more confidence; with few labels more is asked for than with many."""
    thresholds = [UNCALIBRATED.threshold(target) for target in (0.5, 0.8, 0.9, 0.95, 0.99)]
    assert thresholds == sorted(thresholds)
    cautious = [Calibration(labels=many).threshold(0.9) for many in (0, 40, 1_000)]
    assert cautious == sorted(cautious, reverse=True)
    assert cautious[0] > cautious[-1]


def test_answers_above_the_threshold_are_right_as_often_as_was_asked() -> None:
    """Judged on other questions than the labels."""
    found = fit(labels(2_000, 1.0))
    later = labels(20_000, 1.0, seed=2)
    answered = [one.right for one in later if found.apply(one.confidence) >= found.threshold(0.9)]
    assert 0.87 <= sum(answered) / len(answered) <= 0.96


def test_a_desk_that_is_never_right_often_enough_hardly_answers() -> None:
    """Where seven of ten is the best there is, next to nothing reaches nine of ten."""
    found = fit(labels(2_000, 0.7))
    later = labels(20_000, 0.7, seed=2)
    answered = [one for one in later if found.apply(one.confidence) >= found.threshold(0.9)]
    assert len(answered) < 0.02 * len(later)
