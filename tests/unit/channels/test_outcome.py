"""What HTTP answers mean to a sender."""

from datetime import UTC, datetime

import pytest

from channels.outcome import check
from channels.protocol import Rejected, Retryable, SendError, Unreachable
from channels.registry import UnknownKind, kind, kinds
from channels.webhook import Webhook
from channels.widget import Widget

NOW = datetime(2026, 11, 21, 10, tzinfo=UTC)


@pytest.mark.parametrize("status", [200, 201, 202, 204])
def test_2xx_is_success(status: int) -> None:
    """Nothing is raised."""
    check(status, {}, NOW)


@pytest.mark.parametrize(
    ("status", "expected"),
    [
        (301, Rejected),
        (302, Rejected),
        (308, Rejected),
        (400, Rejected),
        (401, Rejected),
        (404, Rejected),
        (408, Retryable),
        (410, Unreachable),
        (425, Retryable),
        (429, Retryable),
        (500, Retryable),
        (503, Retryable),
        (599, Retryable),
    ],
)
def test_everything_else_is_a_failure(status: int, expected: type[SendError]) -> None:
    """Redirects and refusals are final, a busy or broken receiver is tried again, 410 ends it."""
    with pytest.raises(expected, match=str(status)):
        check(status, {}, NOW)


@pytest.mark.parametrize(
    ("given", "after"),
    [
        ("7", 7.0),
        ("0", 0.0),
        ("9" * 400, 86_400.0),
        ("Sat, 21 Nov 2026 10:01:00 GMT", 60.0),
        ("Sat, 21 Nov 2026 09:00:00 GMT", 0.0),
        ("soon", None),
        ("-5", None),
        ("²", None),
        ("", None),
    ],
)
def test_retry_after_is_honoured(given: str, after: float | None) -> None:
    """In seconds or as a date, at most a day; what is neither is passed over."""
    with pytest.raises(Retryable) as caught:
        check(429, {"Retry-After": given}, NOW)
    assert caught.value.after == after


def test_kinds_come_from_entry_points() -> None:
    """The kinds of this distribution are found by name; another name is refused with those there are."""
    assert (kinds()["webhook"], kind("widget")) == (Webhook, Widget)
    with pytest.raises(UnknownKind, match="'pigeon'; there are: email, telegram, webhook, widget"):
        kind("pigeon")
