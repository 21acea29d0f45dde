"""The page of one thing: for everybody, for search engines, and what parents do with it."""

import json
from datetime import date
from typing import Any

import pytest

from gatherlog.apps.things import FloatRange, Hours, OccurrencePlaces, When
from gatherlog.core.commands.slices import Window
from tests.interfaces.graphql.asking import ON_SQLITE
from tests.interfaces.graphql.sample_town import DAY, NEXT_DAY, Town, content
from tests.interfaces.web.reading import Page
from tests.interfaces.web.things.family import Browsing, page_of
from tests.stores import eventually

EVIL = "</script><script>alert(1)</script>"
NOBODY = "00000000-0000-7000-8000-000000000000"


def spoken(day: str) -> str:
    """`10 December`."""
    when = date.fromisoformat(day)
    return f"{when.day} {when:%B}"


def facts(page: Page) -> dict[str, str]:
    names, values = page.all("dt"), page.all("dd")
    return {name.text: value.text for name, value in zip(names, values, strict=True)}


def dates(page: Page, *days: str) -> list[str]:
    """The rows of these days."""
    return [row for row in page.of_class("date") if any(spoken(day) in row for day in days)]


def data_of(page: Page) -> Any:
    [script] = [e for e in page.all("script") if e.get("type") == "application/ld+json"]
    return json.loads("".join(script.parts))


async def test_everybody_sees_what_is_published(visitor: Browsing, town: Town) -> None:
    thing = await town.published(content(capacity=3, adult_mandatory=True))

    answer = await visitor.get(f"/things/{thing.id}")

    page = page_of(answer)
    assert page.text("h1") == page.text("title") == "Painting with frogs"
    assert facts(page) == {
        "For": "Children · Ages 5 to 8",
        "Price": "5 to 7.50 EUR",
        "Organiser": "House of Olga",
        "Places": "3 on each date",
        "Please note": "An adult must stay. Booking required.",
        "Every day": "10:00 to 12:00",
        "Email": "olga@example.org",
        "Web": "https://frogs.example.org",
    }
    assert [part.split(", ", 1)[1] for part in dates(page, DAY)] == [
        f"{spoken(DAY)}, 10:00 to 12:00 3 places left "
        f"Book on {date.fromisoformat(DAY):%A}, {spoken(DAY)}, 10:00 to 12:00"
    ]
    assert "set-cookie" not in answer.headers


@pytest.mark.parametrize("state", ["draft", "pending", "withdrawn", "none", "no id"])
async def test_what_is_not_published_does_not_exist(
    visitor: Browsing, pia: Browsing, town: Town, state: str
) -> None:
    id = {"none": NOBODY, "no id": "%00"}.get(state) or (await made(town, state)).id

    answers = [
        await visitor.get(f"/things/{id}"),
        await pia.get(f"/things/{id}"),
        await pia.get(f"/things/{id}/book?date={DAY}"),
        await pia.post(f"/things/{id}", do="keep", form=await pia.token()),
        await pia.post(f"/things/{id}", do="report", form=await pia.token(), reason="x"),
    ]

    assert [answer.status_code for answer in answers] == [404] * 5
    gone = "This was taken down" if state == "withdrawn" else "Page not found"
    titles = [Page(answer.text).text("h1") for answer in answers]
    assert titles == [gone, gone, *["Page not found"] * 3]


async def test_a_version_that_became_the_published_thing_was_never_a_page_of_its_own(
    visitor: Browsing, town: Town
) -> None:
    thing, olga = await town.published(), town.people.olga.id
    draft = (await town.service.make_new_version(thing.id, olga, actor="cli")).body
    await town.service.submit_thing(draft.id, olga, actor="cli")
    await town.service.approve(draft.id, town.people.rita.id, actor="cli")

    page = await visitor.open(f"/things/{draft.id}", 404)

    assert page.text("h1") == "Page not found"


async def test_a_page_that_is_none_shows_the_way_on(visitor: Browsing, pia: Browsing) -> None:
    for who, button in ((visitor, "Sign in"), (pia, "Sign out")):
        page = await who.open("/things/none", 404)
        assert button in page.text("header")
        assert "Things to do" in page.text("nav")
        assert [e["href"] for e in page.all("a") if "To “" in e.text] == ["/things"]
    refused = await pia.open("/desk/none", 403)
    assert [e["href"] for e in refused.all("a") if "To “" in e.text] == ["/things"]
    assert "Organise" not in refused.text("nav")


async def made(town: Town, state: str) -> Any:
    if state == "withdrawn":
        thing = await town.published()
        return (
            await town.service.withdraw_thing(thing.id, "Ill.", town.people.olga.id, actor="cli")
        ).body
    return await (town.draft() if state == "draft" else town.pending())


async def test_dates_that_were_moved_or_cancelled_say_so(visitor: Browsing, town: Town) -> None:
    thing, olga = await town.published(), town.people.olga.id
    await town.service.cancel_occurrence(thing.id, DAY, "The hall is closed.", olga, actor="cli")
    await town.service.move_occurrence(
        thing.id, NEXT_DAY, f"{NEXT_DAY}T15:00:00", olga, actor="cli"
    )

    page = await visitor.open(f"/things/{thing.id}")

    [cancelled], [moved] = dates(page, DAY), dates(page, NEXT_DAY)
    assert cancelled.endswith(", 10:00 to 12:00 The hall is closed. Cancelled")
    assert ", 15:00 to 17:00 Moved from " in moved
    assert f"{spoken(NEXT_DAY)}, 10:00 to 12:00 Book" in moved
    events = {event["startDate"][:10]: event for event in data_of(page)["@graph"]}
    assert events[DAY]["eventStatus"] == "https://schema.org/EventCancelled"
    assert events[NEXT_DAY]["eventStatus"] == "https://schema.org/EventRescheduled"
    assert events[NEXT_DAY]["previousStartDate"].startswith(f"{NEXT_DAY}T10:00:00+0")


async def test_search_engines_read_every_date(visitor: Browsing, town: Town) -> None:
    thing = await town.published(content(capacity=3, description=f"Frogs. {EVIL}"))
    await town.book(thing, people=2)

    page = await visitor.open(f"/things/{thing.id}")

    events = {event["startDate"][:10]: event for event in data_of(page)["@graph"]}
    event = events[DAY]
    offset = event.pop("startDate").removeprefix(f"{DAY}T10:00:00")
    assert offset in ("+01:00", "+02:00")
    assert event == {
        "@type": "Event",
        "name": "Painting with frogs",
        "description": f"Frogs. {EVIL}",
        "url": f"http://town.example/things/{thing.id}",
        "endDate": f"{DAY}T12:00:00{offset}",
        "eventStatus": "https://schema.org/EventScheduled",
        "eventAttendanceMode": "https://schema.org/OfflineEventAttendanceMode",
        "location": {
            "@type": "Place",
            "name": "Pond Street 1, Berlin",
            "address": "Pond Street 1, Berlin",
            "geo": {"@type": "GeoCoordinates", "latitude": 52.52, "longitude": 13.405},
        },
        "organizer": {"@type": "Organization", "name": "House of Olga"},
        "typicalAgeRange": "5-8",
        "isAccessibleForFree": False,
        "maximumAttendeeCapacity": 3,
        "remainingAttendeeCapacity": 1,
        "offers": {
            "@type": "AggregateOffer",
            "priceCurrency": "EUR",
            "lowPrice": 5,
            "highPrice": 7.5,
            "availability": "https://schema.org/InStock",
        },
    }
    assert EVIL not in page.html
    [canonical] = [e["href"] for e in page.all("link") if e["rel"] == "canonical"]
    assert canonical == event["url"]


@ON_SQLITE
async def test_search_engines_read_when_a_place_is_open(visitor: Browsing, town: Town) -> None:
    hours = tuple(Hours(day=day, start="09:00:00", end="18:00:00") for day in ("MON", "TUE"))
    when = When(start="2026-03-01T00:00:00", end="2031-03-01T00:00:00", hours=hours)
    place = content(kind="PLACE", when=when, price=FloatRange(0, 0))
    thing = await town.published(place)

    data = data_of(page := await visitor.open(f"/things/{thing.id}"))

    assert (data["@type"], data["isAccessibleForFree"]) == ("Place", True)
    assert [
        (one["dayOfWeek"], one["opens"], one["closes"]) for one in data["openingHoursSpecification"]
    ] == [
        ("https://schema.org/Monday", "09:00:00", "18:00:00"),
        ("https://schema.org/Tuesday", "09:00:00", "18:00:00"),
    ]
    assert facts(page)["Monday and Tuesday"] == "09:00 to 18:00"


async def test_a_parent_keeps_a_thing_and_drops_it(pia: Browsing, town: Town) -> None:
    thing = await town.published()
    path, own = f"/things/{thing.id}", town.people.pia.id
    token = await pia.token(path)

    async def is_kept() -> object:
        return await town.service.are_favourites([thing.id], own)

    told = []
    for chosen in ("keep", "keep", "drop", "drop"):
        done = await pia.post(path, form=token, do=chosen)
        told.append((await pia.open(done.headers["location"])).of_class("good"))
        await eventually(is_kept, [chosen == "keep"])

    assert told == [
        ["Added to your favourites."],
        ["Added to your favourites."],
        ["Removed from your favourites."],
        ["Removed from your favourites."],
    ]


async def test_a_visitor_signs_in_and_comes_back(visitor: Browsing, town: Town) -> None:
    thing = await town.published()
    path = f"/things/{thing.id}"

    page = await visitor.open(path)
    sent = await visitor.post(path, do="keep")
    booking = await visitor.get(f"{path}/book", date=DAY, **{"from": "10:00"})

    [link] = [e for e in page.all("a") if e.text == "Sign in to keep or book it"]
    assert link["href"] == sent.headers["location"] == f"/signin?next={path}"
    assert booking.headers["location"] == (
        f"/signin?next={path}/book%3Fdate%3D{DAY}%26from%3D10%253A00"
    )
    form = await visitor.open(booking.headers["location"])
    assert form.filled()["next"][0] == f"{path}/book?date={DAY}&from=10%3A00"


async def test_a_report_reaches_the_reviewers(pia: Browsing, town: Town) -> None:
    thing = await town.published()
    path = f"/things/{thing.id}"
    token = await pia.token(path)

    blank = await pia.post(path, form=token, do="report", reason=" ")
    sent = await pia.post(path, form=token, do="report", reason="The pond is deep.")

    page = page_of(blank, 422)
    assert page.id("reason-error").text == "The report is missing or blank."
    thanked = await pia.open(sent.headers["location"])
    assert thanked.of_class("good") == ["Thank you. We will look into it."]

    async def reports() -> object:
        found = await town.service.reports(Window(limit=9), None)
        return [(one.body.thing_id, one.body.reason) for one in found.items]

    await eventually(reports, [(thing.id, "The pond is deep.")])


async def test_a_report_that_is_too_long_stays_in_the_form(pia: Browsing, town: Town) -> None:
    thing = await town.published()
    path, long = f"/things/{thing.id}", "a" * 10_000

    refused = await pia.post(path, form=await pia.token(path), do="report", reason=long)

    page = page_of(refused, 422)
    assert page.id("reason").text == long
    assert page.id("reason-error").text.startswith("The report")


@pytest.mark.parametrize("form", ["", "x" * 43])
async def test_a_form_of_another_site_changes_nothing(pia: Browsing, town: Town, form: str) -> None:
    thing = await town.published()
    path = f"/things/{thing.id}"

    refused = [
        await pia.post(path, form=form, do="keep"),
        await pia.post(path, form=form, do="report", reason="x"),
        await pia.post(f"{path}/book?date={DAY}", form=form, people="1"),
    ]

    assert [answer.status_code for answer in refused] == [403] * 3
    assert [Page(one.text).text("h1") for one in refused] == ["This form is out of date"] * 3
    assert await town.service.are_favourites([thing.id], town.people.pia.id) == [False]
    places: OccurrencePlaces = await town.service.places_left(thing.id, DAY)
    assert places.booked == 0


@ON_SQLITE
async def test_a_key_without_an_account_looks_and_keeps_nothing(
    visitor: Browsing, town: Town, platform: Any
) -> None:
    key = await platform.keys.create("operator", None, "op", actor="test")
    thing = await town.published()
    visitor.client.cookies.set("gatherlog", key.secret)

    page = await visitor.open(f"/things/{thing.id}")
    token = page.filled()["form"][0]
    refused = await visitor.post(f"/things/{thing.id}", form=token, do="keep")

    assert [button.text for button in page.all("button")] == ["Sign out"]
    assert refused.status_code == 403
