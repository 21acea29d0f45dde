"""Finding things through the service and an index of its own: what is found, when, and by whom."""

from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import date
from pathlib import Path
from typing import Any

import msgspec
import pytest

from gatherlog.apps.things import (
    FloatRange,
    Hours,
    IntRange,
    Reason,
    ThingFinder,
    ThingQuery,
    ThingSource,
    When,
    Where,
)
from gatherlog.apps.things.views import ORGANISERS, THINGS
from gatherlog.core import Append, Commit, Event, Store, View
from gatherlog.core.eventstore.clock import system_clock
from gatherlog.core.eventstore.errors import Invalid, SearchNotReady
from gatherlog.core.eventstore.store import KEEP
from gatherlog.core.search import Circle, Place
from gatherlog.search import IndexedSearch
from gatherlog.testing import StandingClock
from tests.apps.things.sample_things import OLGA, OTTO, RITA, SATURDAY, SUNDAY, Town, content, event
from tests.stores import eventually, heads_of_all

pytestmark = pytest.mark.on_database

Start = Callable[..., Awaitable[IndexedSearch]]
Ask = Callable[..., Awaitable[list[str]]]


class Source(ThingSource):
    """Counts how often an index was built."""

    builds = 0

    async def everything(self) -> AsyncIterator[Any]:
        self.builds += 1
        async for document in super().everything():
            yield document


@pytest.fixture
def failures() -> list[Exception]:
    """What was reported."""
    return []


@pytest.fixture
def source(store: Store, clock: StandingClock, failures: list[Exception]) -> Source:
    return Source(store, clock=clock, report=failures.append)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "things.db.search"


@pytest.fixture
async def start(
    store: Store, folder: Path, clock: StandingClock, source: Source, failures: list[Exception]
) -> AsyncIterator[Start]:
    """Starts a search of the things, in the same folder each time; stops them all in the end."""
    started: list[IndexedSearch] = []

    async def begin() -> IndexedSearch:
        search = IndexedSearch(store, source, folder=folder, clock=clock, report=failures.append)
        search.start()
        started.append(search)
        return search

    yield begin
    for one in started:
        await one.stop()


@pytest.fixture
async def search(start: Start) -> IndexedSearch:
    return await start()


@pytest.fixture
def ask(store: Store, search: IndexedSearch) -> Ask:
    """Finds the names of things, once everything in the log can be found."""

    async def find(text: str = "", **wanted: Any) -> list[str]:
        await search.caught_up(await heads_of_all(store))
        found = await ThingFinder(search).find(ThingQuery(text=text, first=100, **wanted))
        documents = await store.get([THINGS.ref(hit.id) for hit in found.hits])
        things = [thing for thing in map(THINGS.read, documents) if thing is not None]
        assert found.total == len(things) == len(documents)
        return [thing.content.name for thing in things]

    return find


async def test_what_is_published_is_found_and_what_is_withdrawn_is_not(
    town: Town, ask: Ask
) -> None:
    thing = await town.published(content(name="Frogs"))
    await eventually(lambda: ask("frogs"), ["Frogs"])

    await town.service.withdraw_thing(thing.id, "closed", OLGA, actor="cli")

    await eventually(ask, [])


async def test_a_change_is_found_within_half_a_second(town: Town, search: IndexedSearch) -> None:
    """Of three changes, the one that was least disturbed by what else the machine does counts."""
    pending = [await town.pending(content(name="Frogs")) for _ in range(3)]
    await eventually(lambda: total(search), 0)
    found, gone = [], []
    for number, thing in enumerate(pending, 1):
        await town.service.approve(thing.id, RITA, actor="cli")
        found.append(await until(lambda: total(search), number))
    for number, thing in enumerate(pending, 1):
        await town.service.withdraw_thing(thing.id, "closed", OLGA, actor="cli")
        gone.append(await until(lambda: total(search), 3 - number))

    assert (min(found) < 500_000, min(gone) < 500_000) == (True, True)


async def test_what_is_not_published_is_in_no_list_count_or_score(
    town: Town, ask: Ask, search: IndexedSearch
) -> None:
    secret = content(name="Secretum", description="Hiddenness", category="CAFE")
    await town.draft(secret)
    await town.pending(secret)
    rejected = await town.pending(secret)
    await town.service.reject(rejected.id, (Reason("name", "?"),), RITA, actor="cli")
    public = await town.published(content(name="Public"))
    version = (await town.service.make_new_version(public.id, OLGA, actor="cli")).body
    await town.service.change_thing(version.id, secret, OLGA, actor="cli")
    await eventually(ask, ["Public"])
    await town.service.submit_thing(version.id, OLGA, actor="cli")

    for text in ("secretum", "secre", "cretu", "secretun", "hiddenness"):
        assert await ask(text) == []
    await eventually(lambda: ask(categories=["CAFE"]), [])
    await eventually(ask, ["Public"])
    assert (await search.status()).documents == 1


async def test_a_new_version_takes_the_place_of_the_old_one(town: Town, ask: Ask) -> None:
    live = await town.published(content(name="Frogs"))
    await town.replaced(live, name="Toads")

    await eventually(ask, ["Toads"])
    await eventually(lambda: ask("frogs"), ["Toads"])  # which its description still has
    await eventually(lambda: ask("toads"), ["Toads"])


async def test_an_organiser_is_found_by_the_new_name_only(town: Town, ask: Ask) -> None:
    await town.published(content(name="One"))
    await town.published(content(name="Two"), OTTO)
    await town.service.save_profile(OLGA, "Harmony", actor="cli")

    await eventually(lambda: ask("harmony"), ["One"])
    await eventually(lambda: ask("olga"), [])
    await eventually(lambda: ask("otto"), ["Two"])


async def test_the_best_text_comes_first(town: Town, ask: Ask) -> None:
    await town.published(content(name="Painting", description="with a piano"))
    await town.published(content(name="Piano", description="for all"))
    await town.published(content(name="Dance", description="to the tango"), OTTO)
    await town.service.save_profile(OTTO, "Piano house", actor="cli")

    await eventually(lambda: ask("piano"), ["Piano", "Painting", "Dance"])
    await eventually(lambda: ask("PIANO house"), ["Piano", "Painting", "Dance"])
    await eventually(lambda: ask("paino"), ["Piano", "Painting", "Dance"])


async def test_every_filter_is_about_its_field(town: Town, ask: Ask, search: IndexedSearch) -> None:
    plain = content(name="Plain")
    others = {
        "kinds": event(name="Other"),
        "categories": content(name="Other", category="DANCE"),
        "audience": content(name="Other", audience=("ADULT",)),
        "booking_mandatory": content(name="Other", booking_mandatory=False),
        "adult_mandatory": content(name="Other", adult_mandatory=True),
        "ages": content(name="Other", ages=IntRange(9, 12)),
        "prices": content(name="Other", price=FloatRange(20, 30)),
        "within": content(name="Other", where=Where(lat=48.1, lon=11.5, address="Munich")),
    }
    wanted = {
        "kinds": ["RECURRING_EVENT"],
        "categories": ["ARTS", "MUSIC"],
        "audience": ["CHILD", "FAMILY"],
        "booking_mandatory": True,
        "adult_mandatory": False,
        "ages": [(5, 5), (8, 8)],
        "prices": (7.5, 10.0),
        "within": Circle(Place(52.52, 13.4), 5_000),
    }
    await town.published(plain)
    for other in others.values():
        await town.published(other)

    await eventually(lambda: total(search), 1 + len(others))
    for name, asked in wanted.items():
        assert len(await ask(**{name: asked})) == len(others), name
    await eventually(lambda: ask(**wanted), ["Plain"])


async def test_a_date_and_a_time_are_of_the_same_occurrence(town: Town, ask: Ask) -> None:
    hours = (
        Hours(day="SAT", start="10:00:00", end="12:00:00"),
        Hours(day="SUN", start="15:00:00", end="17:00:00"),
    )
    when = When(start="2027-03-01T00:00:00", end="2027-12-31T00:00:00", hours=hours)
    await town.published(content(name="Frogs", when=when))
    saturday = on(SATURDAY)

    await eventually(lambda: ask(days=saturday, times=(660, 700)), ["Frogs"])
    await eventually(lambda: ask(days=saturday, times=(900, 960)), [])


async def test_a_moved_date_is_found_where_it_is_and_a_cancelled_one_nowhere(
    town: Town, ask: Ask
) -> None:
    thing = await town.published(content(name="Frogs"))
    await town.service.move_occurrence(thing.id, SATURDAY, "2027-04-06T15:00", OLGA, actor="cli")
    await town.service.cancel_occurrence(thing.id, "2027-04-04", "ill", OLGA, actor="cli")

    async def are_found() -> list[list[str]]:
        days = ["2027-04-03", "2027-04-04", "2027-04-06", "2027-04-10"]
        return [await ask(days=on(day)) for day in days]

    await eventually(are_found, [[], [], ["Frogs"], ["Frogs"]])


async def test_dates_roll_on_as_time_goes_by(
    town: Town, ask: Ask, clock: StandingClock, source: Source
) -> None:
    await town.published(content(name="Frogs"))
    far, soon = on("2027-07-03"), on(SATURDAY)
    await eventually(lambda: ask(days=soon), ["Frogs"])
    assert await ask(days=far) == []

    for _ in range(14):
        clock.advance(days=1)
        await town.draft()  # or half a minute would pass until the day is noticed

    await eventually(lambda: ask(days=far), ["Frogs"])
    assert await ask(days=soon) == []
    assert source.builds == 1


async def test_a_single_event_is_found_until_it_is_over(
    town: Town, ask: Ask, clock: StandingClock
) -> None:
    await town.published(event(name="Concert"))  # on 1 May, from two to four in Berlin
    await eventually(ask, ["Concert"])

    clock.set("2027-05-01T15:59:00+02:00")
    await eventually(ask, ["Concert"])

    clock.set("2027-05-01T16:00:00+02:00")
    await eventually(ask, [])


async def test_on_the_night_of_the_change_of_clocks_hours_are_those_of_the_place(
    town: Town, ask: Ask, clock: StandingClock
) -> None:
    """In Berlin, 02:00 to 03:00 is twice on 31 October, and not at all on 28 March."""
    night = When(start="2027-10-31T01:00:00", end="2027-10-31T02:30:00")
    await town.published(content(name="Night walk", kind="EVENT", when=night))
    await eventually(ask, ["Night walk"])
    shown = []
    for moment in ("00:29", "00:31", "01:29", "01:30"):
        clock.set(f"2027-10-31T{moment}:00Z")
        shown.append(await ask(days=on("2027-10-31"), times=(120, 150)))

    assert shown == [["Night walk"]] * 3 + [[]]


async def test_the_index_is_found_again_after_a_restart_and_catches_up(
    town: Town, start: Start, source: Source
) -> None:
    first = await start()
    await town.published(content(name="One"))
    await eventually(lambda: total(first), 1)
    await first.stop()
    await town.published(content(name="Two"))

    again = await start()

    await eventually(lambda: total(again), 2)
    assert source.builds == 1


async def test_a_damaged_folder_is_built_anew(
    town: Town, start: Start, source: Source, folder: Path, failures: list[Exception]
) -> None:
    await town.published(content(name="One"))
    first = await start()
    await eventually(lambda: total(first), 1)
    await first.stop()
    for file in (folder / "0").iterdir():
        file.write_bytes(b"\x00" * 7)

    again = await start()

    await eventually(lambda: total(again), 1)
    assert (source.builds, failures) == (2, [])


async def test_a_reindex_builds_the_index_of_every_process_anew(
    town: Town, start: Start, source: Source
) -> None:
    await town.published(content(name="One"))
    first, second = await start(), await start()
    await eventually(lambda: total(first), 1)
    await eventually(lambda: total(second), 1)
    told: list[int] = []

    async def builds() -> int:
        told.extend([await total(first), await total(second)])
        return source.builds

    await town.service.request_reindex(actor="cli")
    await eventually(builds, 4)
    await eventually(lambda: total(first), 1)

    assert set(told) == {1}


async def test_a_damaged_thing_or_profile_holds_up_no_other(
    store: Store, town: Town, start: Start, failures: list[Exception]
) -> None:
    whole = await town.published(content(name="Whole"))
    torn = await town.published(content(name="Torn"))
    nameless = await town.published(content(name="Nameless"), OTTO)
    assert whole.organiser_id == OLGA
    await damage(store, THINGS, torn.id, f"thing-{torn.id}")
    await damage(store, ORGANISERS, OTTO, f"organiser-{OTTO}")

    search = await start()

    await eventually(lambda: total(search), 2)
    await town.service.cancel_occurrence(nameless.id, SATURDAY, "ill", OTTO, actor="cli")
    await eventually(lambda: first_day(search, nameless.id), SUNDAY)
    assert await total(search) == 2
    followed = f"things/{torn.id}"  # if the index was built before its event was readable
    assert {str(one) for one in failures} - {followed} == {
        f"document thing/{torn.id} cannot be read",
        f"document organiser/{OTTO} cannot be read",
    }


async def test_a_query_that_the_search_refuses_names_the_fields_of_the_query(
    search: IndexedSearch,
) -> None:
    await eventually(lambda: total(search), 0)
    wrong = ThingQuery(
        text=" ".join(f"word{number}" for number in range(13)),
        categories=["ARTS"] * 101,
        audience=["CHILD"] * 101,
        ages=[(9, 3)],
        near=Place(91, 0),
        first=501,
    )
    with pytest.raises(Invalid) as refused:
        await ThingFinder(search).find(wrong)
    with pytest.raises(Invalid) as unsorted:
        await ThingFinder(search).find(ThingQuery(sort="BEST"))

    assert [flaw.pointer for flaw in refused.value.flaws] == [
        "/text", "/categories", "/audience", "/ages/0", "/near/lat", "/first",
    ]  # fmt: skip
    assert [flaw.pointer for flaw in unsorted.value.flaws] == ["/sort"]


async def test_its_status_tells_how_far_it_is(
    store: Store, town: Town, start: Start, search: IndexedSearch
) -> None:
    await town.published(content(name="Whole"))
    await eventually(lambda: total(search), 1)
    await search.caught_up(await store.heads())
    idle = await search.status()
    await search.stop()
    await town.published(content(name="Later"))

    async def behind() -> int:
        return sum(lag.events for lag in (await search.status()).lags)

    assert (idle.documents, idle.is_building, idle.failures) == (1, False, 0)
    assert {lag.events for lag in idle.lags} == {0}
    await eventually(behind, 3)  # made, submitted and approved


async def until(read: Callable[[], Awaitable[int]], expected: int) -> int:
    """The microseconds until what is expected is read."""
    begun = system_clock()
    await eventually(read, expected)
    return system_clock() - begun


async def total(search: IndexedSearch) -> int:
    """How many things are found; -1 while there is no index."""
    try:
        return (await ThingFinder(search).find(ThingQuery())).total
    except SearchNotReady:
        return -1


async def first_day(search: IndexedSearch, id: str) -> str | None:
    """The first day on which a thing is found."""
    hits = (await ThingFinder(search).find(ThingQuery())).hits
    days = {hit.id: hit.occurrence.day.isoformat() for hit in hits if hit.occurrence}
    return days.get(id)


def on(day: str) -> tuple[date, date]:
    return date.fromisoformat(day), date.fromisoformat(day)


async def damage(store: Store, view: View[Any], id: str, stream: str) -> None:
    """Put something in the place of a document that no program has written."""
    [document] = await store.get([view.ref(id)])
    assert document is not None
    write = msgspec.structs.replace(view.write(id, stream, KEEP), body=b"torn")
    event = Event(id=f"damage-{id}"[:64], type="test.damaged", time=1, recorded=1, data=b"{}")
    await store.commit(Commit(appends=[Append(stream, [event])], writes=[write]))
