"""Metrics of the index of this process, where it has one."""

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric

from gatherlog.interfaces.platform import Platform
from gatherlog.search import IndexStatus

__all__ = ["search_metrics"]


async def search_metrics(platform: Platform) -> list[Metric]:
    """None in a process that does not search."""
    if not platform.search.is_started:
        return []
    status = await platform.search.status()
    return [
        *_gauges(status),
        *_counters(status),
        *_lag(status, platform.clock()),
    ]


def _gauges(status: IndexStatus) -> list[Metric]:
    figures = {
        "documents": (status.documents, "Documents in which this process searches."),
        "building": (status.is_building, "1 while this process builds its index from scratch."),
    }
    return [
        GaugeMetricFamily(f"gatherlog_search_{name}", text, value=float(value))
        for name, (value, text) in figures.items()
    ]


def _counters(status: IndexStatus) -> list[Metric]:
    figures = {
        "builds": (status.builds, "Times that this process has built its index from scratch."),
        "failures": (status.failures, "Times that following the log failed and began again."),
    }
    return [
        CounterMetricFamily(f"gatherlog_search_{name}", text, value=float(value))
        for name, (value, text) in figures.items()
    ]


def _lag(status: IndexStatus, now: int) -> list[Metric]:
    lag = GaugeMetricFamily(
        "gatherlog_search_lag",
        "Events that are not in this process's index yet, counted up to 1,000 or 32 MiB.",
        labels=["partition"],
    )
    oldest = GaugeMetricFamily(
        "gatherlog_search_oldest_seconds",
        "For how long the oldest of these events has been in the log; 0 if there is none.",
        labels=["partition"],
    )
    for partition, one in enumerate(status.lags):
        lag.add_metric([str(partition)], one.events)
        age = 0 if one.oldest is None else max(0, now - one.oldest)
        oldest.add_metric([str(partition)], age / 1_000_000)
    return [lag, oldest]
