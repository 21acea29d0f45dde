"""Stores that a search follows: on a file, and on the hostile engine."""

from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import pytest

from gatherlog.core import Store
from gatherlog.core.eventstore.clock import Clock, system_clock
from gatherlog.engines import open_store
from gatherlog.search import IndexedSearch
from tests.search.shop import VIEWS, Desk, Things, searching
from tests.stores import HOSTILE_URL


@pytest.fixture(params=["sqlite:///{path}/shop.db", HOSTILE_URL], ids=["sqlite", "hostile"])
async def store(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Store]:
    store = await open_store(request.param.format(path=tmp_path), views=VIEWS)
    yield store
    await store.close()


@pytest.fixture
def desk(store: Store) -> Desk:
    return Desk(store)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "shop.search"


@pytest.fixture
def failures() -> list[Exception]:
    """What searches have reported."""
    return []


@pytest.fixture
async def search(
    store: Store, folder: Path, failures: list[Exception]
) -> AsyncIterator[Callable[..., Awaitable[IndexedSearch]]]:
    """Starts a search of the store, in the same folder each time; stops them all in the end."""
    started: list[IndexedSearch] = []

    async def start(
        source: Things | None = None, place: Path | None = folder, clock: Clock = system_clock
    ) -> IndexedSearch:
        started.append(searching(store, place, failures, source, clock))
        return started[-1]

    yield start
    for one in started:
        await one.stop()
