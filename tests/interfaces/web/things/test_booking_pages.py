"""Booking for several children at once, waiting together, cancelling, and what is refused."""

from datetime import timedelta
from typing import Any

import pytest

from gatherlog.apps.things import Booking, OccurrencePlaces, Thing
from gatherlog.core.commands.slices import Window
from gatherlog.core.eventstore.clock import system_clock, to_datetime
from tests.interfaces.graphql.asking import ON_SQLITE
from tests.interfaces.graphql.sample_town import DAY, NEXT_DAY, Town, content
from tests.interfaces.web.reading import Page
from tests.interfaces.web.things.family import Browsing, only_form, page_of
from tests.stores import eventually

YESTERDAY = (to_datetime(system_clock()) - timedelta(days=1)).date().isoformat()
YOUNG = (to_datetime(system_clock()) - timedelta(days=400)).date().isoformat()
NOBODY = "00000000-0000-7000-8000-000000000000"


def booking_of(thing: Thing, day: str = DAY) -> str:
    return f"/things/{thing.id}/book?date={day}&from=10%3A00"


async def bookings(town: Town, parent: str = "pia") -> list[Booking]:
    own = getattr(town.people, parent).id
    found = await town.service.bookings(own, Window(limit=99))
    return [item.body for item in found.items]


async def booked(town: Town, thing: Thing, day: str = DAY) -> int:
    return (await town.service.places_left(thing.id, day)).booked


def facts(page: Page) -> dict[str, str]:
    names, values = page.all("dt"), page.all("dd")
    return {name.text: value.text for name, value in zip(names, values, strict=True)}


async def test_two_children_are_booked_at_once(pia: Browsing, town: Town) -> None:
    thing = await town.published(content(capacity=3))
    mia, ben = await town.child(), await town.child(name="Ben")

    form = await pia.open(booking_of(thing))
    sent = await pia.send(booking_of(thing), children=[mia.id, ben.id], people="1")

    assert [label.text for label in form.all("label")] == [
        "Mia 6 on that day",
        "Ben 6 on that day",
        "Other people",
    ]
    assert (form.text("h1"), only_form(form)["people"]) == ("Book", ["0"])
    page = await pia.open(sent.headers["location"])
    assert page.of_class("good") == ["Your booking is confirmed."]
    assert page.all("h2")[0].text == "You have 3 places"
    shown = facts(page)
    assert (shown["Where"], shown["Who"]) == ("Pond Street 1, Berlin", "Mia, Ben and 1 other")
    assert shown["When"].endswith("10:00 to 12:00, Berlin time")
    assert "mailto:olga@example.org" in [link.get("href") for link in page.all("a")]
    assert await booked(town, thing) == 3


async def test_a_family_that_does_not_fit_waits_together(
    pia: Browsing, paul: Browsing, town: Town
) -> None:
    thing = await town.published(content(capacity=3))
    other = await town.book(thing, parent="paul", people=2)
    mia, ben = await town.child(), await town.child(name="Ben")

    sent = await pia.send(booking_of(thing), children=[mia.id, ben.id])

    page = await pia.open(sent.headers["location"])
    assert page.of_class("good") == ["You have joined the waiting list."]
    assert page.of_class("prose") == [
        "You are number 1 on it.",
        "Both children move up together, as soon as there is room.",
    ]
    assert await booked(town, thing) == 2

    await paul.send(f"/bookings/{other.id}", do="cancel")
    page = await pia.open(sent.headers["location"].partition("?")[0])
    assert page.all("h2")[0].text == "You have 2 places"
    assert await booked(town, thing) == 2


async def test_where_it_is_full_the_form_says_that_one_waits(pia: Browsing, town: Town) -> None:
    thing = await town.published(content(capacity=1))
    await town.book(thing, parent="paul")

    thing_page = await pia.open(f"/things/{thing.id}")
    form = await pia.open(booking_of(thing))

    waiting = [e for e in thing_page.all("a") if e.text.startswith("Wait for a place")]
    assert [link["href"] for link in waiting] == [booking_of(thing)]
    assert form.text("h1") == "Wait for a place"
    assert [button.text for button in form.all("button")] == ["Sign out", "Join the waiting list"]
    sent = await pia.send(booking_of(thing), people="1")
    row = await pia.open(f"/things/{thing.id}")
    [link] = [e["href"] for e in row.all("a") if e.text.startswith("You are waiting")]
    assert sent.headers["location"] == f"{link}?done=waiting"


async def test_a_child_of_another_age_cannot_be_chosen(pia: Browsing, town: Town) -> None:
    thing = await town.published()
    mia, kim = await town.child(), await town.child(name="Kim", birth_date=YOUNG)

    form = await pia.open(booking_of(thing))
    assert form.id(f"child-{kim.id}").get("disabled") == ""
    assert form.id(f"child-{mia.id}").get("disabled") is None
    refused = await pia.send(booking_of(thing), children=[mia.id, kim.id], people="2")

    page = page_of(refused, 422)
    assert page.id("children-error").text == ("Kim is 1 on that day; it is for ages 5 to 8.")
    kept = only_form(page)
    assert (kept["children"], kept["people"]) == ([mia.id, kim.id], ["2"])
    assert await booked(town, thing) == 0


async def test_nobody_books_for_somebody_elses_child(pia: Browsing, town: Town) -> None:
    thing = await town.published()
    mia, theirs = await town.child(), await town.child("paul", name="Secret")

    for stranger in (theirs.id, NOBODY):
        refused = await pia.send(booking_of(thing), children=[mia.id, stranger])
        page = page_of(refused, 422)
        assert page.of_class("note") == [
            "One of the children is no longer on your list. Please choose again."
        ]
        assert "Secret" not in page.html
    assert await booked(town, thing) == 0


@ON_SQLITE
@pytest.mark.parametrize(
    ("fields", "field", "told"),
    [
        (
            {"people": "many"},
            "people",
            "The number of other people should be written as a number, such as 2.",
        ),
        ({"people": "-1"}, "people", "The number of other people should be written as a number"),
        (
            {"people": "100"},
            "people",
            "The number of other people should be a whole number from 0 to 99.",
        ),
        (
            {"people": "0"},
            "children",
            "Choose a child, or say how many other people come.",
        ),
        ({"children": "<b>"}, "children", "The children should be your own."),
        ({"children": [NOBODY] * 1 + ["x"]}, "children", "The children should be your own."),
    ],
)
async def test_what_is_wrong_is_named_and_nothing_is_booked(
    pia: Browsing, town: Town, fields: dict[str, Any], field: str, told: str
) -> None:
    thing = await town.published()

    refused = await pia.send(booking_of(thing), **fields)

    page = page_of(refused, 422)
    assert page.text("title") == "Please check this: Book: Painting with frogs"
    assert page.id(f"{field}-error").text.startswith(told)
    if field == "people":
        assert page.id("people")["value"] == fields["people"]
    assert await booked(town, thing) == 0


async def test_more_than_there_are_places_cannot_even_wait(pia: Browsing, town: Town) -> None:
    thing = await town.published(content(capacity=2))

    refused = await pia.send(booking_of(thing), people="3")

    page = page_of(refused, 409)
    assert page.of_class("note") == ["3 places are wanted; there are 2 altogether."]
    assert page.id("people")["value"] == "3"


@pytest.mark.parametrize("day", [YESTERDAY, "2027-02-30", "", "x" * 5000, "9999-12-31"])
async def test_a_date_that_is_none_shows_the_dates_that_there_are(
    pia: Browsing, town: Town, day: str
) -> None:
    thing = await town.published()
    path = f"/things/{thing.id}/book"
    token = await pia.token()

    opened = await pia.get(path, date=day)
    sent = await pia.client.post(path, params={"date": day}, data={"form": token, "people": "1"})

    for page in (page_of(opened, 404), page_of(sent, 422)):
        assert page.of_class("note") == [
            "The date you wanted to book is over or has changed. Here are the current dates."
        ]
        assert page.text("h1") == "Painting with frogs"
    assert await bookings(town) == []


@ON_SQLITE
async def test_a_date_that_is_cancelled_while_one_books_is_not_booked(
    pia: Browsing, town: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    thing, service = await town.published(), town.service
    token, read = await pia.token(), service.places_left

    async def read_before_it_is_cancelled(*given: Any) -> OccurrencePlaces:
        found = await read(*given)
        await service.cancel_occurrence(thing.id, DAY, "Ill.", town.people.olga.id, actor="cli")
        return found

    monkeypatch.setattr(service, "places_left", read_before_it_is_cancelled)
    sent = await pia.post(booking_of(thing), form=token, people="1")

    [note] = page_of(sent, 422).of_class("note")
    assert note.startswith("The date you wanted to book is over or has changed.")
    assert await bookings(town) == []


async def test_the_same_form_twice_is_one_booking(pia: Browsing, town: Town) -> None:
    thing, mia = await town.published(), await town.child()
    form = only_form(await pia.open(booking_of(thing)))
    fields = {**form, "children": [mia.id]}

    sent = [await pia.post(booking_of(thing), **fields) for _ in range(2)]

    assert sent[0].headers["location"] == sent[1].headers["location"]
    assert await booked(town, thing) == 1


async def test_a_second_booking_leads_to_the_first(pia: Browsing, town: Town) -> None:
    thing, mia = await town.published(), await town.child()
    before = await town.book(thing)

    form = await pia.open(booking_of(thing))
    refused = await pia.send(booking_of(thing), children=[mia.id], people="1")

    page = page_of(refused, 409)
    for shown in (form, page):
        [note] = shown.of_class("note")
        assert note.startswith("You have already booked this date.")
        assert f"/bookings/{before.id}" in [e["href"] for e in shown.all("a")]
    assert only_form(page)["children"] == [mia.id]
    assert await booked(town, thing) == 1


async def test_bookings_are_listed_by_date_and_those_that_are_over_below(
    pia: Browsing, town: Town
) -> None:
    thing = await town.published()
    mia = await town.child()
    await town.book(thing, date=NEXT_DAY, people=2)
    await town.book(thing, people=0, children=(mia.id,))
    cancelled = await town.book(await town.published(content(name="Frog races")))
    await town.service.cancel_booking(cancelled.id, town.people.pia.id, actor="cli")

    async def listed() -> object:
        page = await pia.open("/bookings")
        links = [e for e in page.all("a") if (e.get("href") or "").startswith("/bookings/")]
        told = [" ".join(e.text.split(" ")[-2:]) for e in links]
        return [heading.text for heading in page.all("h2")], told

    await eventually(
        listed,
        (
            ["Upcoming", "Past and cancelled"],
            ["Mia Booked", "people Booked", "person Cancelled"],
        ),
    )


async def test_a_booking_is_cancelled_once(pia: Browsing, town: Town) -> None:
    thing = await town.published()
    booking = await town.book(thing, people=2)
    path = f"/bookings/{booking.id}"
    form = only_form(await pia.open(path))

    sent = [await pia.post(path, **form, do="cancel") for _ in range(2)]

    assert [one.headers["location"] for one in sent] == [f"{path}?done=cancelled"] * 2
    page = await pia.open(sent[0].headers["location"])
    assert page.of_class("good") == ["Your booking is cancelled."]
    assert page.all("h2")[0].text == "This booking is cancelled"
    assert [button.text for button in page.all("button")] == ["Sign out"]
    assert await booked(town, thing) == 0


async def test_what_the_organiser_cancelled_says_why_and_offers_other_dates(
    pia: Browsing, town: Town
) -> None:
    thing, olga = await town.published(), town.people.olga.id
    booking = await town.book(thing)
    await town.book(thing, date=NEXT_DAY)
    await town.service.cancel_occurrence(thing.id, DAY, "The hall is closed.", olga, actor="cli")

    page = await pia.open(f"/bookings/{booking.id}")

    assert facts(page)["When"].endswith(", 10:00 to 12:00, Berlin time")
    assert page.of_class("prose") == ["The organiser has cancelled.", "The hall is closed."]
    offered = [e["href"] for e in page.all("a") if "/book?" in (e.get("href") or "")]
    assert len(offered) == 5
    assert not {booking_of(thing), booking_of(thing, NEXT_DAY)} & set(offered)
    assert (await pia.open(offered[0])).text("h1") == "Book"


async def test_bookings_of_others_do_not_exist(pia: Browsing, town: Town) -> None:
    thing = await town.published()
    theirs = await town.book(thing, parent="paul", people=3)
    token = await pia.token()

    for id in (theirs.id, NOBODY, "x"):
        answers = [
            await pia.get(f"/bookings/{id}"),
            await pia.post(f"/bookings/{id}", form=token, do="cancel"),
        ]
        assert [answer.status_code for answer in answers] == [404, 404]
    assert await booked(town, thing) == 3


@ON_SQLITE
async def test_a_form_of_another_site_cancels_nothing(pia: Browsing, town: Town) -> None:
    thing = await town.published()
    booking = await town.book(thing)

    refused = await pia.post(f"/bookings/{booking.id}", form="x", do="cancel")

    assert (refused.status_code, await booked(town, thing)) == (403, 1)


@ON_SQLITE
async def test_who_is_not_signed_in_is_led_there_and_back(visitor: Browsing, town: Town) -> None:
    thing = await town.published()
    booking = await town.book(thing)

    for path in ("/bookings", f"/bookings/{booking.id}"):
        answers = [await visitor.get(path), await visitor.post(path, do="cancel")]
        leads = {answer.headers.get("location") for answer in answers if answer.status_code == 303}
        assert leads == {f"/signin?next={path}"}
    assert await booked(town, thing) == 1


@ON_SQLITE
@pytest.mark.parametrize("cursor", ["x", "bm90IG9uZQ==", "\N{SNOWMAN}"])
async def test_a_cursor_that_is_none_begins_the_list_anew(pia: Browsing, cursor: str) -> None:
    for path in ("/bookings", "/favourites"):
        answers = [await pia.get(path, after=cursor), await pia.get(path, before=cursor)]
        assert [answer.headers["location"] for answer in answers] == [path, path]
