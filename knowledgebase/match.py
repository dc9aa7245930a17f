"""The match of a message against the articles: which may answer it, how surely, and what to do about it."""

from collections.abc import Iterable
from typing import Final, Literal

import msgspec
import numpy as np

from knowledgebase.article import Article
from knowledgebase.calibration import UNCALIBRATED, Calibration
from knowledgebase.confidence import confidences
from knowledgebase.encoder import LEXICAL, Encoder
from knowledgebase.evidence import Evidence, search
from knowledgebase.index import Floats, Index, Vectors
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

    def __init__(
        self,
        articles: tuple[Article, ...],
        languages: tuple[str, ...],
        index: Index | None,
        encoder: Encoder | None,
        vectors: dict[str, Vectors],
    ) -> None:
        self._articles = articles
        self._languages = np.array(languages, dtype=np.str_)
        self._index = index
        self._encoder = encoder
        self._vectors = vectors
        self.encoder = encoder.name if encoder else LEXICAL

    @classmethod
    def build(
        cls,
        articles: Iterable[Article],
        encoder: Encoder | None = None,
        before: "Snapshot | None" = None,
    ) -> "Snapshot":
        """Index what is no draft and has a title or a phrasing.

        About 0.1 ms a phrasing and, with an encoder, 1 ms more; texts that `before` holds cost next to
        nothing.
        """
        texts = [(article, _texts(article)) for article in articles if not article.draft]
        kept = [(article, phrasings) for article, phrasings in texts if phrasings]
        if not kept:
            return cls((), (), None, encoder, {})
        flat = [text for _, phrasings in kept for text in phrasings]
        known = before._vectors if before and before.encoder == (encoder.name if encoder else LEXICAL) else {}
        vectors = _encoded(flat, encoder, known) if encoder else {}
        index = Index(
            [phrasings for _, phrasings in kept],
            np.stack([vectors[text] for text in flat]) if encoder else None,
            before._index if before else None,
        )
        languages = (_primary(one.language) or language_of(" ".join(texts)) for one, texts in kept)
        return cls(tuple(article for article, _ in kept), tuple(languages), index, encoder, vectors)

    def __len__(self) -> int:
        """Articles that can be matched."""
        return len(self._articles)

    def lacks(self, articles: Iterable[Article]) -> int:
        """How many texts an index of these articles would hold that this one has no vector of."""
        texts = {text for article in articles for text in _texts(article)}
        return len(texts - self._vectors.keys())

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
        for evidence in search(self._index, text, self._encoder.encode if self._encoder else None):
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


def _encoded(texts: list[str], encoder: Encoder, known: dict[str, Vectors]) -> dict[str, Vectors]:
    """A vector for each text; a few texts at a time, so that threads get their turn in between."""
    new = [text for text in dict.fromkeys(texts) if text not in known]
    vectors = {text: known[text] for text in texts if text in known}
    for start in range(0, len(new), _ENCODED_AT_ONCE):
        some = new[start : start + _ENCODED_AT_ONCE]
        vectors |= zip(some, encoder.encode(some), strict=True)
    return vectors


def _texts(article: Article) -> tuple[str, ...]:
    """The phrasings and the title, which people ask by too; without blanks and doubles."""
    texts = (text.strip() for text in (*article.phrasings, article.title))
    return tuple(dict.fromkeys(text for text in texts if text))


def _primary(language: str) -> str:
    return language.replace("_", "-").split("-")[0].lower()
