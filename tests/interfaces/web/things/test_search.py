"""The list with the index of the site: what is found, page by page, and how often it reads."""

import dataclasses
from collections.abc import AsyncIterator

import pytest

from gatherlog.apps.things import IntRange, ThingFinder
from gatherlog.bootstrap import Platform
from gatherlog.interfaces.http import build_app
from gatherlog.interfaces.logs import RequestLog
from tests.interfaces.graphql.asking import ON_SQLITE, People
from tests.interfaces.graphql.sample_finder import SampleFinder
from tests.interfaces.graphql.sample_town import DAY, Town, content
from tests.interfaces.web.reading import Page
from tests.interfaces.web.things.family import Browsing
from tests.stores import heads_of_all


@pytest.fixture
async def finding(platform: Platform, people: People) -> AsyncIterator[Browsing]:
    """A parent, on a site with the index of its store."""
    searching = dataclasses.replace(platform, finder=ThingFinder(platform.search))
    app = build_app(searching, log=RequestLog(platform.clock, lambda line: None))
    async with Browsing.of(app, people.pia.secret) as browsing:
        yield browsing


async def ready(platform: Platform) -> None:
    platform.search.start()
    await platform.search.caught_up(await heads_of_all(platform.store))


def names(page: Page) -> list[str]:
    return [e.text for e in page.all("strong")]


async def test_saturday_near_me_for_two_children(
    finding: Browsing, town: Town, platform: Platform
) -> None:
    for name, ages in (("Frogs", IntRange(4, 9)), ("Small frogs", IntRange(4, 6))):
        await town.published(content(name=name, ages=ages, capacity=7))
    await ready(platform)

    page = await finding.open("/things", ages="5, 8", day=DAY, near="52.52, 13.4", radius="2")

    assert names(page) == ["Frogs"]
    [row] = [e.text for e in page.all("a") if e.text.startswith("Frogs")]
    assert row.endswith(" · 340 m 7 places left")
    assert page.id("found").text == "1 thing to do"


@ON_SQLITE
async def test_the_list_is_read_page_by_page_in_both_directions(
    finding: Browsing, town: Town, platform: Platform
) -> None:
    for number in range(45):
        await town.published(content(name=f"Frogs {number:02}"))
    await ready(platform)

    page, seen, paths = await finding.open("/things?q=frogs"), list[str](), list[str]()
    for _ in range(2):
        seen += names(page)
        links = {e.text: e["href"] for e in page.all("a")}
        paths.append(links["More"])
        page = await finding.open(links["More"])
    last = names(page)
    back = {e.text: e["href"] for e in page.all("a")}["Back"]
    again = names(await finding.open(back))

    assert page.id("found").text == "45 things to do"
    assert sorted(seen + last) == [f"Frogs {number:02}" for number in range(45)]
    assert (len(last), again) == (5, seen[20:])
    assert "More" not in [e.text for e in page.all("a")]

    foreign = paths[0].replace("q=frogs", "q=toads")
    refused = await finding.open(foreign, 422)
    assert refused.of_class("note") == ["This part of the list is no longer there."]


@ON_SQLITE
async def test_too_many_words_are_refused_at_the_field(
    finding: Browsing, platform: Platform
) -> None:
    await ready(platform)

    page = await finding.open("/things", 422, q=" ".join("abcdefghijklm"))

    assert page.id("q-error").text == "The text has more than 12 different words."


@ON_SQLITE
async def test_before_the_index_is_built_the_list_asks_for_patience(finding: Browsing) -> None:
    page = await finding.open("/things", 503)

    [note] = page.of_class("note")
    assert note == "The list is being prepared. Please try again in a moment."


@ON_SQLITE
async def test_many_things_are_read_as_often_as_one(
    pia: Browsing, town: Town, finder: SampleFinder, reads: list[tuple[str, int]]
) -> None:
    finder.things = [await town.published(content(capacity=3)) for _ in range(20)]
    counted = []
    for shown in (finder.things[:1], finder.things):
        finder.things = shown
        reads.clear()
        assert len(names(await pia.open("/things"))) == len(shown)
        counted.append(len(reads))

    assert counted[0] == counted[1]
