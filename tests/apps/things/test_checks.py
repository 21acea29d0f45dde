"""Form and range of what people fill in: every flaw is named by the field's name in GraphQL."""

import math
from datetime import date
from typing import Any

import msgspec
import pytest

from gatherlog.apps.things import (
    ChildDetails,
    Contact,
    Content,
    FloatRange,
    Hours,
    Image,
    IntRange,
    When,
    Where,
)
from gatherlog.apps.things.checks import checked_child, checked_content
from gatherlog.core.eventstore.errors import Invalid
from tests.apps.things.sample_things import SERIES, WEEKEND, content, event

TODAY = date(2027, 4, 1)
PLACE = Where(lat=52.5, lon=13.4, address="Pond Street 1")
IMAGE = Image(name="frog.png", bucket="pictures", key="2027/frog.png", region="eu-central-1")


def flaws(command: Any) -> list[str]:
    with pytest.raises(Invalid) as refused:
        command()
    return [flaw.pointer for flaw in refused.value.flaws]


def when(**given: Any) -> When:
    return msgspec.structs.replace(SERIES, **given)


def hours(**given: Any) -> When:
    return when(hours=(msgspec.structs.replace(WEEKEND[0], **given),))


BAD: list[tuple[str, dict[str, Any]]] = [
    ("/name", {"name": " "}),
    ("/name", {"name": "x" * 121}),
    ("/name", {"name": "two\nlines"}),
    ("/name", {"name": "right to left \u202e"}),
    ("/description", {"description": "\n"}),
    ("/description", {"description": "x" * 10_001}),
    ("/type", {"kind": "PARTY"}),
    ("/category", {"category": "FROGS"}),
    ("/where/location/lat", {"where": msgspec.structs.replace(PLACE, lat=90.5)}),
    ("/where/location/lat", {"where": msgspec.structs.replace(PLACE, lat=123.0)}),
    ("/where/location/lat", {"where": msgspec.structs.replace(PLACE, lat=math.nan)}),
    ("/where/location/lon", {"where": msgspec.structs.replace(PLACE, lon=-181.0)}),
    ("/where/location/lon", {"where": msgspec.structs.replace(PLACE, lon=math.inf)}),
    ("/where/address", {"where": msgspec.structs.replace(PLACE, address="")}),
    ("/when/dateTime/from", {"when": when(start="tomorrow")}),
    ("/when/dateTime/to", {"when": when(end="2027-13-01")}),
    ("/when/dateTime/to", {"when": when(end="2027-02-01T00:00:00")}),
    ("/when/dateTime/to", {"when": when(end="2038-03-01T00:00:00")}),
    ("/when/occurrences", {"when": when(hours=())}),
    ("/when/occurrences", {"when": when(hours=WEEKEND * 2)}),
    ("/when/occurrences", {"when": when(hours=WEEKEND * 30)}),
    ("/when/occurrences/0/dayOfWeek", {"when": hours(day="SAMSTAG")}),
    ("/when/occurrences/0/hours/from", {"when": hours(start="25:00")}),
    ("/when/occurrences/0/hours/to", {"when": hours(end="noon")}),
    ("/contact/email", {"contact": Contact(email="olga at example.org")}),
    ("/contact/phone", {"contact": Contact(phone="call me")}),
    ("/contact/www", {"contact": Contact(www="javascript:alert(1)")}),
    ("/contact/www", {"contact": Contact(www="example.org")}),
    ("/target/age/from", {"ages": IntRange(-1, 3)}),
    ("/target/age/to", {"ages": IntRange(3, 121)}),
    ("/target/age/to", {"ages": IntRange(90, 3)}),
    ("/target/type", {"audience": ()}),
    ("/target/type/0", {"audience": ("FROG",)}),
    ("/price/from", {"price": FloatRange(-0.5, 3.0)}),
    ("/price/from", {"price": FloatRange(math.nan, 3.0)}),
    ("/price/to", {"price": FloatRange(0.0, math.inf)}),
    ("/price/to", {"price": FloatRange(5.0, 3.0)}),
    ("/capacity", {"capacity": 0}),
    ("/capacity", {"capacity": 100_001}),
    ("/timeZone", {"time_zone": "Berlin"}),
    ("/image/key", {"image": msgspec.structs.replace(IMAGE, key="")}),
]


@pytest.mark.parametrize(("pointer", "given"), BAD)
def test_a_field_out_of_range_is_named(pointer: str, given: dict[str, Any]) -> None:
    assert flaws(lambda: checked_content(content(**given))) == [pointer]


def test_all_flaws_are_named_at_once() -> None:
    bad = content(name="", price=FloatRange(5.0, 3.0), capacity=0, time_zone="Berlin")

    assert flaws(lambda: checked_content(bad)) == ["/timeZone", "/capacity", "/name", "/price/to"]


def test_an_event_lasts_a_year_at_most() -> None:
    long = When(start="2027-05-01T14:00:00", end="2028-05-03T14:00:00")

    assert flaws(lambda: checked_content(content(kind="EVENT", when=long))) == ["/when/dateTime/to"]


def test_what_is_well_formed_is_stored_in_one_form() -> None:
    given = content(
        name=" Painting ",
        description="one\r\ntwo\n",
        audience=("FAMILY", "CHILD"),
        contact=Contact(email=" ", phone=" +49 30 901820 ", www="https://example.org/frogs"),
        price=FloatRange(5, 7),
        image=IMAGE,
        capacity=12,
    )

    stored = checked_content(given)

    assert (stored.name, stored.description) == ("Painting", "one\ntwo")
    assert stored.audience == ("CHILD", "FAMILY")
    assert stored.contact == Contact(phone="+49 30 901820", www="https://example.org/frogs")
    assert checked_content(stored) == stored


@pytest.mark.parametrize(
    ("start", "local"),
    [
        ("2027-05-01T14:00:00+02:00", "2027-05-01T14:00:00"),
        ("2027-05-01T14:00:00Z", "2027-05-01T16:00:00"),
        ("2027-05-01T14:00", "2027-05-01T14:00:00"),
        ("2027-05-01", "2027-05-01T00:00:00"),
    ],
)
def test_times_are_stored_in_the_things_own_zone(start: str, local: str) -> None:
    stored = checked_content(
        msgspec.structs.replace(event(), when=When(start=start, end="2027-05-02T14:00:00"))
    )

    assert stored.when.start == local


def test_hours_with_an_offset_are_converted_as_on_the_first_day() -> None:
    winter = when(hours=(Hours(day="SAT", start="09:00:00Z", end="12:00:00+01:00"),))
    summer = msgspec.structs.replace(winter, start="2027-06-01T00:00:00")

    stored = [checked_content(content(when=one)).when.hours[0] for one in (winter, summer)]

    assert [(one.start, one.end) for one in stored] == [
        ("10:00:00", "12:00:00"),
        ("11:00:00", "13:00:00"),
    ]


def test_scripts_and_links_are_text_like_any_other() -> None:
    text = "<script>alert(1)</script> https://win.example"

    assert checked_content(content(description=text)).description == text


@pytest.mark.parametrize(
    ("pointer", "given"),
    [
        ("/name", {"name": " "}),
        ("/birthDate", {"birth_date": "six"}),
        ("/birthDate", {"birth_date": "2027-04-02"}),
        ("/birthDate", {"birth_date": "1899-01-01"}),
        ("/allergies", {"allergies": "x" * 2001}),
        ("/emergencyContact", {"emergency_contact": "\x07"}),
        ("/pickUp", {"pick_up": "x" * 2001}),
    ],
)
def test_what_is_told_of_a_child_is_checked(pointer: str, given: dict[str, Any]) -> None:
    told: dict[str, Any] = {"name": "Mia", "birth_date": "2020-06-15"}

    assert flaws(lambda: checked_child(ChildDetails(**told | given), today=TODAY)) == [pointer]


NOTHING = dict.fromkeys(("allergies", "emergency_contact", "pick_up"))


def test_a_child_born_today_is_a_child() -> None:
    stored = checked_child(ChildDetails(name=" Mia ", birth_date="2027-04-01"), today=TODAY)

    assert stored == {"name": "Mia", "birth_date": "2027-04-01", **NOTHING}


def test_every_sample_is_in_stored_form() -> None:
    samples: list[Content] = [content(), event()]

    assert [checked_content(one) for one in samples] == samples
