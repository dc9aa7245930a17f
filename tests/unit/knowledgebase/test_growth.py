"""A large snapshot takes a change up without being made anew, and answers as one that was."""

import time
import zlib
from collections.abc import Sequence

import numpy as np
import pytest
from msgspec.structs import replace

from knowledgebase.article import Article
from knowledgebase.encoder import Encoder, Vectors
from knowledgebase.match import Snapshot
from tests.unit.knowledgebase.test_bounds import WORDS, desk

ARTICLES = desk(3_000)
NEW = Article(id="new", title="Gizmo", answer="A", phrasings=("how is the gizmo frobnicated",))


class Hashed:
    """An encoder to which only the same text is near."""

    name = "hashed-1"

    def encode(self, texts: Sequence[str]) -> Vectors:
        """A random direction for each text."""
        rows = [np.random.default_rng(zlib.crc32(text.encode())).standard_normal(64) for text in texts]
        vectors = np.array(rows, dtype=np.float32)
        return np.asarray(vectors / np.linalg.norm(vectors, axis=1, keepdims=True))


BEFORE: dict[str, Snapshot] = {
    kind: Snapshot.build(ARTICLES, encoder) for kind, encoder in (("words", None), ("sense", Hashed()))
}


def encoder_of(kind: str) -> Encoder | None:
    """The one that `BEFORE` was made with."""
    return Hashed() if kind == "sense" else None


@pytest.mark.parametrize("kind", BEFORE)
def test_what_was_added_is_found_and_the_rest_as_before(kind: str) -> None:
    """First in a match where it belongs, as in a snapshot made anew; the old one never hears of it."""
    before, encoder = BEFORE[kind], encoder_of(kind)
    more = [*ARTICLES, NEW]
    later, anew = Snapshot.build(more, encoder, before), Snapshot.build(more, encoder)
    assert (len(later), len(before)) == (len(more), len(ARTICLES))
    assert before.match("frobnicated gizmo").candidates[:1] != later.match("frobnicated gizmo").candidates[:1]
    for text in ("how is the gizmo frobnicated", *(one.phrasings[0] for one in ARTICLES[:40:3])):
        (found, *_), (expected, *_) = later.match(text).candidates, anew.match(text).candidates
        assert found.article_id == expected.article_id
        assert found.confidence == pytest.approx(expected.confidence, abs=0.01)


@pytest.mark.parametrize("kind", BEFORE)
def test_what_was_changed_or_taken_away_is_found_no_more_as_it_was(kind: str) -> None:
    """By its new text alone; and it can be changed again."""
    encoder, snapshot, words = encoder_of(kind), BEFORE[kind], " ".join(WORDS[100:109])
    gone, changed = ARTICLES[0].phrasings[0], ARTICLES[1]
    for turn in range(3):
        changed = replace(changed, phrasings=(f"{words} gizmo{turn}x",))
        snapshot = Snapshot.build([changed, *ARTICLES[2:]], encoder, snapshot)
        assert len(snapshot) == len(ARTICLES) - 1
        assert snapshot.match(changed.phrasings[0]).candidates[0].article_id == changed.id
    found = [one.article_id for one in snapshot.match(gone).candidates]
    assert ARTICLES[0].id not in found
    assert changed.id not in [one.article_id for one in snapshot.match(ARTICLES[1].phrasings[0]).candidates]
    assert snapshot.match(ARTICLES[2].phrasings[0]).candidates[0].article_id == ARTICLES[2].id


def test_two_snapshots_built_on_one_know_nothing_of_each_other() -> None:
    """What the first puts behind the vectors that they share, the second does not overwrite."""
    other = replace(NEW, id="other", title="Widget", phrasings=("unheardof wording here",))
    one, two = (Snapshot.build([*ARTICLES, each], Hashed(), BEFORE["sense"]) for each in (NEW, other))
    assert one.match(NEW.phrasings[0]).candidates[0].article_id == "new"
    assert two.match(other.phrasings[0]).candidates[0].article_id == "other"
    assert "other" not in [each.article_id for each in one.match(other.phrasings[0]).candidates]


def test_many_changes_make_it_anew() -> None:
    """Past a twentieth the terms get new weights: then it answers exactly as one that never knew another."""
    many = [replace(NEW, id=f"n{number}", title=f"gizmo {WORDS[number]}") for number in range(200)]
    more = [*ARTICLES, *many]
    later, anew = Snapshot.build(more, None, BEFORE["words"]), Snapshot.build(more)
    for text in (ARTICLES[5].phrasings[0], f"gizmo {WORDS[7]}"):
        assert later.match(text) == anew.match(text)


def test_one_more_article_takes_no_time() -> None:
    """At most 50 ms of CPU beside 3,000 phrasings."""
    spent = []
    for _ in range(3):
        start = time.process_time()
        Snapshot.build([*ARTICLES, NEW], Hashed(), BEFORE["sense"])
        spent.append(time.process_time() - start)
    assert min(spent) < 0.05
