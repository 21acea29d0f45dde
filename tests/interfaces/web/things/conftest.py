"""A town with things to do, and families who use its pages with browsers."""

import dataclasses
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from gatherlog import bootstrap
from gatherlog.bootstrap import Platform, start
from gatherlog.engines import open_store
from gatherlog.interfaces.http import Http, build_app
from gatherlog.interfaces.logs import RequestLog
from gatherlog.settings import Settings
from tests.interfaces.graphql.asking import People
from tests.interfaces.graphql.sample_finder import SampleFinder
from tests.interfaces.graphql.sample_town import Town
from tests.interfaces.watched import Watched
from tests.interfaces.web.things.family import Browsing
from tests.stores import HOSTILE_URL


@pytest.fixture(params=["sqlite:///{path}/gatherlog.db", HOSTILE_URL], ids=["sqlite", "hostile"])
def address(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The address of the store."""
    found: str = request.param.format(path=tmp_path)
    return found


@pytest.fixture
def finder() -> SampleFinder:
    """A search that finds what it is told of."""
    return SampleFinder()


@pytest.fixture
async def platform(
    address: str, tmp_path: Path, finder: SampleFinder, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Platform]:
    async def open_watched(url: str, **given: Any) -> Any:
        return Watched(await open_store(url, **given))

    monkeypatch.setattr(bootstrap, "open_store", open_watched)
    settings = Settings(
        store=address,
        rate_limits="off",
        key_file=f"{tmp_path}/key",
        public_url="http://town.example",
        currency="EUR",
    )
    platform = await start(settings)
    yield dataclasses.replace(platform, finder=finder)
    await platform.stop()


@pytest.fixture
def reads(platform: Platform) -> list[tuple[str, int]]:
    """What was read of the store: the method, and of how many documents."""
    assert isinstance(platform.store, Watched)
    return platform.store.reads


@pytest.fixture
def app(platform: Platform, log_lines: list[bytes]) -> Http:
    return build_app(platform, log=RequestLog(platform.clock, log_lines.append))


@pytest.fixture
async def people(platform: Platform) -> People:
    """The accounts of the town, with a key or a session each."""
    return await People.signed_in(platform)


@pytest.fixture
async def town(platform: Platform, people: People) -> Town:
    return Town(platform.things, people)


@pytest.fixture
async def visitor(app: Http) -> AsyncIterator[Browsing]:
    """Somebody who is not signed in."""
    async with Browsing.of(app) as browsing:
        yield browsing


@pytest.fixture
async def pia(app: Http, people: People) -> AsyncIterator[Browsing]:
    """A parent, signed in."""
    async with Browsing.of(app, people.pia.secret) as browsing:
        yield browsing


@pytest.fixture
async def paul(app: Http, people: People) -> AsyncIterator[Browsing]:
    """Another parent, signed in."""
    async with Browsing.of(app, people.paul.secret) as browsing:
        yield browsing
