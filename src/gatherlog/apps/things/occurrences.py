"""When a thing takes place: its occurrences in its own time zone, across changes of clocks. Pure.

An occurrence is planned by the content, as hours of a day, and may be altered alone: cancelled, or
moved to another time. Its key is the day for which it was planned, with its time where that day has
several, and ONCE for a single event; moving it changes neither the key nor who has booked it.
"""

from collections.abc import Iterator, Sequence
from datetime import date, datetime, time, timedelta
from functools import lru_cache
from typing import Final
from zoneinfo import ZoneInfo

import msgspec

from gatherlog.apps.things.content import DAYS, Content
from gatherlog.core.eventstore.clock import to_datetime, to_micros
from gatherlog.core.eventstore.errors import Flaw, Invalid

__all__ = [
    "AHEAD",
    "ONCE",
    "Alteration",
    "DayHours",
    "Occurrence",
    "coming",
    "days_of",
    "is_planned",
    "keys_on",
    "occurrence",
    "occurrence_on",
    "planned_on",
]

AHEAD: Final = 90
"""Days for which occurrences of series and places are given, from today."""
ONCE: Final = "once"
"""The key of the occurrence of an EVENT: another date in a new version leaves it what it is."""
_DAY: Final = timedelta(days=1)
_MIDNIGHT: Final = time()


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

        Where a change of clocks skips the local time, it begins as much later; where it is twice,
        the first time counts, and for `ends_at` the second.
        """
        return _moment(self.start, self.time_zone, 0)

    @property
    def ends_at(self) -> int:
        return max(_moment(self.end, self.time_zone, 1), self.starts_at)


class DayHours(msgspec.Struct, frozen=True, order=True):
    """The part of an occurrence that is on one day: a date, and local times on it.

    `end` is `24:00:00` where it lasts until midnight.
    """

    date: str
    start: str
    end: str


def coming(content: Content, altered: Sequence[Alteration] = (), *, now: int) -> list[Occurrence]:
    """The occurrences that have not ended at `now`, the earliest first.

    Those of series and places up to AHEAD days from today; a single event however far it is.
    """
    today = to_datetime(now).astimezone(ZoneInfo(content.time_zone)).date()
    last = today + AHEAD * _DAY
    by_key = {one.key: one for one in altered}
    planned = _planned(content, today - _DAY, last)  # yesterday's may end after midnight
    found = [one for one in planned if one.key not in by_key]
    for key, one in by_key.items():
        moved = _moved(one, content.time_zone) if is_planned(content, key) else None
        if moved is not None and (content.kind == "EVENT" or moved.date <= last.isoformat()):
            found.append(moved)
    return sorted(one for one in found if one.ends_at > now)


def is_planned(content: Content, key: str) -> bool:
    """Whether the content plans an occurrence with this key, whatever became of it."""
    return _planned_as(content, key) is not None


def occurrence(content: Content, altered: Sequence[Alteration], key: str) -> Occurrence | None:
    """The occurrence with this key, also a past one; None if it is not planned or is cancelled."""
    planned = _planned_as(content, key)
    for one in altered:
        if one.key == key and planned is not None:
            return _moved(one, content.time_zone)
    return planned


def occurrence_on(
    content: Content,
    altered: Sequence[Alteration],
    date: str,
    start: str | None = None,
    *,
    now: int,
) -> Occurrence:
    """The coming occurrence that begins on a local date, at the local time `start` if given.

    Raises Invalid, with a pointer to `date` or `from`, where there is none, where it is over, and
    where the date alone does not tell which of several is meant.
    """
    wanted, at = _checked(date, start)
    found = [one for one in coming(content, altered, now=now) if one.date == wanted]
    if at is not None:
        found = [one for one in found if one.start[11:] == at]
    if len(found) > 1:
        times = ", ".join(one.start[11:16] for one in found)
        raise Invalid(Flaw("/from", f"is needed: that day has several, at {times}"))
    if found:
        return found[0]
    today = to_datetime(now).astimezone(ZoneInfo(content.time_zone)).date().isoformat()
    raise Invalid(Flaw("/date", "is over" if wanted < today else "has no occurrence"))


def keys_on(
    content: Content, altered: Sequence[Alteration], day: str, start: str | None = None
) -> list[str]:
    """The keys of all that begins or began on a date, or was cancelled there. Raises Invalid."""
    wanted, at = _checked(day, start)
    if content.kind == "EVENT":
        planned = [_single(content)] if content.when.start[:10] == wanted else []
    else:
        planned = planned_on(content, date.fromisoformat(wanted))
    moved = {one.key: one.start for one in altered if one.start is not None}
    begins = {one.key: one.start for one in planned if one.key not in moved}
    begins |= {key: begin for key, begin in moved.items() if begin[:10] == wanted}
    return sorted(key for key, begin in begins.items() if at in (None, begin[11:]))


def days_of(one: Occurrence) -> Iterator[DayHours]:
    """The days on which an occurrence is, each with its hours: several of one that lasts longer."""
    start, end = datetime.fromisoformat(one.start), datetime.fromisoformat(one.end)
    day = start.date()
    while True:
        midnight = datetime.combine(day + _DAY, _MIDNIGHT)
        begins = start.time() if day == start.date() else _MIDNIGHT
        until = end.time().isoformat() if end < midnight else "24:00:00"
        yield DayHours(day.isoformat(), begins.isoformat(), until)
        if end <= midnight:
            return
        day += _DAY


def planned_on(content: Content, day: date) -> list[Occurrence]:
    """What the content of a series or place plans for a day, by its beginning."""
    zone, when = content.time_zone, content.when
    if not when.start[:10] <= day.isoformat() <= when.end[:10]:
        return []
    hours = [
        (time.fromisoformat(one.start), time.fromisoformat(one.end))
        for one in when.hours
        if one.day == DAYS[day.weekday()]
    ]
    if content.kind == "PLACE" and not when.hours:
        hours = [(_MIDNIGHT, _MIDNIGHT)]
    planned = [_on(day, start, end) for start, end in sorted(hours)]
    single = len(planned) == 1
    return [
        Occurrence(start, end, day.isoformat() if single else start, zone) for start, end in planned
    ]


def _planned_as(content: Content, key: str) -> Occurrence | None:
    """The occurrence as it was planned with this key, if it was."""
    if content.kind == "EVENT":
        return _single(content) if key == ONCE else None
    if key == ONCE:
        return None
    planned = planned_on(content, date.fromisoformat(key[:10]))
    return next((one for one in planned if one.key == key), None)


def _single(content: Content) -> Occurrence:
    return Occurrence(content.when.start, content.when.end, ONCE, content.time_zone)


def _planned(content: Content, since: date, until: date) -> Iterator[Occurrence]:
    if content.kind == "EVENT":
        yield _single(content)
        return
    day = max(since, date.fromisoformat(content.when.start[:10]))
    last = min(until, date.fromisoformat(content.when.end[:10]))
    while day <= last:
        yield from planned_on(content, day)
        day += _DAY


def _on(day: date, start: time, end: time) -> tuple[str, str]:
    """Hours of a day as local date-times; an end that is not after the start is on the next day."""
    ends_on = day if end > start else day + _DAY
    return (
        datetime.combine(day, start).isoformat(),
        datetime.combine(ends_on, end).isoformat(),
    )


def _moved(altered: Alteration, zone: str) -> Occurrence | None:
    """Where an altered occurrence is now; None if it was cancelled."""
    if altered.cancelled or altered.start is None or altered.end is None:
        return None
    return Occurrence(altered.start, altered.end, altered.key, zone, moved=True)


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
