"""Loads for the assignment engine that queueing theory or the desk's promises have a figure for."""

import random
from collections.abc import Callable, Iterator, Sequence
from heapq import heapify, heappop, heappush, heapreplace
from itertools import combinations
from statistics import mean
from typing import NamedTuple

from router.assignment_events import AgentChanged, Config, TicketWaits
from router.queueing import cobham
from router.simulation import Arrival, Served, serve

HANDLING = 600.0
PROMISES = {"gold": 300.0, "silver": 1800.0, "normal": 14_400.0}
MIX = (10, 30, 60)
WEIGHTS = {"gold": 8, "silver": 3, "normal": 1}
_CONFIG = Config(at=0, tiers=tuple(PROMISES))

Skills = Callable[[random.Random], dict[str, int]]


class Tiers(NamedTuple):
    """Shares of promises kept by tier, and what waits are compared with."""

    kept: dict[str, float]
    gold_to_floor: float
    mean_to_fifo: float


def agents(skills: Sequence[dict[str, int]]) -> list[AgentChanged]:
    """An agent for each set of skills, who takes one ticket at a time."""
    return [
        AgentChanged(at=0, id=f"a{number:03}", skills=one, channels={"chat": 1}, capacity=1, online=True)
        for number, one in enumerate(skills)
    ]


def poisson(
    chance: random.Random, load: float, hours: tuple[float, float], skills: Skills, mix: Sequence[int] = MIX
) -> Iterator[Arrival]:
    """Arrivals of so many Erlang between two hours, handled for `HANDLING` seconds on average."""
    at = hours[0] * 3600
    while (at := at + chance.expovariate(load / HANDLING)) < hours[1] * 3600:
        (tier,) = chance.choices(tuple(PROMISES), mix)
        ticket = TicketWaits(
            at=at,
            id=f"t{at:015.6f}",
            skills=skills(chance),
            tier=tier,
            channel="chat",
            units=1,
            promise_s=PROMISES[tier],
        )
        yield Arrival(ticket, chance.expovariate(1 / HANDLING))


def general(_: random.Random) -> dict[str, int]:
    """The one skill that everybody has."""
    return {"G": 1}


def alike(load: float, hours: float, seed: int) -> list[Arrival]:
    """Tickets of one tier that need what everybody can."""
    return list(poisson(random.Random(seed), load, (0, hours), general, (0, 0, 1)))


def one_skill(count: int, load: float, hours: float, seed: int) -> float:
    """Mean wait in minutes with one tier."""
    return mean_minutes(served_by(alike(load, hours, seed), count))


def three_tiers(hours: float, seed: int, mix: Sequence[int] = MIX, count: int = 20) -> Tiers:
    """97 % load: promises kept; gold's wait to what strict tiers would give; the mean to first come first."""
    arrivals = list(poisson(random.Random(seed), 0.97 * count, (0, hours), general, mix))
    served = serve(_CONFIG, agents([{"G": 3}] * count), arrivals)
    gold = [one for one in served if one.ticket.tier == "gold"]
    floor = mean(strict(arrivals, count)["gold"])
    return Tiers(kept(served), mean_minutes(gold) * 60 / floor, mean_minutes(served) / fifo(arrivals, count))


def gold_floor(count: int = 20, mix: Sequence[int] = MIX) -> float:
    """Cobham's mean wait of the best tier at 97 % load, in minutes."""
    return cobham(count, [0.97 * count * share / sum(mix) for share in mix], HANDLING / 60)[0]


def six_skills(hours: float, seed: int) -> float:
    """90 agents with two of six skills each, load 84: the mean wait to that of 90 who can do everything."""
    pairs = list(combinations([f"S{number}" for number in range(6)], 2))
    staff = agents([dict.fromkeys(pairs[number % len(pairs)], 3) for number in range(90)])
    arrivals = list(
        poisson(random.Random(seed), 84, (0, hours), lambda chance: {f"S{chance.randrange(6)}": 1}, (0, 0, 1))
    )
    return mean_minutes(serve(_CONFIG, staff, arrivals)) / fifo(arrivals, 90)


def overload(seed: int, count: int = 20, *, exact: bool = False) -> list[Served]:
    """Six hours at 150 % between two hours before and ten after at 80 %.

    `exact`: what comes in these six hours is neither more nor less work than 150 %, however chance has it.
    """
    chance = random.Random(seed)
    before = list(poisson(chance, 0.8 * count, (0, 2), general))
    amid = list(poisson(chance, 1.5 * count, (2, 8), general))
    after = poisson(chance, 0.8 * count, (8, 18), general)
    if exact:
        more = 1.5 * count * 6 * 3600 / sum(one.handling for one in amid)
        amid = [one._replace(handling=one.handling * more) for one in amid]
    return serve(_CONFIG, agents([{"G": 3}] * count), [*before, *amid, *after])


def overload_limit(count: int = 20) -> float:
    """Share of `normal` promises that anybody could keep in `overload` if work came and went evenly.

    Those who came amid it have to be begun by its end and their promise. Until then agents have time for so
    many of them, when gold and silver come first. Chance makes it less.
    """
    minute, share = 60 / HANDLING, MIX[2] / sum(MIX)
    came = {"before": 0.8 * 120, "amid": 1.5 * 360, "after": 0.8 * 600}
    normal = {when: minutes * count * minute * share for when, minutes in came.items()}
    room = [count * minute * (1 - load * (1 - share)) for load in (1.5, 0.8)]
    begun = room[0] * 360 + room[1] * PROMISES["normal"] / 60
    return 1 - (normal["amid"] - begun) / sum(normal.values())


def rare_skills(hours: float, seed: int) -> float:
    """3 of 20 agents have a rare skill too, needed by 8 % of tickets, at 90 %: weighted promises kept."""
    staff = agents([{"G": 3, "R": 3}] * 3 + [{"G": 3}] * 17)
    arrivals = list(
        poisson(
            random.Random(seed),
            18,
            (0, hours),
            lambda chance: {"R": 1} if chance.random() < 0.08 else {"G": 1},
        )
    )
    served = serve(_CONFIG, staff, arrivals)
    late = sum(WEIGHTS[one.ticket.tier] for one in served if not one.kept)
    return 1 - late / sum(WEIGHTS[one.ticket.tier] for one in served)


def apart(hours: float, seed: int) -> float:
    """Ten agents at 80 %, two of them apart for a fifth of the tickets: mean wait in minutes."""
    staff = agents([{"R": 3}] * 2 + [{"G": 3}] * 8)
    chance = random.Random(seed)
    arrivals = list(
        poisson(chance, 8, (0, hours), lambda one: {"R": 1} if one.random() < 0.2 else {"G": 1}, (0, 0, 1))
    )
    return mean_minutes(serve(_CONFIG, staff, arrivals))


def served_by(arrivals: Sequence[Arrival], count: int) -> list[Served]:
    """What becomes of them with so many agents who can do everything."""
    return serve(_CONFIG, agents([{"G": 3}] * count), arrivals)


def mean_minutes(served: Sequence[Served]) -> float:
    """Mean wait."""
    return mean(one.wait for one in served) / 60


def kept(served: Sequence[Served]) -> dict[str, float]:
    """Share of promises kept by tier."""
    by_tier = {tier: [one.kept for one in served if one.ticket.tier == tier] for tier in PROMISES}
    return {tier: mean(ones) for tier, ones in by_tier.items() if ones}


def fifo(arrivals: Sequence[Arrival], count: int) -> float:
    """Mean wait in minutes when the same tickets are served in the order in which they came."""
    free = [0.0] * count
    waits = []
    for ticket, handling in arrivals:
        begin = max(free[0], ticket.at)
        waits.append(begin - ticket.at)
        heapreplace(free, begin + handling)
    return mean(waits) / 60


def strict(arrivals: Sequence[Arrival], count: int) -> dict[str, list[float]]:
    """Waits in seconds by tier when the same tickets are served strictly by tier."""
    order = list(PROMISES)
    waiting: list[tuple[int, float, float]] = []
    ends: list[float] = [0.0] * count
    heapify(ends)
    waits: dict[str, list[float]] = {tier: [] for tier in order}
    rest = iter([*arrivals, None])
    coming = next(rest)
    while coming is not None or waiting:
        if coming is not None and (not waiting or coming.ticket.at <= ends[0]):
            heappush(waiting, (order.index(coming.ticket.tier), coming.ticket.at, coming.handling))
            coming = next(rest)
            if waiting[0][1] < ends[0]:
                continue
        tier, at, handling = heappop(waiting)
        begin = max(at, ends[0])
        waits[order[tier]].append(begin - at)
        heapreplace(ends, begin + handling)
    return waits
