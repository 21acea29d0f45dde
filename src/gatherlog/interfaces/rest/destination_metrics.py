"""Metrics by destination and rule, of those for which anything waits or was given up."""

from collections.abc import Sequence
from typing import Final

from prometheus_client.core import GaugeMetricFamily, Metric

from gatherlog.interfaces.status.shapes import DestinationStatus

__all__ = ["MOST", "destination_metrics"]

MOST: Final = 200
"""Destinations that have series of their own."""
OTHER: Final = "other"
"""The destination of the series of all further ones together."""
_LABELS: Final = ("subscription", "rule", "destination")


def destination_metrics(destinations: Sequence[DestinationStatus]) -> list[Metric]:
    """Gauges of the first MOST destinations, those with most dead letters and the longest wait
    first. Of all others the ages are the longest one, and the rest are sums."""
    oldest = _gauge("oldest_seconds", "How long the oldest event that waits has been in the log.")
    parked = _gauge("parked", "Streams and subjects that wait after a failure.")
    failing = _gauge("failing", "1 while all deliveries fail.")
    dead = _gauge("dead_letters", "Deliveries that were given up and wait for an operator.")
    for labels, ones in _series(destinations):
        oldest.add_metric(labels, max(one.oldest_seconds or 0.0 for one in ones))
        parked.add_metric(labels, sum(one.parked for one in ones))
        failing.add_metric(labels, sum(one.failing_since is not None for one in ones))
        dead.add_metric(labels, sum(one.dead for one in ones))
    return [oldest, parked, failing, dead]


def _series(
    destinations: Sequence[DestinationStatus],
) -> list[tuple[tuple[str, str, str], Sequence[DestinationStatus]]]:
    def weight(one: DestinationStatus) -> tuple[int, float]:
        return -one.dead, -(one.oldest_seconds or 0.0)

    ordered = sorted(destinations, key=weight)
    shown = [((one.subscription, one.rule or "", one.destination), [one]) for one in ordered[:MOST]]
    return [*shown, ((OTHER, "", OTHER), ordered[MOST:])] if ordered[MOST:] else [*shown]


def _gauge(name: str, help_text: str) -> GaugeMetricFamily:
    return GaugeMetricFamily(f"gatherlog_destination_{name}", help_text, labels=_LABELS)
