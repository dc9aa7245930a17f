"""Everything that admins have set up and decisions are made with, read at one version."""

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
    """A draft that decides for a share of the conversations while its trial runs."""

    trial_id: str
    rules: Version
    share: float


class Loaded(NamedTuple):
    """`version` is the setup's; `rules` None on a desk that has never published a rule set."""

    version: int
    desk: Desk
    rules: Version | None
    channels: dict[str, ChannelRef]
    canary: Canary | None


def load(sql: Connection) -> Loaded:
    """Read it all in one snapshot."""
    version = sql.execute(select(_counter.value).where(_counter.name == "setup")).scalar_one()
    lines = sql.execute(select(_channel.id, _channel.kind, _channel.name))
    return Loaded(
        version=int(version),
        desk=load_desk(sql),
        rules=rules.published(sql),
        canary=_canary(sql),
        channels={line.id: ChannelRef(id=line.id, kind=line.kind, name=line.name) for line in lines},
    )


def _canary(sql: Connection) -> Canary | None:
    for trial in rule_trials.running(sql):
        if trial.kind == "canary":
            return Canary(trial.id, rules.get(sql, trial.version), float(trial.settings["share"]))
    return None
