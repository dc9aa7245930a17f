"""Waiting times by theory, against published figures and each other."""

import pytest

from router.queueing import cobham, erlang_c, mean_wait


@pytest.mark.parametrize(
    ("servers", "load", "wait"), [(10, 8, 2.046), (20, 18, 2.754), (1, 0.5, 10.0), (90, 84, 0.687)]
)
def test_the_mean_wait_is_that_of_erlang_c(servers: int, load: float, wait: float) -> None:
    """In minutes, at ten minutes a ticket; one server at half load waits as long as it works."""
    assert round(mean_wait(servers, load, 10), 3) == wait


def test_everybody_waits_where_there_are_too_few() -> None:
    """And no mean can be given."""
    assert erlang_c(2, 2) == 1.0
    with pytest.raises(ValueError, match="2 agents can't keep up with a load of 2"):
        mean_wait(2, 2, 10)
    with pytest.raises(ValueError, match="2 agents can't keep up with a load of 3"):
        cobham(2, (1, 2), 10)


def test_one_tier_alone_waits_as_without_tiers() -> None:
    """Cobham's formula is Erlang-C's where there is one tier; and tiers only share the wait out."""
    assert cobham(10, [8], 10) == [pytest.approx(mean_wait(10, 8, 10))]
    waits = cobham(20, [2, 6, 10], 10)
    assert sum(wait * load for wait, load in zip(waits, (2, 6, 10), strict=True)) / 18 == pytest.approx(
        mean_wait(20, 18, 10)
    )
    assert waits == sorted(waits)
