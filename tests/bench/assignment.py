"""`python -m tests.bench.assignment`: what the assignment engine reaches, beside what theory allows."""

import argparse
import asyncio
import logging
import sys
from collections.abc import Sequence
from math import sqrt
from statistics import NormalDist, mean, quantiles, stdev

import structlog

from router.queueing import mean_wait
from tests.bench import claims, scenarios
from tests.bench.crowd import Crowd
from tests.bench.table import Figure

# So many times as many runs where only chance is to be averaged out.
_MORE = 10
_OVERLOADS = 6


def measure(runs: int, hours: float) -> list[Figure]:
    """Every figure, over so many runs of so many simulated hours."""
    seeds = range(1, runs + 1)
    return [
        *_erlang(10, 8, hours, seeds),
        *_erlang(20, 18, hours, seeds),
        *_three_tiers(hours, seeds),
        _figure("six skills, two each, load 84: wait to the pooled one", 1.4, _six(hours, seeds), most=True),
        *_overload(seeds),
        _figure("rare skills: weighted promises kept", 0.993, _rare(hours, seeds)),
        _crowd(),
    ]


def _erlang(count: int, load: float, hours: float, seeds: range) -> list[Figure]:
    """Theory holds for first come, first served: it is what the engine does here, ticket by ticket.

    So the mean wait of more runs than the engine is given says how much chance there is in its own.
    """
    name, theory = f"M/M/{count} at {load / count:.1f}", mean_wait(count, load, scenarios.HANDLING / 60)
    waits = [scenarios.one_skill(count, load, hours, seed) for seed in seeds]
    more = range(1, _MORE * len(seeds) + 1)
    first = [scenarios.fifo(scenarios.alike(load, hours, seed), count) for seed in more]
    apart = max(abs(wait / other - 1) for wait, other in zip(waits, first[: len(waits)], strict=True))
    return [
        _mean_wait(f"{name}: mean wait", waits, theory),
        _figure(f"{name}: off first come, at most", 1e-9, apart, most=True),
        _mean_wait(f"{name}: mean wait, {_MORE} times the runs", first, theory),
    ]


def _mean_wait(name: str, waits: Sequence[float], theory: float) -> Figure:
    around = _around(waits)
    return Figure(
        name=name,
        value=mean(waits),
        limit=theory,
        unit="min",
        target=f"{theory:.3f} ± {around:.3f}",
        met=abs(mean(waits) - theory) <= around,
    )


def _around(values: Sequence[float]) -> float:
    """Half of the interval in which their true mean is with 99 % (Student's t)."""
    return _t(len(values) - 1) * stdev(values) / sqrt(len(values))


def _t(degrees: int) -> float:
    """Student's quantile for 99 % from that of the normal distribution (Cornish and Fisher's expansion)."""
    z = NormalDist().inv_cdf(0.995)
    return z + (z**3 + z) / (4 * degrees) + (5 * z**5 + 16 * z**3 + 3 * z) / (96 * degrees**2)


def _three_tiers(hours: float, seeds: range) -> list[Figure]:
    found = [scenarios.three_tiers(hours, seed) for seed in seeds]
    return [
        *(
            _figure(f"three tiers at 97 %: {tier}", 0.999, mean(one.kept[tier] for one in found))
            for tier in scenarios.PROMISES
        ),
        _figure("gold's wait to strict tiers'", 1.1, mean(one.gold_to_floor for one in found), most=True),
        _figure("mean wait to first come first", 1.02, mean(one.mean_to_fifo for one in found), most=True),
    ]


def _six(hours: float, seeds: range) -> float:
    return mean(scenarios.six_skills(hours / 4, seed) for seed in seeds)


def _rare(hours: float, seeds: range) -> float:
    return mean(scenarios.rare_skills(hours, seed) for seed in seeds)


def _overload(seeds: range) -> list[Figure]:
    """As chance has it, and with exactly 150 %; of `normal` no more than the limit can be kept."""
    more, figures = range(1, _OVERLOADS * len(seeds) + 1), list[Figure]()
    targets = {"gold": 0.995, "silver": 0.999, "normal": min(0.975, scenarios.overload_limit())}
    for exact, word in ((False, "150 % for 6 h"), (True, "exactly 150 %")):
        runs = [scenarios.kept(scenarios.overload(seed, exact=exact)) for seed in more]
        for tier, least in targets.items():
            kept = [run[tier] for run in runs]
            around = _around(kept)
            figures.append(
                Figure(
                    name=f"{word}: {tier}",
                    value=mean(kept),
                    unit="×",
                    target=f">= {least:.4f} ± {around:.4f}",
                    met=mean(kept) >= least - around,
                )
            )
    return figures


def _crowd() -> Figure:
    crowd = Crowd(100_000, 10_000, seed=1)
    crowd.microseconds(4000)
    taken = quantiles(crowd.microseconds(4000), n=100)[98] / 1000
    return _figure("100,000 waiting, 10,000 agents: p99 a decision", 1.0, taken, most=True, unit="ms")


def _figure(name: str, target: float, value: float, *, most: bool = False, unit: str = "×") -> Figure:
    sign, met = ("<=", value <= target) if most else (">=", value >= target)
    return Figure(name=name, value=value, unit=unit, target=f"{sign} {target}", met=met)


def main() -> None:
    """Print the table; fails when a target is not met."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=10)
    parser.add_argument("--hours", type=float, default=200)
    chosen = parser.parse_args()
    # What the worker tells of itself is no part of the table.
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.WARNING))
    figures = [*measure(chosen.runs, chosen.hours), *asyncio.run(claims.figures())]
    for one in figures:
        met = "met" if one.met else "missed"
        sys.stdout.write(f"{one.name:54} {one.value:9.4f} {one.unit:4} {one.target:20} {met}\n")
    sys.exit(any(figure.met is False for figure in figures))


if __name__ == "__main__":
    main()
