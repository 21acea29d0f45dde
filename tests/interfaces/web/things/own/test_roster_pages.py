"""One date on the organiser's desk: roster, print, sheet, letters, moving and cancelling."""

import csv
import dataclasses
import io
from datetime import date, timedelta
from typing import Any

import msgspec
import pytest

from gatherlog.apps.people import ProfilePatch
from gatherlog.apps.things import Thing
from gatherlog.bootstrap import Platform
from gatherlog.interfaces.http import build_app
from gatherlog.interfaces.logs import RequestLog
from tests.interfaces.graphql.asking import ON_SQLITE, People
from tests.interfaces.graphql.sample_town import DAY, NEXT_DAY, Town, content
from tests.interfaces.web.reading import Page
from tests.interfaces.web.things.family import Browsing, only_form, page_of
from tests.interfaces.web.things.own.conftest import MovingClock
from tests.interfaces.web.things.own.looking import errors, notes, said
from tests.stores import events_of, eventually

EVIL = "<script>alert(1)</script>"
HEADER = "Child,Born,Allergies,Emergency contact,Pick-up,People,Booked by,Booking"


def path_of(thing: Thing, part: str = "", date: str = DAY) -> str:
    return f"/desk/{thing.id}/dates/{date}{part}?at=10:00"


def table(page: Page) -> list[list[str]]:
    """The cells of the roster, row by row."""
    cells = [e.text for e in page.all("td")]
    return [cells[at : at + 5] for at in range(0, len(cells), 5)]


async def booked(town: Town) -> Thing:
    """A date with three people of one family and two of another, who wait."""
    thing = await town.published(content(capacity=4))
    told = {"allergies": "Nuts", "emergency_contact": "Oma, 030 1234", "pick_up": "Dad"}
    mia = await town.child(**told)
    tom = await town.child(name="Tom")
    await town.book(thing, children=(mia.id, tom.id), people=1)
    await town.book(thing, "paul", people=2)
    return thing


async def test_the_roster_has_what_the_organiser_needs_at_the_door(
    olga: Browsing, town: Town
) -> None:
    thing = await booked(town)

    page = await olga.open(path_of(thing))

    assert table(page) == [
        ["Mia", "6 years", "Nuts", "Oma, 030 1234", "Dad"],
        ["Tom", "6 years", "", "", ""],
        ["1 more person, with Mia and Tom", "", "", "", ""],
    ]
    assert list(said(page).items())[:3] == [
        ("People booked", "3"),
        ("Places", "4"),
        ("Bookings", "1"),
    ]


async def test_a_booking_names_the_parent_who_has_a_name(
    olga: Browsing, town: Town, people: People, platform: Platform
) -> None:
    thing, named = await town.published(content(capacity=3)), ProfilePatch(display_name="Pia S.")
    await platform.profiles.change(people.pia.id, named, actor="test")
    await town.book(thing, people=2)
    await town.book(thing, "paul")

    page = await olga.open(path_of(thing))
    sheet = await olga.get(path_of(thing, "/roster.csv"))

    assert [row[0] for row in table(page)] == ["2 people, booked by Pia S.", "1 person"]
    lines = list(csv.reader(io.StringIO(sheet.content.decode("utf-8-sig"))))
    assert [line[5:7] for line in lines[1:]] == [["2", "Pia S."], ["1", ""]]
    assert "@" not in page.text("main")


async def test_who_waits_is_listed_without_anything_of_children(olga: Browsing, town: Town) -> None:
    thing = await town.published(content(capacity=1))
    mia = await town.child(allergies="Nuts")
    await town.book(thing, "paul")
    await town.book(thing, people=0, children=(mia.id,))

    async def waiting() -> list[str]:
        page = await olga.open(path_of(thing))
        assert "Nuts" not in page.html
        assert "Mia" not in page.html
        return [one.split(" · ")[0] for one in page.of_class("alone")]

    await eventually(waiting, ["1 personnumber 1 on the waiting list"])


async def test_the_sheet_and_the_print_have_the_same(olga: Browsing, town: Town) -> None:
    thing = await booked(town)

    sheet = await olga.get(path_of(thing, "/roster.csv"))
    page = await olga.open(path_of(thing, "/print"))

    assert sheet.headers["content-type"] == "text/csv; charset=utf-8"
    assert sheet.headers["content-disposition"] == f'attachment; filename="roster-{DAY}.csv"'
    assert sheet.headers["cache-control"] == "no-store"
    lines = sheet.content.decode("utf-8-sig").splitlines()
    assert [line.rsplit(",", 1)[0] for line in lines[1:]] == [
        f'Mia,{born(lines[1])},Nuts,"Oma, 030 1234",Dad,1,',
        f"Tom,{born(lines[2])},,,,1,",
        ",,,,,1,",
    ]
    assert lines[0] == HEADER
    assert [row[0] for row in table(page)] == ["Mia", "Tom", "1 more person, with Mia and Tom"]
    assert page.text("h2") == "3 people"


def born(line: str) -> str:
    return line.split(",")[1]


@ON_SQLITE
async def test_what_parents_write_is_text_on_the_page_and_no_formula_in_the_sheet(
    olga: Browsing, town: Town
) -> None:
    thing = await town.published()
    evil = await town.child(name=EVIL, allergies="=1+1", pick_up="+49\n@SUM(A1)")
    await town.book(thing, people=0, children=(evil.id,))

    page = await olga.open(path_of(thing))
    sheet = await olga.get(path_of(thing, "/roster.csv"))

    assert table(page)[0][0] == EVIL
    cells = list(csv.reader(io.StringIO(sheet.content.decode("utf-8-sig"))))[1]
    assert [cell[0] for cell in (cells[2], cells[4])] == ["'", "'"]


@ON_SQLITE
async def test_what_is_told_of_children_ends_with_the_date(
    olga: Browsing, town: Town, clock: MovingClock
) -> None:
    thing = await booked(town)
    before = await olga.open(path_of(thing))
    assert "Nuts" in before.html
    clock.days = 11

    page = await olga.open(path_of(thing))

    assert "is no longer shown" in page.text("main")
    assert [word for word in ("Mia", "Nuts", "Oma") if word in page.html] == []
    assert "3 people" in page.of_class("alone")
    for part in ("/print", "/roster.csv"):
        assert (await olga.get(path_of(thing, part))).status_code == 404
    past = await olga.open(f"/desk/{thing.id}")
    assert "Past dates that were booked" in past.text("main")


@ON_SQLITE
@pytest.mark.parametrize(
    "where", ["1999-01-01?at=10:00", f"{DAY}?at=11:00", f"{DAY}?at=x", "x", "2999-01-01", "%00"]
)
async def test_a_date_that_is_none_is_no_page(olga: Browsing, town: Town, where: str) -> None:
    thing = await town.published()

    assert (await olga.get(f"/desk/{thing.id}/dates/{where}")).status_code == 404


@ON_SQLITE
async def test_dates_of_what_is_not_published_are_no_pages(olga: Browsing, town: Town) -> None:
    draft = await town.draft()

    assert (await olga.get(path_of(draft))).status_code == 404


async def test_a_date_is_cancelled_alone(olga: Browsing, town: Town) -> None:
    thing = await booked(town)

    refused = page_of(await olga.send(path_of(thing), do="cancel", reason=""), 422)
    assert errors(refused) == ["The reason is missing or blank."]
    sent = await olga.send(path_of(thing), do="cancel", reason="It snows")

    assert sent.headers["location"] == f"/desk/{thing.id}?done=date_cancelled"
    again = await olga.open(path_of(thing))
    assert "has been cancelled" in again.text("main")
    assert "Mia" not in again.html
    await olga.open(path_of(thing, date=NEXT_DAY))


async def test_a_date_is_moved_and_its_bookings_stay(olga: Browsing, town: Town) -> None:
    thing = await booked(town)

    sent = await olga.send(path_of(thing), do="move", to_day=NEXT_DAY, to_time="15:30")

    place = f"/desk/{thing.id}/dates/{NEXT_DAY}?at=15:30"
    assert sent.headers["location"] == f"{place}&done=moved"
    page = await olga.open(sent.headers["location"])
    assert notes(page, "status") == ["The date is moved. The bookings stay, and everybody is told."]
    assert [row[0] for row in table(page)] == ["Mia", "Tom", "1 more person, with Mia and Tom"]
    assert (await olga.get(path_of(thing))).status_code == 404


@ON_SQLITE
@pytest.mark.parametrize("to_time", ["", "10:00"])
async def test_a_date_that_is_moved_to_where_it_is_already_is_not_said_to_be_moved(
    olga: Browsing, town: Town, to_time: str
) -> None:
    thing = await booked(town)

    sent = await olga.send(path_of(thing), do="move", to_day=DAY, to_time=to_time)

    assert sent.headers["location"] == f"{path_of(thing)}&done=not_moved"
    page = await olga.open(sent.headers["location"])
    assert notes(page, "status") == [
        "This is when it takes place already, so nothing was changed, and nobody is told."
    ]


@ON_SQLITE
async def test_a_date_that_is_moved_far_ahead_is_still_looked_after(
    olga: Browsing, town: Town
) -> None:
    thing = await booked(town)
    far = (date.fromisoformat(DAY) + timedelta(days=200)).isoformat()

    sent = await olga.send(path_of(thing), do="move", to_day=far, to_time="15:30")

    page = await olga.open(sent.headers["location"])
    assert [row[0] for row in table(page)] == ["Mia", "Tom", "1 more person, with Mia and Tom"]
    desk = await olga.open(f"/desk/{thing.id}")
    assert f"/desk/{thing.id}/dates/{far}?at=15:30" in [e["href"] for e in desk.all("a")]


@ON_SQLITE
@pytest.mark.parametrize(
    ("to_day", "to_time", "flaw"),
    [
        ("", "", "The new day is missing."),
        ("", "10:00", "The new day has a time but no day."),
        ("2020-01-01", "", "The new day and its time are over already."),
        (NEXT_DAY, "", "The new day and its time are those of another date."),
        ("soon", "", "The new day should be a day such as 2027-05-01."),
        (NEXT_DAY, "25:00", "The new day should be a day such as 2027-05-01."),
    ],
)
async def test_a_new_time_that_is_none_is_refused(
    olga: Browsing, town: Town, to_day: str, to_time: str, flaw: str
) -> None:
    thing = await town.published()

    page = page_of(await olga.send(path_of(thing), do="move", to_day=to_day, to_time=to_time), 422)

    assert errors(page) == [flaw]
    assert (page.id("to_day")["value"], page.id("to_time")["value"]) == (to_day, to_time)


async def test_a_letter_goes_to_the_families_of_the_date(olga: Browsing, town: Town) -> None:
    thing = await booked(town)

    refused = page_of(await olga.send(path_of(thing), do="write", subject="Snow"), 422)
    assert errors(refused) == ["The letter is missing or blank."]
    assert refused.id("subject")["value"] == "Snow"
    sent = await olga.send(path_of(thing), do="write", subject="Snow", letter="Bring boots.")

    page = await olga.open(sent.headers["location"])
    assert notes(page, "status") == ["Your letter goes to everybody who has booked or is waiting."]
    events = await events_of(town.service._store, f"occurrence-{thing.id}/{DAY}")
    assert [event.type for event in events][-1] == "things.families_written"


@ON_SQLITE
async def test_a_letter_beyond_the_limit_of_the_day_stays_on_the_page(
    town: Town, platform: Platform, people: People
) -> None:
    thing = await booked(town)
    settings = msgspec.structs.replace(platform.settings, rate_limits="families=1/day")
    limited = dataclasses.replace(platform, settings=settings)
    app = build_app(limited, log=RequestLog(platform.clock, lambda line: None))
    async with Browsing.of(app, people.olga.secret) as olga:
        await olga.send(path_of(thing), do="write", subject="Snow", letter="Bring boots.")

        refused = await olga.send(path_of(thing), do="write", subject="Ice", letter="Stay home.")

    page = page_of(refused, 429)
    assert page.id("letter").typed == "Stay home."
    assert "this letter was not sent" in page.text("main")
    events = await events_of(town.service._store, f"occurrence-{thing.id}/{DAY}")
    assert [event.type for event in events].count("things.families_written") == 1


async def test_a_letter_that_is_sent_twice_is_written_once(olga: Browsing, town: Town) -> None:
    thing = await booked(town)
    form = {**only_form(await olga.open(path_of(thing))), "do": "write", "subject": "Snow"}

    for letter in ("Bring boots.", "Bring boots.", "And gloves."):
        sent = await olga.post(path_of(thing), **{**form, "letter": letter})
        assert sent.headers["location"].endswith("done=written")

    events = await events_of(town.service._store, f"occurrence-{thing.id}/{DAY}")
    written = [event for event in events if event.type == "things.families_written"]
    assert [b"gloves" in event.data for event in written] == [False, True]


async def test_one_booking_is_cancelled_and_who_waits_moves_up(olga: Browsing, town: Town) -> None:
    thing = await booked(town)
    page = await olga.open(path_of(thing))
    offered = [e for e in page.all("option") if e.get("value")]
    mias = offered[0]
    assert mias.text == "Mia and Tom"

    refused = page_of(
        await olga.send(path_of(thing), do="cancel_booking", booking=mias["value"]), 422
    )
    assert errors(refused) == ["The reason is missing or blank."]
    fields = {"do": "cancel_booking", "booking": mias["value"], "booking_reason": "Too young"}
    sent = await olga.send(path_of(thing), **fields)

    assert sent.status_code == 303
    after = await olga.open(sent.headers["location"])
    assert [row[0] for row in table(after)] == ["2 people"]
    twice = page_of(await olga.post(path_of(thing), **{**only_form(after), **fields}), 409)
    assert notes(twice, "alert")[0].startswith("This is not possible any more")


@ON_SQLITE
@pytest.mark.parametrize("booking", ["", "x", "x" * 2_000])
async def test_a_booking_that_is_none_is_refused(olga: Browsing, town: Town, booking: str) -> None:
    thing = await booked(town)
    fields: dict[str, Any] = {"booking": booking, "booking_reason": "No"}

    page = page_of(await olga.send(path_of(thing), do="cancel_booking", **fields), 422)

    assert errors(page) == ["The booking is not chosen yet."]


async def test_the_booking_of_anothers_thing_is_not_cancelled(
    otto: Browsing, town: Town, people: People
) -> None:
    theirs = await town.published(organiser="otto")
    thing = await town.published()
    booking = await town.book(thing)
    await town.book(theirs, "paul")
    fields = {"do": "cancel_booking", "booking": booking.id, "booking_reason": "Ha"}

    refused = await otto.send(path_of(theirs), **fields)

    assert refused.status_code == 404
    details = await town.service.booking(booking.id, people.pia.id)
    assert details.booking.status == "BOOKED"


@ON_SQLITE
async def test_a_date_that_is_over_is_not_cancelled(
    olga: Browsing, town: Town, clock: MovingClock
) -> None:
    thing = await booked(town)
    form = only_form(await olga.open(path_of(thing)))
    clock.days = 11

    refused = await olga.post(path_of(thing), **{**form, "do": "cancel", "reason": "Late"})

    page = page_of(refused, 409)
    assert notes(page, "alert")[0].startswith("This is not possible any more")
