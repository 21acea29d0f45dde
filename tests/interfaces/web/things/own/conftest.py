"""Organisers and a reviewer at their browsers, in a town whose clock can be put forward."""

from collections.abc import AsyncIterator

import pytest

from gatherlog import bootstrap
from gatherlog.core.eventstore.clock import system_clock
from gatherlog.interfaces.http import Http
from tests.interfaces.graphql.asking import People
from tests.interfaces.web.things.family import Browsing

DAY_OF_CLOCK = 24 * 3600 * 1_000_000


class MovingClock:
    """The system's clock, as many days ahead as a test says."""

    def __init__(self) -> None:
        self.days = 0

    def __call__(self) -> int:
        return system_clock() + self.days * DAY_OF_CLOCK


@pytest.fixture(autouse=True)
def clock(monkeypatch: pytest.MonkeyPatch) -> MovingClock:
    moving = MovingClock()
    monkeypatch.setattr(bootstrap, "system_clock", moving)
    return moving


@pytest.fixture
async def olga(app: Http, people: People) -> AsyncIterator[Browsing]:
    """An organiser, signed in."""
    async with Browsing.of(app, people.olga.secret) as browsing:
        yield browsing


@pytest.fixture
async def otto(app: Http, people: People) -> AsyncIterator[Browsing]:
    """Another organiser, signed in."""
    async with Browsing.of(app, people.otto.secret) as browsing:
        yield browsing


@pytest.fixture
async def rita(app: Http, people: People) -> AsyncIterator[Browsing]:
    """A reviewer, signed in."""
    async with Browsing.of(app, people.rita.secret) as browsing:
        yield browsing
