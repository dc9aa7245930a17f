"""What admins have set up, ready to decide with; rules are compiled once per version."""

import asyncio
from collections.abc import Sequence

from router.rules.effects import Answer
from router.rules.engine import RuleSet, compile_rules
from router.rules.form import Rule, parse
from storage import setup
from storage.store import Store
from workers.intake import Setup


def answers(rules: Sequence[Rule]) -> frozenset[str]:
    """The ids of the articles that rules answer with."""
    return frozenset(effect.answer for rule in rules for effect in rule.then if isinstance(effect, Answer))


class SetupLoader:
    """Holds the latest `Setup`. `reload` is called when a transaction finds that it is stale."""

    def __init__(self, store: Store) -> None:
        self._store = store
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
            self.current = Setup(loaded.version, loaded.desk, self._compiled, self._answers, loaded.channels)
            return self.current
