"""Everything that admins have set up and decisions are made with, read at one version."""

from collections.abc import Container
from typing import NamedTuple

from sqlalchemy import Connection, select

from router.desk import Desk
from router.values import ChannelRef
from storage import rule_trials, rules, schema
from storage.catalogue import load_desk
from storage.rules import Version

_channel = schema.channels.c
_counter = schema.counters.c


class Canary(NamedTuple):
    """A draft, by its version, that decides for a share of the conversations while its trial runs."""

    trial_id: str
    rules: int
    share: float


class Loaded(NamedTuple):
    """`version` is the setup's; `rules` the published rule set's, 0 on a desk that has never published one.

    `unknown` are the rule sets of `rules` and `canary` that the reader does not have.
    """

    version: int
    desk: Desk
    rules: int
    channels: dict[str, ChannelRef]
    canary: Canary | None
    unknown: tuple[Version, ...]


def load(sql: Connection, known: Container[int] = ()) -> Loaded:
    """Read it all in one snapshot, but for the rule sets whose versions are `known`: they never change."""
    version = sql.execute(select(_counter.value).where(_counter.name == "setup")).scalar_one()
    lines = sql.execute(select(_channel.id, _channel.kind, _channel.name))
    published, canary = rules.published_version(sql), _canary(sql)
    wanted = {published, canary.rules if canary else 0} - {0}
    return Loaded(
        version=int(version),
        desk=load_desk(sql),
        rules=published,
        channels={line.id: ChannelRef(id=line.id, kind=line.kind, name=line.name) for line in lines},
        canary=canary,
        unknown=tuple(rules.get(sql, one) for one in sorted(wanted) if one not in known),
    )


def _canary(sql: Connection) -> Canary | None:
    for trial in rule_trials.running(sql):
        if trial.kind == "canary":
            return Canary(trial.id, trial.version, float(trial.settings["share"]))
    return None
