"""What a site vouches for when it names its user: who they are, and with a longer signature their address."""

import hmac
from datetime import UTC, datetime

import pytest

from channels.widget import frames, receive
from channels.widget.receive import Visitor
from gateway.visitors import User, VisitorRefused, issue, read, vouched

NOW = datetime(2026, 11, 21, 10, 0, tzinfo=UTC)
SECRET = "s" * 40
ANN = User("7", "Ann", "ann@example.org")


def signed(text: str) -> str:
    """What the site's server makes."""
    return hmac.new(SECRET.encode(), text.encode(), "sha256").hexdigest()


def sender_verified(visitor: Visitor) -> bool:
    """Whether a message of theirs, after a round through their token, is a verified sender's."""
    known = read(SECRET, "ch_1", issue(SECRET, "ch_1", visitor, NOW), NOW)
    assert known == visitor
    return receive.envelope("ch_1", known, frames.Said(client_id="c1", text="Hi"), b"", NOW).sender.verified


def test_an_address_is_verified_only_where_the_signature_covers_it() -> None:
    """Over the id alone the user is known, and an address beside it is only what the page says."""
    alone = vouched(SECRET, User("7", "Ann"), signed("7"))
    claimed = vouched(SECRET, ANN, signed("7"))
    covered = vouched(SECRET, ANN, signed("7\nann@example.org"))
    assert {one.id for one in (alone, claimed, covered)} == {"user:7"}
    assert [one.email_verified for one in (alone, claimed, covered)] == [False, False, True]
    assert [sender_verified(one) for one in (alone, claimed, covered)] == [True, False, True]


def test_an_address_told_in_the_chat_takes_nothing_over() -> None:
    """A signed-in user who types an address is not verified with it."""
    visitor = vouched(SECRET, User("7"), signed("7"))
    told = frames.Said(client_id="c1", text="Hi", email="boss@example.org")
    assert receive.envelope("ch_1", visitor, told, b"", NOW).sender.verified is False


@pytest.mark.parametrize(
    "user",
    [
        User("7", email="boss@example.org"),
        User("8", email="ann@example.org"),
        User("7\nann@example.org"),
        User("7", email=""),
    ],
)
def test_a_signature_is_good_for_nothing_else(user: User) -> None:
    """Not for another address, another user, an id that spells both, nor without the address."""
    with pytest.raises(VisitorRefused):
        vouched(SECRET, user, signed("7\nann@example.org"))
