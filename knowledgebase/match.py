"""The match of a message against the articles: which may answer it, how surely, and what to do about it."""

from collections.abc import Iterable
from typing import Final, Literal

import msgspec
import numpy as np

from knowledgebase.article import Article
from knowledgebase.confidence import confidences
from knowledgebase.index import Index
from knowledgebase.text import language as language_of

ENCODER: Final = "lexical-1"
"""Names the way of matching; it changes whenever the same articles could give other confidences."""

DEFAULT_PRECISION: Final = 0.9
SUGGEST_FROM: Final = 0.25
"""Confidence from which an article is worth a person's look."""
MAX_CANDIDATES: Final = 3

_OTHER_LANGUAGE: Final = 2.5
"""Taken off the score (natural logarithm of odds) of an article that is not in the question's language."""


class Candidate(msgspec.Struct, frozen=True, kw_only=True):
    """An article that may answer; `confidence` is the estimated chance (0 to 1) that it does."""

    article_id: str
    title: str
    confidence: float


class Match(msgspec.Struct, frozen=True, kw_only=True):
    """`candidates` are best first, whatever the outcome; `encoder` names the way of matching.

    "answer": the first candidate may be sent. "suggest": a person may pick from the candidates. "none":
    nothing here is likely enough.
    """

    outcome: Literal["answer", "suggest", "none"]
    candidates: tuple[Candidate, ...]
    encoder: str


NO_MATCH: Final = Match(outcome="none", candidates=(), encoder=ENCODER)


class Snapshot:
    """The published articles, indexed; immutable, so threads may share one and a change builds another."""

    def __init__(
        self, articles: tuple[Article, ...], languages: tuple[str, ...], index: Index | None
    ) -> None:
        self._articles = articles
        self._languages = np.array(languages, dtype=np.str_)
        self._index = index

    @classmethod
    def build(cls, articles: Iterable[Article]) -> "Snapshot":
        """Index what is no draft and has a title or a phrasing; about 0.1 ms a phrasing."""
        texts = [(article, _texts(article)) for article in articles if not article.draft]
        kept = [(article, phrasings) for article, phrasings in texts if phrasings]
        return cls(
            tuple(article for article, _ in kept),
            tuple(_primary(article.language) or language_of(" ".join(texts)) for article, texts in kept),
            Index([phrasings for _, phrasings in kept]) if kept else None,
        )

    def __len__(self) -> int:
        """Articles that can be matched."""
        return len(self._articles)

    def match(
        self, text: str, language: str | None = None, *, target_precision: float = DEFAULT_PRECISION
    ) -> Match:
        """Match one message; of a text only the first 2,000 characters count.

        `language` (BCP-47) is what the message is known to be in; left out, its script tells. Articles in it
        go before others. An answer is given from a confidence of `target_precision` (0 to 1) up.
        """
        evidence = self._index.search(text) if self._index else None
        if evidence is None:
            return NO_MATCH
        asked = _primary(language or "") or language_of(text)
        spoken = self._languages[evidence.article]
        foreign = (spoken != "") & (spoken != asked) & (asked != "")
        confidence = confidences(evidence, _OTHER_LANGUAGE * foreign)
        # Equal confidences keep the articles' own order, so that the same question has the same answer.
        best = np.lexsort((evidence.article, -confidence))[:MAX_CANDIDATES]
        candidates = tuple(
            Candidate(
                article_id=self._articles[position].id,
                title=self._articles[position].title,
                confidence=round(float(chance), 4),
            )
            for position, chance in zip(evidence.article[best].tolist(), confidence[best], strict=True)
        )
        outcome = _outcome(candidates[0].confidence, target_precision)
        return Match(outcome=outcome, candidates=candidates, encoder=ENCODER)


def _outcome(confidence: float, target_precision: float) -> Literal["answer", "suggest", "none"]:
    if confidence >= target_precision:
        return "answer"
    return "suggest" if confidence >= SUGGEST_FROM else "none"


def _texts(article: Article) -> tuple[str, ...]:
    """The phrasings and the title, which people ask by too; without blanks and doubles."""
    texts = (text.strip() for text in (*article.phrasings, article.title))
    return tuple(dict.fromkeys(text for text in texts if text))


def _primary(language: str) -> str:
    return language.replace("_", "-").split("-")[0].lower()
