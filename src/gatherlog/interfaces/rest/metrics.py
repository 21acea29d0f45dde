"""Metrics for Prometheus, computed at each request; and whether the server is ready."""

import asyncio
import shutil
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from typing import Final

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from gatherlog import __version__
from gatherlog.core.eventstore.errors import StoreError, ViewOutdated
from gatherlog.core.eventstore.store import KnowsItsSize, Store
from gatherlog.core.projections.building import unbuilt_views
from gatherlog.core.subscriptions.administration import Status
from gatherlog.core.subscriptions.log_counts import log_totals
from gatherlog.core.subscriptions.view_builder import what_is_unbuilt
from gatherlog.interfaces.platform import Platform
from gatherlog.interfaces.problems import NotReady
from gatherlog.interfaces.rest.answers import json
from gatherlog.interfaces.rest.destination_metrics import destination_metrics
from gatherlog.interfaces.rest.endpoint import Call, Reply
from gatherlog.interfaces.rest.queries import Nothing
from gatherlog.interfaces.rest.search_metrics import search_metrics
from gatherlog.interfaces.rest.site_status import IN_SHORT, Readiness
from gatherlog.interfaces.siblings import READER, Family

__all__ = ["OwnCounts", "read_metrics", "read_readiness"]

MAX_LOGS: Final = 1000
"""Logs that have a series of their own."""
OTHER: Final = "other"
"""The series of all further logs together, and of a log of that name. It never decreases, because
logs do not end."""
SEARCH_SECONDS: Final = 15.0
_TYPE: Final = (b"content-type", b"text/plain; version=0.0.4; charset=utf-8")


async def read_metrics(call: Call[None, Nothing]) -> Reply:
    """Gauges of the store, and what this process and those beside it have counted."""
    registry = CollectorRegistry(auto_describe=False)
    registry.register(_Collector(await _metrics(call.platform)))
    return Reply(200, generate_latest(registry), [_TYPE])


async def read_readiness(call: Call[None, Nothing]) -> Reply:
    """Ready: the store answers with all views, and subscriptions are read if they are meant to."""
    platform = call.platform
    try:
        await platform.store.heads()
        unbuilt = await what_is_unbuilt(platform.store)
    except ViewOutdated:
        raise
    except StoreError as error:
        raise NotReady("The store does not answer.") from error
    if unbuilt.views:
        raise NotReady(f"Views of this release are not built yet: {unbuilt}.")
    if not _are_read(platform):
        raise NotReady("Subscriptions are not read.")
    status = await platform.status.read(fresh=IN_SHORT)
    kinds = dict.fromkeys(one.code for one in status.troubles)
    kinds.pop("view_unbuilt", None)  # which was so a moment ago
    return json(Readiness("ready", tuple(kinds)))


def _are_read(platform: Platform) -> bool:
    """Whether subscriptions are read, by this process or one beside it, if they are meant to be."""
    if platform.settings.work == "beside":
        return platform.siblings.lives(READER)
    return platform.worker.is_running or not platform.settings.works_here


class _Collector(Collector):
    def __init__(self, metrics: Iterable[Metric]) -> None:
        self._metrics = metrics

    def collect(self) -> Iterator[Metric]:
        yield from self._metrics


async def _metrics(platform: Platform) -> list[Metric]:
    admin = platform.subscription_admin
    statuses = [await admin.status(name) for name in await admin.names()]
    dead = {status.name: await admin.count_dead_letters(status.name) for status in statuses}
    return [
        _version(),
        *await _log_metrics(platform),
        *await _size_metrics(platform),
        *_subscription_metrics(statuses, dead),
        *destination_metrics((await platform.status.read()).destinations),
        *await _queue_metrics(platform),
        await _expired_metric(platform),
        await _held_letters(platform),
        *_of_all(platform, await OwnCounts(platform)()),
        await _unbuilt_metric(platform.store),
    ]


class OwnCounts:
    """Gives what this process has counted since it started, and how its index for searching is.

    The index is looked at every SEARCH_SECONDS, because its lag is read from the store.
    """

    def __init__(self, platform: Platform) -> None:
        self._platform = platform
        self._search: Sequence[Family] = ()
        self._looked_at = -SEARCH_SECONDS

    async def __call__(self) -> Sequence[Family]:
        now = asyncio.get_running_loop().time()
        if now - self._looked_at >= SEARCH_SECONDS:
            self._looked_at = now
            self._search = [_family(one) for one in await search_metrics(self._platform)]
        return [*_own_families(self._platform), *self._search]


def _own_families(platform: Platform) -> list[Family]:
    metrics = [
        _unsent_letters(platform),
        *_process_metrics(platform),
        _intake_metric(platform),
        *_cache_metrics(platform),
        _set_aside(platform),
    ]
    return [_family(metric) for metric in metrics]


def _family(metric: Metric) -> Family:
    samples = [(one.name, dict(one.labels), one.value) for one in metric.samples]
    return Family(metric.name, metric.documentation, metric.type, samples)


def _of_all(platform: Platform, own: Sequence[Family]) -> Iterator[Metric]:
    """The metrics of this process and of those beside it."""
    for family in platform.siblings.summed(own):
        metric = Metric(family.name, family.help, family.type)
        for name, labels, value in family.samples:
            metric.add_sample(name, labels, value)
        yield metric


async def _log_metrics(platform: Platform) -> list[Metric]:
    positions = GaugeMetricFamily(
        "gatherlog_feed_position",
        "Last position of the log that can be read.",
        labels=["partition"],
    )
    for partition, position in enumerate(await platform.store.heads()):
        positions.add_metric([str(partition)], position)
    appended = CounterMetricFamily(
        "gatherlog_events_appended", "Events in the log, counted shortly after.", labels=["log"]
    )
    for log, events in (await _counted(platform)).items():
        appended.add_metric([log], events)
    return [positions, appended]


async def _size_metrics(platform: Platform) -> list[Metric]:
    store, place = platform.store, platform.settings.address.file
    if not isinstance(store, KnowsItsSize):
        return []
    sizes = GaugeMetricFamily(
        "gatherlog_store_bytes",
        "Size of the store's file, and of its write-ahead log (wal); of its tables in a database.",
        labels=["file"],
    )
    for name, size in (await store.sizes()).items():
        sizes.add_metric([name], size)
    free = GaugeMetricFamily(
        "gatherlog_disk_free_bytes", "What is left of the disk that the store's file is on."
    )
    if place is not None:
        with suppress(OSError):  # the folder is gone: the store says so to whoever uses it
            free.add_metric([], shutil.disk_usage(place.absolute().parent).free)
    return [sizes, free]


async def _counted(platform: Platform) -> dict[str, int]:
    """The events of each log; the first MAX_LOGS by name, and the sum of all others as OTHER."""
    counted: dict[str, int] = {}
    others = 0
    async for total in log_totals(platform.store):
        if len(counted) < MAX_LOGS:
            counted[total.log] = total.events
        else:
            others += total.events
    if others:
        counted[OTHER] = counted.get(OTHER, 0) + others
    return counted


def _subscription_metrics(statuses: Iterable[Status], dead: dict[str, int]) -> list[Metric]:
    lag = GaugeMetricFamily(
        "gatherlog_subscription_lag",
        "Events that a subscription has still to process, counted up to 1,000 or 32 MiB.",
        labels=["subscription", "partition"],
    )
    oldest = GaugeMetricFamily(
        "gatherlog_subscription_oldest_seconds",
        "For how long the oldest of these events has been in the log; 0 if there is none.",
        labels=["subscription", "partition"],
    )
    parked = _gauge("gatherlog_parked", "Streams and subjects that wait after a failure.")
    held = _gauge("gatherlog_held", "Destinations that get nothing new: too much waits for them.")
    failing = _gauge("gatherlog_failing", "Destinations to which all deliveries fail.")
    dead_letters = _gauge("gatherlog_dead_letters", "Deliveries that were given up and wait.")
    paused = _gauge("gatherlog_paused", "1 while a subscription is paused.")
    for status in statuses:
        for one in status.lags:
            lag.add_metric([status.name, str(one.partition)], one.behind)
            oldest.add_metric([status.name, str(one.partition)], one.oldest_seconds or 0.0)
        parked.add_metric([status.name], status.parked)
        held.add_metric([status.name], status.held)
        failing.add_metric([status.name], status.failing)
        dead_letters.add_metric([status.name], dead[status.name])
        paused.add_metric([status.name], float(status.is_paused))
    return [lag, oldest, parked, held, failing, dead_letters, paused]


async def _queue_metrics(platform: Platform) -> list[Metric]:
    help_texts = {
        "ready": "Messages of a queue that may be taken now.",
        "in_flight": "Messages of a queue that are out with a consumer.",
        "waiting": "Messages that wait for their next try, or for those before them.",
        "dead": "Messages of a queue that were tried too often.",
    }
    statuses = await platform.queues.admin.statuses()
    metrics: list[Metric] = []
    for field, help_text in help_texts.items():
        family = GaugeMetricFamily(f"gatherlog_queue_{field}", help_text, labels=["queue"])
        for status in statuses:
            family.add_metric([status.name], getattr(status, field))
        metrics.append(family)
    oldest = GaugeMetricFamily(
        "gatherlog_queue_oldest_seconds",
        "How long ago the oldest message of a queue was sent that is not dead; 0: there is none.",
        labels=["queue"],
    )
    for status in statuses:
        oldest.add_metric([status.name], status.oldest or 0.0)
    return [*metrics, oldest]


async def _expired_metric(platform: Platform) -> Metric:
    family = CounterMetricFamily(
        "gatherlog_events_expired",
        "Events that have expired by a rule of retention.",
        labels=["rule"],
    )
    for rule, events in (await platform.retention.expired()).items():
        family.add_metric([rule], events)
    return family


async def _held_letters(platform: Platform) -> Metric:
    family = GaugeMetricFamily(
        "gatherlog_letters_held",
        "Letters that wait: until the day is over, or until their host has signed in.",
        labels=["reason"],
    )
    for reason, letters in (await platform.guests.held_letters()).items():
        family.add_metric([reason], letters)
    return family


def _unsent_letters(platform: Platform) -> Metric:
    """Of letters that are not kept; those that are become dead letters."""
    family = CounterMetricFamily(
        "gatherlog_codes_not_sent",
        "Letters with codes for signing in that could not be sent, by kind.",
        labels=["kind"],
    )
    for kind, letters in platform.mailer.not_sent.items():
        family.add_metric([kind], letters)
    return family


def _version() -> Metric:
    """Which release serves; only operators read metrics, and nobody else is told."""
    family = GaugeMetricFamily(
        "gatherlog_build_info", "1, with the version of Gatherlog.", labels=["version"]
    )
    family.add_metric([__version__], 1.0)
    return family


def _process_metrics(platform: Platform) -> list[Metric]:
    help_texts = {
        "delivered": "Deliveries that were taken.",
        "failed": "Attempts that failed.",
        "given_up": "Deliveries that were given up.",
        "redriven": "Dead letters that were taken after all.",
        "events": "Events that were read for a subscription.",
    }
    metrics: list[Metric] = []
    for field, help_text in help_texts.items():
        name = "events_read" if field == "events" else f"deliveries_{field}"
        family = CounterMetricFamily(f"gatherlog_{name}", help_text, labels=["subscription"])
        for subscription, counts in platform.worker.metrics.items():
            family.add_metric([subscription], getattr(counts, field))
        metrics.append(family)
    return metrics


def _intake_metric(platform: Platform) -> Metric:
    """Records by log; the logs beyond MAX_LOGS, in the order in which they came up, as OTHER."""
    family = CounterMetricFamily(
        "gatherlog_intake_records",
        "Records that were offered, by what became of them: accepted, repeated, rejected.",
        labels=["log", "status"],
    )
    counts = platform.intake.counts
    named = {log for log, _ in list(counts)[: 3 * MAX_LOGS]}
    summed: Counter[tuple[str, str]] = Counter()
    for (log, status), count in counts.items():
        summed[log if log in named else OTHER, status] += count
    for labels, count in summed.items():
        family.add_metric(labels, count)
    return family


def _cache_metrics(platform: Platform) -> list[Metric]:
    if (lists := platform.kept_lists) is None:
        return []
    asked = CounterMetricFamily(
        "gatherlog_cache_lookups",
        "First pages of conversations that were looked up: hits, misses, stale ones.",
        labels=["result"],
    )
    asked.add_metric(["hit"], lists.lookups.hits)
    asked.add_metric(["miss"], lists.lookups.misses)
    asked.add_metric(["stale"], lists.lookups.stale)
    failures = CounterMetricFamily(
        "gatherlog_cache_failures", "How often the cache did not answer in time."
    )
    failures.add_metric([], lists.failures)
    return [asked, failures]


def _set_aside(platform: Platform) -> Metric:
    """The rules and commands that this process cannot use, by name."""
    family = GaugeMetricFamily(
        "gatherlog_set_aside",
        "1 for each rule and administrative command that cannot be used; the log says why.",
        labels=["subscription", "what"],
    )
    for subscription, notices in platform.worker.notices.items():
        for what in notices.set_aside:
            family.add_metric([subscription, what], 1)
    return family


async def _unbuilt_metric(store: Store) -> Metric:
    """The views of which queries are refused."""
    family = GaugeMetricFamily(
        "gatherlog_view_unbuilt",
        "1 for each view that an earlier release made: queries are refused until it is built.",
        labels=["view"],
    )
    for view in await unbuilt_views(store):
        family.add_metric([view], 1)
    return family


def _gauge(name: str, help_text: str) -> GaugeMetricFamily:
    return GaugeMetricFamily(name, help_text, labels=["subscription"])
