"""Fixtures of the contract suite: one store, or its place, on every engine that is able to."""

import os
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from gatherlog.core import Store
from tests.contracts.engines import Engine, Place, able_to, empty_place


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out long tests on engines where they take too long, unless that is asked for."""
    left_out = {item for item in items if _takes_too_long(item)}
    if left_out and "GATHERLOG_LONG_SECONDS" not in os.environ:
        config.hook.pytest_deselected(items=list(left_out))
        items[:] = [item for item in items if item not in left_out]


def _takes_too_long(item: pytest.Item) -> bool:
    if item.get_closest_marker("heavy") is None or not isinstance(item, pytest.Function):
        return False
    parameters = item.callspec.params.values() if hasattr(item, "callspec") else ()
    return any(isinstance(one, Engine) and one.takes_long for one in parameters)


@pytest.fixture(params=able_to(lambda engine: True))
async def place(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Place]:
    """A place for any engine."""
    async with empty_place(request.param, tmp_path) as place:
        yield place


@pytest.fixture(params=able_to(lambda engine: engine.durable))
async def durable(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Place]:
    """A place for engines that outlive their process."""
    async with empty_place(request.param, tmp_path) as place:
        yield place


@pytest.fixture(params=able_to(lambda engine: engine.shared))
async def shared(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Place]:
    """A place for engines that several processes may have open."""
    async with empty_place(request.param, tmp_path) as place:
        yield place


@pytest.fixture(params=able_to(lambda engine: engine.one_writer))
async def one_writer(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Place]:
    """A place for engines of which one process at a time holds the whole store."""
    async with empty_place(request.param, tmp_path) as place:
        yield place


@pytest.fixture(params=able_to(lambda engine: engine.one_file))
async def one_file(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Place]:
    """A place for engines that are one file."""
    async with empty_place(request.param, tmp_path) as place:
        yield place


@pytest.fixture(params=able_to(lambda engine: engine.index_rows))
async def indexed(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Place]:
    """A place for engines that keep index rows apart from their documents."""
    async with empty_place(request.param, tmp_path) as place:
        yield place


@pytest.fixture(params=able_to(lambda engine: engine.counts_trips))
async def counted(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Place]:
    """A place for engines that count round trips."""
    async with empty_place(request.param, tmp_path) as place:
        yield place


@pytest.fixture
async def store(place: Place) -> Store:
    """An open, empty store of any engine, with the view `card`."""
    return await place.open()
