"""Articles and questions as JSON lines, the form in which they are loaded from a file or a pipe."""

from collections.abc import Iterable, Iterator
from typing import Annotated, TypeVar

import msgspec

from knowledgebase.article import Article

T = TypeVar("T")
Text = Annotated[str, msgspec.Meta(max_length=200_000)]


class LineError(ValueError):
    """A line that is not what it should be; `line` counts from 1."""

    def __init__(self, line: int, detail: str) -> None:
        super().__init__(f"line {line}: {detail}")
        self.line = line
        self.detail = detail


class Question(msgspec.Struct, frozen=True, kw_only=True):
    """A message to match, and what language it is known to be in."""

    text: str
    language: str | None = None


class _ArticleLine(msgspec.Struct, kw_only=True):
    id: Annotated[str, msgspec.Meta(min_length=1, max_length=200)]
    phrasings: Annotated[list[Text], msgspec.Meta(max_length=10_000)]
    title: Text = ""
    answer: Text = ""
    language: str = ""
    tags: list[str] = []
    draft: bool = False


_article_line = msgspec.json.Decoder(_ArticleLine)
_question = msgspec.json.Decoder(Question)


def parse_articles(lines: Iterable[str | bytes]) -> Iterator[Article]:
    """One article from each line that is not blank.

    Raises `LineError` for a line that is no JSON, lacks `id` or `phrasings`, or repeats an id; keys it does
    not know are passed over.
    """
    seen: set[str] = set()
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        read = _decode(_article_line, line, number)
        if read.id in seen:
            raise LineError(number, f"article {read.id!r} is there already")
        seen.add(read.id)
        yield Article(
            id=read.id,
            title=read.title,
            answer=read.answer,
            phrasings=tuple(read.phrasings),
            language=read.language,
            tags=tuple(read.tags),
            draft=read.draft,
        )


def parse_question(line: str | bytes, number: int = 1) -> Question:
    """The question on one line; raises `LineError`, which names `number`."""
    return _decode(_question, line, number)


def _decode(decoder: msgspec.json.Decoder[T], line: str | bytes, number: int) -> T:
    try:
        return decoder.decode(line)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise LineError(number, str(error)) from None
