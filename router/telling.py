"""Whom an article is told to: what of a customer and their channel its variants are chosen by."""

from collections.abc import Mapping, Sequence
from typing import Any

from msgspec.structs import replace

from bus.envelope import Attachment
from knowledgebase.article import Article
from knowledgebase.telling import About, Told, about, fitting, tell, with_translations
from router.decision import Context, Known
from router.values import ChannelRef, Customer


def known(articles: Sequence[Article]) -> dict[str, Known]:
    """The articles by id, as decisions know them: with their translations among the variants."""
    return {
        one.id: Known(
            id=one.id,
            title=one.title,
            answer=one.answer,
            language=one.language,
            variants=one.variants,
            files=tuple(
                Attachment(name=file.name, type=file.type, size=file.size, blob=file.blob)
                for file in one.files
            ),
        )
        for one in with_translations(articles)
    }


def for_customer(articles: Mapping[str, Known], customer: Customer, channel: ChannelRef) -> dict[str, Known]:
    """The articles without the variants that are for others: a decision's context need not keep those."""
    reader = about_customer(customer, channel)
    return {
        key: replace(one, variants=fitting(one.variants, reader)) if one.variants else one
        for key, one in articles.items()
    }


def told(article: Known, context: Context, language: str) -> Told:
    """The article as the context's customer is told it."""
    reader = about_customer(context.customer, context.channel) if article.variants else {}
    return tell(article, reader, language)


def about_customer(customer: Customer, channel: ChannelRef | None = None) -> About:
    """Their own attributes; what the desk knows of them by itself goes before those of the same name.

    `channel` is the channel's kind, id and name.
    """
    known: dict[str, Any] = {
        "country": customer.country,
        "tier": customer.tier,
        "company": customer.company,
        "language": customer.language,
        "timezone": customer.timezone,
        "tags": customer.tags,
        "channel": (channel.kind, channel.id, channel.name) if channel is not None else (),
    }
    return about(customer.attributes | {name: value for name, value in known.items() if value})
