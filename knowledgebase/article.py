"""An article: what the desk can answer, and the ways customers have asked for it."""

from datetime import datetime

import msgspec


class Variant(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What some customers are told instead: those of whom every attribute in `when` has one of its values.

    `language` is that of its texts; "" leaves the article's own. An empty `title` leaves the article's, too.
    """

    answer: str
    when: dict[str, tuple[str, ...]] = {}
    language: str = ""
    title: str = ""


class File(msgspec.Struct, frozen=True, kw_only=True):
    """A file that goes with the answer: `blob` is its SHA-256 in hex, `size` in bytes."""

    name: str
    type: str
    size: int
    blob: str


class Article(msgspec.Struct, frozen=True, kw_only=True):
    """`answer` is what the customer reads; `title` and `phrasings` are what a question is matched against.

    `language` is a primary BCP-47 subtag ("en", "zh") or "" where nobody said. A draft is never matched, an
    internal one only for agents, and each only from `valid_from` until `valid_to`. `folder` is a path such as
    "Orders/Returns". `translation_of` names the article that this one says in another language.
    """

    id: str
    title: str
    answer: str
    phrasings: tuple[str, ...]
    language: str = ""
    tags: tuple[str, ...] = ()
    draft: bool = False
    folder: str = ""
    internal: bool = False
    valid_from: datetime | None = None
    valid_to: datetime | None = None
    translation_of: str = ""
    variants: tuple[Variant, ...] = ()
    files: tuple[File, ...] = ()


def in_force(article: Article, now: datetime) -> bool:
    """Whether it is published and `now` lies within its validity."""
    begun = article.valid_from is None or article.valid_from <= now
    return begun and not article.draft and (article.valid_to is None or now < article.valid_to)
