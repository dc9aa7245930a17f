"""Fills an empty desk with the demo, in one transaction: all of it or nothing."""

from collections.abc import Mapping
from typing import Any

import msgspec

from bus.ids import new_id
from channels.registry import kind as channel_kind
from channels.settings import configure
from gateway.demo import content
from gateway.demo.stories import Cast, play
from router.values import Agent, ChannelRef
from storage import agents, articles, catalogue, channels, rules
from storage.catalogue import Kind
from storage.secrets import Secrets
from storage.store import Tx
from workers.search import index_all

# What refers to another kind comes after it.
_CATALOGUE: tuple[tuple[Kind, str], ...] = (
    ("skill", "skills"),
    ("tier", "tiers"),
    ("ticket_type", "ticket_types"),
    ("field", "fields"),
    ("calendar", "calendars"),
    ("queue", "queues"),
    ("policy", "policies"),
)


def seed(tx: Tx, secrets: Secrets, target_precision: float) -> None:
    """Set the desk up and play the conversations of the last days."""
    plan = content.plan()
    for kind, name in _CATALOGUE:
        for document in getattr(plan, name):
            body = {key: value for key, value in document.items() if key not in ("id", "name")}
            catalogue.add(tx, kind, document["id"], document["name"], body)
    found = content.articles()
    for article in found:
        articles.add(tx, article)
    rules.add(tx, content.rules(), "The demo's rules", "demo", publish=True)
    cast = Cast(
        people={person.key: person for person in content.people()},
        channels=_channels(tx, plan, secrets),
        agents=_agents(tx, plan),
        articles=found,
        target_precision=target_precision,
    )
    play(tx, content.stories(), cast)
    index_all(tx)


def _agents(tx: Tx, plan: content.Plan) -> Mapping[str, str]:
    made = {}
    for planned in plan.agents:
        values: dict[str, Any] = msgspec.to_builtins(planned) | {"id": new_id("agt", tx.now)}
        made[values.pop("key")] = values["id"]
        agents.add(tx, msgspec.convert(values, Agent))
    return made


def _channels(tx: Tx, plan: content.Plan, secrets: Secrets) -> Mapping[str, ChannelRef]:
    made = {}
    for planned in plan.channels:
        id_ = new_id("ch", tx.now)
        configured = configure(channel_kind(planned.kind).settings_type, {})
        sealed = secrets.seal(id_, configured.secret)
        channels.add(tx, id_, planned.kind, planned.name, settings=configured.public, sealed=sealed)
        made[planned.key] = ChannelRef(id=id_, kind=planned.kind, name=planned.name)
    return made
