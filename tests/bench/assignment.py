"""`python -m tests.bench.assignment`: what the assignment engine reaches, beside what theory allows."""

import argparse
import sys
from math import sqrt
from statistics import mean, quantiles, stdev

from router.queueing import mean_wait
from tests.bench import scenarios
from tests.bench.crowd import Crowd
from tests.bench.table import Figure

# Of the difference between runs' means, on either side: 99 % for ten runs (Student's t, nine degrees).
_T = 3.25


def measure(runs: int, hours: float) -> list[Figure]:
    """Every figure, over so many runs of so many simulated hours."""
    seeds = range(1, runs + 1)
    return [
        _erlang(10, 8, hours, seeds),
        _erlang(20, 18, hours, seeds),
        *_three_tiers(hours, seeds),
        _figure("six skills, two each, load 84: wait to the pooled one", 1.4, _six(hours, seeds), most=True),
        *_overload(seeds),
        _figure("rare skills: weighted promises kept", 0.993, _rare(hours, seeds)),
        _crowd(),
    ]


def _erlang(count: int, load: float, hours: float, seeds: range) -> Figure:
    waits = [scenarios.one_skill(count, load, hours, seed) for seed in seeds]
    theory = mean_wait(count, load, scenarios.HANDLING / 60)
    around = _T * stdev(waits) / sqrt(len(waits))
    return Figure(
        name=f"M/M/{count} at {load / count:.1f}: mean wait",
        value=mean(waits),
        limit=theory,
        unit="min",
        target=f"{theory:.3f} ± {around:.3f}",
        met=abs(mean(waits) - theory) <= around,
    )


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
    served = [one for seed in seeds for one in scenarios.overload(seed)]
    kept = scenarios.kept(served)
    targets = {"gold": 0.995, "silver": 0.999, "normal": 0.975}
    return [_figure(f"150 % for 6 h: {tier}", least, kept[tier]) for tier, least in targets.items()]


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
    figures = measure(chosen.runs, chosen.hours)
    for one in figures:
        met = "met" if one.met else "missed"
        sys.stdout.write(f"{one.name:52} {one.value:9.4f} {one.unit:4} {one.target:16} {met}\n")
    sys.exit(any(figure.met is False for figure in figures))


if __name__ == "__main__":
    main()
