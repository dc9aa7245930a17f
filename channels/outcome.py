"""What an HTTP answer, or the lack of one, means to whoever wanted to send.

Follows Standard Webhooks 1.0 ("Deliverability and reliability"): 2xx is success, redirects are failures,
410 ends it, 429 and 5xx ask for another attempt.
"""

from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

import aiohttp

from channels.protocol import AddressRefused, Rejected, Retryable, SendError, Slowed, Unreachable

LONGEST_WAIT_S = 24 * 3600.0


def check(status: int, headers: Mapping[str, str], now: datetime) -> None:
    """Return when the answer is a success; else raise the `SendError` it stands for."""
    if 200 <= status < 300:
        return
    if status == 410:
        raise Unreachable("the receiver says it is gone for good (410)")
    if 300 <= status < 400:
        raise Rejected(f"the receiver redirects ({status}): it is not followed, name the final address")
    if status == 429:
        raise Slowed("the receiver answered 429", _seconds(headers.get("Retry-After"), now))
    if status in {408, 425} or status >= 500:
        raise Retryable(f"the receiver answered {status}", _seconds(headers.get("Retry-After"), now))
    raise Rejected(f"the receiver answered {status}")


def failure(error: BaseException, host: str) -> SendError:
    """The `SendError` for a call that got no answer; `host` is named, nothing else of the address is."""
    if isinstance(error, aiohttp.ClientConnectorError) and isinstance(error.os_error, AddressRefused):
        return Rejected(str(error.os_error))
    if isinstance(error, aiohttp.InvalidURL):
        return Rejected("the address is not a URL that can be called")
    if isinstance(error, aiohttp.ClientConnectorDNSError):
        return Retryable(f"the name {host} can't be resolved")
    if isinstance(error, aiohttp.ClientSSLError):
        return Retryable(f"no trustworthy TLS connection to {host}")
    if isinstance(error, aiohttp.ClientConnectorError):
        return Retryable(f"{host} can't be reached")
    if isinstance(error, TimeoutError):
        return Retryable(f"{host} did not answer in time")
    return Retryable(f"{host} closed the connection without an answer")


def _seconds(retry_after: str | None, now: datetime) -> float | None:
    """RFC 9110, section 10.2.3: seconds or a date; None when it is neither."""
    if not retry_after:
        return None
    text = retry_after.strip()
    if text.isascii() and text.isdigit():
        return min(float(text[:15]), LONGEST_WAIT_S)
    try:
        at = parsedate_to_datetime(text)
    except ValueError:
        return None
    aware = at if at.tzinfo else at.replace(tzinfo=UTC)
    return min(max((aware - now).total_seconds(), 0.0), LONGEST_WAIT_S)
