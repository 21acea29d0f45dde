"""A server with organisers, a reviewer and parents, who ask its GraphQL APIs."""

import dataclasses
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import msgspec
import pytest

from gatherlog import bootstrap
from gatherlog.bootstrap import Platform, start
from gatherlog.engines import open_store
from gatherlog.interfaces.http import Http, build_app
from gatherlog.interfaces.logs import RequestLog
from gatherlog.settings import Settings
from tests.interfaces.graphql.asking import Asking, People
from tests.interfaces.graphql.sample_finder import SampleFinder
from tests.interfaces.graphql.sample_town import Town
from tests.interfaces.watched import Watched
from tests.stores import HOSTILE_URL, heads_of_all


@pytest.fixture(params=["sqlite:///{path}/gatherlog.db", HOSTILE_URL], ids=["sqlite", "hostile"])
def address(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The address of the store."""
    found: str = request.param.format(path=tmp_path)
    return found


@pytest.fixture
async def platform(
    address: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Platform]:
    async def open_watched(url: str, **given: Any) -> Any:
        return Watched(await open_store(url, **given))

    monkeypatch.setattr(bootstrap, "open_store", open_watched)
    settings = Settings(
        store=address, rate_limits="off", introspection=True, key_file=f"{tmp_path}/key"
    )
    platform = await start(settings)
    yield platform
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
async def ask(app: Http, people: People) -> AsyncIterator[Asking]:
    """Asks the APIs over HTTP."""
    async with Asking.of(app, people) as asking:
        yield asking


@pytest.fixture
async def production(platform: Platform, people: People) -> AsyncIterator[Asking]:
    """As `ask`, of a server with the settings that a site has: it does not tell its schemas."""
    async with with_settings(platform, people, introspection=False) as asking:
        yield asking


@pytest.fixture
async def demo(platform: Platform, people: People) -> AsyncIterator[Asking]:
    """As `ask`, of a demo."""
    async with with_settings(platform, people, introspection=False, demo=True) as asking:
        yield asking


@pytest.fixture
async def limited(platform: Platform, people: People) -> AsyncIterator[Asking]:
    """As `ask`, with limits of two letters to the site or to families, and two wrong keys."""
    limits = "contact=2/hour,wrong=2/minute,families=2/day"
    async with with_settings(platform, people, rate_limits=limits) as asking:
        yield asking


@asynccontextmanager
async def with_settings(
    platform: Platform, people: People, **changed: Any
) -> AsyncIterator[Asking]:
    settings = msgspec.structs.replace(platform.settings, **changed)
    other = dataclasses.replace(platform, settings=settings)
    app = build_app(other, log=RequestLog(platform.clock, lambda line: None))
    async with Asking.of(app, people) as asking:
        yield asking


@pytest.fixture
async def searching(platform: Platform) -> None:
    """The server of `ask` searches; its index is ready, and follows the log."""
    platform.search.start()
    await platform.search.caught_up(await heads_of_all(platform.store))


@pytest.fixture
def finder() -> SampleFinder:
    """The search of `search`, which finds nothing yet."""
    return SampleFinder()


@pytest.fixture
async def search(platform: Platform, people: People, finder: SampleFinder) -> AsyncIterator[Asking]:
    """As `ask`, of a server that can search."""
    searching = dataclasses.replace(platform, finder=finder)
    app = build_app(searching, log=RequestLog(platform.clock, lambda line: None))
    async with Asking.of(app, people) as asking:
        yield asking
