"""What admins have set up, ready to decide with; rules are compiled once per version."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple, TypeVar

from router.desk import Desk
from router.rules.effects import Answer
from router.rules.engine import RuleSet, compile_rules
from router.rules.form import Rule, parse
from router.values import ChannelRef
from storage import setup
from storage.store import Store, Tx, setup_version

T = TypeVar("T")


class Setup(NamedTuple):
    """What admins have set up: the desk, the published rules, the channels by id. `version` is the store's.

    `answers` are the articles that rules name.
    """

    version: int
    desk: Desk
    rules: RuleSet
    answers: frozenset[str]
    channels: Mapping[str, ChannelRef]


class StaleSetup(Exception):
    """The setup has changed since it was loaded; nothing was stored."""


def answers(rules: Sequence[Rule]) -> frozenset[str]:
    """The ids of the articles that rules answer with."""
    return frozenset(effect.answer for rule in rules for effect in rule.then if isinstance(effect, Answer))


class SetupLoader:
    """Holds the latest `Setup`. `adjust` adds to the desk what is set outside the store."""

    def __init__(self, store: Store, adjust: Callable[[Desk], Desk]) -> None:
        self._store, self._adjust = store, adjust
        self._compiled: RuleSet | None = None
        self._answers: frozenset[str] = frozenset()
        self._lock = asyncio.Lock()
        self.current: Setup | None = None

    async def get(self) -> Setup:
        """The setup as last loaded."""
        return self.current or await self.reload()

    async def reload(self) -> Setup:
        """Read it again; rules are compiled anew only when another version was published."""
        async with self._lock:
            loaded = await self._store.read(setup.load)
            version = loaded.rules.version if loaded.rules else 0
            if self._compiled is None or self._compiled.version != version:
                rules = parse(loaded.rules.rules if loaded.rules else [])
                self._compiled = await asyncio.to_thread(compile_rules, rules, version)
                self._answers = answers(rules)
            desk = self._adjust(loaded.desk)
            self.current = Setup(loaded.version, desk, self._compiled, self._answers, loaded.channels)
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
                await self.reload()
