"""Time as whole microseconds: conversions are exact, and formats always the same."""

import time
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatherlog.core.eventstore.clock import rfc3339, system_clock, to_datetime, to_micros

moments = st.datetimes(timezones=st.just(UTC))


@given(moments)
def test_a_moment_survives_both_ways(moment: datetime) -> None:
    assert to_datetime(to_micros(moment)) == moment


@pytest.mark.parametrize(
    ("micros", "text"),
    [
        (0, "1970-01-01T00:00:00.000000Z"),
        (1, "1970-01-01T00:00:00.000001Z"),
        (-1, "1969-12-31T23:59:59.999999Z"),
        (1_790_000_000_000_000, "2026-09-21T14:13:20.000000Z"),
        (253_402_300_799_999_999, "9999-12-31T23:59:59.999999Z"),
        (-62_135_596_800_000_000, "0001-01-01T00:00:00.000000Z"),
    ],
)
def test_rfc3339_is_utc_with_six_decimals(micros: int, text: str) -> None:
    assert rfc3339(micros) == text


@given(moments)
def test_rfc3339_is_read_back_as_the_same_moment(moment: datetime) -> None:
    micros = to_micros(moment)

    assert to_micros(datetime.fromisoformat(rfc3339(micros))) == micros


def test_a_moment_counts_the_same_in_every_zone() -> None:
    zone = timezone(timedelta(hours=5, minutes=45))

    assert to_micros(datetime(2026, 1, 1, 5, 45, tzinfo=zone)) == to_micros(
        datetime(2026, 1, 1, tzinfo=UTC)
    )


def test_a_datetime_without_a_zone_is_refused() -> None:
    with pytest.raises(ValueError, match="no time zone"):
        to_micros(datetime(2026, 1, 1))  # noqa: DTZ001 - that is the point


def test_the_system_clock_tells_the_time_of_day() -> None:
    before, now, after = time.time(), system_clock(), time.time()

    assert int(before * 1e6) - 1 <= now <= int(after * 1e6) + 1
