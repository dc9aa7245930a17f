"""Where a request comes from."""

from ipaddress import ip_network

import pytest
from aiohttp.test_utils import make_mocked_request
from multidict import CIMultiDict

from gateway.http.peer import client_address, is_https
from gateway.settings import Settings

BEHIND = Settings(trusted_proxies=(ip_network("10.0.0.0/8"),))


@pytest.mark.parametrize(
    ("peer", "forwarded", "client"),
    [
        ("203.0.113.9", ["198.51.100.7"], "203.0.113.9"),
        ("10.0.0.1", [], "10.0.0.1"),
        ("10.0.0.1", ["198.51.100.7"], "198.51.100.7"),
        ("10.0.0.1", ["198.51.100.7, 10.0.0.2"], "198.51.100.7"),
        ("10.0.0.1", ["1.2.3.4, 198.51.100.7", "10.0.0.2"], "198.51.100.7"),
        ("10.0.0.1", ["nonsense, 10.0.0.2"], "10.0.0.2"),
        ("10.0.0.1", [",".join(["10.0.0.3"] * 10_000)], "10.0.0.3"),
    ],
)
def test_the_client_is_the_last_hop_that_is_not_ours(peer: str, forwarded: list[str], client: str) -> None:
    """What a stranger writes into X-Forwarded-For does not count."""
    headers = CIMultiDict([("X-Forwarded-For", value) for value in forwarded])
    request = make_mocked_request("GET", "/", headers).clone(remote=peer)
    assert client_address(request, BEHIND) == client


@pytest.mark.parametrize(
    ("peer", "scheme", "expected"),
    [("10.0.0.1", "https", True), ("10.0.0.1", "http", False), ("203.0.113.9", "https", False)],
)
def test_only_a_trusted_proxy_can_say_that_the_client_speaks_tls(
    peer: str, scheme: str, expected: bool
) -> None:
    """X-Forwarded-Proto from anybody else is ignored."""
    request = make_mocked_request("GET", "/", CIMultiDict({"X-Forwarded-Proto": scheme})).clone(remote=peer)
    assert is_https(request, BEHIND) is expected
