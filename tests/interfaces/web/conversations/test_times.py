"""Times of messages as text, across zones, changes of clocks and clocks that differ."""

from datetime import date, datetime
from zoneinfo import ZoneInfo

import pytest

from gatherlog.core.eventstore.clock import to_micros
from gatherlog.interfaces.web.conversations.times import age, clock, heading, stamp, whole

BERLIN = ZoneInfo("Europe/Berlin")
NOW = to_micros(datetime(2026, 6, 6, 12, 0, tzinfo=BERLIN))
SECOND, MINUTE, HOUR, DAY = 1_000_000, 60_000_000, 3_600_000_000, 86_400_000_000


def plain(text: str) -> str:
    return text.replace("\N{NO-BREAK SPACE}", " ")


@pytest.mark.parametrize(
    ("ago", "text"),
    [
        (-HOUR, "now"),
        (0, "now"),
        (59 * SECOND, "now"),
        (MINUTE, "1 min"),
        (5 * MINUTE + 59 * SECOND, "5 min"),
        (HOUR - 1, "59 min"),
        (HOUR, "1 h"),
        (DAY - 1, "23 h"),
        (DAY, "5 June"),
        (200 * DAY, "18 November 2025"),
    ],
)
def test_an_age_is_short_and_a_date_after_a_day(ago: int, text: str) -> None:
    assert plain(age(NOW - ago, NOW, BERLIN)) == text


@pytest.mark.parametrize(
    ("sent", "text"),
    [
        (date(2026, 6, 6), "Today"),
        (date(2026, 6, 5), "Yesterday"),
        (date(2026, 6, 4), "Thursday, 4 June"),
        (date(2025, 12, 31), "Wednesday, 31 December 2025"),
        (date(2026, 6, 7), "Sunday, 7 June"),
    ],
)
def test_a_day_has_a_name_near_today(sent: date, text: str) -> None:
    assert plain(heading(sent, date(2026, 6, 6))) == text


@pytest.mark.parametrize(
    ("zone", "text"),
    [
        ("UTC", "Saturday, 6 June 2026, 10:00"),
        ("Asia/Kolkata", "Saturday, 6 June 2026, 15:30"),
        ("Pacific/Kiritimati", "Sunday, 7 June 2026, 00:00"),
        ("Pacific/Pago_Pago", "Friday, 5 June 2026, 23:00"),
    ],
)
def test_a_moment_is_told_by_the_clocks_of_the_reader(zone: str, text: str) -> None:
    assert plain(whole(NOW, ZoneInfo(zone))) == text
    assert stamp(NOW) == "2026-06-06T10:00:00Z"


def test_an_hour_that_comes_twice_is_told_as_the_clocks_show_it() -> None:
    first = to_micros(datetime(2026, 10, 25, 2, 30, tzinfo=BERLIN))

    assert [clock(first + hours * HOUR, BERLIN) for hours in range(3)] == [
        "02:30",
        "02:30",
        "03:30",
    ]
    assert age(first, first + HOUR, BERLIN) == "1 h"
