"""The calendar file of a gathering, which updates the event when it is imported again."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

import icalendar
import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatherlog.apps.guests import Gathering, SettingsPatch
from gatherlog.apps.guests.times import why_no_end
from gatherlog.core.eventstore.clock import system_clock
from gatherlog.interfaces.web.calendar import calendar
from tests.interfaces.web.conftest import Invited
from tests.interfaces.web.reading import Page

PARTY = Gathering(
    id="default",
    event_name="Summer party",
    event_date="2026-06-06T18:30:00",
    location=None,
    rsvp_deadline=None,
    max_guests=None,
    time_zone="Europe/Berlin",
    settings_data={},
    created_at=1_000_000_000_000_000,
    updated_at=1_000_000_007_000_000,
)


def read(data: bytes) -> dict[str, str]:
    """The properties of the one event, unfolded; the last of a name counts."""
    assert all(len(line) <= 75 for line in data.split(b"\r\n"))
    lines = data.decode().replace("\r\n ", "").split("\r\n")
    assert "\n" not in data.decode().replace("\r\n", "")
    assert (lines[:2], lines[-3:]) == (
        ["BEGIN:VCALENDAR", "VERSION:2.0"],
        ["END:VEVENT", "END:VCALENDAR", ""],
    )
    return dict(line.split(":", 1) for line in lines[1:-1])


def component(data: bytes) -> Any:
    """The one event of a file, as another library reads it."""
    [event] = icalendar.Calendar.from_ical(data).walk("VEVENT")
    assert event.errors == []
    return event


def event_of(**changes: object) -> Any:
    return component(calendar(msgspec.structs.replace(PARTY, **changes), system_clock()))


def of(**changes: object) -> dict[str, str]:
    return read(calendar(msgspec.structs.replace(PARTY, **changes), system_clock()))


def test_a_date_time_is_written_in_utc() -> None:
    shown = of()

    assert {name: shown[name] for name in ("UID", "SEQUENCE", "DTSTART", "LAST-MODIFIED")} == {
        "UID": "default-1000000000000000@gatherlog",
        "SEQUENCE": "7",
        "DTSTART": "20260606T163000Z",
        "LAST-MODIFIED": "20010909T014647Z",
    }
    assert "LOCATION" not in shown


def test_a_date_without_a_time_is_the_whole_day() -> None:
    assert of(event_date="2026-06-06")["DTSTART;VALUE=DATE"] == "20260606"


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("event_date", "event_end", "start", "end"),
    [
        ("2026-06-06", None, date(2026, 6, 6), date(2026, 6, 7)),
        ("2026-06-06", "2026-06-06", date(2026, 6, 6), date(2026, 6, 7)),
        ("2026-12-31", "2027-01-02", date(2026, 12, 31), date(2027, 1, 3)),
        ("2026-06-06T18:30:00", None, utc("2026-06-06T16:30"), utc("2026-06-06T19:30")),
        (
            "2026-06-06T18:30:00",
            "2026-06-07T02:00:00",
            utc("2026-06-06T16:30"),
            utc("2026-06-07T00:00"),
        ),
        # The clocks go forward from 2 to 3, and back from 3 to 2.
        ("2026-03-29T02:30:00", None, utc("2026-03-29T01:30"), utc("2026-03-29T04:30")),
        (
            "2026-03-28T22:00:00",
            "2026-03-29T02:30:00",
            utc("2026-03-28T21:00"),
            utc("2026-03-29T01:30"),
        ),
        ("2026-10-25T02:30:00", None, utc("2026-10-25T00:30"), utc("2026-10-25T03:30")),
        (
            "2026-10-25T02:30:00",
            "2026-10-25T02:45:00",
            utc("2026-10-25T00:30"),
            utc("2026-10-25T01:45"),
        ),
    ],
)
def test_another_library_reads_when_it_begins_and_ends(
    event_date: str, event_end: str | None, start: date, end: date
) -> None:
    event = event_of(event_date=event_date, event_end=event_end)

    assert (event["DTSTART"].dt, event["DTEND"].dt) == (start, end)
    assert (event.start, event.end) == (start, end)


@given(
    st.datetimes(datetime.fromisoformat("1990-01-01"), datetime.fromisoformat("2100-01-01")),
    st.none() | st.timedeltas(timedelta(minutes=1), timedelta(days=400)),
    st.sampled_from(
        ["UTC", "Europe/Berlin", "Asia/Kathmandu", "Pacific/Apia", "Africa/Casablanca"]
    ),
)
def test_every_file_has_an_end_behind_its_beginning(
    start: datetime, length: timedelta | None, zone: str
) -> None:
    end = None if length is None else (start + length).replace(microsecond=0)
    begins = start.replace(microsecond=0).isoformat()
    ends = None if end is None else end.isoformat()
    if ends is not None and why_no_end(begins, ends, zone) is not None:
        return  # refused when it is typed
    event = event_of(event_date=begins, event_end=ends, time_zone=zone)

    assert event["DTEND"].dt > event["DTSTART"].dt
    if ends is None:
        assert event["DTEND"].dt - event["DTSTART"].dt == timedelta(hours=3)


@pytest.mark.parametrize(
    ("event_date", "note"),
    [
        ("2999-03-31T02:30:00", "02:30 is 03:30 then, as the clocks go forward"),
        ("2999-10-27T02:30:00", "the first 02:30 of two, as the clocks go back"),
    ],
)
async def test_what_becomes_of_a_time_that_clocks_alter_is_said_on_page_and_file_alike(
    ada: Invited, event_date: str, note: str
) -> None:
    moved = SettingsPatch(event_date=event_date)
    await ada.platform.guests.change_settings("default", moved, actor="t")
    await ada.answer(attending="yes")

    file = await ada.browser.get(f"{ada.path}/calendar.ics")

    assert note in (await ada.open()).html
    assert component(file.content)["DESCRIPTION"] == f"{note} (Europe/Berlin)"


def test_other_times_need_no_note() -> None:
    assert "DESCRIPTION" not in event_of()


def test_no_text_can_become_a_property_of_its_own() -> None:
    shown = of(event_name="A, B; C\\D", location="Hall 1\r\nATTENDEE:mailto:eve@x.org\nEND:VEVENT")

    assert shown["SUMMARY"] == "A\\, B\\; C\\\\D"
    assert shown["LOCATION"] == "Hall 1\\nATTENDEE:mailto:eve@x.org\\nEND:VEVENT"
    assert "ATTENDEE" not in shown


@given(name=st.text(st.characters(codec="utf-8", categories=["L", "N", "P", "S"]), max_size=200))
def test_a_long_name_is_folded_between_characters(name: str) -> None:
    plain = name.replace("\\", "").replace(";", "").replace(",", "")

    assert of(event_name=plain)["SUMMARY"] == plain


async def test_the_file_of_a_guest_who_comes_is_updated_with_the_gathering(
    ada: Invited,
) -> None:
    assert "Add it to my calendar" not in (await ada.open()).html
    await ada.answer(attending="yes")
    page = await ada.open()
    (link,) = [e for e in page.all("a") if e.text == "Add it to my calendar"]

    first = await ada.browser.get(ada.path + link["href"])
    await ada.platform.guests.change_settings(
        "default", SettingsPatch(event_date="2999-07-07"), actor="t"
    )
    second = await ada.browser.get(f"{ada.path}/calendar.ics")

    assert (first.status_code, first.headers["content-type"]) == (
        200,
        "text/calendar; charset=utf-8",
    )
    before, after = read(first.content), read(second.content)
    assert (before["DTSTART"], after["DTSTART;VALUE=DATE"]) == ("29990606T163000Z", "29990707")
    assert before["UID"] == after["UID"]
    assert int(before["SEQUENCE"]) < int(after["SEQUENCE"])
    for file in (first.text, second.text):
        assert [word for word in (ada.token, "Ada", "Lovelace", "/r/") if word in file] == []


async def test_every_change_has_a_greater_sequence_and_the_same_uid(ada: Invited) -> None:
    files = [component((await ada.browser.get(f"{ada.path}/calendar.ics")).content)]
    for patch in (
        SettingsPatch(location="Hall 2"),
        SettingsPatch(location="Hall 3"),
        SettingsPatch(event_end="2999-06-07T01:00"),
        SettingsPatch(event_date="2999-06-07T18:30"),
        SettingsPatch(time_zone="Europe/London"),
        SettingsPatch(event_name="Late summer party"),
    ):
        await ada.platform.guests.change_settings("default", patch, actor="t")
        files.append(component((await ada.browser.get(f"{ada.path}/calendar.ics")).content))

    sequences = [file["SEQUENCE"] for file in files]
    assert sequences == sorted(set(sequences))
    assert len({file["UID"] for file in files}) == 1
    assert {file["STATUS"] for file in files} == {"CONFIRMED"}
    assert [files[2]["LOCATION"], files[-1]["SUMMARY"]] == ["Hall 3", "Late summer party"]
    assert [file["DTEND"].dt for file in files[3:]] == [
        utc("2999-06-06T23:00"),
        utc("2999-06-07T23:00"),
        utc("2999-06-08T00:00"),
        utc("2999-06-08T00:00"),
    ]


async def test_calendars_take_out_a_gathering_that_was_removed(ada: Invited) -> None:
    before = (await ada.browser.get(f"{ada.path}/calendar.ics")).content
    await ada.platform.guests.remove_gathering("default", actor="t")

    after = await ada.browser.get(f"{ada.path}/calendar.ics")

    was, now = component(before), component(after.content)
    assert (after.status_code, now["UID"], now["STATUS"]) == (200, was["UID"], "CANCELLED")
    assert now["SEQUENCE"] > was["SEQUENCE"]
    assert (now["DTSTART"].dt, now["DTEND"].dt) == (was["DTSTART"].dt, was["DTEND"].dt)
    assert "LOCATION" not in now
    methods = [icalendar.Calendar.from_ical(file)["METHOD"] for file in (before, after.content)]
    assert methods == ["PUBLISH", "CANCEL"]
    assert (await ada.browser.get(ada.path)).status_code == 404


def test_a_clock_that_goes_back_does_not_make_the_sequence_smaller() -> None:
    later = msgspec.structs.replace(PARTY, sequence=9, updated_at=PARTY.created_at - 5_000_000)

    assert (PARTY.revision, later.revision) == (7, 9)
    assert msgspec.structs.replace(PARTY, updated_at=2**62).revision == 2**31 - 1


async def test_a_guest_who_does_not_come_is_offered_no_file(ada: Invited) -> None:
    await ada.answer(attending="no")

    assert "?calendar" not in (await ada.open()).html


@pytest.mark.parametrize("path", ["/r/unknown/calendar.ics", "/r/unknown?calendar"])
async def test_an_unknown_link_has_no_calendar_file(ada: Invited, path: str) -> None:
    answer = await ada.browser.get(path)

    assert (answer.status_code, Page(answer.text).text("h1")) == (
        404,
        "We cannot find this invitation",
    )


async def test_a_gathering_without_a_date_has_no_file(ada: Invited) -> None:
    await ada.platform.guests.change_settings("default", SettingsPatch(event_date=None), actor="t")
    await ada.answer(attending="yes")

    answer = await ada.browser.get(f"{ada.path}/calendar.ics")

    assert (answer.status_code, answer.headers["x-robots-tag"]) == (404, "noindex, nofollow")
    assert "?calendar" not in (await ada.open()).html
