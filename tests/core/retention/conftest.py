"""Stores on which events expire, on every kind of engine, and a clock that a test sets."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from gatherlog.core import Append, Commit, Event, Recorded, Store, View
from gatherlog.core.projections.folds import Category
from gatherlog.core.retention import (
    CATEGORY,
    EXPIRIES,
    RETENTION,
    Expiring,
    Expiry,
    OnBlanked,
    RetentionChecks,
    RetentionService,
)
from gatherlog.core.retention.rules import DAY
from gatherlog.core.subscriptions.projection import Projection
from gatherlog.testing import CountingIds
from tests.contracts.engines import ENGINES, Place, require
from tests.stores import events_of, eventually

VIEWS: tuple[View, ...] = (RETENTION, EXPIRIES)  # type: ignore[type-arg]
START = 1_790_000_000_000_000


class Site:
    """One store with rules of retention, `now` days after START."""

    def __init__(
        self,
        store: Store,
        *,
        categories: tuple[Category, ...] = (),
        projections: tuple[Projection, ...] = (),
        on_blanked: tuple[OnBlanked, ...] = (),
    ) -> None:
        self.store = store
        self.now = 0.0
        self.ids = CountingIds()
        checks = RetentionChecks([*categories, CATEGORY], projections, {"owned"})
        self.rules = RetentionService(store, checks, clock=self.clock, ids=self.ids)
        self.expiry = Expiry(store, self.rules, checks, clock=self.clock, on_blanked=on_blanked)

    def clock(self) -> int:
        return START + int(self.now * DAY)

    async def say(
        self, stream: str, *days: float, type: str = "tests.said", subject: str = ""
    ) -> None:
        """Append one event for each of these days, recorded at that time."""
        for day in days:
            at = START + int(day * DAY)
            event = Event(self.ids(), type, at, at, b'{"name":"Ada"}', 1, subject, b'{"actor":"a"}')
            committed = await self.store.commit(Commit(appends=[Append(stream, [event])]))
            [(partition, position)] = committed.positions.items()
            await eventually(lambda p=partition, at=position: self._shows(p, at), True)  # type: ignore[misc]

    async def _shows(self, partition: int, position: int) -> bool:
        return (await self.store.heads())[partition] >= position

    async def keep(self, name: str, log: str, days: int, **more: str) -> None:
        await self.rules.set(name, Expiring(log=log, days=days, **more), by="cli")
        await eventually(lambda: self._is_listed(name, days), True)

    async def _is_listed(self, name: str, days: int) -> bool:
        found = await self.rules.rules()
        return (name, days) in [(rule.name, rule.expiring.days) for rule in found]

    async def blank(self, stream: str) -> list[bool]:
        """Of each event of a stream, whether it has expired."""
        return [event.is_blank for event in await events_of(self.store, stream)]

    async def events(self, stream: str) -> list[Recorded]:
        return await events_of(self.store, stream)


@pytest.fixture(params=["memory", "sqlite", "hostile", "postgres-18"])
async def place(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Place]:
    [engine] = [engine for engine in ENGINES if engine.name == request.param]
    require(engine)
    place = Place(engine, tmp_path)
    yield place
    await place.close()


@pytest.fixture
async def store(place: Place) -> Store:
    return await place.open(*VIEWS)


@pytest.fixture
async def site(store: Store) -> Site:
    return Site(store)
