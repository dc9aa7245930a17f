"""The guard of outbound calls: whatever a name resolves to, only public or allowed addresses are reached.

The check stands where the socket is made, so the address that was checked is the address connected to:
a name that resolves to another address the second time (DNS rebinding), a literal IP in a URL and each
address of a name with many all pass through it.
"""

import socket
from collections.abc import Sequence
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network

import aiohttp
from aiohttp.abc import AbstractResolver

from channels.protocol import AddressRefused

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network

# Networks that Python's tables call global, or that only lead elsewhere.
_REFUSED: tuple[Network, ...] = (
    ip_network("64:ff9b::/96"),  # NAT64, RFC 6052: an IPv4 address that a gateway will call for us
    ip_network("64:ff9b:1::/48"),  # NAT64 within a network, RFC 8215
    ip_network("2002::/16"),  # 6to4, RFC 3056
    ip_network("2001::/32"),  # Teredo, RFC 4380
    ip_network("192.0.0.0/24"),  # protocol assignments, RFC 6890; the metadata service of Oracle's cloud
    ip_network("168.63.129.16/32"),  # the metadata service of Azure, an address that looks public
)


class Guard:
    """Which addresses may be called: all public ones, and private ones within `allowed`."""

    def __init__(self, allowed: Sequence[Network]) -> None:
        self._allowed = tuple(allowed)

    def permits(self, address: Address) -> bool:
        """Whether a call may go there."""
        plain = _unmapped(address)
        if any(plain in network for network in self._allowed):
            return True
        if any(plain in network for network in _REFUSED):
            return False
        return plain.is_global and not (plain.is_multicast or plain.is_reserved or plain.is_unspecified)

    def socket(self, info: aiohttp.AddrInfoType) -> socket.socket:
        """A socket for an address that is about to be connected to; raises `AddressRefused`."""
        family, type_, proto, _name, where = info
        if family not in (socket.AF_INET, socket.AF_INET6):
            raise AddressRefused("only internet addresses may be called")
        # Link-local addresses carry their zone: fe80::1%eth0.
        if not self.permits(ip_address(str(where[0]).partition("%")[0])):
            raise AddressRefused(
                f"{where[0]} is not a public address: FRONTDESK_CALLBACK_ALLOW can name its network"
            )
        return socket.socket(family, type_, proto)


def session(allowed: Sequence[Network], resolver: AbstractResolver | None = None) -> aiohttp.ClientSession:
    """The client for every call to an address that somebody typed in.

    It keeps no cookies, reads no proxy from the environment, and its callers follow no redirects.
    """
    # No limit here: those who call bound themselves, and one slow receiver must not use up the others' share.
    connector = aiohttp.TCPConnector(socket_factory=Guard(allowed).socket, resolver=resolver, limit=0)
    return aiohttp.ClientSession(
        connector=connector,
        cookie_jar=aiohttp.DummyCookieJar(),
        trust_env=False,
        max_line_size=8190,
        max_field_size=8190,
        headers={"User-Agent": "Frontdesk"},
    )


def _unmapped(address: Address) -> Address:
    """The IPv4 address within an IPv4-mapped one (::ffff:a.b.c.d), which is what the kernel connects to."""
    if isinstance(address, IPv6Address) and address.ipv4_mapped is not None:
        return address.ipv4_mapped
    return address
