"""Where a request comes from, seen through the proxies that are trusted."""

from ipaddress import IPv4Address, IPv6Address, ip_address

from aiohttp import web

from gateway.settings import Settings

# A longer chain is not one that anybody set up.
_MOST_HOPS = 20


def client_address(request: web.Request, settings: Settings) -> str:
    """The client's IP address: the last hop that is not a trusted proxy."""
    peer = request.remote or ""
    if not _trusted(peer, settings):
        return peer
    hops = ",".join(request.headers.getall("X-Forwarded-For", [])).split(",")[-_MOST_HOPS:]
    for hop in reversed(hops):
        address = _address(hop.strip())
        if address is None:
            return peer
        peer = str(address)
        if not _trusted(peer, settings):
            return peer
    return peer


def is_https(request: web.Request, settings: Settings) -> bool:
    """Whether the client speaks TLS, to us or to a trusted proxy."""
    if settings.public_url.startswith("https:"):
        return True
    forwarded = request.headers.get("X-Forwarded-Proto", "") if _trusted(request.remote, settings) else ""
    return request.secure or forwarded.lower() == "https"


def _trusted(peer: str | None, settings: Settings) -> bool:
    # Most desks trust none, and need not read the address to know.
    address = _address(peer or "") if settings.trusted_proxies else None
    return address is not None and any(address in network for network in settings.trusted_proxies)


def _address(text: str) -> IPv4Address | IPv6Address | None:
    try:
        return ip_address(text)
    except ValueError:
        return None
