"""What the engine reaches in simulation, in short and with fixed seeds; `make bench` has it at length."""

import pytest

from router.queueing import mean_wait
from tests.bench import scenarios


def test_one_skill_is_first_come_first_served_which_waits_as_erlang_c_says() -> None:
    """Ten agents at 80 %: the engine run by run; theory within what chance leaves over many."""
    engine = scenarios.one_skill(10, 8, 60, 2)
    assert engine == pytest.approx(scenarios.fifo(scenarios.alike(8, 60, 2), 10), rel=1e-12)
    waits = [scenarios.fifo(scenarios.alike(8, 60, seed), 10) for seed in range(25)]
    assert sum(waits) / 25 == pytest.approx(mean_wait(10, 8, 10), rel=0.15)


def test_three_tiers_keep_their_promises_at_97_percent() -> None:
    """Nobody could serve gold sooner, and the others pay nothing for it."""
    found = scenarios.three_tiers(40, seed=1)
    assert min(found.kept.values()) >= 0.999
    assert found.gold_to_floor <= 1.1
    assert found.mean_to_fifo <= 1.02


def test_agents_with_two_skills_of_six_are_nearly_a_pool() -> None:
    """Their mean wait is at most 1.4 times that of agents who could do everything."""
    assert scenarios.six_skills(8, seed=1) <= 1.4


def test_an_overload_breaks_few_promises() -> None:
    """150 % for six hours: gold and silver go on as if nothing were; of the rest few more than must be."""
    kept = scenarios.kept(scenarios.overload(seed=21))
    assert kept["gold"] >= 0.995
    assert kept["silver"] >= 0.999
    assert kept["normal"] >= 0.975


def test_a_rare_skill_is_kept_for_those_who_need_it() -> None:
    """Three of twenty agents have it: 99.3 % of weighted promises are kept."""
    assert scenarios.rare_skills(40, seed=2) >= 0.993


def test_agents_who_share_no_skill_are_no_pool() -> None:
    """Where a rare skill has its own agents theory for one pool does not hold: waits are longer."""
    assert scenarios.apart(40, seed=1) > 1.5 * mean_wait(10, 8, 10)
