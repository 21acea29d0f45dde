"""The form of a thing: what was typed becomes its content, or is refused at each field."""

from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.datastructures import FormData

from gatherlog.apps.things import Content, FloatRange, Hours, Image, IntRange, When, Where
from gatherlog.core.eventstore.errors import Invalid
from gatherlog.interfaces.web.things.thing_form import NAMES, HoursLine, ThingForm, blank, filled
from gatherlog.interfaces.web.things.typed_content import content as meant
from tests.apps.things.sample_things import content, event

ONCE: dict[str, Any] = {
    "name": "Concert",
    "description": "Brass and cake.",
    "kind": "EVENT",
    "category": "MUSIC",
    "start_day": "2027-05-01",
    "start_time": "14:00",
    "end_time": "16:00",
    "time_zone": "Europe/Berlin",
    "address": "Park 1",
    "location": "52.5, 13.4",
    "audience": ["FAMILY", "CHILD"],
    "age_from": "0",
    "age_to": "99",
}
WEEKLY: dict[str, Any] = {
    **ONCE,
    "kind": "RECURRING_EVENT",
    "end_day": "2027-12-31",
    "hours_0_days": ["SAT", "SUN"],
    "hours_0_from": "10:00",
    "hours_0_to": "12:00",
}


def typed(given: dict[str, Any]) -> ThingForm:
    pairs = [
        (name, one)
        for name, value in given.items()
        for one in (value if isinstance(value, list) else [value])
    ]
    return ThingForm.read(FormData(pairs))


def refused(**given: Any) -> dict[str, str]:
    """The messages by field for a single event with some fields changed."""
    form = typed({**ONCE, **given})
    with pytest.raises(Invalid) as error:
        meant(form)
    return dict(form.with_flaws(error.value).fields.flaws)


@pytest.mark.parametrize(
    "saved",
    [
        content(),
        event(),
        event(price=FloatRange(0.0, 0.0), capacity=12, adult_mandatory=True),
        content(where=Where(lat=52.520006599999996, lon=-0.0000001, address="Pond\tStreet")),
        content(kind="PLACE", when=When(start="2027-01-01T09:30:00", end="2027-12-31T00:00:00")),
        content(price=FloatRange(1_000_000.0, 1_000_000.0), ages=IntRange(3, 3)),
    ],
    ids=["series", "event", "full", "far digits", "place", "bounds"],
)
def test_what_is_saved_is_the_same_when_the_form_is_sent_unchanged(saved: Content) -> None:
    form = filled(saved, 3)

    sent = msgspec.json.decode(form.fields["was"], type=dict[str, str])

    assert meant(form, saved) == saved
    assert {name: form.fields[name] for name in sent} == sent


def test_a_highest_price_that_is_the_lowest_stays_empty_so_that_both_change_together() -> None:
    form = filled(event(price=FloatRange(2.5, 2.5)), 3)

    assert (form.fields["price_from"], form.fields["price_to"]) == ("2.5", "")


@given(st.floats(-90, 90), st.floats(-180, 180))
def test_a_point_on_the_map_is_never_moved_by_saving_it(lat: float, lon: float) -> None:
    saved = content(where=Where(lat=lat, lon=lon, address="Somewhere"))

    assert meant(filled(saved, 1), saved).where == saved.where


def test_a_single_event_is_on_one_day_unless_another_is_named() -> None:
    assert meant(typed(ONCE)).when == When(start="2027-05-01T14:00:00", end="2027-05-01T16:00:00")
    two = meant(typed({**ONCE, "end_day": "2027-05-02"})).when
    assert two == When(start="2027-05-01T14:00:00", end="2027-05-02T16:00:00")


def test_weekly_hours_are_one_line_for_all_days_with_the_same() -> None:
    more = {"hours_1_days": ["WED"], "hours_1_from": "9:30", "hours_1_to": "11:00"}

    when = meant(typed({**WEEKLY, **more})).when

    assert when.hours == (
        Hours(day="SAT", start="10:00:00", end="12:00:00"),
        Hours(day="SUN", start="10:00:00", end="12:00:00"),
        Hours(day="WED", start="09:30:00", end="11:00:00"),
    )
    assert filled(meant(typed(WEEKLY)), 1).lines == [
        HoursLine(("SAT", "SUN"), "10:00", "12:00"),
        HoursLine(),
    ]


@pytest.mark.parametrize(
    ("written", "lat", "lon"),
    [
        ("52.5163, 13.3777", 52.5163, 13.3777),
        ("52.5163,13.3777", 52.5163, 13.3777),
        ("52.5163 13.3777", 52.5163, 13.3777),
        ("-33.9; 151.2", -33.9, 151.2),
        ("52, 13", 52.0, 13.0),
    ],
)
def test_a_point_on_the_map_is_two_numbers(written: str, lat: float, lon: float) -> None:
    where = meant(typed({**ONCE, "location": written})).where

    assert (where.lat, where.lon) == (lat, lon)


@pytest.mark.parametrize(
    "written", ["52,52", "52", "52.5 13.4 1", "N 52", "nan, inf", "52,5, 13,4"]
)
def test_what_might_be_another_point_is_not_guessed(written: str) -> None:
    assert refused(location=written) == {
        "location": "The point on the map should be two numbers, such as 52.5163, 13.3777."
    }


@pytest.mark.parametrize(
    ("least", "most", "expected"),
    [
        ("", "", FloatRange(0.0, 0.0)),
        ("7.50", "", FloatRange(7.5, 7.5)),
        ("7,50", "12", FloatRange(7.5, 12.0)),
        ("", "5", FloatRange(0.0, 5.0)),
    ],
)
def test_prices_that_are_left_empty_are_what_the_form_says(
    least: str, most: str, expected: FloatRange
) -> None:
    assert meant(typed({**ONCE, "price_from": least, "price_to": most})).price == expected


NUMBER = "should be written as a number, such as"


@pytest.mark.parametrize(
    ("given", "flaws"),
    [
        ({"name": " "}, {"name": "The name is missing or blank."}),
        (
            {"name": "a\u202eb"},
            {"name": "The name holds the character U+202E, which is not allowed here."},
        ),
        ({"kind": ""}, {"kind": "How often it takes place is not chosen yet."}),
        ({"category": ""}, {"category": "The category is not chosen yet."}),
        ({"audience": []}, {"audience": "Who it is for is not marked yet."}),
        ({"start_day": ""}, {"start_day": "The first day is missing."}),
        (
            {"start_day": "01.05.2027"},
            {"start_day": "The first day should be a day such as 2027-05-01."},
        ),
        (
            {"start_day": "0001-01-01", "end_day": "2027-05-01"},
            {"start_day": "The first day should be a day such as 2027-05-01."},
        ),
        ({"start_time": ""}, {"start_time": "The beginning is missing."}),
        ({"start_time": "25:00"}, {"start_time": "The beginning should be a time such as 14:00."}),
        ({"end_time": "13:59"}, {"end_time": "The end is before the beginning."}),
        ({"end_day": "2027-04-30"}, {"end_day": "The last day is before the first."}),
        (
            {"end_day": "2029-01-01"},
            {"end_day": "The last day should be at most 366 days after the first."},
        ),
        ({"age_from": "three"}, {"age_from": f"The lowest age {NUMBER} 2."}),
        ({"age_from": "9", "age_to": "3"}, {"age_to": "The highest age is below the lowest."}),
        ({"price_from": "1,250"}, {"price_from": f"The lowest price {NUMBER} 7.50."}),
        ({"price_from": "-1"}, {"price_from": f"The lowest price {NUMBER} 7.50."}),
        (
            {"price_from": "9", "price_to": "3"},
            {"price_to": "The highest price is below the lowest."},
        ),
        (
            {"location": "123, 13"},
            {
                "location": "The point on the map has a latitude, the first number, that is not "
                "between -90 and 90."
            },
        ),
        (
            {"capacity": "0"},
            {"capacity": "The number of places should be a whole number from 1 to 100,000."},
        ),
        ({"capacity": "many"}, {"capacity": f"The number of places {NUMBER} 2."}),
        (
            {"email": "olga"},
            {"email": "The email address should be one such as ada@example.org."},
        ),
        (
            {"www": "javascript:alert(1)"},
            {"www": "The web address should be an address like https://example.org."},
        ),
        (
            {"time_zone": "Berlin"},
            {"time_zone": "The time zone is not an IANA time zone; one looks like Europe/Paris."},
        ),
    ],
)
def test_each_flaw_is_named_at_its_field(given: dict[str, Any], flaws: dict[str, str]) -> None:
    assert refused(**given) == flaws


@pytest.mark.parametrize(
    ("lines", "flaw"),
    [
        ({"hours_0_days": []}, "The weekly hours lack the days in line 1."),
        ({"hours_0_to": ""}, "The weekly hours lack a time such as 14:00 in line 1."),
        (
            {"hours_0_days": [], "hours_0_from": "", "hours_0_to": ""},
            "The weekly hours are missing: mark at least one day, with its times.",
        ),
        (
            {"hours_1_days": ["SUN"], "hours_1_from": "10:00", "hours_1_to": "11:00"},
            "The weekly hours have the same day and beginning twice.",
        ),
    ],
)
def test_weekly_hours_that_are_not_whole_are_refused(lines: dict[str, Any], flaw: str) -> None:
    assert refused(**{**WEEKLY, **lines}) == {"hours": flaw}


def test_more_hours_than_fit_are_refused() -> None:
    days = ["MON", "TUE", "WED", "THU", "FRI", "SAT", "SUN"]
    lines = {
        f"hours_{place}_{name}": value
        for place in range(8)
        for name, value in (("days", days), ("from", f"{place}:00"), ("to", f"{place}:30"))
    }

    assert refused(**{**WEEKLY, **lines}) == {
        "hours": "The weekly hours are 56, each day of each line; 50 fit."
    }


def test_everything_wrong_is_told_at_once_in_the_order_of_the_form() -> None:
    form = typed({"price_from": "x", "price_to": "x", "capacity": "x", "email": "x", "phone": "x"})
    with pytest.raises(Invalid) as error:
        meant(form)

    flawed = form.with_flaws(error.value).fields.flaws

    missing = {"hours", "start_time", "end_day", "end_time", "www"}
    assert list(flawed) == [name for name in NAMES if name not in missing]


def test_a_new_form_suggests_only_what_is_usual() -> None:
    form = blank("PLACE", "Europe/Berlin")

    assert {name: value for name, value in form.fields.values.items() if value} == {
        "kind": "PLACE",
        "time_zone": "Europe/Berlin",
        "audience": "CHILD",
        "booking_mandatory": "yes",
    }
    assert blank("<b>", "UTC").fields["kind"] == ""


def test_a_picture_stays_when_the_form_is_saved() -> None:
    picture = Image(name="frog.png", bucket="b", key="k", region="r")
    saved = content(image=picture)

    assert meant(filled(saved, 1), saved).image == picture
