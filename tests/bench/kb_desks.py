"""Desks to fit and judge the match with, drawn from sets of labelled questions.

The files are those of CLINC150 and HWU64 as `{"split","text","label"}` lines and of LCQMC's development pairs
as `{"a","b","same"}` lines. All draws are seeded, so that the same files give the same desks.
"""

import json
import random
from collections import defaultdict
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import NamedTuple, TypedDict

from knowledgebase.slips import slipped

Disguise = Callable[[str], str]
_OTHER_LETTERS = str.maketrans("abcdefghijklmnopqrstuvwxyz", "αβγδεζηθικλμνξοπρστυφχψωбд")
_HAN = range(0x4E00, 0x4E00 + 6000)


class PairRow(TypedDict):
    """Two questions, and whether they ask the same."""

    a: str
    b: str
    same: bool


class Asked(NamedTuple):
    """A question: as it is asked, as an encoder should read it, and the position of the right article."""

    text: str
    sense: str
    article: int | None


class Desk(NamedTuple):
    """Articles as phrasings, what an encoder reads of them; `foreign`: asked in another language."""

    name: str
    source: str
    articles: list[list[str]]
    sense: list[list[str]]
    questions: list[Asked]
    foreign: bool = False


def intents(
    path: Path,
    phrasings: int,
    seed: int,
    *,
    articles: int | None = None,
    left_out: float = 0.0,
    fold: int = 0,
) -> Desk:
    """Each label an article with so many training texts; questions from the test texts, in random order.

    Unanswerable are texts without a label and those of labels left out: a share that is the same for every
    seed of one `fold`, or, with `articles`, as many labels again as the desk has.
    """
    chance = random.Random(f"{path.stem} {phrasings} {seed}")
    rows = [json.loads(line) for line in path.open(encoding="utf-8")]
    labels = sorted({row["label"] for row in rows if row["label"]})
    random.Random(f"left out {fold}").shuffle(labels)
    away, labels = labels[: int(len(labels) * left_out)], labels[int(len(labels) * left_out) :]
    if articles:
        chance.shuffle(labels)
        away, labels = labels[articles : 2 * articles], labels[:articles]
    position = {label: number for number, label in enumerate(labels)}
    texts = defaultdict(list)
    for row in rows:
        if row["split"] == "train":
            texts[row["label"]].append(row["text"])
    drawn = [chance.sample(texts[label], min(phrasings, len(texts[label]))) for label in labels]
    asked = [
        Asked(row["text"], row["text"], position.get(row["label"]))
        for row in rows
        if row["split"] == "test"
        and (row["label"] is None or row["label"] in position or row["label"] in away)
    ]
    chance.shuffle(asked)
    return Desk(f"{path.stem} k={phrasings} n={len(labels)}", path.stem, drawn, drawn, asked)


def pairs(
    path: Path, articles: int, hard: int, seed: int, part: int | None = None, *, phrasings: int = 1
) -> Desk:
    """Each group of texts that mean the same an article with so many phrasings, another text of it asked.

    `hard` pairs that differ, though they look alike, give an article and an unanswerable question each.
    `part` 0 or 1 keeps to half of the file.
    """
    chance = random.Random(f"{path.stem} {seed}")
    rows = pair_rows(path, part)
    groups = _groups((row["a"], row["b"]) for row in rows if row["same"])
    grouped = {text for group in groups for text in group}
    differ = [(row["a"], row["b"]) for row in rows if not row["same"]]
    differ = [pair for pair in differ if not grouped.intersection(pair)]
    groups = [group for group in groups if len(group) > phrasings]
    chance.shuffle(groups)
    chance.shuffle(differ)
    known, asked = [], []
    for number, group in enumerate(groups[:articles]):
        chance.shuffle(group)
        known.append(group[:phrasings])
        asked.append(Asked(group[phrasings], group[phrasings], number))
    for text, other in differ[:hard]:
        known.append([text])
        asked.append(Asked(other, other, None))
    chance.shuffle(asked)
    source = path.stem if part is None else f"{path.stem} {part}"
    name = f"{source} n={articles}+{hard}" + (f" k={phrasings}" if phrasings > 1 else "")
    return Desk(name, source, known, known, asked)


def pair_rows(path: Path, part: int | None = None) -> list[PairRow]:
    """The pairs of a file; of its `part` 0 or 1, which share no text, nor by way of other pairs."""
    rows: list[PairRow] = [json.loads(line) for line in path.open(encoding="utf-8")]
    joined = _groups((row["a"], row["b"]) for row in rows)
    number = {text: at for at, group in enumerate(joined) for text in group}
    return [row for row in rows if part is None or number[row["a"]] % 2 == part]


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
    return sorted(sorted(group) for group in groups.values())


def thinned(desk: Desk, unanswerable: float, most: int) -> Desk:
    """At most so many questions, a share of them unanswerable."""
    some = [one for one in desk.questions if one.article is not None]
    none = [one for one in desk.questions if one.article is None]
    kept = min(most, len(some) + len(none))
    without = min(len(none), int(kept * unanswerable))
    chosen = some[: kept - without] + none[:without]
    random.Random(desk.name).shuffle(chosen)
    return desk._replace(questions=chosen)


def disguised(desk: Desk, disguise: Disguise, *, questions_only: bool = False) -> Desk:
    """The desk in a made-up language, which an encoder reads undisguised.

    With `questions_only` the questions alone: a customer who writes another language than the articles.
    """
    articles = (
        desk.articles if questions_only else [[disguise(one) for one in each] for each in desk.articles]
    )
    asked = [one._replace(text=disguise(one.text)) for one in desk.questions]
    name = f"{desk.name} {'asked in ' if questions_only else ''}{disguise.__name__}"
    return desk._replace(name=name, articles=articles, questions=asked, foreign=questions_only)


def with_slips(desk: Desk, share: float, seed: int) -> Desk:
    """The desk with typing slips in a share of its questions."""
    chance = random.Random(f"slips {seed}")
    asked = []
    for one in desk.questions:
        text = slipped(one.text, chance) if chance.random() < share else one.text
        asked.append(one._replace(text=text, sense=text))
    return desk._replace(questions=asked)


def other_letters(text: str) -> str:
    """English in other letters: a language with spaces of which no function words and no stems are known."""
    return text.lower().translate(_OTHER_LETTERS)


def made_up_han(text: str) -> str:
    """English in Han characters without spaces, one for a short word and two for a longer one."""
    written = []
    for word in text.lower().split():
        chance = random.Random(f"han {word[:5]}")
        written.append("".join(chr(chance.choice(_HAN)) for _ in range(1 if len(word) <= 3 else 2)))
    return "".join(written)
