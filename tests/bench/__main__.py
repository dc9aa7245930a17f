"""`make bench`: what the embedded desk does, beside a straw man measured in the same minutes.

Server and load share the machine with whatever else it does: trust ratios and CPU per message more than
messages per second.
"""

import sys
import tempfile
import time
from contextlib import ExitStack
from pathlib import Path
from statistics import median
from typing import NamedTuple

from tests.bench import command, mix, pieces, widget
from tests.bench.runs import Latency, Throughput, pace, saturate
from tests.bench.seed import seed
from tests.bench.sink import sink
from tests.bench.subjects import Subject, product, resident_megabytes, strawman
from tests.bench.table import Figure, formatted
from tests.bench.widget import Crowd
from tests.desk import Desk

EQUAL_RATE = 350.0
TARGET_SHARE = 0.5
MOST_MEGABYTES = 200
_IDLE_SECONDS = 2


class Size(NamedTuple):
    """How much is measured: pairs of runs, posts in each, seconds at a fixed rate, idle widget sockets."""

    pairs: int
    posts: int
    seconds: float
    sockets: int


FULL = Size(5, 5000, 6, 10_000)
QUICK = Size(2, 2000, 3, 500)


async def measure(size: Size) -> list[Figure]:
    """Everything, straw man and product by turns."""
    with tempfile.TemporaryDirectory(prefix="frontdesk-bench-") as folder, ExitStack() as stack:
        async with sink() as url:
            seeded = await seed(Path(folder) / "data", size.pairs + 3, url)
            limit = stack.enter_context(strawman(Path(folder)))
            desk = stack.enter_context(product(Path(folder) / "data", seeded))
            figures = await _loads(size, limit, desk)
        figures += [*_pieces(), *_starts(Path(folder) / "started")]
        crowd = Crowd(size.sockets, size.seconds)
        return figures + await widget.figures(Path(folder) / "widget", crowd)


async def _loads(size: Size, limit: Subject, desk: Subject) -> list[Figure]:
    for subject in (limit, desk):
        await saturate(subject, mix.posts(0, size.posts // 5))
    e1: list[Throughput] = []
    ours: list[Throughput] = []
    for round_ in range(1, size.pairs + 1):
        posts = mix.posts(round_, size.posts)
        e1.append(await saturate(limit, posts))
        ours.append(await saturate(desk, posts))
    figures = _throughput(e1, ours)
    half = median(one.per_second for one in e1) / 2, median(one.per_second for one in ours) / 2
    figures += _latency("at half of its own load", *await _paced(size, limit, desk, size.pairs + 1, half))
    equal = (EQUAL_RATE, EQUAL_RATE)
    figures += _latency(f"at {EQUAL_RATE:.0f}/s", *await _paced(size, limit, desk, size.pairs + 2, equal))
    return figures


async def _paced(
    size: Size, limit: Subject, desk: Subject, round_: int, rates: tuple[float, float]
) -> tuple[Latency, Latency]:
    found = []
    for subject, rate in zip((limit, desk), rates, strict=True):
        found.append(await pace(subject, mix.posts(round_, int(rate * size.seconds)), rate))
    return found[0], found[1]


def _throughput(e1: list[Throughput], ours: list[Throughput]) -> list[Figure]:
    share = median(our.per_second / their.per_second for their, our in zip(e1, ours, strict=True))
    cpu = median(their.cpu_us / our.cpu_us for their, our in zip(e1, ours, strict=True))
    return [
        Figure(
            name="messages, end to end",
            value=median(one.per_second for one in ours),
            limit=median(one.per_second for one in e1),
            unit="per s",
        ),
        Figure(
            name="share of E1's messages per second",
            value=share,
            unit="×",
            target=f">= {TARGET_SHARE}",
            met=share >= TARGET_SHARE,
        ),
        Figure(
            name="CPU per message",
            value=median(one.cpu_us for one in ours),
            limit=median(one.cpu_us for one in e1),
            unit="µs",
        ),
        Figure(name="E1's CPU as a share of ours", value=cpu, unit="×"),
    ]


def _latency(where: str, e1: Latency, ours: Latency) -> list[Figure]:
    names = (f"hook answered {where}, p50", "  p99", f"stored and decided {where}, p50", "  p99")
    return [
        Figure(name=name, value=our, limit=their, unit="ms")
        for name, our, their in zip(names, ours, e1, strict=True)
    ]


def _pieces() -> list[Figure]:
    return [
        Figure(name="a match against 40 articles, per question", value=pieces.match_us(), unit="µs"),
        _at_most("100 rules, per message", pieces.rules_us(100), 20),
        *_many_rules(1_000, 100, 300),
        *_many_rules(10_000, 300, 900),
        _hostile(1_000),
        *_publishing(10_000),
        _at_least("a backtest of 100 rules, on one core", pieces.backtest_rate(100), 3000),
    ]


def _many_rules(count: int, most: float, most_p99: float) -> list[Figure]:
    middle, slow = pieces.many_rules_us(count)
    return [_at_most(f"{count:,} rules, a tenth CEL, p50", middle, most), _at_most("  p99", slow, most_p99)]


def _hostile(count: int) -> Figure:
    worst = pieces.hostile_ms(count)
    name = f"{count:,} rules, the worst hostile text, CPU"
    return Figure(name=name, value=worst, unit="ms", target="≤ 100", met=worst <= 100)


def _publishing(count: int) -> list[Figure]:
    new, changed = pieces.publishing_ms(count)
    one = Figure(
        name="  one of them changed", value=changed, unit="ms", target="≤ 1000, in force", met=changed <= 1000
    )
    return [Figure(name=f"{count:,} new rules made ready, CPU", value=new, unit="ms"), one]


def _at_least(name: str, value: float, least: float) -> Figure:
    return Figure(name=name, value=value, unit="messages/s", target=f"≥ {least:g}", met=value >= least)


def _at_most(name: str, value: float, most: float) -> Figure:
    return Figure(name=name, value=value, unit="µs", target=f"≤ {most:g}", met=value <= most)


def _starts(folder: Path) -> list[Figure]:
    folder.mkdir()
    desk = Desk(folder / "data", demo=True)
    try:
        desk.start()
        desk.stop()
        began = time.perf_counter()
        desk.start()
        took = time.perf_counter() - began
        time.sleep(_IDLE_SECONDS)
        held = resident_megabytes(desk.pid)
    finally:
        desk.kill9()
    return [
        Figure(name="second start of the demo, until ready", value=took, unit="s"),
        Figure(
            name="memory when idle",
            value=held,
            unit="MB",
            target=f"< {MOST_MEGABYTES}",
            met=held < MOST_MEGABYTES,
        ),
    ]


def main() -> int:
    """Measure and print; 1 when it could not measure."""
    return command.run(
        "make bench",
        "Measure the embedded desk.",
        lambda quick: measure(QUICK if quick else FULL),
        formatted,
        "Measuring; this takes up to five minutes, with --quick less than one.",
    )


if __name__ == "__main__":
    sys.exit(main())
