"""A store whose documents an earlier release made: what is told, and what requests are answered."""

import sqlite3
from collections.abc import AsyncIterator
from contextlib import closing
from pathlib import Path

import pytest
from httpx2 import ASGITransport, AsyncClient

from gatherlog.bootstrap import CATEGORIES, Platform, start
from gatherlog.core.projections.rebuild import rebuild
from gatherlog.entrypoints.unbuilt import meet_unbuilt_views
from gatherlog.interfaces.http import build_app
from gatherlog.settings import Settings

NEW = {"first_name": "Ada", "last_name": "Lovelace"}


@pytest.fixture
async def platform(tmp_path: Path) -> AsyncIterator[Platform]:
    """On a store in which the guests are those of the version before."""
    settings = Settings(store=f"sqlite:///{tmp_path}/gatherlog.db", rate_limits="off")
    before = await start(settings)
    key = await before.keys.create("operator", None, "", actor="test")
    transport = ASGITransport(app=build_app(before))
    headers = {"Authorization": f"Bearer {key.secret}"}
    async with AsyncClient(transport=transport, base_url="http://test", headers=headers) as api:
        assert (await api.post("/guests", json=NEW)).status_code == 201
    await before.stop()
    with closing(sqlite3.connect(tmp_path / "gatherlog.db")) as file, file:
        file.execute("UPDATE view SET version = version - 1 WHERE name = 'guest'")
    platform = await start(settings)
    yield platform
    await platform.stop()


@pytest.mark.parametrize("path", ["/guests", "/admin/guests", "/admin/guests?q=ada", "/guests.csv"])
async def test_lists_of_a_view_that_was_not_rebuilt_are_refused(
    api: AsyncClient, path: str
) -> None:
    refused = await api.get(path)

    assert (refused.status_code, refused.json()["code"]) == (503, "view_not_built")


async def test_a_process_that_starts_on_such_a_store_names_the_view_and_the_remedy(
    platform: Platform, capsys: pytest.CaptureFixture[str]
) -> None:
    await meet_unbuilt_views(platform)

    told = capsys.readouterr().err
    assert told.startswith("Some documents were made by an earlier release (guest). ")
    assert told.endswith(f"gatherlog rebuild --store {platform.settings.store}\n")


async def test_the_server_is_ready_only_after_the_rebuild(
    api: AsyncClient, platform: Platform, working: None, capsys: pytest.CaptureFixture[str]
) -> None:
    before = await api.get("/readyz")
    assert (before.status_code, before.json()["detail"]) == (
        503,
        "Documents of an earlier release have to be rebuilt: gatherlog rebuild",
    )
    assert 'gatherlog_view_unbuilt{view="guest"} 1.0' in (await api.get("/metrics")).text

    async for _ in rebuild(platform.store, CATEGORIES):
        pass

    assert (await api.get("/readyz")).json() == {"status": "ready"}
    assert "gatherlog_view_unbuilt{" not in (await api.get("/metrics")).text
    assert [one["first_name"] for one in (await api.get("/guests")).json()] == ["Ada"]
    await meet_unbuilt_views(platform)
    assert capsys.readouterr().err == ""
