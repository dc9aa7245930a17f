"""Matching in Arabic and across languages: `python -m tests.bench.kb_languages`.

Twenty articles of a shop with three phrasings each in English, Chinese and Arabic, and eight questions that
none of them answers, written for this. Within a language one phrasing is asked and the others are the
article's, by turns; across, all that the other language has.
"""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path

from knowledgebase.article import Article
from knowledgebase.encoder import Encoder, Universal
from knowledgebase.match import Match, Snapshot

Texts = Mapping[str, Mapping[str, Sequence[str]]]
_NOTHING = ""
_PHRASINGS = 3


def desk(texts: Texts, language: str, encoder: Encoder, without: int | None = None) -> Snapshot:
    """The articles in a language, without one phrasing of each."""
    return Snapshot.build(
        (
            Article(
                id=label,
                title="",
                answer="",
                language=language,
                phrasings=tuple(one for at, one in enumerate(said[language]) if at != without),
            )
            for label, said in texts.items()
            if label != _NOTHING
        ),
        encoder,
    )


def asked(texts: Texts, articles: str, questions: str, encoder: Encoder) -> list[tuple[str, Match]]:
    """The right label of each question and its match."""
    if articles != questions:
        built = desk(texts, articles, encoder)
        return [(label, built.match(one)) for label, said in texts.items() for one in said[questions]]
    found = []
    for turn in range(_PHRASINGS):
        built = desk(texts, articles, encoder, turn)
        found += [
            (label, built.match(one))
            for label, said in texts.items()
            for at, one in enumerate(said[questions])
            if label == _NOTHING or at == turn
        ]
    return found


def line(articles: str, questions: str, found: Sequence[tuple[str, Match]]) -> str:
    """Top-1, the share answered, how much of that is right, how much of the unanswerable is refused."""
    some = [(label, match) for label, match in found if label != _NOTHING]
    first = sum(match.candidates[0].article_id == label for label, match in some if match.candidates)
    given = [(label, match) for label, match in found if match.outcome == "answer"]
    right = sum(match.candidates[0].article_id == label for label, match in given)
    none = [match.outcome != "answer" for label, match in found if label == _NOTHING]
    return (
        f"{articles} asked in {questions}: "
        f"top-1 {first / len(some):.2f}, answered {len(given) / len(found):.2f}, "
        f"right {right / max(1, len(given)):.2f}, refused {sum(none) / len(none):.2f}"
    )


def main() -> None:
    """Print a line for each pair of languages."""
    texts: Texts = json.loads(Path(__file__).with_suffix(".json").read_bytes())
    encoder = Universal()
    for articles in ("en", "zh", "ar"):
        for questions in ("en", "zh", "ar"):
            print(line(articles, questions, asked(texts, articles, questions, encoder)))


if __name__ == "__main__":
    main()
