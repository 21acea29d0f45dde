"""Fixtures: places for SQLite, PostgreSQL and DynamoDB; a large store, which takes long to copy."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from gatherlog.core import Append, Commit, Event
from tests.contracts.commits import NOON
from tests.contracts.engines import DYNAMODB, POSTGRES, SQLITE, Place, empty_place

FILLING = 48
"""Events of a megabyte each in a large store."""


@pytest.fixture
async def place(tmp_path: Path) -> AsyncIterator[Place]:
    """An empty place; what is opened there is closed when the test ends."""
    async with empty_place(SQLITE, tmp_path) as place:
        yield place


@pytest.fixture
async def postgres(tmp_path: Path) -> AsyncIterator[Place]:
    """A schema that is not there yet; it is removed when the test ends."""
    async with empty_place(POSTGRES, tmp_path) as place:
        yield place


@pytest.fixture
async def large(place: Place) -> Place:
    """A store that is copied in several steps."""
    store = await place.open()
    for part in range(0, FILLING, 12):
        events = [Event(f"{part + i}", "t", NOON, NOON, bytes(1_000_000)) for i in range(12)]
        await store.commit(Commit(appends=[Append("filling-1", events)]))
    await store.close()
    return place


@pytest.fixture
async def dynamo(tmp_path: Path) -> AsyncIterator[Place]:
    """A place for a table that is not there yet, in the emulator of DynamoDB."""
    async with empty_place(DYNAMODB, tmp_path) as place:
        yield place
