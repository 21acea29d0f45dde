"""The clock and the ids that tests are given."""

from gatherlog.core.clock import rfc3339
from gatherlog.testing import CountingIds, StandingClock


def test_the_clock_stands_until_it_is_told_to_move() -> None:
    clock = StandingClock("2026-05-01T14:00:00+02:00")
    assert [rfc3339(clock()), rfc3339(clock())] == ["2026-05-01T12:00:00.000000Z"] * 2

    clock.advance(days=1, hours=2, seconds=0.5)
    assert rfc3339(clock()) == "2026-05-02T14:00:00.500000Z"

    clock.set("2026-01-01T00:00:00Z")
    assert rfc3339(clock()) == "2026-01-01T00:00:00.000000Z"


def test_ids_count_and_sort_in_the_order_given() -> None:
    ids = CountingIds()

    assert [ids(), ids()] == [CountingIds.nth(1), CountingIds.nth(2)]
    assert CountingIds.nth(12) == "00000000-0000-7000-8000-000000000012"
