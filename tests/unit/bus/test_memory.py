"""The live layer in memory beyond the port: it does not grow with the keys it has seen."""

from bus.live import Rate
from bus.memory import SWEEP, MemoryLive


async def test_keys_that_ran_out_are_forgotten() -> None:
    """A key for each of 50,000 strangers leaves no more behind than the last few."""
    now = 0.0
    live = MemoryLive(lambda: now)
    for number in range(50_000):
        now += 0.01
        await live.limit(f"address:{number}", Rate(per_second=10.0, burst=5))
        await live.beat(f"agent:{number}", 1.0)
    assert len(live) <= 2 * SWEEP


async def test_sweeping_forgets_nobody_who_counts() -> None:
    """A key that is still alive or still limited stays so, however many others come."""
    now = 0.0
    live = MemoryLive(lambda: now)
    rate = Rate(per_second=0.001, burst=1)
    await live.limit("kept", rate)
    await live.beat("kept", 1000.0)
    for number in range(5_000):
        now += 0.01
        await live.limit(f"address:{number}", Rate(per_second=10.0, burst=5))
        await live.beat(f"agent:{number}", 0.1)
    assert (await live.limit("kept", rate) > 0, await live.alive("kept")) == (True, True)
