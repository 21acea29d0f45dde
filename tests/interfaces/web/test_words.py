"""Dates, time zones and counts as text."""

from datetime import date, datetime

import pytest

from gatherlog.interfaces.web.words import day, label, local, moment, people, zone


def plain(text: str) -> str:
    return text.replace("\N{NO-BREAK SPACE}", " ")


def test_a_date_has_its_weekday() -> None:
    assert plain(day(date(2026, 6, 6))) == "Saturday, 6 June 2026"
    assert plain(day(date(2026, 12, 31), year=False)) == "Thursday, 31 December"


def test_a_number_and_its_month_stay_on_one_line() -> None:
    assert day(date(2026, 6, 6), year=False) == "Saturday, 6\N{NO-BREAK SPACE}June"


@pytest.mark.parametrize(
    ("kept", "said"),
    [
        ("2026-06-06", "Saturday, 6 June 2026"),
        ("2026-06-06T18:30:00", "Saturday, 6 June 2026, 18:30, Berlin time"),
        ("2026-06-06T00:00:00", "Saturday, 6 June 2026, 00:00, Berlin time"),
    ],
)
def test_a_moment_names_its_zone_and_a_date_does_not(kept: str, said: str) -> None:
    assert plain(moment(local(kept), "Europe/Berlin")) == said


def test_local_times_are_read_as_they_were_written() -> None:
    assert local("2026-06-06") == date(2026, 6, 6)
    assert local("2026-06-06T18:30:00") == datetime.fromisoformat("2026-06-06T18:30:00")


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("Europe/Berlin", "Berlin time"),
        ("America/Argentina/Buenos_Aires", "Buenos Aires time"),
        ("UTC", "UTC"),
        ("Etc/UTC", "UTC"),
    ],
)
def test_a_zone_is_named_by_its_city(name: str, words: str) -> None:
    assert zone(name) == words


@pytest.mark.parametrize(
    ("count", "children", "words"),
    [
        (1, 0, "1 person"),
        (2, 0, "2 people"),
        (2, 1, "2 people, 1 of them a child"),
        (5, 3, "5 people, 3 of them children"),
    ],
)
def test_people_are_counted_in_words(count: int, children: int, words: str) -> None:
    assert people(count, children) == words


def test_tags_are_written_as_people_write_them() -> None:
    assert [label(tag) for tag in ("vegan", "gluten_free", "nut_allergy")] == [
        "Vegan",
        "Gluten-free",
        "Nut allergy",
    ]
