"""Ages, prices, distances and dates, as the pages say them."""

from datetime import date

import pytest

from gatherlog.apps.things import FloatRange, Hours, IntRange, Occurrence, OccurrencePlaces, When
from gatherlog.interfaces.web.things.phrases import (
    ages,
    distance,
    left,
    opening_hours,
    price,
    span,
    waits,
)
from tests.interfaces.graphql.sample_town import content

TODAY = date(2027, 5, 1)


@pytest.mark.parametrize(
    ("least", "most", "words"),
    [
        (0, 99, "All ages"),
        (0, 120, "All ages"),
        (12, 99, "Ages 12 and over"),
        (5, 8, "Ages 5 to 8"),
        (0, 3, "Ages 0 to 3"),
        (6, 6, "Age 6"),
    ],
)
def test_ages_are_said_in_words(least: int, most: int, words: str) -> None:
    assert ages(IntRange(least, most)) == words


@pytest.mark.parametrize(
    ("least", "most", "words"),
    [
        (0, 0, "Free"),
        (5, 5, "5"),
        (5, 7.5, "5 to 7.50"),
        (0, 12, "Free to 12"),
        (1000, 2500, "1,000 to 2,500"),
    ],
)
def test_prices_are_said_in_words(least: float, most: float, words: str) -> None:
    assert price(FloatRange(least, most)) == words
    assert price(FloatRange(least, most), "EUR") == ("Free" if most == 0 else f"{words} EUR")


@pytest.mark.parametrize(
    ("metres", "words"),
    [
        (0, "0 m"),
        (346, "350 m"),
        (994, "990 m"),
        (998, "1.0 km"),
        (1_240, "1.2 km"),
        (9_960, "10 km"),
        (12_600, "13 km"),
    ],
)
def test_distances_are_rounded_as_people_do(metres: float, words: str) -> None:
    assert distance(metres) == words


@pytest.mark.parametrize(
    ("start", "end", "words"),
    [
        ("2027-05-01T10:00:00", "2027-05-01T12:30:00", "Saturday, 1 May, 10:00 to 12:30"),
        ("2028-05-01T10:00:00", "2028-05-01T12:00:00", "Monday, 1 May 2028, 10:00 to 12:00"),
        ("2027-05-01T00:00:00", "2027-05-02T00:00:00", "Saturday, 1 May, all day"),
        (
            "2027-05-01T20:00:00",
            "2027-05-02T01:00:00",
            "Saturday, 1 May, 20:00 to 01:00 on the next day",
        ),
        (
            "2027-05-01T09:00:00",
            "2027-05-02T09:00:00",
            "Saturday, 1 May, 09:00, for 24 hours",
        ),
        (
            "2027-05-01T10:00:00",
            "2027-05-03T16:00:00",
            "Saturday, 1 May, 10:00, to Monday, 3 May, 16:00",
        ),
        (
            "2027-12-31T10:00:00",
            "2028-01-02T16:00:00",
            "Friday, 31 December, 10:00, to Sunday, 2 January 2028, 16:00",
        ),
    ],
)
def test_a_date_is_said_with_its_hours(start: str, end: str, words: str) -> None:
    said = span(Occurrence(start, end, "once", "Europe/Berlin"), TODAY)

    assert said.replace("\N{NO-BREAK SPACE}", " ") == words


@pytest.mark.parametrize(
    ("capacity", "booked", "waiting", "words", "waits_for_two"),
    [
        (None, 7, 0, "", False),
        (9, 0, 0, "9 places left", False),
        (9, 8, 0, "1 place left", True),
        (9, 9, 0, "Full", True),
        (9, 9, 2, "Full, 2 waiting", True),
        (9, 7, 1, "Full, 1 waiting", True),
    ],
)
def test_places_are_left_for_those_who_do_not_wait(
    capacity: int | None, booked: int, waiting: int, words: str, waits_for_two: bool
) -> None:
    places = OccurrencePlaces(
        key="once",
        occurrence=None,
        capacity=capacity,
        booked=booked,
        bookings=booked,
        waiting=waiting,
    )

    assert (left(places), waits(places, 2)) == (words, waits_for_two)


def test_the_hours_of_days_that_are_alike_stand_together() -> None:
    hours = [
        *(Hours(day=day, start="09:00:00", end="12:00:00") for day in ("MON", "TUE", "WED")),
        Hours(day="WED", start="14:00:00", end="18:00:00"),
        *(Hours(day=day, start="10:00:00", end="16:00:00") for day in ("SAT", "SUN")),
    ]
    when = When(start="2027-01-01T00:00:00", end="2028-01-01T00:00:00", hours=tuple(hours))

    assert opening_hours(content(when=when)) == [
        ("Monday and Tuesday", "09:00 to 12:00"),
        ("Wednesday", "09:00 to 12:00, 14:00 to 18:00"),
        ("Saturday and Sunday", "10:00 to 16:00"),
    ]


def test_a_date_says_what_becomes_of_a_time_that_clocks_skip_or_repeat() -> None:
    skipped = Occurrence("2027-03-28T02:30:00", "2027-03-28T04:00:00", "", "Europe/Berlin")
    repeated = Occurrence("2027-10-31T01:00:00", "2027-10-31T02:30:00", "", "Europe/Berlin")

    assert [span(one, TODAY).replace("\xa0", " ") for one in (skipped, repeated)] == [
        "Sunday, 28 March, 02:30 to 04:00 (02:30 is 03:30 then, as the clocks go forward)",
        "Sunday, 31 October, 01:00 to 02:30 (the second 02:30 of two, as the clocks go back)",
    ]
