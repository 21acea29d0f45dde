"""When a thing takes place: its occurrences in its own time zone, across changes of clocks. Pure.

An occurrence is planned by the content, as hours of a day, and may be altered alone: cancelled, or
moved to another time. Its key is the day for which it was planned, with the slot of its hours
unless that is 0, and ONCE for a single event. Moving it, or giving its hours another time in a new
version, changes neither the key nor who has booked it.
"""

from collections.abc import Sequence
from datetime import date, datetime, time, timedelta
from functools import lru_cache
from typing import Final
from zoneinfo import ZoneInfo

import msgspec

from gatherlog.apps.things.content import DAYS, Content, Hours
from gatherlog.core.eventstore.clock import to_datetime, to_micros
from gatherlog.core.eventstore.errors import Flaw, Invalid

__all__ = [
    "AHEAD",
    "ONCE",
    "Alteration",
    "CancelledDate",
    "Occurrence",
    "as_planned",
    "cancelled_dates",
    "coming",
    "is_planned",
    "keys_on",
    "not_over",
    "occurrence",
    "occurrence_on",
    "planned_on",
    "today_in",
]

AHEAD: Final = 90
"""Days for which occurrences of series and places are given, from today."""
ONCE: Final = "once"
"""The key of the occurrence of an EVENT: another date in a new version leaves it what it is."""
_DAY: Final = timedelta(days=1)
_WEEK: Final = 7 * _DAY
_MIDNIGHT: Final = "00:00:00"


class Alteration(msgspec.Struct, frozen=True, kw_only=True):
    """What became of one planned occurrence: it was cancelled, or it is at another time."""

    key: str
    cancelled: bool = False
    reason: str | None = None
    start: str | None = None
    end: str | None = None
    """Local date-times of an occurrence that was moved."""


class Occurrence(msgspec.Struct, frozen=True, order=True):
    """One time at which the thing takes place, in local time."""

    start: str
    """`2027-05-01T14:00:00`."""
    end: str
    key: str
    time_zone: str
    moved: bool = False

    @property
    def date(self) -> str:
        """The local date on which it begins."""
        return self.start[:10]

    @property
    def starts_at(self) -> int:
        """The moment in microseconds since the epoch.

        Where a change of clocks skips the local time, it is as much later, as for `ends_at`; where
        it is twice, the first time counts, and for `ends_at` the second.
        """
        return _moment(self.start, self.time_zone, 0)

    @property
    def ends_at(self) -> int:
        ends = [_moment(self.end, self.time_zone, fold) for fold in (0, 1)]
        return max(*ends, self.starts_at)


class CancelledDate(msgspec.Struct, frozen=True, order=True):
    """An occurrence that does not take place, as it was planned."""

    planned: Occurrence
    reason: str | None


def coming(
    content: Content, altered: Sequence[Alteration] = (), *, now: int, ahead: int = AHEAD
) -> list[Occurrence]:
    """The occurrences that have not ended at `now`, the earliest first.

    Those of series and places up to `ahead` days from today; a single event however far it is.
    """
    today = today_in(content, now)
    last = today + ahead * _DAY
    planned = _planned(content, today - _DAY, last)
    found = planned  # from yesterday on, which may end after midnight
    if altered:
        keys = {one.key for one in altered}
        moved = [_moved(one, content) for one in altered if is_planned(content, one.key)]
        found = [one for one in planned if one.key not in keys]
        found += [one for one in moved if one is not None and _is_in_sight(content, one, last)]
    return sorted(one for one in found if one.date > today.isoformat() or one.ends_at > now)


def not_over(content: Content, altered: Sequence[Alteration] = (), *, now: int) -> list[Occurrence]:
    """As `coming`, and what was moved further ahead: all that somebody may have booked."""
    found, last = coming(content, altered, now=now), today_in(content, now) + AHEAD * _DAY
    moved = [_moved(one, content) for one in altered if is_planned(content, one.key)]
    found += [one for one in moved if one is not None and not _is_in_sight(content, one, last)]
    return found


def cancelled_dates(
    content: Content, altered: Sequence[Alteration] = (), *, now: int
) -> list[CancelledDate]:
    """What was cancelled alone and would be among the `coming` otherwise, the earliest first."""
    last, found = today_in(content, now) + AHEAD * _DAY, []
    for one in altered:
        planned = as_planned(content, one.key) if one.cancelled else None
        if planned is not None and planned.ends_at > now and _is_in_sight(content, planned, last):
            found.append(CancelledDate(planned, one.reason))
    return sorted(found)


def is_planned(content: Content, key: str) -> bool:
    """Whether the content plans an occurrence with this key, whatever became of it."""
    return as_planned(content, key) is not None


def as_planned(content: Content, key: str) -> Occurrence | None:
    """The occurrence as it was planned with this key, if it was."""
    if content.kind == "EVENT":
        return _single(content) if key == ONCE else None
    if key == ONCE:
        return None
    planned = planned_on(content, date.fromisoformat(key[:10]))
    return next((one for one in planned if one.key == key), None)


def occurrence(content: Content, altered: Sequence[Alteration], key: str) -> Occurrence | None:
    """The occurrence with this key, also a past one; None if it is not planned or is cancelled."""
    planned = as_planned(content, key)
    for one in altered:
        if one.key == key and planned is not None:
            return _moved(one, content)
    return planned


def occurrence_on(
    content: Content,
    altered: Sequence[Alteration],
    date: str,
    start: str | None = None,
    *,
    now: int,
    ahead: int | None = AHEAD,
) -> Occurrence:
    """The coming occurrence that begins on a local date, at the local time `start` if given.

    Those of series and places up to `ahead` days from today; None: however far they are. Raises
    Invalid, with a pointer to `date` or `from`, where there is none, where it is over, and where
    the date alone does not tell which of several is meant.
    """
    wanted, at = _checked(date, start)
    found = [
        one
        for one in _beginning_on(content, altered, wanted)
        if at in (None, one.start[11:]) and one.ends_at > now
    ]
    today = today_in(content, now)
    if len(found) > 1:
        times = ", ".join(one.start[11:16] for one in found)
        raise Invalid(Flaw("/from", f"is needed: that day has several, at {times}"))
    if found and (ahead is None or _is_in_sight(content, found[0], today + ahead * _DAY)):
        return found[0]
    is_over = wanted < today.isoformat()
    raise Invalid(Flaw("/date", "is over" if is_over else "has no occurrence"))


def keys_on(
    content: Content, altered: Sequence[Alteration], day: str, start: str | None = None
) -> list[str]:
    """The keys of all that begins or began on a date, or was cancelled there. Raises Invalid."""
    wanted, at = _checked(day, start)
    found = {one.key: one.start for one in _beginning_on(content, altered, wanted)}
    off = [one.key for one in altered if one.cancelled]
    planned = (as_planned(content, key) for key in off)
    found |= {one.key: one.start for one in planned if one is not None and one.date == wanted}
    return sorted(key for key, begin in found.items() if at in (None, begin[11:]))


def planned_on(content: Content, day: date) -> list[Occurrence]:
    """What the content of a series or place plans for a day, by its beginning."""
    if not content.when.start[:10] <= day.isoformat() <= content.when.end[:10]:
        return []
    return _on_day(day, _hours_of(content, day.weekday()), content.time_zone)


def today_in(content: Content, now: int) -> date:
    """The date at `now` in the zone of a thing."""
    return to_datetime(now).astimezone(ZoneInfo(content.time_zone)).date()


def _single(content: Content) -> Occurrence:
    return Occurrence(content.when.start, content.when.end, ONCE, content.time_zone)


def _planned(content: Content, since: date, until: date) -> list[Occurrence]:
    """What the content plans for these days, in no particular order."""
    if content.kind == "EVENT":
        return [_single(content)]
    first = max(since, date.fromisoformat(content.when.start[:10]))
    last = min(until, date.fromisoformat(content.when.end[:10]))
    found: list[Occurrence] = []
    for weekday in range(7):
        if hours := _hours_of(content, weekday):
            day = first + (weekday - first.weekday()) % 7 * _DAY
            while day <= last:
                found += _on_day(day, hours, content.time_zone)
                day += _WEEK
    return found


def _beginning_on(content: Content, altered: Sequence[Alteration], day: str) -> list[Occurrence]:
    """What begins on a day, by its beginning, whether past or not; nothing that is cancelled."""
    if content.kind == "EVENT":
        planned = [_single(content)]
    else:
        planned = planned_on(content, date.fromisoformat(day))
    keys = {one.key for one in altered}
    moved = [_moved(one, content) for one in altered if is_planned(content, one.key)]
    found = [one for one in planned if one.key not in keys]
    found += [one for one in moved if one is not None]
    return sorted(one for one in found if one.date == day)


def _hours_of(content: Content, weekday: int) -> list[Hours]:
    """The hours of a weekday, the earliest first."""
    day = DAYS[weekday]
    if content.kind == "PLACE" and not content.when.hours:
        return [Hours(day=day, start=_MIDNIGHT, end=_MIDNIGHT)]
    here = [one for one in content.when.hours if one.day == day]
    return sorted(here, key=lambda one: one.start) if len(here) > 1 else here


def _on_day(day: date, hours: Sequence[Hours], zone: str) -> list[Occurrence]:
    """Hours of a day; an end that is not after the start is on the next day."""
    here, found = day.isoformat(), []
    for one in hours:
        ends_on = here if one.end > one.start else (day + _DAY).isoformat()
        key = f"{here}.{one.slot}" if one.slot else here
        found.append(Occurrence(f"{here}T{one.start}", f"{ends_on}T{one.end}", key, zone))
    return found


def _moved(altered: Alteration, content: Content) -> Occurrence | None:
    """Where an altered occurrence is now; None if it was cancelled."""
    if altered.cancelled or altered.start is None or altered.end is None:
        return None
    return Occurrence(altered.start, altered.end, altered.key, content.time_zone, moved=True)


def _is_in_sight(content: Content, one: Occurrence, last: date) -> bool:
    return content.kind == "EVENT" or one.date <= last.isoformat()


def _checked(day: str, start: str | None) -> tuple[str, str | None]:
    try:
        wanted = date.fromisoformat(day).isoformat()
    except ValueError:
        raise Invalid(Flaw("/date", "should be a date like 2027-05-01")) from None
    try:
        return wanted, None if start is None else time.fromisoformat(start).isoformat()
    except ValueError:
        raise Invalid(Flaw("/from", "should be a time like 14:00")) from None


@lru_cache(maxsize=16_384)
def _moment(local: str, zone: str, fold: int) -> int:
    return to_micros(datetime.fromisoformat(local).replace(tzinfo=ZoneInfo(zone), fold=fold))
