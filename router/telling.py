"""Whom an article is told to: what of a customer and their channel its variants are chosen by."""

from typing import Any

from knowledgebase.telling import About, about
from router.values import ChannelRef, Customer


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
