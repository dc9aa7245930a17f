"""What a customer is told: of an article's variants the one made for them, in their language if there is one.

What is true of the customer goes before the language: the rates of their country in another language serve
them better than those of another country in their own.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Final, Protocol

import msgspec
from msgspec.structs import replace

from knowledgebase.article import Article, Variant

About = Mapping[str, frozenset[str]]
"""Attribute -> its values, both in lower case."""
NOBODY: Final[About] = {}
_MOST_VALUES = 50


class Sayable(Protocol):
    """What has texts and variants of them: an article, or what a decision knows of one."""

    @property
    def title(self) -> str: ...
    @property
    def answer(self) -> str: ...
    @property
    def language(self) -> str: ...
    @property
    def variants(self) -> tuple[Variant, ...]: ...


class Told(msgspec.Struct, frozen=True, kw_only=True):
    """An article as one customer reads it. `when` says what the variant was chosen by; {} for all."""

    title: str
    answer: str
    language: str
    when: dict[str, tuple[str, ...]] = {}


def about(attributes: Mapping[str, Any]) -> About:
    """What variants are chosen by: texts, numbers, truths and lists of them; the rest has no variants."""
    return {name.casefold(): frozenset(_values(value)) for name, value in attributes.items()}


def _values(value: Any) -> Iterator[str]:
    for one in value[:_MOST_VALUES] if isinstance(value, list | tuple) else (value,):
        if isinstance(one, bool):
            yield str(one).lower()
        elif isinstance(one, str | int | float) and one != "":
            yield str(one).casefold()


def fitting(variants: Iterable[Variant], customer: About) -> tuple[Variant, ...]:
    """The variants whose every condition holds of the customer."""
    return tuple(one for one in variants if all(_holds(*each, customer) for each in one.when.items()))


def _holds(name: str, values: Sequence[str], customer: About) -> bool:
    has = customer.get(name.casefold(), frozenset())
    return any(value.casefold() in has for value in values)


def tell(article: Sayable, customer: About, language: str) -> Told:
    """The article as this customer is told it: most conditions first, then their language, then its own."""
    own = Told(title=article.title, answer=article.answer, language=article.language)
    if not article.variants:
        return own
    choices = [own, *(_variant(article, one) for one in fitting(article.variants, customer))]
    wanted = primary(language)
    # `max` keeps the first of equals: the article itself, then its variants in their order.
    return max(
        choices,
        key=lambda one: (len(one.when), primary(one.language) == wanted, one.language == article.language),
    )


def _variant(article: Sayable, variant: Variant) -> Told:
    return Told(
        title=variant.title or article.title,
        answer=variant.answer,
        language=variant.language or article.language,
        when=variant.when,
    )


def languages(article: Sayable) -> frozenset[str]:
    """The languages it can be told in to everybody."""
    all_ = (article.language, *(one.language for one in article.variants if not one.when))
    return frozenset(primary(language) for language in all_ if language)


def with_translations(articles: Sequence[Article]) -> list[Article]:
    """The articles, each with its translations' texts among its variants."""
    families: dict[str, list[Article]] = {}
    for article in articles:
        families.setdefault(article.translation_of or article.id, []).append(article)
    return [_joined(one, families[one.translation_of or one.id]) for one in articles]


def _joined(article: Article, family: Sequence[Article]) -> Article:
    others = [one for one in family if one.id != article.id and one.language != article.language]
    if not others:
        return article
    whole = [Variant(answer=one.answer, language=one.language, title=one.title, when={}) for one in others]
    special = [
        replace(variant, language=variant.language or one.language, title=variant.title or one.title)
        for one in others
        for variant in one.variants
    ]
    return replace(article, variants=(*article.variants, *whole, *special))


def primary(language: str) -> str:
    """The primary subtag: "zh" for "zh-Hant" and "zh_CN"."""
    return language.replace("_", "-").split("-")[0].lower()
