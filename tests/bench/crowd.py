"""The engine with 100,000 tickets waiting and 10,000 agents: how long a decision takes."""

import gc
import random
import time

from router.assignment import Engine
from router.assignment_events import (
    AgentChanged,
    Config,
    Declined,
    Event,
    Expired,
    Finished,
    Requeued,
    TicketWaits,
)

_TIERS = {"gold": 300.0, "silver": 1800.0, "normal": 14_400.0}
_CHANNELS = ("chat", "email", "phone")
_SKILLS = [f"S{number}" for number in range(20)]


class Crowd:
    """Alike traffic without end: at most 300 different (skill set, tier, channel), 100 skill profiles."""

    def __init__(self, waiting: int, agents: int, seed: int) -> None:
        self._chance = random.Random(seed)
        self._engine = Engine()
        self._now, self._count = 0.0, 0
        self._held: list[tuple[str, str]] = []
        self._sets = [self._levels(1, 2) for _ in range(33)]
        self._apply(Config(at=0, tiers=tuple(_TIERS)))
        for _ in range(waiting):
            self._now += 0.05
            self._apply(self._ticket())
        profiles = [self._levels(2, 6) for _ in range(100)]
        for number in range(agents):
            self._apply(self._agent(f"a{number:05}", self._chance.choice(profiles)))
        while self._count - len(self._held) < waiting:
            self._apply(self._ticket())

    def microseconds(self, events: int) -> list[float]:
        """What each of so many events took, of this thread's own time."""
        taken = []
        gc.collect()
        gc.disable()
        for _ in range(events):
            self._now += 0.2
            event = self._event()
            begin = time.thread_time_ns()
            self._apply(event)
            taken.append((time.thread_time_ns() - begin) / 1000)
        gc.enable()
        return taken

    def _apply(self, event: Event) -> None:
        result = self._engine.apply(event)
        self._held += [(offer.ticket, offer.agent) for offer in result.offers]

    def _levels(self, least: int, most: int) -> dict[str, int]:
        chosen = self._chance.sample(_SKILLS, self._chance.randint(least, most))
        return {skill: self._chance.randint(1, 3) for skill in chosen}

    def _agent(self, name: str, skills: dict[str, int]) -> AgentChanged:
        channels = {channel: self._chance.randint(1, 3) for channel in _CHANNELS}
        return AgentChanged(at=self._now, id=name, skills=skills, channels=channels, capacity=4, online=True)

    def _ticket(self) -> TicketWaits:
        self._count += 1
        (tier,) = self._chance.choices(tuple(_TIERS), (1, 3, 6))
        return TicketWaits(
            at=self._now,
            id=f"t{self._count:07}",
            skills=self._chance.choice(self._sets),
            tier=tier,
            channel=self._chance.choice(_CHANNELS),
            units=1,
            promise_s=_TIERS[tier],
        )

    def _event(self) -> Event:
        if self._chance.random() < 0.48:
            return self._ticket()
        index = self._chance.randrange(len(self._held))
        self._held[index], self._held[-1] = self._held[-1], self._held[index]
        ticket, agent = self._held.pop()
        kinds = (Finished, Expired, Declined, Requeued)
        (kind,) = self._chance.choices(kinds, (88, 4, 4, 4))
        made: Event = kind(at=self._now, ticket=ticket, agent=agent)
        return made
