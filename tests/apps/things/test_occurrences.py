"""When things take place: series, single events and places, in their zones."""

from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatherlog.apps.things import (
    Alteration,
    CancelledDate,
    Content,
    Hours,
    Occurrence,
    When,
    as_planned,
    cancelled_dates,
    coming,
)
from gatherlog.apps.things.content import DAYS, with_slots
from gatherlog.apps.things.occurrences import (
    AHEAD,
    ONCE,
    is_planned,
    keys_on,
    not_over,
    occurrence,
    occurrence_on,
)
from gatherlog.core.eventstore.clock import to_micros
from gatherlog.core.eventstore.errors import Flaw, Invalid
from tests.apps.things.sample_things import NOW, SATURDAY, SUNDAY, content, event

HERE = to_micros(datetime.fromisoformat(NOW))
ZONES = ["Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Asia/Kolkata", "UTC"]


def at(text: str) -> int:
    return to_micros(datetime.fromisoformat(text))


def dates(found: list[Occurrence]) -> list[str]:
    return [one.date for one in found]


def series(start: str, end: str, *hours: Hours, **more: Any) -> Content:
    when = When(start=f"{start}T00:00:00", end=f"{end}T00:00:00", hours=hours)
    return with_slots(content(when=when, **more))


def moved(key: str, start: str, end: str) -> Alteration:
    return Alteration(key=key, start=start, end=end)


SUNDAYS = Hours(day="SUN", start="10:00:00", end="12:00:00")


# Series.


def test_a_series_takes_place_on_its_weekdays_from_today_on() -> None:
    found = coming(content(), now=HERE)

    assert dates(found)[:4] == [SATURDAY, SUNDAY, "2027-04-10", "2027-04-11"]
    assert (found[0].start, found[0].end) == ("2027-04-03T10:00:00", "2027-04-03T12:00:00")


def test_the_first_and_the_last_day_of_a_series_belong_to_it() -> None:
    found = coming(series(SUNDAY, "2027-04-18", SUNDAYS), now=HERE)

    assert dates(found) == [SUNDAY, "2027-04-11", "2027-04-18"]


def test_a_series_is_shown_for_ninety_days_which_move() -> None:
    daily = [Hours(day=day, start="10:00:00", end="11:00:00") for day in DAYS]
    plan = series("2027-01-01", "2027-12-31", *daily)
    tomorrow = HERE + 24 * 3600 * 1_000_000

    assert dates(coming(plan, now=HERE))[-1] == "2027-06-30"
    assert dates(coming(plan, now=tomorrow))[-1] == "2027-07-01"
    assert len(coming(plan, now=HERE)) == AHEAD  # today's was over at eleven


def test_what_has_ended_is_not_coming_and_what_has_begun_is() -> None:
    during, after = at("2027-04-03T11:59:59+02:00"), at("2027-04-03T12:00:00+02:00")

    assert dates(coming(content(), now=during))[0] == SATURDAY
    assert dates(coming(content(), now=after))[0] == SUNDAY


def test_hours_over_midnight_end_on_the_next_day() -> None:
    night = Hours(day="SAT", start="22:00:00", end="02:00:00")
    plan = series(SATURDAY, SATURDAY, night)

    [one] = coming(plan, now=at("2027-04-04T01:00:00+02:00"))

    assert (one.start, one.end) == ("2027-04-03T22:00:00", "2027-04-04T02:00:00")


def test_a_day_with_several_times_has_an_occurrence_for_each() -> None:
    twice = (SUNDAYS, Hours(day="SUN", start="14:00:00", end="16:00:00"))
    plan = series(SUNDAY, SUNDAY, *twice)

    keys = [one.key for one in coming(plan, now=HERE)]

    assert keys == ["2027-04-04", "2027-04-04.1"]
    with pytest.raises(Invalid) as refused:
        occurrence_on(plan, (), SUNDAY, now=HERE)
    assert refused.value.flaws == (
        Flaw("/from", "is needed: that day has several, at 10:00, 14:00"),
    )
    assert occurrence_on(plan, (), SUNDAY, "14:00", now=HERE).key == keys[1]


def hours(*starts: str) -> tuple[Hours, ...]:
    return tuple(Hours(day="SUN", start=f"{one}:00", end="23:00:00") for one in starts)


@pytest.mark.parametrize(
    ("before", "after", "keys"),
    [
        (["10:00"], ["10:30"], [SUNDAY]),
        (["10:00"], ["10:00", "14:00"], [SUNDAY, f"{SUNDAY}.1"]),
        (["10:00"], ["08:00", "10:00"], [f"{SUNDAY}.1", SUNDAY]),
        (["10:00", "14:00"], ["14:00"], [f"{SUNDAY}.1"]),
        (["10:00", "14:00"], ["14:00", "16:00"], [f"{SUNDAY}.1", SUNDAY]),
        (["10:00", "14:00"], ["11:00", "15:00"], [SUNDAY, f"{SUNDAY}.1"]),
        ([], ["14:00", "10:00"], [SUNDAY, f"{SUNDAY}.1"]),
    ],
)
def test_bookings_follow_hours_to_another_time(
    before: list[str], after: list[str], keys: list[str]
) -> None:
    """The keys of one day after hours were changed, by their beginning."""
    old = series(SUNDAY, SUNDAY, *hours(*before))
    written = msgspec.structs.replace(
        old, when=msgspec.structs.replace(old.when, hours=hours(*after))
    )

    plan = with_slots(written, old)

    assert [one.key for one in coming(plan, now=HERE)] == keys
    assert with_slots(plan, plan) == plan


def test_bookings_follow_hours_also_where_others_were_removed_before() -> None:
    plan = series(SUNDAY, SUNDAY, *hours("10:00", "14:00"))
    for starts in (["14:00"], ["15:00"]):
        when = msgspec.structs.replace(plan.when, hours=hours(*starts))
        plan = with_slots(msgspec.structs.replace(plan, when=when), plan)

    assert [one.key for one in coming(plan, now=HERE)] == [f"{SUNDAY}.1"]


@pytest.mark.parametrize("zone", ZONES)
def test_a_class_stays_at_ten_when_clocks_change(zone: str) -> None:
    plan = series("2027-03-01", "2027-12-31", SUNDAYS, time_zone=zone)

    found = coming(plan, now=at("2027-03-01T00:00:00+00:00"))

    for one in found:
        begins = datetime.fromtimestamp(one.starts_at / 1e6, UTC).astimezone(ZoneInfo(zone))
        assert begins.strftime("%a %H:%M") == "Sun 10:00"


def test_a_time_that_clocks_skip_begins_and_ends_as_much_later() -> None:
    skipped = Hours(day="SUN", start="02:15:00", end="02:45:00")
    plan = series("2027-03-28", "2027-03-28", skipped)

    [one] = coming(plan, now=at("2027-03-01T00:00:00+00:00"))

    assert one.starts_at == at("2027-03-28T03:15:00+02:00")
    assert one.ends_at == at("2027-03-28T03:45:00+02:00")


def test_a_time_that_is_twice_begins_the_first_time_and_ends_the_second() -> None:
    twice = Hours(day="SUN", start="02:15:00", end="02:45:00")
    plan = series("2027-10-31", "2027-10-31", twice)

    [one] = coming(plan, now=at("2027-10-01T00:00:00+00:00"))

    assert one.starts_at == at("2027-10-31T02:15:00+02:00")
    assert one.ends_at == at("2027-10-31T02:45:00+01:00")


# Single events, and places.


def test_a_single_event_is_coming_however_far_it_is() -> None:
    far = event()
    far = msgspec.structs.replace(
        far, when=When(start="2031-05-01T14:00:00", end="2031-05-01T16:00:00")
    )

    assert dates(coming(far, now=HERE)) == ["2031-05-01"]


def test_an_event_of_several_days_is_one_occurrence() -> None:
    plan = content(kind="EVENT", when=When(start="2027-04-30T18:00:00", end="2027-05-02T12:00:00"))

    [one] = coming(plan, now=at("2027-05-01T10:00:00+02:00"))

    assert (one.start, one.end) == ("2027-04-30T18:00:00", "2027-05-02T12:00:00")


def test_a_place_without_hours_is_open_all_day() -> None:
    plan = series("2027-01-01", "2027-12-31", kind="PLACE")

    [today, *_] = coming(plan, now=HERE)

    assert (today.start, today.end) == ("2027-04-01T00:00:00", "2027-04-02T00:00:00")


def test_a_place_with_hours_is_closed_on_other_days() -> None:
    plan = series("2027-01-01", "2027-12-31", SUNDAYS, kind="PLACE")

    assert dates(coming(plan, now=HERE))[:2] == [SUNDAY, "2027-04-11"]


# Alterations.


def test_an_occurrence_that_was_cancelled_is_not_coming() -> None:
    off = Alteration(key=SATURDAY, cancelled=True, reason="ill")

    assert dates(coming(content(), [off], now=HERE))[:2] == [SUNDAY, "2027-04-10"]
    assert occurrence(content(), [off], SATURDAY) is None


def test_an_occurrence_that_was_moved_keeps_its_key() -> None:
    later = moved(SATURDAY, "2027-04-05T15:00:00", "2027-04-05T17:00:00")

    found = coming(content(), [later], now=HERE)

    assert [(one.date, one.key) for one in found[:3]] == [
        (SUNDAY, SUNDAY),
        ("2027-04-05", SATURDAY),
        ("2027-04-10", "2027-04-10"),
    ]
    assert occurrence_on(content(), [later], "2027-04-05", now=HERE).key == SATURDAY
    with pytest.raises(Invalid):
        occurrence_on(content(), [later], SATURDAY, now=HERE)


def test_what_was_moved_from_the_past_is_coming() -> None:
    later = moved("2027-03-28", "2027-04-06T10:00:00", "2027-04-06T12:00:00")

    assert "2027-04-06" in dates(coming(content(), [later], now=HERE))


def test_a_moved_occurrence_beyond_ninety_days_is_not_shown_yet() -> None:
    later = moved(SATURDAY, "2027-09-06T10:00:00", "2027-09-06T12:00:00")

    assert SATURDAY not in [one.key for one in coming(content(), [later], now=HERE)]
    assert SATURDAY in [one.key for one in not_over(content(), [later], now=HERE)]
    with pytest.raises(Invalid):
        occurrence_on(content(), [later], "2027-09-06", now=HERE)
    assert occurrence_on(content(), [later], "2027-09-06", now=HERE, ahead=None).key == SATURDAY


def test_a_single_event_is_the_same_one_whatever_its_date() -> None:
    before = event()
    after = msgspec.structs.replace(
        before, when=When(start="2027-06-01T14:00:00", end="2027-06-01T16:00:00")
    )

    assert is_planned(before, ONCE)
    assert is_planned(after, ONCE)
    assert not is_planned(content(), ONCE)
    assert not is_planned(before, SATURDAY)


@pytest.mark.parametrize(
    ("day", "start", "flaw"),
    [
        ("2027-03-28", None, Flaw("/date", "is over")),
        ("2027-04-05", None, Flaw("/date", "has no occurrence")),
        (SATURDAY, "11:00", Flaw("/date", "has no occurrence")),
        ("2027-12-25", None, Flaw("/date", "has no occurrence")),
        ("next week", None, Flaw("/date", "should be a date like 2027-05-01")),
        ("2027-02-30", None, Flaw("/date", "should be a date like 2027-05-01")),
        (SATURDAY, "25:00", Flaw("/from", "should be a time like 14:00")),
    ],
)
def test_a_date_that_names_no_coming_occurrence_is_refused(
    day: str, start: str | None, flaw: Flaw
) -> None:
    with pytest.raises(Invalid) as refused:
        occurrence_on(content(), (), day, start, now=HERE)

    assert refused.value.flaws == (flaw,)


def test_the_keys_of_a_date_are_found_past_and_cancelled_ones_too() -> None:
    off = Alteration(key="2027-03-27", cancelled=True)
    later = moved("2027-03-28", SATURDAY + "T15:00:00", SATURDAY + "T17:00:00")

    assert keys_on(content(), [off, later], "2027-03-27") == ["2027-03-27"]
    assert keys_on(content(), [off, later], "2027-03-28") == []
    assert keys_on(content(), [off, later], SATURDAY) == ["2027-03-28", SATURDAY]
    assert keys_on(content(), [off, later], SATURDAY, "15:00") == ["2027-03-28"]


# Against a simple model.

TIMES = st.times().map(lambda one: one.replace(microsecond=0, fold=0).isoformat())
HOURS = st.builds(Hours, day=st.sampled_from(DAYS), start=TIMES, end=TIMES)
DATES = st.dates(date(2026, 1, 1), date(2028, 12, 31))
MOMENTS = st.integers(at("2026-01-01T00:00:00Z"), at("2028-12-31T00:00:00Z"))


@st.composite
def plans(draw: st.DrawFn) -> Content:
    first, last = sorted((draw(DATES), draw(DATES)))
    hours = draw(
        st.lists(HOURS, min_size=1, max_size=6, unique_by=lambda one: (one.day, one.start))
    )
    zone, kind = draw(st.sampled_from(ZONES)), draw(st.sampled_from(["RECURRING_EVENT", "PLACE"]))
    return series(first.isoformat(), last.isoformat(), *hours, time_zone=zone, kind=kind)


def modelled(plan: Content, now: int) -> list[tuple[str, str]]:
    """The same by looking at every day of a year around, one after the other."""
    zone, found = ZoneInfo(plan.time_zone), []
    today = datetime.fromtimestamp(now // 1_000_000, zone).date()
    for number in range(-10, AHEAD + 1):
        day = today + timedelta(days=number)
        if not plan.when.start[:10] <= day.isoformat() <= plan.when.end[:10]:
            continue
        for hours in plan.when.hours:
            if DAYS.index(hours.day) == day.weekday():
                start, end = time.fromisoformat(hours.start), time.fromisoformat(hours.end)
                until = datetime.combine(day + timedelta(days=end <= start), end)
                begin = datetime.combine(day, start)
                ended = max(
                    to_micros(until.replace(tzinfo=zone, fold=1)),
                    to_micros(begin.replace(tzinfo=zone)),
                )
                if ended > now:
                    found.append((begin.isoformat(), until.isoformat()))
    return sorted(found)


@given(plan=plans(), now=MOMENTS)
def test_coming_occurrences_agree_with_a_model(plan: Content, now: int) -> None:
    found = coming(plan, now=now)

    assert [(one.start, one.end) for one in found] == modelled(plan, now)
    assert len({one.key for one in found}) == len(found)


@given(plan=plans(), now=MOMENTS)
def test_every_coming_occurrence_is_found_by_its_key_and_its_date(plan: Content, now: int) -> None:
    for one in coming(plan, now=now)[:20]:
        assert occurrence(plan, (), one.key) == one
        assert occurrence_on(plan, (), one.date, one.start[11:], now=now) == one
        assert one.starts_at <= one.ends_at
        assert one.key in keys_on(plan, (), one.date)


@given(plan=plans(), day=DATES, days=st.integers(0, 40), length=st.integers(1, 72))
def test_what_is_moved_is_there_once_and_where_it_was_not_any_more(
    plan: Content, day: date, days: int, length: int
) -> None:
    now = to_micros(datetime.combine(day, time(12), UTC))
    found = coming(plan, now=now)
    if not found:
        return
    start = datetime.combine(day + timedelta(days=days + 2), time(3, 33, 33))
    there = moved(found[0].key, start.isoformat(), (start + timedelta(hours=length)).isoformat())

    after = coming(plan, [there], now=now)

    assert sorted(one.key for one in after) == sorted(one.key for one in found)
    assert [one.start for one in after if one.key == found[0].key] == [start.isoformat()]
    assert [one for one in after if not one.moved] == found[1:]


# What does not take place.


def test_what_was_cancelled_and_is_still_to_come_is_told_with_its_reason() -> None:
    altered = [
        Alteration(key=SUNDAY, cancelled=True, reason="The hall is closed."),
        Alteration(key=SATURDAY, cancelled=True),
        Alteration(key="2027-03-27", cancelled=True, reason="It is over."),
        Alteration(key="2027-12-25", cancelled=True, reason="It is more than 90 days ahead."),
        Alteration(key="2027-04-05", cancelled=True, reason="No Monday is planned."),
        moved("2027-04-10", "2027-04-12T10:00:00", "2027-04-12T12:00:00"),
    ]

    found = cancelled_dates(content(), altered, now=HERE)

    plan = [as_planned(content(), key) for key in (SATURDAY, SUNDAY)]
    assert found == [
        CancelledDate(one, reason)
        for one, reason in zip(plan, (None, "The hall is closed."), strict=True)
        if one is not None
    ]
    assert [one.planned.date for one in found] == [SATURDAY, SUNDAY]


def test_a_single_event_that_was_cancelled_is_told_however_far_it_is() -> None:
    when = When(start="2029-05-01T14:00:00", end="2029-05-01T16:00:00")
    far = content(kind="EVENT", when=when)
    altered = [Alteration(key=ONCE, cancelled=True, reason="Too much rain.")]

    [found] = cancelled_dates(far, altered, now=HERE)

    assert (found.planned.date, found.reason) == ("2029-05-01", "Too much rain.")
