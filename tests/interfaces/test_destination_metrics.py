"""Metrics by destination: their labels, and how many series there are at most."""

from msgspec.structs import replace
from prometheus_client.core import Metric

from gatherlog.interfaces.rest.destination_metrics import MOST, destination_metrics
from tests.interfaces.test_status import SHOP


def samples(metrics: list[Metric]) -> dict[tuple[str, str], float]:
    return {
        (metric.name.removeprefix("gatherlog_destination_"), one.labels["destination"]): one.value
        for metric in metrics
        for one in metric.samples
    }


def test_each_destination_has_series_with_its_rule() -> None:
    metrics = destination_metrics([replace(SHOP, parked=2, oldest_seconds=9.5, dead=1)])

    labels = {"subscription": "bus", "rule": "shop", "destination": "shop/target"}
    assert [one.labels for metric in metrics for one in metric.samples] == [labels] * 4
    assert samples(metrics) == {
        ("oldest_seconds", "shop/target"): 9.5,
        ("parked", "shop/target"): 2,
        ("failing", "shop/target"): 0,
        ("dead_letters", "shop/target"): 1,
    }


def test_beyond_the_most_all_others_are_one_series_and_the_worst_keep_their_own() -> None:
    many = [replace(SHOP, destination=f"d{n}", oldest_seconds=float(n)) for n in range(MOST + 5)]

    found = samples(destination_metrics(many))

    assert len(found) == 4 * (MOST + 1)
    assert found["oldest_seconds", f"d{MOST + 4}"] == MOST + 4
    assert found["oldest_seconds", "other"] == 4.0
