"""Against a plain oracle: whatever organisers and reviewers do, exactly what is published is found.

Hypothesis chooses the things, what becomes of them, the day, and what is asked. Every thing is made
by commands of the service, and every answer comes from an index that has followed the log.
"""

import asyncio
from contextlib import suppress
from datetime import date, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import msgspec
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from gatherlog.apps.things import (
    VIEWS,
    Content,
    FloatRange,
    Hours,
    IntRange,
    Occurrence,
    Reason,
    Thing,
    ThingFinder,
    ThingQuery,
    ThingService,
    ThingSource,
    When,
    Where,
    WrongState,
)
from gatherlog.apps.things.content import DAYS
from gatherlog.apps.things.occurrences import coming
from gatherlog.apps.things.views import ORGANISERS, THINGS
from gatherlog.core import Store
from gatherlog.core.eventstore.clock import to_datetime
from gatherlog.core.eventstore.errors import Invalid, NotFound, SearchNotReady
from gatherlog.core.search import Circle, Place
from gatherlog.engines import open_store
from gatherlog.search import IndexedSearch
from gatherlog.testing import CountingIds, StandingClock
from tests.apps.things.finding_oracle import found_by
from tests.apps.things.sample_things import NOW, OLGA, OTTO, RITA, Town, content
from tests.stores import HOSTILE_URL, eventually, scanned

TODAY = datetime.fromisoformat(NOW).date()
ZONES = ["Europe/Berlin", "Europe/Berlin", "America/New_York", "Pacific/Auckland", "Asia/Kolkata"]
WORDS = ["piano", "pianos", "Klavier", "Müller", "frogs", "olga", "u8", "paino"]
TEXTS = st.lists(st.sampled_from(WORDS), min_size=1, max_size=3).map(" ".join)
TIMES = st.sampled_from(["00:00:00", "09:30:00", "12:00:00", "12:00:30", "18:00:00", "23:59:00"])
DATES = st.sampled_from([-400, -3, -1, 0, 0, 1, 2, 30, 88, 90, 91, 95, 200]).map(
    lambda days: TODAY + timedelta(days)
)
HOURS = st.builds(Hours, day=st.sampled_from(DAYS), start=TIMES, end=TIMES)
SOMEWHERE = st.builds(
    lambda lat, lon: (52.5 + lat / 100, 13.4 + lon / 100), st.integers(-9, 9), st.integers(-9, 9)
)
FATES = st.sampled_from(
    ["draft", "pending", "rejected", "published", "published", "published", "published"]
)
AFTERS = st.lists(
    st.sampled_from(["cancel", "move", "version", "replace", "withdraw", "rename"]),
    max_size=3,
)


def ordered(pair: tuple[Any, Any]) -> tuple[Any, Any]:
    return (min(pair), max(pair))


@st.composite
def contents(draw: st.DrawFn) -> Content:
    kind = draw(st.sampled_from(["EVENT", "RECURRING_EVENT", "RECURRING_EVENT", "PLACE"]))
    first, last = ordered(draw(st.tuples(DATES, DATES)))
    if kind == "EVENT":
        last = min(last, first + timedelta(draw(st.integers(0, 3))))
    hours = draw(
        st.lists(
            HOURS,
            min_size=int(kind == "RECURRING_EVENT"),
            max_size=4,
            unique_by=lambda one: (one.day, one.start),
        )
    )
    start, end = ordered((f"{first}T{draw(TIMES)}", f"{last}T{draw(TIMES)}"))
    lat, lon = draw(SOMEWHERE)
    low, high = ordered(draw(st.tuples(*[st.sampled_from([0.0, 5.0, 7.5, 20.0])] * 2)))
    youngest, oldest = ordered(draw(st.tuples(st.integers(0, 12), st.integers(0, 12))))
    return content(
        name=draw(TEXTS),
        description=draw(TEXTS),
        kind=kind,
        when=When(start=start, end=end, hours=() if kind == "EVENT" else tuple(hours)),
        where=Where(lat=lat, lon=lon, address="Here"),
        ages=IntRange(youngest, oldest),
        audience=draw(st.sampled_from([("CHILD",), ("FAMILY", "ADULT"), ("ADULT",)])),
        category=draw(st.sampled_from(["ARTS", "MUSIC", "CAFE"])),
        price=FloatRange(low, high),
        booking_mandatory=draw(st.booleans()),
        adult_mandatory=draw(st.booleans()),
        time_zone=draw(st.sampled_from(ZONES)),
    )


ASPECTS: dict[str, st.SearchStrategy[Any]] = {
    "text": TEXTS | st.sampled_from(["pia", "ano", "house", "vier", "frog"]),
    "kinds": st.lists(st.sampled_from(["EVENT", "RECURRING_EVENT", "PLACE"]), max_size=2),
    "categories": st.lists(st.sampled_from(["ARTS", "MUSIC", "CAFE"]), max_size=2),
    "audience": st.lists(st.sampled_from(["CHILD", "FAMILY", "ADULT"]), max_size=2),
    "booking_mandatory": st.booleans(),
    "adult_mandatory": st.booleans(),
    "ages": st.lists(st.tuples(st.integers(0, 12), st.integers(0, 12)).map(ordered), max_size=2),
    "prices": st.tuples(*[st.sampled_from([0.0, 6.0, 7.5, 30.0])] * 2).map(ordered),
    "within": st.builds(
        lambda at, radius: Circle(Place(*at), radius), SOMEWHERE, st.sampled_from([900, 5_000])
    ),
    "days": st.tuples(DATES, DATES).map(ordered),
    "times": st.tuples(*[st.sampled_from([0, 570, 720, 1439])] * 2).map(ordered),
}


@st.composite
def queries(draw: st.DrawFn) -> ThingQuery:
    aspects = draw(st.sets(st.sampled_from(sorted(ASPECTS)), max_size=2))
    return ThingQuery(
        **{aspect: draw(ASPECTS[aspect]) for aspect in sorted(aspects)},
        near=Place(52.5, 13.4),
        sort=draw(st.sampled_from(["RELEVANCE", "GEO_DISTANCE", "PRICE", "SOONEST"])),
        descending=draw(st.none() | st.booleans()),
    )


STORY = st.lists(st.tuples(contents(), FATES, AFTERS), min_size=12, max_size=14)
LATER = st.lists(st.sampled_from([0, 45, 700, 1440, 2000, 9 * 1440]), min_size=1, max_size=2)


@pytest.mark.parametrize(
    "url", ["sqlite:///{path}/things.db", HOSTILE_URL], ids=["sqlite", "hostile"]
)
@settings(
    max_examples=12,
    phases=set(Phase) - {Phase.shrink},
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.large_base_example],
)
@given(
    story=STORY,
    later=LATER,
    asked=st.lists(queries(), min_size=8, max_size=10),
    size=st.integers(1, 3),
)
def test_exactly_what_is_published_is_found_in_order_on_any_day(
    url: str, story: list[Any], later: list[int], asked: list[ThingQuery], size: int
) -> None:
    with TemporaryDirectory() as folder:
        asyncio.run(_told(url.format(path=folder), Path(folder), story, later, asked, size))


async def _told(
    url: str, folder: Path, story: list[Any], later: list[int], asked: list[ThingQuery], size: int
) -> None:
    store = await open_store(url, views=VIEWS)
    clock, failures = StandingClock(NOW), list[Exception]()
    source = ThingSource(store, clock=clock, report=failures.append)
    search = IndexedSearch(
        store, source, folder=folder / "index", clock=clock, report=failures.append
    )
    search.start()
    site, reader = _Site(store, clock), _Reader(search)
    for written, fate, afters in story:
        await site.carry_out(written, fate, afters)
    for minutes in later:
        clock.advance(seconds=minutes * 60)
        await site.tick()
        for query in asked:
            expected = await site.expected(query)
            await eventually(lambda: reader.whole(query), (expected, len(expected)))  # noqa: B023
            for backwards in (False, True):
                paged = await reader.paged(query, size, backwards=backwards)
                assert paged == [id for id, _ in expected]
    await search.stop()
    await store.close()
    assert failures == []


class _Site:
    """Carries out what organisers and reviewers do; what is refused changes nothing."""

    def __init__(self, store: Store, clock: StandingClock) -> None:
        self.store = store
        self.service = ThingService(store, clock=clock, ids=CountingIds())
        self._town = Town(self.service)
        self._clock = clock
        self._made = 0

    async def carry_out(self, written: Content, fate: str, afters: list[str]) -> None:
        self._made += 1
        own = (OLGA, OTTO)[self._made % 2]
        thing = await self._town.draft(written, own)
        with suppress(Invalid, WrongState, NotFound):
            if fate != "draft":
                await self.service.submit_thing(thing.id, own, actor="cli")
            if fate == "rejected":
                await self.service.reject(thing.id, (Reason("name", "?"),), RITA, actor="cli")
            if fate == "published":
                thing = (await self.service.approve(thing.id, RITA, actor="cli")).body
                for after in afters:
                    await self._do(after, (await self.service.published_thing(thing.id)).body)

    async def _do(self, what: str, thing: Thing) -> None:
        own = thing.organiser_id
        dates = coming(thing.content, thing.altered, now=self._clock())
        if what in ("cancel", "move") and dates:
            await self._alter(thing, dates[0], cancel=what == "cancel")
        if what in ("version", "replace"):
            await self._renew(thing, approve=what == "replace")
        if what == "withdraw":
            await self.service.withdraw_thing(thing.id, "x", own, actor="cli")
        if what == "rename":
            await self.service.save_profile(own, f"Klavier house {self._made}", actor="cli")

    async def _alter(self, thing: Thing, one: Occurrence, *, cancel: bool) -> None:
        own, start = thing.organiser_id, one.start[11:]
        if cancel:
            await self.service.cancel_occurrence(
                thing.id, one.date, "x", own, start=start, actor="cli"
            )
        else:
            to = f"{date.fromisoformat(one.date) + timedelta(days=3)}T21:45"
            await self.service.move_occurrence(
                thing.id, one.date, to, own, start=start, actor="cli"
            )

    async def _renew(self, thing: Thing, *, approve: bool) -> None:
        own = thing.organiser_id
        draft = (await self.service.make_new_version(thing.id, own, actor="cli")).body
        changed = msgspec.structs.replace(draft.content, name="frogs u8", category="CAFE")
        await self.service.change_thing(draft.id, changed, own, actor="cli")
        await self.service.submit_thing(draft.id, own, actor="cli")
        if approve:
            await self.service.approve(draft.id, RITA, actor="cli")

    async def tick(self) -> None:
        """Something is committed, or half a minute would pass until a new day is noticed."""
        await self._town.draft(content())

    async def expected(self, query: ThingQuery) -> list[tuple[str, int | None]]:
        """What the oracle finds: the ids and distances."""
        things = [THINGS.read(one) for one in await scanned(self.store, THINGS.name)]
        profiles = [ORGANISERS.read(one) for one in await scanned(self.store, ORGANISERS.name)]
        names = {one.id: one.name for one in profiles if one is not None}
        now = to_datetime(self._clock())
        found = found_by(query, [one for one in things if one is not None], names, now)
        return [(one.id, one.distance) for one in found]


class _Reader:
    """Asks an index, all at once or page by page."""

    def __init__(self, search: IndexedSearch) -> None:
        self._finder = ThingFinder(search)

    async def whole(self, query: ThingQuery) -> tuple[list[Any], int]:
        """Ids and distances, and how many are told to be found."""
        try:
            found = await self._finder.find(msgspec.structs.replace(query, first=500))
        except SearchNotReady:
            return [], -1
        return [(hit.id, hit.distance) for hit in found.hits], found.total

    async def paged(self, query: ThingQuery, size: int, *, backwards: bool) -> list[str]:
        size_of, cursor_of = ("last", "before") if backwards else ("first", "after")
        pages: list[list[str]] = []
        asked = msgspec.structs.replace(query, **{size_of: size})
        while True:
            found = await self._finder.find(asked)
            pages.append([hit.id for hit in found.hits])
            if not (found.has_previous if backwards else found.has_next):
                return [id for page in (pages[::-1] if backwards else pages) for id in page]
            edge = found.hits[0 if backwards else -1].cursor
            asked = msgspec.structs.replace(asked, **{cursor_of: edge})
