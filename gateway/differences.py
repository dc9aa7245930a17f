"""The metric of the ledger: by how many messages the books of the last hour differ, by channel."""

from collections.abc import Callable, Mapping

from prometheus_client import CollectorRegistry, Gauge


def differences(registry: CollectorRegistry) -> Callable[[Mapping[str, int]], None]:
    """Makes `frontdesk_ledger_difference{channel}`; gives what sets all of it."""
    gauge = Gauge(
        "frontdesk_ledger_difference",
        "Messages of the last hour that the books can't account for; the same from every process.",
        ["channel"],
        registry=registry,
    )

    def tell(found: Mapping[str, int]) -> None:
        gauge.clear()
        for channel, difference in found.items():
            gauge.labels(channel).set(difference)

    return tell
