"""The guard of outbound calls, over real sockets: what a stranger's address may not reach."""

import socket
from collections.abc import AsyncIterator, Sequence
from ipaddress import ip_address, ip_network

import aiohttp
import pytest
from aiohttp import web
from aiohttp.abc import AbstractResolver, ResolveResult

from channels.outcome import failure
from channels.protocol import Rejected
from gateway.callbacks import Guard, session

LOOPBACK = (ip_network("127.0.0.0/8"),)


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1",
        "127.8.8.8",
        "0.0.0.1",
        "10.0.0.1",
        "172.16.0.1",
        "192.168.1.1",
        "100.64.0.1",
        "100.100.100.200",
        "169.254.169.254",
        "168.63.129.16",
        "192.0.0.192",
        "198.18.0.1",
        "224.0.0.1",
        "239.1.2.3",
        "240.0.0.1",
        "255.255.255.255",
        "::",
        "::1",
        "::127.0.0.1",
        "::ffff:127.0.0.1",
        "::ffff:169.254.169.254",
        "fe80::1",
        "fc00::1",
        "fd00:ec2::254",
        "ff02::1",
        "64:ff9b::7f00:1",
        "64:ff9b:1::7f00:1",
        "2002:7f00:1::",
        "2001::1",
        "2001:db8::1",
    ],
)
def test_addresses_that_are_not_public_are_refused(address: str) -> None:
    """Private, loopback, link-local, metadata, multicast, reserved, and IPv6 forms that lead to them."""
    assert not Guard(()).permits(ip_address(address))


@pytest.mark.parametrize("address", ["93.184.216.34", "1.1.1.1", "::ffff:1.1.1.1", "2606:4700:4700::1111"])
def test_public_addresses_are_permitted(address: str) -> None:
    """Others may be called."""
    assert Guard(()).permits(ip_address(address))


def test_what_is_allowed_is_allowed_in_either_form() -> None:
    """An IPv4 network that is allowed covers its IPv4-mapped addresses, and nothing else."""
    guard = Guard((ip_network("10.1.0.0/16"),))
    named = ("10.1.2.3", "::ffff:10.1.2.3", "10.2.0.1", "127.0.0.1")
    assert [guard.permits(ip_address(one)) for one in named] == [True, True, False, False]


class Rebinding(AbstractResolver):
    """A name server that gives another answer each time it is asked."""

    def __init__(self, *answers: Sequence[str]) -> None:
        self._answers = list(answers)

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        """The next answer."""
        return [
            ResolveResult(hostname=host, host=address, port=port, family=family, proto=0, flags=0)
            for address in self._answers.pop(0)
        ]

    async def close(self) -> None:
        """Nothing to close."""


@pytest.fixture
async def inside() -> AsyncIterator[tuple[int, list[str]]]:
    """A service on loopback that no stranger should reach: its port and the paths it was asked for."""
    asked: list[str] = []

    async def answer(request: web.Request) -> web.Response:
        asked.append(request.path)
        return web.Response(headers={"Set-Cookie": "a=b"})

    app = web.Application()
    app.router.add_route("*", "/{path:.*}", answer)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    yield runner.addresses[0][1], asked
    await runner.cleanup()


async def refusal(client: aiohttp.ClientSession, url: str) -> str:
    """The words with which a call is refused for good."""
    with pytest.raises((aiohttp.ClientConnectorError, aiohttp.InvalidURL)) as caught:
        await client.post(url)
    error = failure(caught.value, "host")
    assert isinstance(error, Rejected)
    return str(error)


@pytest.mark.parametrize(
    "host", ["127.0.0.1", "[::ffff:127.0.0.1]", "2130706433", "0x7f.1", "localhost", "0"]
)
async def test_no_way_of_writing_loopback_gets_through(host: str, inside: tuple[int, list[str]]) -> None:
    """Literal addresses, numbers and names alike are checked as the address that would be connected to."""
    port, asked = inside
    async with session(()) as client:
        assert await refusal(client, f"http://{host}:{port}/secret")
    assert asked == []


async def test_a_refusal_says_what_would_allow_it(inside: tuple[int, list[str]]) -> None:
    """The words name the setting."""
    port, _ = inside
    async with session(()) as client:
        words = await refusal(client, f"http://127.0.0.1:{port}/secret")
    assert words == "127.0.0.1 is not a public address: FRONTDESK_CALLBACK_ALLOW can name its network"


async def test_a_name_that_changes_its_mind_is_checked_again(inside: tuple[int, list[str]]) -> None:
    """DNS rebinding: the second answer is checked as the first one was, for each connection."""
    port, asked = inside
    resolver = Rebinding(["127.0.0.1"], ["169.254.169.254"], ["10.0.0.1", "192.168.0.1"])
    async with session(LOOPBACK, resolver) as client:
        async with client.post(f"http://name.example.org:{port}/first", headers={"Connection": "close"}):
            pass
        for _ in range(2):
            assert isinstance(client.connector, aiohttp.TCPConnector)
            client.connector.clear_dns_cache()
            await refusal(client, f"http://name.example.org:{port}/again")
    assert asked == ["/first"]


async def test_what_is_allowed_is_reached(inside: tuple[int, list[str]]) -> None:
    """Loopback can be allowed; cookies are not kept from one call to the next."""
    port, asked = inside
    async with session(LOOPBACK) as client:
        async with client.post(f"http://127.0.0.1:{port}/a") as answer:
            assert answer.status == 200
        assert len(client.cookie_jar) == 0
    assert asked == ["/a"]
