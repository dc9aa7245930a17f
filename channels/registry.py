"""Which kinds of channel there are: the entry points of the group `frontdesk.channels`.

UnknownKind    no installed distribution offers that kind
"""

from collections.abc import Mapping
from functools import cache
from importlib.metadata import entry_points
from types import MappingProxyType

from channels.protocol import Channel

GROUP = "frontdesk.channels"


class UnknownKind(LookupError):
    """There is no such kind of channel; the text names those there are."""


@cache
def kinds() -> Mapping[str, type[Channel]]:
    """Every kind, by name; each is imported once."""
    found: dict[str, type[Channel]] = {point.name: point.load() for point in entry_points(group=GROUP)}
    return MappingProxyType(dict(sorted(found.items())))


def kind(name: str) -> type[Channel]:
    """The class of a kind; raises `UnknownKind`."""
    try:
        return kinds()[name]
    except KeyError:
        raise UnknownKind(f"there is no channel of kind '{name}'; there are: {', '.join(kinds())}") from None
