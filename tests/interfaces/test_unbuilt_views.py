"""A store whose documents an earlier release made: what is told, and what requests are answered."""

import asyncio
import re
from collections.abc import AsyncIterator
from pathlib import Path

import msgspec
import pytest
from httpx2 import ASGITransport, AsyncClient

from gatherlog.bootstrap import VIEWS, Platform, start
from gatherlog.core.projections.building import unbuilt_views
from gatherlog.entrypoints.unbuilt import ViewsNotBuilt, meet_unbuilt_views
from gatherlog.interfaces.http import build_app
from gatherlog.interfaces.rest.endpoints import ENDPOINTS
from gatherlog.settings import Settings
from tests.stores import eventually, outdate, outdate_at

NEW = {"first_name": "Ada", "last_name": "Lovelace"}
READ = sorted({endpoint.path for endpoint in ENDPOINTS if endpoint.method == "GET"})


async def old_site(folder: Path, *names: str) -> Settings:
    """The settings of a site with a guest, whose views of these names are of an earlier release."""
    settings = Settings(
        store=f"sqlite:///{folder}/gatherlog.db", rate_limits="off", unbuilt_views="leave"
    )
    before = await start(settings)
    key = await before.keys.create("operator", None, "", actor="test")
    transport = ASGITransport(app=build_app(before))
    headers = {"Authorization": f"Bearer {key.secret}"}
    async with AsyncClient(transport=transport, base_url="http://test", headers=headers) as api:
        assert (await api.post("/guests", json=NEW)).status_code == 201
    await before.stop()
    await outdate_at(settings.store, *names)
    return settings


@pytest.fixture
async def platform(tmp_path: Path) -> AsyncIterator[Platform]:
    """On a store in which the guests are those of the version before."""
    platform = await start(await old_site(tmp_path, "guest"))
    yield platform
    await platform.stop()


@pytest.mark.parametrize("path", ["/guests", "/admin/guests", "/admin/guests?q=ada", "/guests.csv"])
async def test_lists_of_a_view_that_is_not_built_are_refused_and_logged_once(
    api: AsyncClient, path: str, log_lines: list[bytes]
) -> None:
    for _ in range(2):
        refused = await api.get(path)
        assert (refused.status_code, refused.json()["code"]) == (503, "view_not_built")
        assert refused.headers["retry-after"] == "10"

    assert sum(b"The view guest is not built" in line for line in log_lines) == 1


@pytest.mark.parametrize("built", ["build", "leave"])
async def test_a_process_that_starts_on_such_a_store_says_who_builds_the_views(
    platform: Platform, capsys: pytest.CaptureFixture[str], built: str
) -> None:
    platform = _with(platform, built)
    await meet_unbuilt_views(platform)

    told = capsys.readouterr().err
    assert told.startswith("Views of this release are not built yet: guest. ")
    command = f"Build them once: gatherlog upgrade --store {platform.settings.store}."
    assert ("They are built now" in told, command in told) == (built == "build", built == "leave")


async def test_a_process_may_be_told_not_to_start_on_such_a_store(platform: Platform) -> None:
    with pytest.raises(ViewsNotBuilt, match=r"not built \(guest\); run gatherlog upgrade --store"):
        await meet_unbuilt_views(_with(platform, "refuse"))


def _with(platform: Platform, unbuilt_views: str) -> Platform:
    import dataclasses

    settings = msgspec.structs.replace(platform.settings, unbuilt_views=unbuilt_views)
    return dataclasses.replace(platform, settings=settings)


async def test_the_server_is_ready_once_the_views_are_built(
    api: AsyncClient, platform: Platform, working: None, capsys: pytest.CaptureFixture[str]
) -> None:
    before = await api.get("/readyz")
    assert (before.status_code, before.json()["detail"]) == (
        503,
        "Views of this release are not built yet: guest.",
    )
    assert 'gatherlog_view_unbuilt{view="guest"} 1.0' in (await api.get("/metrics")).text

    await platform.views.build()

    assert (await api.get("/readyz")).json() == {"status": "ready"}
    assert "gatherlog_view_unbuilt{" not in (await api.get("/metrics")).text
    assert [one["first_name"] for one in (await api.get("/guests")).json()] == ["Ada"]
    capsys.readouterr()
    await meet_unbuilt_views(platform)
    assert capsys.readouterr().err == ""


async def test_a_server_builds_whatever_is_not_built_and_never_fails_meanwhile(
    tmp_path: Path,
) -> None:
    platform = await start(await old_site(tmp_path))
    key = await platform.keys.create("operator", None, "", actor="test")
    names = {view.name for view in VIEWS} - {"intake_identity", "message_reminder"}  # not used here
    await outdate(platform.store, *names)

    async def has_noticed() -> bool:
        return len(await unbuilt_views(platform.store)) > 40

    await eventually(has_noticed, True)
    transport = ASGITransport(app=build_app(platform), raise_app_exceptions=False)
    headers = {"Authorization": f"Bearer {key.secret}"}
    async with AsyncClient(transport=transport, base_url="http://test", headers=headers) as api:
        for path in [*READ, "/", "/host", "/things", "/messages", "/metrics"]:
            if "stream" not in path and "live" not in path:
                found = await asyncio.wait_for(api.get(re.sub(r"\{\w+\}", "default", path)), 10)
                assert found.status_code not in (500, 501, 502), (path, found.text)
        platform = _with(platform, "build")
        async with platform.serving():

            async def is_ready() -> str:
                return (await api.get("/readyz")).text

            await eventually(is_ready, '{"status":"ready"}', 30)
        assert [one["first_name"] for one in (await api.get("/guests")).json()] == ["Ada"]
    await platform.stop()
