"""Dashboards and alerts name only metrics that a server has, with the labels that they have."""

import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from httpx2 import ASGITransport, AsyncClient

from gatherlog.bootstrap import start
from gatherlog.interfaces.http import build_app
from gatherlog.settings import Settings
from tests.apps.intake.made_up import record
from tests.stores import eventually

DEPLOY = Path(__file__).parents[2] / "deploy"
DASHBOARD = DEPLOY / "grafana" / "gatherlog.json"
ALERTS = DEPLOY / "prometheus" / "alerts.yml"
OF_PROMETHEUS = {"job", "instance"}
"""Labels that Prometheus adds to all that it reads."""


@pytest.fixture
async def served(tmp_path: Path) -> dict[str, set[str]]:
    """The labels of each metric that a server in use has; its own without samples have none."""
    platform = await start(Settings(store=f"sqlite:///{tmp_path}/gatherlog.db", rate_limits="off"))
    key = await platform.keys.create("operator", None, "prometheus", actor="test")
    headers = {"Authorization": f"Bearer {key.secret}"}
    app = ASGITransport(app=build_app(platform))
    async with (
        platform.serving(),
        AsyncClient(transport=app, base_url="http://test", headers=headers) as api,
    ):
        kind = {"content-type": "application/json"}
        await api.post("/intake", content=record(), headers=kind)
        await api.post("/queues/orders/messages", json={"body": 1})

        async def missing() -> list[str]:
            text = (await api.get("/metrics")).text
            late = ("events_appended_total{", "deliveries_delivered_total{", "search_lag")
            return [name for name in late if f"gatherlog_{name}" not in text]

        await eventually(missing, [])
        text = (await api.get("/metrics")).text
    await platform.stop()
    return _labels(text)


def _labels(text: str) -> dict[str, set[str]]:
    found: dict[str, set[str]] = {
        line.split()[2]: set() for line in text.splitlines() if line.startswith("# TYPE")
    }
    for name, inside in re.findall(r"^(gatherlog_\w+)\{(.*)\} ", text, re.M):
        found[name] |= set(re.findall(r'(\w+)="', inside))
    return found


def expressions() -> Iterator[tuple[str, str]]:
    """Every expression of the dashboard and of the alerts, with the file that it is in."""
    for panel in json.loads(DASHBOARD.read_text())["panels"]:
        yield from ((DASHBOARD.name, target["expr"]) for target in panel["targets"])
    for variable in json.loads(DASHBOARD.read_text())["templating"]["list"]:
        if variable["type"] == "query":
            yield DASHBOARD.name, variable["query"]
    for alert in re.findall(r"expr: (?:>-\n)?(.*?)\n +(?:for|labels):", ALERTS.read_text(), re.S):
        yield ALERTS.name, " ".join(alert.split())


async def test_every_metric_and_label_that_is_named_is_served(
    served: dict[str, set[str]],
) -> None:
    named = list(expressions())
    assert len(named) > 30

    for file, expression in named:
        for name, _, inside in re.findall(r"(gatherlog_\w+)(\{(.*?)\})?", expression):
            assert name in served, (file, expression)
            asked = set(re.findall(r"(\w+)(?:=~?|!=)\"", inside))
            assert asked <= served[name] | OF_PROMETHEUS, (file, expression)
        by = set(re.findall(r"\w+", " ".join(re.findall(r"by \((.*?)\)", expression))))
        known = {label for name in served if name in expression for label in served[name]}
        assert not known or by <= known | OF_PROMETHEUS, (file, expression)
        assert expression.count("(") == expression.count(")"), (file, expression)


def test_every_alert_says_how_urgent_it_is_and_what_is_the_matter() -> None:
    text = ALERTS.read_text()
    names = re.findall(r"- alert: (\w+)", text)

    assert len(names) == len(set(names)) == text.count("severity:") == text.count("summary:")
    assert set(re.findall(r"severity: (\w+)", text)) == {"page", "ticket"}


def test_panels_have_places_and_numbers_of_their_own() -> None:
    panels = json.loads(DASHBOARD.read_text())["panels"]

    assert [panel["id"] for panel in panels] == [*range(1, len(panels) + 1)]
    places = {(panel["gridPos"]["x"], panel["gridPos"]["y"]) for panel in panels}
    assert len(places) == len(panels)
