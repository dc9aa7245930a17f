"""The lanes there are, in one table."""

from bus.ids import partition

OUTBOUND = "outbound"
MOST_PARTITIONS = 64


def inbound_lane(channel_id: str, address: str, partitions: int) -> str:
    """The lane of a contact's messages: `inbound.NN`."""
    return f"inbound.{partition(channel_id, address, partitions):02d}"


def inbound_lanes(partitions: int) -> tuple[str, ...]:
    """Every inbound lane."""
    return tuple(f"inbound.{number:02d}" for number in range(partitions))
