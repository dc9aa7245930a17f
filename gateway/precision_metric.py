"""The metrics of the bot's precision: how often it was right, and whether that is below the target."""

from collections.abc import Callable

from prometheus_client import CollectorRegistry, Gauge

from knowledgebase.precision import Quality


def precision_of_answers(registry: CollectorRegistry) -> Callable[[Quality], None]:
    """Makes `frontdesk_answer_precision`, `_labels` and `_drift`; gives what sets them."""
    precision = Gauge(
        "frontdesk_answer_precision",
        "Share of the bot's labelled answers of 30 days that were right.",
        registry=registry,
    )
    labels = Gauge("frontdesk_answer_labels", "Labelled answers of 30 days.", registry=registry)
    drift = Gauge(
        "frontdesk_answer_drift",
        "1 while the bot's answers are surely less often right than the target precision.",
        registry=registry,
    )

    def tell(found: Quality) -> None:
        precision.set(found.precision.value or 0.0)
        labels.set(found.precision.of)
        drift.set(found.state == "drift")

    return tell
