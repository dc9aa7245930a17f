"""The match of a message against the articles: which may answer it, how surely, and what to do about it."""

from collections.abc import Iterable, Sequence
from copy import copy
from typing import Final, Literal

import msgspec
import numpy as np

from knowledgebase.alike import weights_for
from knowledgebase.article import Article
from knowledgebase.block import Floats
from knowledgebase.calibration import UNCALIBRATED, Calibration
from knowledgebase.confidence import confidences
from knowledgebase.encoder import LEXICAL, Encoder
from knowledgebase.evidence import Evidence, search
from knowledgebase.growing import Vectors
from knowledgebase.index import Index
from knowledgebase.text import language as language_of

DEFAULT_PRECISION: Final = 0.9
SUGGEST_FROM: Final = 0.2
"""Confidence from which an article is worth a person's look."""
MAX_CANDIDATES: Final = 3

_ENCODED_AT_ONCE: Final = 64


class Candidate(msgspec.Struct, frozen=True, kw_only=True):
    """An article that may answer; `confidence` is the estimated chance (0 to 1) that it does."""

    article_id: str
    title: str
    confidence: float
    uncalibrated: float = 0.0
    """The same before the desk's own labels corrected it: what a label keeps."""


class Match(msgspec.Struct, frozen=True, kw_only=True):
    """`candidates` are best first, whatever the outcome; `encoder` names the way of matching.

    "answer": the first candidate may be sent. "suggest": a person may pick from the candidates. "none":
    nothing here is likely enough.
    """

    outcome: Literal["answer", "suggest", "none"]
    candidates: tuple[Candidate, ...]
    encoder: str


NO_MATCH: Final = Match(outcome="none", candidates=(), encoder=LEXICAL)


class Snapshot:
    """The published articles, indexed; immutable, so threads may share one and a change builds another."""

    def __init__(self, encoder: Encoder | None) -> None:
        self._encoder = encoder
        self.encoder = encoder.name if encoder else LEXICAL
        self._given: dict[str, Article] = {}
        self._articles: tuple[Article, ...] = ()
        self._places: dict[str, int] = {}
        self._languages = np.array((), dtype=np.str_)
        self._index: Index | None = None

    @classmethod
    def build(
        cls,
        articles: Iterable[Article],
        encoder: Encoder | None = None,
        before: "Snapshot | None" = None,
    ) -> "Snapshot":
        """Index what is no draft and has a title or a phrasing.

        About 0.1 ms a phrasing and, with an encoder, 1 ms more; texts that `before` holds cost next to
        nothing, and of a large one only what has changed is looked at.
        """
        given = {article.id: article for article in articles}
        snapshot = cls(encoder)
        held = before._index if before is not None else None
        known = held if before is not None and before.encoder == snapshot.encoder else None
        if before is not None and known and (later := before._changed(given, known)) is not None:
            return later
        snapshot._given = given
        kept = _matchable(given.values())
        if kept:
            texts = [texts for _, texts in kept]
            vectors = _encoded([text for each in texts for text in each], encoder, known)
            snapshot._index = Index(texts, vectors, held)
            snapshot._put(kept)
        return snapshot

    def _changed(self, given: dict[str, Article], index: Index) -> "Snapshot | None":
        """This one with what differs, where that is little beside it."""
        before = self._given
        other = [one for one in given.values() if before.get(one.id) is not one]
        new = [one for one in other if one.id not in before or not _reads_alike(one, before[one.id])]
        away = {*(one.id for one in new), *(before.keys() - given.keys())}
        gone = [self._places[one] for one in sorted(away) if one in self._places]
        kept = _matchable(new)
        texts = [texts for _, texts in kept]
        if not index.takes(sum(map(len, texts)) + int(index.count[gone].sum())):
            return None
        later = copy(self)
        later._given = given
        later._places = {id_: place for id_, place in self._places.items() if id_ not in away}
        if kept or gone:
            vectors = _encoded([text for each in texts for text in each], self._encoder, index)
            later._index = index.extended(texts, vectors, gone)
            later._put(kept)
        return later

    def _put(self, kept: Sequence[tuple[Article, tuple[str, ...]]]) -> None:
        """Remember the articles that were put behind those in the index."""
        languages = [_primary(one.language) or language_of(" ".join(texts)) for one, texts in kept]
        places = {one.id: len(self._articles) + at for at, (one, _) in enumerate(kept)}
        self._languages = np.concatenate([self._languages, np.array(languages, dtype=np.str_)])
        self._articles = (*self._articles, *(one for one, _ in kept))
        self._places = self._places | places

    def __len__(self) -> int:
        """Articles that can be matched."""
        return len(self._places)

    def lacks(self, articles: Iterable[Article]) -> int:
        """How many texts an index of these articles would hold that this one does not hold."""
        given = self._given
        other = [one for one in articles if given.get(one.id) is not one]
        texts = {text for article in other for text in _texts(article)}
        return len(texts.difference(self._index.texts if self._index else ()))

    def match(
        self,
        text: str,
        language: str | None = None,
        *,
        target_precision: float = DEFAULT_PRECISION,
        calibration: Calibration = UNCALIBRATED,
    ) -> Match:
        """Match one message; of a text only the first 2,000 characters count.

        `language` (BCP-47) is what the message is known to be in; left out, its script tells. Articles in it
        go before others. An answer is given so that a share `target_precision` (0 to 1) of answers is right.
        """
        found = self._surest(text, _primary(language or "") or language_of(text))
        if found is None:
            return Match(outcome="none", candidates=(), encoder=self.encoder)
        evidence, raw = found
        # Equal confidences keep the articles' own order, so that the same question has the same answer.
        best = np.lexsort((evidence.article, -raw))[:MAX_CANDIDATES]
        chances = zip(evidence.article[best].tolist(), raw[best].tolist(), strict=True)
        candidates = tuple(self._candidate(position, chance, calibration) for position, chance in chances)
        threshold = calibration.threshold(target_precision)
        return Match(
            outcome=_outcome(candidates[0].confidence, threshold), candidates=candidates, encoder=self.encoder
        )

    def _surest(self, text: str, asked: str) -> tuple[Evidence, Floats] | None:
        """Of the ways to read the text, the one with the highest confidence."""
        if self._index is None:
            return None
        surest: tuple[Evidence, Floats] | None = None
        encode = self._encoder.encode if self._encoder else None
        for evidence in search(self._index, text, encode, weights_for(self.encoder)):
            spoken = self._languages[evidence.article]
            raw = confidences(evidence, (spoken != "") & (spoken != asked) & (asked != ""))
            if surest is None or raw.max() > surest[1].max():
                surest = evidence, raw
        return surest

    def _candidate(self, position: int, chance: float, calibration: Calibration) -> Candidate:
        article = self._articles[position]
        return Candidate(
            article_id=article.id,
            title=article.title,
            confidence=round(calibration.apply(chance), 4),
            uncalibrated=round(chance, 4),
        )


def _outcome(confidence: float, threshold: float) -> Literal["answer", "suggest", "none"]:
    if confidence >= threshold:
        return "answer"
    return "suggest" if confidence >= SUGGEST_FROM else "none"


def _encoded(texts: Sequence[str], encoder: Encoder | None, known: Index | None) -> Vectors | None:
    """A vector for each text, where there is an encoder and a text.

    A few texts at a time, so that threads get their turn in between.
    """
    if encoder is None or not texts:
        return None
    held = known.rows_of(texts) if known and known.vectors is not None else {}
    new = list({text: None for text in texts if text not in held})
    found: dict[str, Vectors] = {}
    for start in range(0, len(new), _ENCODED_AT_ONCE):
        some = new[start : start + _ENCODED_AT_ONCE]
        found |= zip(some, encoder.encode(some), strict=True)
    rows = known.vectors if known else None
    like = next(iter(found.values())) if rows is None or found else rows[0]
    vectors = np.empty((len(texts), len(like)), dtype=np.float32)
    for at, text in enumerate(texts):
        vectors[at] = found[text] if rows is None or text in found else rows[held[text]]
    return vectors


def _matchable(articles: Iterable[Article]) -> list[tuple[Article, tuple[str, ...]]]:
    """What is no draft and has a text, with its texts."""
    texts = [(article, _texts(article)) for article in articles if not article.draft]
    return [pair for pair in texts if pair[1]]


def _reads_alike(one: Article, other: Article) -> bool:
    """Whether a match can't tell them apart."""
    seen = (one.title, one.phrasings, one.language, one.draft)
    return seen == (other.title, other.phrasings, other.language, other.draft)


def _texts(article: Article) -> tuple[str, ...]:
    """The phrasings and the title, which people ask by too; without blanks and doubles."""
    texts = (text.strip() for text in (*article.phrasings, article.title))
    return tuple(dict.fromkeys(text for text in texts if text))


def _primary(language: str) -> str:
    return language.replace("_", "-").split("-")[0].lower()
