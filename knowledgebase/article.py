"""An article: what the desk can answer, and the ways customers have asked for it."""

import msgspec


class Article(msgspec.Struct, frozen=True, kw_only=True):
    """`answer` is what the customer reads; `title` and `phrasings` are what a question is matched against.

    `language` is a primary BCP-47 subtag ("en", "zh") or "" where nobody said. A draft is never matched.
    """

    id: str
    title: str
    answer: str
    phrasings: tuple[str, ...]
    language: str = ""
    tags: tuple[str, ...] = ()
    draft: bool = False
