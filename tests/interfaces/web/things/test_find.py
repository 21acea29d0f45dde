"""The list of things to do: what it shows, how filters are remembered, what is wrong with one."""

import dataclasses
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from gatherlog.apps.guests import DEFAULT
from gatherlog.apps.guests.inputs import SettingsPatch
from gatherlog.apps.things import Finder, Found, Hit, ThingQuery
from gatherlog.bootstrap import Platform
from gatherlog.core.eventstore.errors import (
    Busy,
    CursorInvalid,
    Flaw,
    GatherlogError,
    Invalid,
    SearchNotReady,
)
from gatherlog.interfaces.http import build_app
from gatherlog.interfaces.logs import RequestLog
from tests.interfaces.graphql.asking import ON_SQLITE
from tests.interfaces.graphql.sample_finder import SampleFinder
from tests.interfaces.graphql.sample_town import DAY, NEXT_DAY, Town, content
from tests.interfaces.web.reading import Page
from tests.interfaces.web.things.family import Browsing, only_form, page_of

EVIL = "<script>alert(1)</script>"
QUOTES = "\"'` OR 1=1 -- name:(frogs) AND *~2^5 \\ {!x}"


class Answering:
    """A search that gives one answer, or one error, and keeps what it was asked."""

    def __init__(self, answer: Found | GatherlogError) -> None:
        self.answer = answer
        self.asked: list[ThingQuery] = []

    async def find(self, query: ThingQuery) -> Found:
        self.asked.append(query)
        if isinstance(self.answer, GatherlogError):
            raise self.answer
        return self.answer


@asynccontextmanager
async def served(platform: Platform, finder: Finder) -> AsyncIterator[Browsing]:
    """The site with another search."""
    searching = dataclasses.replace(platform, finder=finder)
    app = build_app(searching, log=RequestLog(platform.clock, lambda line: None))
    async with Browsing.of(app) as browsing:
        yield browsing


def rows(page: Page) -> list[str]:
    return [e.text for e in page.all("a") if (e.get("href") or "").startswith("/things/")]


async def test_the_list_shows_what_parents_ask_first(
    visitor: Browsing, town: Town, finder: SampleFinder
) -> None:
    finder.things = [await town.published(content(capacity=3))]

    answer = await visitor.get("/things", day=DAY, near="52.52, 13.4")

    page = page_of(answer)
    [row] = rows(page)
    assert row.startswith("Painting with frogs")
    assert row.endswith(
        "10:00 to 12:00 Pond Street 1, Berlin "
        "Ages 5 to 8 · 5 to 7.50 EUR · House of Olga · 1.2 km 3 places left"
    )
    assert page.id("found").text == "1 thing to do"
    assert "set-cookie" not in answer.headers


async def test_places_are_those_of_the_day_that_is_looked_for(
    visitor: Browsing, town: Town, finder: SampleFinder
) -> None:
    thing = await town.published(content(capacity=3))
    finder.things = [thing]
    await town.book(thing, people=3, date=NEXT_DAY)

    shown = [await visitor.open("/things", day=day) for day in (DAY, NEXT_DAY)]

    assert [page.of_class("coming") + page.of_class("waiting") for page in shown] == [
        ["3 places left"],
        ["Full"],
    ]


async def test_what_is_not_published_any_more_is_left_out(
    visitor: Browsing, town: Town, finder: SampleFinder
) -> None:
    thing, draft = await town.published(), await town.draft(content(name="A secret"))
    finder.things = [thing, draft]
    await town.service.withdraw_thing(thing.id, "We are ill.", town.people.olga.id, actor="cli")

    page = await visitor.open("/things")

    assert (rows(page), "secret" in page.html) == ([], False)


@ON_SQLITE
async def test_the_form_remembers_all_filters_and_the_pages_keep_them(
    platform: Platform, town: Town
) -> None:
    thing = await town.published()
    found = Found(41, [Hit(thing.id, "c/1"), Hit(thing.id, "c/2")], True, True)
    asked: dict[str, Any] = {
        "q": "frogs",
        "ages": "5, 8",
        "day": DAY,
        "near": "52.52, 13.4",
        "radius": "5",
        "category": ["ARTS", "CRAFTS"],
        "alone": "1",
        "sort": "PRICE",
    }

    async with served(platform, Answering(found)) as browsing:
        page = await browsing.open("/things", **asked)
        links = {e.text: e["href"] for e in page.all("a")}
        later = await browsing.open(links["More"])

    filled = {name: value for name, value in only_form(page).items() if value != [""]}
    as_lists = {name: of if isinstance(of, list) else [of] for name, of in asked.items()}
    assert filled == as_lists
    assert only_form(later) == only_form(page)
    assert ("after=c%2F2" in links["More"], "before=c%2F1" in links["Back"]) == (True, True)


@ON_SQLITE
@pytest.mark.parametrize(
    ("typed", "field"),
    [
        ({"ages": "90 to 3"}, "ages"),
        ({"day": "2027-05-02", "until": "2027-05-01"}, "until"),
        ({"near": "123, 13.4"}, "near"),
        ({"near": "NaN, NaN"}, "near"),
        ({"q": "a" * 10_000}, "q"),
        ({"category": EVIL}, "category"),
        ({"price": EVIL}, "price"),
        ({"radius": EVIL}, "radius"),
    ],
)
async def test_a_wrong_filter_is_named_and_nothing_is_asked(
    platform: Platform, typed: dict[str, str], field: str
) -> None:
    finder = Answering(Found(0, [], False, False))
    async with served(platform, finder) as browsing:
        page = await browsing.open("/things", 422, **typed)

    assert page.text("title") == "Please check this: Things to do"
    assert page.id(f"{field}-error").text == page.of_class("mistakes")[0].removeprefix(
        "Please check this "
    )
    assert finder.asked == []
    assert EVIL not in page.html
    kept = {name: only_form(page).get(name) for name in typed if name != "category"}
    assert kept == {name: [value] for name, value in typed.items() if name != "category"}


@ON_SQLITE
async def test_what_a_form_left_empty_is_not_in_the_address(visitor: Browsing) -> None:
    sent = await visitor.get("/things", q="frogs", ages="", category="ARTS", after="", other="")
    nothing = await visitor.get("/things", q="", ages="")

    leads = [answer.headers["location"] for answer in (sent, nothing)]
    assert leads == ["/things?q=frogs&category=ARTS", "/things"]


@ON_SQLITE
async def test_quotes_and_operators_are_looked_for_as_they_are_typed(platform: Platform) -> None:
    finder = Answering(Found(0, [], False, False))
    async with served(platform, finder) as browsing:
        page = await browsing.open("/things", q=QUOTES)

    assert [query.text for query in finder.asked] == [QUOTES]
    assert page.id("q")["value"] == QUOTES
    assert page.id("found").text == "Nothing found"


@ON_SQLITE
@pytest.mark.parametrize(
    ("error", "status", "told"),
    [
        (CursorInvalid("another query"), 422, "This part of the list is no longer there."),
        (SearchNotReady("built"), 503, "The list is being prepared."),
        (Busy("many"), 503, "The search is very busy."),
    ],
)
async def test_a_search_that_cannot_answer_says_what_to_do(
    platform: Platform, error: GatherlogError, status: int, told: str
) -> None:
    async with served(platform, Answering(error)) as browsing:
        page = await browsing.open("/things", status, q="frogs", after="c1")

    [note] = page.of_class("note")
    assert note.startswith(told)
    again = next(e["href"] for e in page.all("a") if e.text == "Try again")
    assert again == "/things?q=frogs"


@ON_SQLITE
async def test_what_the_search_refuses_is_told_at_the_field(platform: Platform) -> None:
    refusing = Answering(Invalid(Flaw("/text", "has more than 12 different words")))
    async with served(platform, refusing) as browsing:
        page = await browsing.open("/things", 422, q="many words")

    assert page.id("q-error").text == "The text has more than 12 different words."


async def test_a_parent_finds_by_the_ages_of_the_children_and_sees_what_is_kept(
    pia: Browsing, town: Town, finder: SampleFinder
) -> None:
    kept, other = await town.published(), await town.published(content(name="Frog races"))
    finder.things = [kept, other]
    await town.keep(kept)
    for name in ("Mia", "Ben"):
        await town.child(name=name)

    page = await pia.open("/things", day=DAY)

    [mine] = [e for e in page.all("a") if e.text.startswith("My children")]
    assert (mine.text, "ages=6" in mine["href"], f"day={DAY}" in mine["href"]) == (
        "My children: 6",
        True,
        True,
    )
    assert ["in your favourites" in row for row in rows(page)] == [False, True]


@ON_SQLITE
async def test_only_the_list_without_filters_is_for_search_engines(
    visitor: Browsing, finder: SampleFinder
) -> None:
    heads: list[Any] = []
    for path in ("/things", "/things?q=frogs"):
        page = await visitor.open(path)
        robots = [e["content"] for e in page.all("meta") if e.get("name") == "robots"]
        canonical = [e["href"] for e in page.all("link") if e["rel"] == "canonical"]
        heads.append((robots, canonical))

    assert heads == [([], ["http://town.example/things"]), (["noindex, follow"], [])]


@ON_SQLITE
async def test_what_organisers_wrote_is_text(
    visitor: Browsing, town: Town, finder: SampleFinder
) -> None:
    finder.things = [await town.published(content(name=f"Frogs {EVIL}"))]

    page = await visitor.open("/things")

    assert EVIL not in page.html
    assert EVIL in rows(page)[0]


@ON_SQLITE
@pytest.mark.parametrize("zone", ["Pacific/Kiritimati", "Pacific/Pago_Pago"])
async def test_today_is_what_it_is_by_the_clocks_of_the_site(
    visitor: Browsing, platform: Platform, zone: str
) -> None:
    patch = SettingsPatch(time_zone=zone)
    await platform.guests.change_settings(DEFAULT, patch, actor="test")
    expected = {"Today": 0, "Tomorrow": 1}

    page = await visitor.open("/things")
    today = datetime.now(ZoneInfo(zone)).date()

    links = {e.text: e["href"] for e in page.all("a")}
    assert {name: links[name] for name in expected} == {
        name: f"/things?day={today + timedelta(days)}" for name, days in expected.items()
    }


@ON_SQLITE
async def test_things_are_found_also_where_the_default_gathering_was_removed(
    visitor: Browsing, platform: Platform
) -> None:
    await platform.guests.remove_gathering(DEFAULT, actor="test")

    await visitor.open("/things")


@ON_SQLITE
@pytest.mark.parametrize(
    ("asked", "folds"),
    [
        ({}, {"Ages, day and place": False, "More filters": False}),
        ({"near": "52.5,13.4"}, {"Ages, day and place": True, "More filters": False}),
        ({"ages": "5"}, {"Ages, day and place": True, "More filters": False}),
        ({"price": "0"}, {"Ages, day and place": False, "More filters": True}),
    ],
)
async def test_filters_that_are_not_used_are_folded_away(
    visitor: Browsing, asked: dict[str, Any], folds: dict[str, bool]
) -> None:
    page = await visitor.open("/things", **asked)

    inner = [e for e in page.all("details") if e.get("class") == "along"]
    names = [name for name in folds for e in inner if e.text.startswith(name)]
    assert {name: e.get("open") is not None for name, e in zip(names, inner, strict=True)} == folds
