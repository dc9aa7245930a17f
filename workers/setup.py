"""What admins have set up, ready to decide with; rules are compiled once per version."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Final, NamedTuple, TypeVar, get_args
from zlib import crc32

from router.decision import Event
from router.desk import Desk
from router.rules.effects import Answer
from router.rules.engine import RuleSet, compile_rules
from router.rules.fields import OF_QUEUE, calendar_of
from router.rules.form import Rule, parse
from router.rules.scores import DEFAULT_LISTS
from router.values import ChannelRef
from storage import setup
from storage.rules import Version
from storage.store import Store, Tx, setup_version

T = TypeVar("T")
_PARTS: Final = 10_000
_READ: Final = frozenset({"customer", "customer.open_tickets", "customer.last_contact", "hours", *OF_QUEUE})


class Canary(NamedTuple):
    """A draft that decides for a share (0 to 1) of the conversations, told by a hash of their ids."""

    trial_id: str
    rules: RuleSet
    share: float

    def takes(self, conversation_id: str) -> bool:
        """Whether it decides for this conversation."""
        return crc32(conversation_id.encode()) % _PARTS < self.share * _PARTS


class Setup(NamedTuple):
    """What admins have set up: the desk, the published rules, the channels by id. `version` is the store's.

    `answers` are the articles that rules name. A `canary` decides for a share of the conversations. `fields`
    are those that some rule looks at and that have to be read for it.
    """

    version: int
    desk: Desk
    rules: RuleSet
    answers: frozenset[str]
    channels: Mapping[str, ChannelRef]
    canary: Canary | None = None
    fields: frozenset[str] = frozenset()

    def rules_for(self, conversation_id: str) -> RuleSet:
        """The rules that decide for a conversation: the canary's for its share, always the same ones."""
        if self.canary is None or not self.canary.takes(conversation_id):
            return self.rules
        return self.canary.rules


class StaleSetup(Exception):
    """The setup has changed since it was loaded; nothing was stored."""


def answers(rules: Sequence[Rule]) -> frozenset[str]:
    """The ids of the articles that rules answer with."""
    return frozenset(effect.answer for rule in rules for effect in rule.then if isinstance(effect, Answer))


def _to_read(rules: RuleSet) -> set[str]:
    fields = frozenset().union(*(rules.on(event).looks_at for event in get_args(Event)))
    return {field for field in fields if field in _READ or calendar_of(field) is not None}


def compiled_version(version: Version) -> RuleSet:
    """A stored version, ready to decide; ten thousand rules take up to a second, so off the loop."""
    rules = compile_rules(parse(version.rules), version.version, {**DEFAULT_LISTS, **version.lists})
    for event in get_args(Event):
        rules.on(event)
    return rules


class _Prepared(NamedTuple):
    """A rule set with what a setup says of it."""

    rules: RuleSet
    answers: frozenset[str]
    fields: frozenset[str]


_NONE: Final = _Prepared(compile_rules((), 0), frozenset(), frozenset())


def _prepared(version: Version) -> _Prepared:
    compiled = compiled_version(version)
    return _Prepared(compiled, answers(compiled.rules), frozenset(_to_read(compiled)))


class SetupLoader:
    """Holds the latest `Setup`. `adjust` adds to the desk what is set outside the store."""

    def __init__(self, store: Store, adjust: Callable[[Desk], Desk]) -> None:
        self._store, self._adjust = store, adjust
        self._prepared: dict[int, _Prepared] = {0: _NONE}
        self._lock = asyncio.Lock()
        self.current: Setup | None = None

    async def get(self) -> Setup:
        """The setup as last loaded."""
        return self.current or await self.reload()

    async def reload(self, stale: Setup | None = None) -> Setup:
        """Read it again, and compile what is new of it; where `stale` is given, not if that is done by now.

        Rule sets that are known are not read again, and rules that are the same are not compiled again.
        """
        async with self._lock:
            if self.current is not None and stale is not None and self.current is not stale:
                return self.current
            loaded = await self._store.read(partial(setup.load, known=frozenset(self._prepared)))
            ready = dict(self._prepared)
            for version in loaded.unknown:
                ready[version.version] = await asyncio.to_thread(_prepared, version)
            canary = loaded.canary
            in_use = {0, loaded.rules, canary.rules if canary is not None else 0}
            self._prepared = ready = {number: ready[number] for number in in_use}
            self.current = Setup(
                version=loaded.version,
                desk=self._adjust(loaded.desk),
                rules=ready[loaded.rules].rules,
                answers=frozenset().union(*(one.answers for one in ready.values())),
                channels=loaded.channels,
                canary=canary and Canary(canary.trial_id, ready[canary.rules].rules, canary.share),
                fields=frozenset().union(*(one.fields for one in ready.values())),
            )
            return self.current

    async def write(self, step: Callable[[Tx, Setup], T]) -> T:
        """Run a step with the setup that is in force as its transaction begins: never with an older one."""
        while True:
            setup = await self.get()

            def _checked(tx: Tx, setup: Setup = setup) -> T:
                if setup_version(tx) != setup.version:
                    raise StaleSetup
                return step(tx, setup)

            try:
                return await self._store.write(_checked)
            except StaleSetup:
                await self.reload(setup)
