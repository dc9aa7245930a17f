"""What the demo desk holds, read from the files beside this module."""

from pathlib import Path
from typing import Any

import msgspec

from knowledgebase.article import Article
from knowledgebase.formats import read_jsonl
from knowledgebase.rows import checked

_HERE = Path(__file__).parent
SHOP = "Harbour & Pine 山海户外"


class ChannelPlan(msgspec.Struct, frozen=True):
    """A channel to make."""

    key: str
    kind: str
    name: str


class AgentPlan(msgspec.Struct, frozen=True):
    """An agent to make: offline and without a password, so nobody can sign in as one."""

    key: str
    name: str
    email: str
    role: str
    skills: dict[str, int]
    queues: tuple[str, ...]
    capacity: int


class Person(msgspec.Struct, frozen=True):
    """A customer to make."""

    key: str
    name: str
    email: str
    tier: str
    language: str
    country: str
    timezone: str
    attributes: dict[str, Any]


class Story(msgspec.Struct, frozen=True):
    """A conversation to play: it began `ago` minutes back, on `page` of the shop.

    A step is [minutes after the beginning, "customer", words], or [minutes, agent, deed, detail…].
    """

    customer: str
    channel: str
    ago: int
    steps: tuple[tuple[Any, ...], ...]
    page: str = ""


class Plan(msgspec.Struct, frozen=True):
    """The desk's set-up: documents of the catalogue by kind, agents, channels."""

    skills: tuple[dict[str, Any], ...]
    tiers: tuple[dict[str, Any], ...]
    queues: tuple[dict[str, Any], ...]
    ticket_types: tuple[dict[str, Any], ...]
    calendars: tuple[dict[str, Any], ...]
    policies: tuple[dict[str, Any], ...]
    fields: tuple[dict[str, Any], ...]
    agents: tuple[AgentPlan, ...]
    channels: tuple[ChannelPlan, ...]


def plan() -> Plan:
    """The set-up."""
    return msgspec.json.decode((_HERE / "desk.json").read_bytes(), type=Plan)


def rules() -> list[dict[str, Any]]:
    """The rules, as an admin would write them."""
    document: list[dict[str, Any]] = msgspec.json.decode((_HERE / "rules.json").read_bytes())
    return document


def articles() -> list[Article]:
    """The articles: twenty topics, each in English and Chinese, and one whose answer hangs on the country."""
    rows, faults = checked(read_jsonl((_HERE / "articles.jsonl").read_bytes(), "utf-8"))
    if faults:
        raise ValueError(f"articles.jsonl, {faults[0].place}: {faults[0].detail}")
    return [row.article for row in rows]


def people() -> list[Person]:
    """The customers."""
    return msgspec.json.decode((_HERE / "customers.json").read_bytes(), type=list[Person])


def stories() -> list[Story]:
    """The conversations."""
    return msgspec.json.decode((_HERE / "conversations.json").read_bytes(), type=list[Story])
