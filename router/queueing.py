"""Waiting times that theory gives: Erlang-C for one queue, Cobham for tiers served strictly in order.

All with exponential service and Poisson arrivals; `servers` agents who take one ticket each, `load` in Erlang
(arrivals per second times mean handling seconds), waits in units of the mean handling time's unit.
Erlang 1917; Cobham, "Priority Assignment in Waiting Line Problems", Operations Research 2 (1954).
"""

from collections.abc import Sequence


def erlang_c(servers: int, load: float) -> float:
    """The share of arrivals that have to wait; 1.0 where the load is more than there are servers."""
    if load >= servers:
        return 1.0
    blocked = 1.0  # Erlang-B, by its recursion
    for number in range(1, servers + 1):
        blocked = load * blocked / (number + load * blocked)
    return blocked / (1 - load / servers * (1 - blocked))


def mean_wait(servers: int, load: float, handling: float) -> float:
    """Mean wait over all arrivals (M/M/c); raises `ValueError` where it is without bound."""
    if load >= servers:
        raise ValueError(f"{servers} agents can't keep up with a load of {load:g}")
    return erlang_c(servers, load) * handling / (servers - load)


def cobham(servers: int, loads: Sequence[float], handling: float) -> list[float]:
    """Mean wait of each tier, the best first, when tiers go strictly first and nobody is interrupted.

    No order that doesn't look at handling times can serve the best tier sooner.
    """
    whole = sum(loads)
    if whole >= servers:
        raise ValueError(f"{servers} agents can't keep up with a load of {whole:g}")
    rest = erlang_c(servers, whole) * handling / servers
    waits: list[float] = []
    before = 0.0
    for load in loads:
        after = before + load / servers
        waits.append(rest / ((1 - before) * (1 - after)))
        before = after
    return waits
