"""The demo's city: things in all states, families, and three people who can use the APIs."""

import asyncio
import dataclasses
import json
import signal
from collections import Counter
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any, TypeVar
from urllib.request import Request, urlopen

import pytest

from gatherlog.apps import things
from gatherlog.apps.things.views import BOOKINGS, CHILDREN, FAVOURITES, REPORTS, THINGS
from gatherlog.bootstrap import CATEGORIES, Platform, open_platform
from gatherlog.core.commands.slices import Window
from gatherlog.core.eventstore.clock import system_clock
from gatherlog.core.projections.rebuild import verify
from gatherlog.entrypoints.demo import SEED, make_demo
from gatherlog.entrypoints.demo_city import ORGANISER, make_city
from gatherlog.entrypoints.demo_city import THINGS as MADE
from gatherlog.entrypoints.demo_families import FAMILIES
from gatherlog.entrypoints.demo_personas import Persona
from gatherlog.settings import Settings
from tests.entrypoints.terminal import running
from tests.stores import HOSTILE_URL, events_in, eventually, scanned

T = TypeVar("T")
Demo = tuple[Path, list[Persona]]
A_DAY = 86_400_000_000


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Demo:
    return make_demo(tmp_path_factory.mktemp("demo") / ".demo")


def on_demo(demo: Demo, work: Callable[[Platform], Awaitable[T]]) -> T:
    async def run() -> T:
        platform = await open_platform(Settings(store=f"sqlite:///{demo[0] / 'gatherlog.db'}"))
        try:
            return await work(platform)
        finally:
            await platform.stop()

    return asyncio.run(run())


def test_there_are_things_in_all_states_also_of_the_organiser(demo: Demo) -> None:
    async def look(platform: Platform) -> tuple[Counter[str], Counter[str]]:
        otto = await platform.accounts.of_address("otto@example.org")
        found = [THINGS.read(document) for document in await scanned(platform.store, THINGS.name)]
        made = [one for one in found if one is not None]
        own = [one for one in made if one.organiser_id == otto]
        return Counter(one.status for one in made), Counter(one.status for one in own)

    states, own = on_demo(demo, look)

    assert states == {"PUBLISHED": 474, "PENDING": 15, "REJECTED": 8, "DRAFT": 6}
    assert sum(states.values()) == MADE + 3  # new versions of published things
    assert (own["PENDING"], own["REJECTED"], own["DRAFT"], own["PUBLISHED"] > 20) == (7, 2, 2, True)


def test_families_have_children_favourites_and_bookings_that_are_to_come(demo: Demo) -> None:
    async def look(platform: Platform) -> tuple[int, int, int]:
        store, now = platform.store, platform.clock()
        for document in await scanned(store, BOOKINGS.name):
            booking = BOOKINGS.read(document)
            assert booking is not None
            [details] = await platform.things.booking_details([booking])
            assert details.occurrence is not None
            assert details.occurrence.starts_at > now
            assert len(details.children) == len(booking.children)
        counts = [len(await scanned(store, one.name)) for one in (CHILDREN, FAVOURITES, REPORTS)]
        return counts[0], counts[1], counts[2]

    children = sum(len(one.children) for one in FAMILIES)
    assert on_demo(demo, look) == (children, 6 * len(FAMILIES), 2)


def test_the_parent_has_places_and_waits_for_one_that_the_organiser_gives(demo: Demo) -> None:
    async def look(platform: Platform) -> tuple[Counter[str], int | None, int]:
        service = platform.things
        paula = await platform.accounts.of_address("paula@example.org")
        bookings = [one.body for one in (await service.bookings(paula, Window(limit=9))).items]
        [waiting] = [one for one in bookings if one.status == "WAITING"]
        [details] = await service.booking_details([waiting])
        assert details.occurrence is not None
        profile = await service.profile(details.thing.organiser_id)
        assert profile is not None
        assert profile.name == ORGANISER
        places = await service.places_left(waiting.thing_id, details.occurrence.date)
        return Counter(one.status for one in bookings), places.left, places.waiting

    states, left, waiting = on_demo(demo, look)

    assert (states["WAITING"], states["BOOKED"] >= 2) == (1, True)
    assert (left, waiting) == (0, 1)


def test_no_letter_is_sent_about_what_the_demo_has_made_up(demo: Demo) -> None:
    async def look(platform: Platform) -> int:
        events = await events_in(platform.store, [one.name for one in things.CATEGORIES])
        assert len(events) > 1_500
        return max(event.time for event in events)

    newest = on_demo(demo, look)

    made = (demo[0] / "personas.json").stat().st_mtime
    assert newest < made * 1e6 - A_DAY


def test_documents_are_what_the_log_says(demo: Demo) -> None:
    async def differing(platform: Platform) -> list[object]:
        return [difference async for difference in verify(platform.store, CATEGORIES)]

    assert on_demo(demo, differing) == []


QUESTIONS = {
    "Paula": ("user", "{ myFavorites { totalCount } }", {"myFavorites": {"totalCount": 6}}),
    "Otto": (
        "organiser",
        "{ thingsToDoByStatus(status: REJECTED) { totalCount } profile { name } }",
        {"thingsToDoByStatus": {"totalCount": 2}, "profile": {"name": ORGANISER}},
    ),
    "Rita": ("audit", "{ pending { totalCount } }", {"pending": {"totalCount": 15}}),
}


SEARCH = '{ findThingsToDo(search: "potery", first: 1) { edges { node { name } } } }'


def test_its_people_use_the_apis_with_their_keys(here: Path) -> None:
    with running("demo", "--port", "0", cwd=here) as server:
        server.read_until("^export ")
        output = "\n".join(server.lines)
        url = next(word for word in output.split() if word.startswith("http"))
        for who, (api, query, expected) in QUESTIONS.items():
            key = output.split(f"{who} <")[1].split("key ")[1].split()[0]
            assert asked(f"{url}/graphql/{api}", query, key) == expected, who
        assert server.stop(signal.SIGTERM) == 0


def test_everybody_finds_things_soon_after_the_demo_has_started(here: Path) -> None:
    with running("demo", "--port", "0", cwd=here) as server:
        url = server.read_until("^export ").split()[1].removeprefix("URL=")

        async def finds() -> bool:
            data = await asyncio.to_thread(asked, f"{url}/graphql/guest", SEARCH)
            found = data["findThingsToDo"]
            return found is not None and "Pottery" in found["edges"][0]["node"]["name"]

        asyncio.run(eventually(finds, True))
        assert server.stop(signal.SIGTERM) == 0


def asked(url: str, query: str, key: str | None = None) -> dict[str, Any]:
    """The data of an answer."""
    headers = {"Content-Type": "application/json"}
    if key is not None:
        headers["Authorization"] = f"Bearer {key}"
    request = Request(url, json.dumps({"query": query}).encode(), headers, method="POST")
    with urlopen(request, timeout=10) as answer:
        data: dict[str, Any] = json.loads(answer.read())["data"]
    return data


@pytest.mark.parametrize("ahead", [*range(7), 91, 240])
async def test_it_is_made_on_every_day_and_on_engines_whose_queries_lag(ahead: int) -> None:
    platform = await open_platform(Settings(store=HOSTILE_URL), create=True)
    try:
        later = dataclasses.replace(platform, clock=lambda: system_clock() + ahead * A_DAY)

        personas = await make_city(later, seed=SEED)

        assert [one.who for one in personas] == ["Paula", "Otto", "Rita"]
        assert [difference async for difference in verify(platform.store, CATEGORIES)] == []
    finally:
        await platform.stop()
