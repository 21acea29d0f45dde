"""Deadlines as hosts write them: what is stored, and when they pass, with changes of clocks."""

from datetime import datetime

import pytest

from gatherlog.core.commands.local_time import clock_note, closes_at, is_zone, local_time, moment_of
from gatherlog.core.eventstore.clock import rfc3339


@pytest.mark.parametrize(
    ("written", "kept"),
    [
        ("2026-06-01", "2026-06-01"),
        ("2026-06-01T18:00", "2026-06-01T18:00:00"),
        ("2026-06-01 18:00", "2026-06-01T18:00:00"),
        ("2026-06-01T18:00:30", "2026-06-01T18:00:30"),
        ("2026-06-01T18:00:30.25", "2026-06-01T18:00:30.250000"),
        ("2026-06-01T18:00:00Z", "2026-06-01T20:00:00"),
        ("2026-06-01t18:00:00z", "2026-06-01T20:00:00"),
        ("2026-06-01T18:00:00-04:00", "2026-06-02T00:00:00"),
        ("2026-12-01T18:00:00Z", "2026-12-01T19:00:00"),
    ],
)
def test_the_local_time_is_stored(written: str, kept: str) -> None:
    assert local_time(written, "Europe/Paris") == kept


@pytest.mark.parametrize(
    "written",
    [
        "",
        "soon",
        "2026-02-30",
        "2026-13-01",
        "20260601",
        "2026-W23-1",
        "2026-06-01T24:30",
        "2026-06-01T18",
        "2026-06-01T18:00:00+2:00",
        "2026-06-01T18:00:00+99:00",
        "2026-06-01T18:00:00 Europe/Paris",
        "０２６-06-01",
        "0001-01-01T00:00:00+14:00",
        "9999-12-31",
        "1717264800",
        "2026-06-01\n",
    ],
)
def test_text_that_is_no_time_is_refused(written: str) -> None:
    with pytest.raises(ValueError, match=r"is neither a date nor a date-time$"):
        local_time(written, "Europe/Paris")


@pytest.mark.parametrize(
    ("deadline", "zone", "closes"),
    [
        ("2026-06-01", "Europe/Paris", "2026-06-01T22:00:00.000000Z"),
        ("2026-06-01", "America/Los_Angeles", "2026-06-02T07:00:00.000000Z"),
        ("2026-06-01T18:00:00", "Europe/Paris", "2026-06-01T16:00:00.000000Z"),
        ("2026-12-01T18:00:00", "Europe/Paris", "2026-12-01T17:00:00.000000Z"),
        ("2026-06-01T18:00:00", "Asia/Kathmandu", "2026-06-01T12:15:00.000000Z"),
    ],
)
def test_a_deadline_passes_by_the_clock_of_its_zone(deadline: str, zone: str, closes: str) -> None:
    assert rfc3339(closes_at(deadline, zone)) == closes


@pytest.mark.parametrize(
    ("deadline", "zone", "closes"),
    [
        # A day of 23 and one of 25 hours.
        ("2026-03-29", "Europe/Paris", "2026-03-29T22:00:00.000000Z"),
        ("2026-10-25", "Europe/Paris", "2026-10-25T23:00:00.000000Z"),
        # 02:30 never happens: as if the clock had not been put forward.
        ("2026-03-29T02:30:00", "Europe/Paris", "2026-03-29T01:30:00.000000Z"),
        # 02:30 happens twice: the second counts.
        ("2026-10-25T02:30:00", "Europe/Paris", "2026-10-25T01:30:00.000000Z"),
        # Midnight never happens: the day ends where the clock jumps.
        ("2018-11-03", "America/Sao_Paulo", "2018-11-04T03:00:00.000000Z"),
        # Midnight happens twice: the day is over at the first.
        ("2026-10-31", "America/Havana", "2026-11-01T04:00:00.000000Z"),
        # A day that a country left out.
        ("2011-12-29", "Pacific/Apia", "2011-12-30T10:00:00.000000Z"),
    ],
)
def test_clock_changes_are_decided_in_favour_of_the_guest(
    deadline: str, zone: str, closes: str
) -> None:
    assert rfc3339(closes_at(deadline, zone)) == closes


def test_a_local_time_that_comes_twice_means_the_later_moment() -> None:
    first = local_time("2026-10-25T00:30:00Z", "Europe/Paris")
    second = local_time("2026-10-25T01:30:00Z", "Europe/Paris")

    assert first == second == "2026-10-25T02:30:00"
    assert closes_at(first, "Europe/Paris") == int(
        datetime.fromisoformat("2026-10-25T01:30:00Z").timestamp() * 1_000_000
    )


def test_zones_are_known_by_their_full_name() -> None:
    names = [
        "UTC",
        "Europe/Paris",
        "America/Argentina/Ushuaia",
        "Paris",
        "",
        "europe/paris",
        "CEST",
    ]

    assert [name for name in names if is_zone(name)] == names[:3]


@pytest.mark.parametrize(
    ("local", "zone", "moment", "note"),
    [
        ("2027-06-05T18:00:00", "Europe/Paris", "2027-06-05T16:00:00.000000Z", ""),
        ("2027-06-05", "Europe/Paris", "2027-06-04T22:00:00.000000Z", ""),
        (
            "2027-03-28T02:30:00",
            "Europe/Paris",
            "2027-03-28T01:30:00.000000Z",
            "02:30 is 03:30 then, as the clocks go forward",
        ),
        (
            "2027-10-31T02:30:00",
            "Europe/Paris",
            "2027-10-31T00:30:00.000000Z",
            "the first 02:30 of two, as the clocks go back",
        ),
        (
            "2011-12-30T12:00:00",
            "Pacific/Apia",
            "2011-12-30T22:00:00.000000Z",
            "12:00 is 12:00 on 2011-12-31 then, as the clocks go forward",
        ),
    ],
)
def test_a_time_that_clocks_skip_or_repeat_is_one_moment_and_said_so(
    local: str, zone: str, moment: str, note: str
) -> None:
    assert (rfc3339(moment_of(local, zone)), clock_note(local, zone)) == (moment, note)


def test_of_a_deadline_that_comes_twice_the_second_is_said_to_be_meant() -> None:
    assert clock_note("2027-10-31T02:30:00", "Europe/Paris", last=True) == (
        "the second 02:30 of two, as the clocks go back"
    )
