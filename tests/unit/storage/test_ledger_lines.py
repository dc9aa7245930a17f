"""The arithmetic of the ledger."""

from datetime import UTC, datetime, timedelta

import pytest

from storage.ledger_lines import GRACE, Line

MINUTE = datetime(2026, 3, 1, 9, 30, tzinfo=UTC)
LATER = MINUTE + timedelta(hours=1)
BALANCED = Line(
    "ch_1",
    MINUTE,
    accepted=10,
    again=2,
    refused=3,
    stored=4,
    applied=1,
    duplicates=2,
    quarantined=2,
    given_up=1,
    sent=10,
    delivered=4,
    failed=3,
    in_doubt=2,
    waiting=1,
)


def test_everything_received_is_the_sum_of_what_came_of_it() -> None:
    """A line that balances has nothing open and no difference."""
    assert (BALANCED.received, BALANCED.open, BALANCED.unsent, BALANCED.difference(LATER)) == (15, 0, 0, 0)


@pytest.mark.parametrize("what", ["stored", "applied", "duplicates", "quarantined", "given_up"])
def test_what_is_accepted_and_nowhere_is_a_difference(what: str) -> None:
    """Whichever count is one short; one too many is a difference as well."""
    short = BALANCED._replace(**{what: getattr(BALANCED, what) - 1})
    over = BALANCED._replace(**{what: getattr(BALANCED, what) + 1})
    assert (short.open, short.difference(LATER)) == (1, 1)
    assert (over.open, over.difference(LATER)) == (-1, 1)


@pytest.mark.parametrize("what", ["delivered", "failed", "in_doubt", "waiting"])
def test_what_was_to_be_sent_and_no_delivery_knows_is_a_difference(what: str) -> None:
    """At once: deliveries are made with what is to be sent."""
    short = BALANCED._replace(**{what: getattr(BALANCED, what) - 1})
    assert (short.unsent, short.difference(MINUTE)) == (1, 1)


def test_what_was_accepted_just_now_may_wait_on_the_bus() -> None:
    """For some minutes after its own has ended; what is counted twice is wrong at once."""
    waits, twice = BALANCED._replace(stored=0), BALANCED._replace(stored=8)
    over = MINUTE + timedelta(minutes=1) + GRACE
    assert [waits.difference(now) for now in (MINUTE, over - timedelta(seconds=1), over)] == [0, 0, 4]
    assert twice.difference(MINUTE) == 4
