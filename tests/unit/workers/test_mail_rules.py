"""When automatic mail is held back, and when mail is taken for automatic: tables of what passed before."""

from datetime import UTC, datetime, timedelta

import pytest

from storage.mail import Past
from workers.mail_rules import automatic, echoed, held_back, words_of

NOW = datetime(2026, 11, 21, 10, tzinfo=UTC)


def passed(*minutes: float, words: str = "x") -> list[Past]:
    """What passed so many minutes ago."""
    return [Past(NOW - timedelta(minutes=one), words) for one in minutes]


@pytest.mark.parametrize(
    ("past", "why"),
    [
        ([], ""),
        (passed(1, words="same"), "the same words went to this address by themselves within 10 minutes"),
        (passed(11, words="same"), ""),
        (passed(*range(9)), ""),
        (passed(*range(10)), "10 automatic mails went to this address or ticket within 10 minutes"),
        (passed(*range(12, 42)), "30 automatic mails went to this address or ticket within 60 minutes"),
        (passed(*range(61, 160)), ""),
        (passed(*range(61, 161)), "100 automatic mails went to this address or ticket within 600 minutes"),
        (passed(*range(601, 800)), ""),
    ],
)
def test_automatic_mail_has_budgets(past: list[Past], why: str) -> None:
    """By recipient and ticket, in three windows; the same words once in ten minutes."""
    found = held_back(past, "same", NOW)
    assert found.removeprefix("held back: ") == why


@pytest.mark.parametrize(
    ("past", "said", "expected"),
    [
        ([], passed(1, 2, 3, 4, words="same"), False),
        (passed(1), passed(1, 2, 3, words="same"), False),
        (passed(1), passed(1, 2, 3, 4, words="same"), True),
        (passed(1), passed(1, 2, 3, 4, words="other"), False),
        (passed(1), passed(1, 2, 3, 11, words="same"), False),
        (passed(11), passed(1, 2, 3, 4, words="same"), False),
    ],
)
def test_who_repeats_the_same_to_our_automatic_mail_is_a_program(
    past: list[Past], said: list[Past], expected: bool
) -> None:
    """The fifth time within ten minutes, and only where we wrote by ourselves."""
    assert automatic(past, said, "same", NOW) is expected


def test_numbers_and_signs_make_no_difference_to_what_is_said() -> None:
    """A ticket's number changes with each answer of the same program."""
    assert words_of("Your ticket #1234 was received!") == words_of("your ticket #99 was received.")
    assert words_of("您的工单 1234 已收到") != words_of("您的工单 1234 已关闭")


@pytest.mark.parametrize(
    ("theirs", "expected"),
    [
        ("We got this: Thank you for writing, ticket #7. We will answer soon.", True),
        ("Thanks, that helped me. Bye!", False),
        ("", False),
    ],
)
def test_an_echo_says_what_was_sent_by_itself(theirs: str, expected: bool) -> None:
    """Whatever stands around it; a few letters are no echo."""
    assert echoed(["Bye", "Thank you for writing, ticket #1234."], theirs) is expected
