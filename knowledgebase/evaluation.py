"""How good the match is on labelled questions: desks drawn from a file, and the figures of each.

A label is an article. Of each, `phrasings` texts of the training split (or of all) are given to a desk, the
test split (or the rest) is asked. Unanswerable are texts without a label and, where there are none, those of
a fifth of the labels, which the desk does without. Pairs `{"a","b","same"}` make groups of texts that mean
the same: an article has one of a group, another is asked; of a pair that differs one half is an article and
the other an unanswerable question that looks like it.
"""

import math
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from typing import Annotated, Final, TypeVar

import msgspec
import numpy as np
from numpy.typing import NDArray

from knowledgebase import calibration
from knowledgebase.article import Article
from knowledgebase.encoder import Encoder
from knowledgebase.jsonl import LineError
from knowledgebase.match import Match, Snapshot
from knowledgebase.slips import Chance, slipped

Row = TypeVar("Row", bound=msgspec.Struct)
Flags = NDArray[np.bool_]
LABELS: Final = 100
"""Questions that are judged before the precision after labels is measured on the others."""
_PRECISION: Final = 0.9
_TEXT = Annotated[str, msgspec.Meta(max_length=200_000)]


class Labelled(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A question and its label, None where nothing answers it; `split` is "train", "test" or another."""

    text: _TEXT
    label: str | None
    split: str = ""


class Pair(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Two questions, and whether one answer would do for both."""

    a: _TEXT
    b: _TEXT
    same: bool


class Asked(msgspec.Struct, frozen=True):
    """A question and the id of the article that answers it, None where none does."""

    text: str
    article: str | None


class Desk(msgspec.Struct, frozen=True):
    """Articles and the questions they are asked."""

    articles: tuple[Article, ...]
    questions: tuple[Asked, ...]


class Figures(msgspec.Struct, frozen=True, kw_only=True):
    """Shares from 0 to 1, None where there was nothing to measure; CPU time in milliseconds a question."""

    articles: int
    questions: int
    unanswerable: int
    top_1: float | None
    recall_3: float | None
    recall_at_precision_90: float | None
    """Answerable questions answered rightly, at the lowest threshold at which 90 % of answers are right."""
    refused: float | None
    """Unanswerable questions that are not answered at the target."""
    precision: float | None
    """Share of answers that are right at the target, with no labels."""
    precision_after_labels: float | None
    """The same on other questions than the hundred whose answers were judged first."""
    cpu_ms_mean: float
    cpu_ms_p95: float


def parse(lines: Iterable[bytes]) -> Sequence[Labelled] | Sequence[Pair]:
    """The rows of a file, all of one kind. Raises `LineError`."""
    numbered = [(number, line) for number, line in enumerate(lines, start=1) if line.strip()]
    if not numbered:
        raise LineError(1, "there is no labelled question")
    if b'"same"' in numbered[0][1]:
        return [_decoded(Pair, *each) for each in numbered]
    return [_decoded(Labelled, *each) for each in numbered]


def _decoded(kind: type[Row], number: int, line: bytes) -> Row:
    try:
        return msgspec.json.decode(line, type=kind)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise LineError(number, str(error)) from None


def drawn(rows: Sequence[Labelled] | Sequence[Pair], phrasings: int, most: int, chance: Chance) -> Desk:
    """A desk drawn from the rows, with at most `most` questions; of pairs at most `most` groups."""
    if isinstance(rows[0], Pair):
        return _of_pairs([row for row in rows if isinstance(row, Pair)], most, chance)
    return _of_labels([row for row in rows if isinstance(row, Labelled)], phrasings, most, chance)


def _of_labels(rows: Sequence[Labelled], phrasings: int, most: int, chance: Chance) -> Desk:
    train, test = defaultdict(list), []
    split = {row.split for row in rows} >= {"train", "test"}
    labels = sorted({row.label for row in rows if row.label is not None})
    away: set[str] = set()
    if all(row.label is not None for row in rows):
        away = set(chance.sample(labels, len(labels) // 5))
    for row in rows:
        if row.label is not None and row.label not in away and row.split != "test":
            train[row.label].append(row.text)
    given = {
        label: chance.sample(texts, min(phrasings, len(texts))) for label, texts in sorted(train.items())
    }
    known = {text for texts in given.values() for text in texts}
    for row in rows:
        if (row.split == "test") if split else (row.text not in known):
            test.append(Asked(row.text, row.label if row.label in given else None))
    articles = tuple(_article(label, texts) for label, texts in given.items())
    return Desk(articles, tuple(chance.sample(test, min(most, len(test)))))


def _of_pairs(rows: Sequence[Pair], most: int, chance: Chance) -> Desk:
    groups = _groups((row.a, row.b) for row in rows if row.same)
    grouped = {text for group in groups for text in group}
    differ = [row for row in rows if not row.same and row.a not in grouped and row.b not in grouped]
    articles, asked = [], []
    for number, group in enumerate(chance.sample(groups, min(most, len(groups)))):
        given, question = chance.sample(group, 2)
        articles.append(_article(f"same {number}", [given]))
        asked.append(Asked(question, f"same {number}"))
    for number, row in enumerate(chance.sample(differ, min(most // 2, len(differ)))):
        articles.append(_article(f"other {number}", [row.a]))
        asked.append(Asked(row.b, None))
    return Desk(tuple(articles), tuple(chance.sample(asked, len(asked))))


def _groups(same: Iterable[tuple[str, str]]) -> list[list[str]]:
    above: dict[str, str] = {}

    def top(text: str) -> str:
        above.setdefault(text, text)
        while above[text] != text:
            text = above[text]
        return text

    for one, other in same:
        above[top(one)] = top(other)
    groups = defaultdict(list)
    for text in above:
        groups[top(text)].append(text)
    return sorted(sorted(group) for group in groups.values() if len(group) > 1)


def _article(article_id: str, phrasings: Sequence[str]) -> Article:
    return Article(id=article_id, title="", answer="", phrasings=tuple(phrasings))


def misspelt(desk: Desk, chance: Chance) -> Desk:
    """The desk, asked with typing slips."""
    asked = (Asked(slipped(one.text, chance), one.article) for one in desk.questions)
    return Desk(desk.articles, tuple(asked))


def measured(desk: Desk, encoder: Encoder | None, target: float, clock: Callable[[], float]) -> Figures:
    """Ask a desk its questions. `clock` gives this thread's CPU seconds."""
    snapshot = Snapshot.build(desk.articles, encoder)
    found, spent = [], []
    for one in desk.questions:
        start = clock()
        found.append(snapshot.match(one.text, target_precision=target))
        spent.append(1000 * (clock() - start))
    return _figures(desk, found, spent, target)


def _figures(desk: Desk, found: Sequence[Match], spent: Sequence[float], target: float) -> Figures:
    best = [match.candidates[0].article_id if match.candidates else "" for match in found]
    raw = np.array([match.candidates[0].uncalibrated if match.candidates else 0.0 for match in found])
    asked = [one.article for one in desk.questions]
    right = np.array([one == other for one, other in zip(best, asked, strict=True)])
    answerable = np.array([one is not None for one in asked])
    among = [
        any(candidate.article_id == one for candidate in match.candidates)
        for one, match in zip(asked, found, strict=True)
    ]
    answered = np.array([match.outcome == "answer" for match in found])
    labels = [
        calibration.Label(confidence=float(one), right=bool(each))
        for one, each in zip(raw[:LABELS], right[:LABELS], strict=True)
    ]
    judged = calibration.fit(labels)
    later = raw[LABELS:] >= judged.raw_threshold(target)
    return Figures(
        articles=len(desk.articles),
        questions=len(found),
        unanswerable=int((~answerable).sum()),
        top_1=_share(right[answerable]),
        recall_3=_share(np.array(among)[answerable]),
        recall_at_precision_90=_recall_at(raw, right, int(answerable.sum())),
        refused=_share(~answered[~answerable]),
        precision=_share(right[answered]),
        precision_after_labels=_share(right[LABELS:][later]),
        cpu_ms_mean=round(float(np.mean(spent)), 2),
        cpu_ms_p95=round(float(np.percentile(spent, 95)), 2),
    )


def _recall_at(confidence: calibration.Floats, right: Flags, answerable: int) -> float | None:
    order = np.argsort(-confidence, kind="stable")
    so_far = np.cumsum(right[order])
    enough = np.flatnonzero(so_far / np.arange(1, len(order) + 1) >= _PRECISION)
    if not answerable:
        return None
    return round(float(so_far[enough[-1]]) / answerable, 3) if len(enough) else 0.0


def _share(true: Flags) -> float | None:
    return round(float(true.mean()), 3) if len(true) else None


def mean(figures: Sequence[Figures]) -> Figures:
    """The mean of several draws."""

    def _mean(name: str) -> float | None:
        values = [value for one in figures if (value := getattr(one, name)) is not None]
        return round(math.fsum(values) / len(values), 3) if values else None

    whole = {"articles", "questions", "unanswerable"}
    values = {name: _mean(name) for name in Figures.__struct_fields__}
    return Figures(**{name: int(value or 0) if name in whole else value for name, value in values.items()})  # type: ignore[arg-type]
