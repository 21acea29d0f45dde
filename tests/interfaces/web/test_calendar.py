"""The calendar file of a gathering, which updates the event when it is imported again."""

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatherlog.apps.guests import Gathering, SettingsPatch
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
    assert int(before["SEQUENCE"]) <= int(after["SEQUENCE"])
    for file in (first.text, second.text):
        assert [word for word in (ada.token, "Ada", "Lovelace", "/r/") if word in file] == []


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
