"""What metrics tell of the index of a server, and that readiness does not wait for it."""

from pathlib import Path

from httpx2 import ASGITransport, AsyncClient

from gatherlog.bootstrap import Platform, start
from gatherlog.interfaces.http import build_app
from gatherlog.interfaces.logs import RequestLog
from gatherlog.settings import Settings
from tests.stores import eventually

PREFIX = "gatherlog_search_"


async def shown(api: AsyncClient) -> dict[str, float]:
    """The figures of the index, by name without labels; those of all partitions are added up."""
    figures: dict[str, float] = {}
    for line in (await api.get("/metrics")).text.splitlines():
        if line.startswith(PREFIX):
            name, _, value = line.removeprefix(PREFIX).rpartition(" ")
            name = name.partition("{")[0]
            figures[name] = figures.get(name, 0.0) + float(value)
    return figures


async def test_a_process_that_does_not_search_tells_nothing(api: AsyncClient) -> None:
    assert await shown(api) == {}


async def test_a_server_that_cannot_keep_an_index_is_ready_for_everything_else(
    tmp_path: Path,
) -> None:
    (tmp_path / "file").touch()
    settings = Settings(store="memory:", search_folder=str(tmp_path / "file"), rate_limits="off")
    platform = await start(settings)
    key = await platform.keys.create("operator", None, "", actor="test")
    app = build_app(platform, log=RequestLog(platform.clock, lambda line: None))
    transport, signed = ASGITransport(app=app), {"Authorization": f"Bearer {key.secret}"}
    async with (
        AsyncClient(transport=transport, base_url="http://test", headers=signed) as api,
        platform.serving(),
    ):

        async def has_failed() -> bool:
            return (await shown(api))["failures_total"] > 0

        await eventually(has_failed, True)
        ready, figures = await api.get("/readyz"), await shown(api)
        query = {"query": "{ findThingsToDo { totalCount } }"}
        [error] = (await api.post("/graphql/guest", json=query)).json()["errors"]
    await platform.stop()

    assert (ready.status_code, ready.json()) == (200, {"status": "ready"})
    assert (figures["documents"], figures["builds_total"]) == (0.0, 0.0)
    assert error["extensions"] == {"code": "UNAVAILABLE"}


async def test_figures_tell_how_far_the_index_is(api: AsyncClient, platform: Platform) -> None:
    platform.search.start()
    idle = {
        "documents": 0.0,
        "building": 0.0,
        "builds_total": 1.0,
        "failures_total": 0.0,
        "lag": 0.0,
        "oldest_seconds": 0.0,
    }
    await eventually(lambda: shown(api), idle)

    await platform.search.stop()
    await platform.things.save_profile("account-olga", "Olga", actor="test")

    async def behind() -> tuple[float, bool]:
        figures = await shown(api)
        return figures["lag"], figures["oldest_seconds"] > 0

    await eventually(behind, (1.0, True))
