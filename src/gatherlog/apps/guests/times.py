"""When a gathering begins and ends, as moments. Pure.

Dates and ends are local texts, as `local_time` makes them: both are dates, or both are date-times.
The end of days is the last of them; the end of a time is a time.
"""

from datetime import datetime, timedelta
from typing import Final

from gatherlog.core.commands.local_time import closes_at, local_time, moment_of

__all__ = ["DEFAULT_HOURS", "ends_at", "moved_end", "starts_at", "why_no_end"]

DEFAULT_HOURS: Final = 3
"""How long a gathering at a time of day lasts, as far as its host does not say."""
_SECOND: Final = 1_000_000
_HOUR: Final = 3600 * _SECOND


def starts_at(start: str, zone: str) -> int:
    """The first moment, in microseconds since the epoch; of days, their midnight.

    Of a local time that a change of clocks repeats it is the first, as in calendar files.
    """
    return moment_of(start, zone)


def ends_at(start: str, end: str | None, zone: str) -> int:
    """The moment at which it ends; without an end, that of the day, or DEFAULT_HOURS later.

    Of a local time that a change of clocks repeats it is the last.
    """
    if end is not None or "T" not in start:
        return closes_at(end or start, zone)
    return starts_at(start, zone) + DEFAULT_HOURS * _HOUR


def why_no_end(start: str | None, end: str, zone: str) -> str | None:
    """What is wrong with an end, as the rest of a sentence about it; None if it is one."""
    if start is None:
        return "needs a beginning: there is no date"
    if ("T" in start) != ("T" in end):
        return "should be a date-time like the date" if "T" in start else "should be a day, too"
    # Calendars know whole seconds.
    if ends_at(start, end, zone) // _SECOND <= starts_at(start, zone) // _SECOND:
        return "should be after the beginning"
    return None


def moved_end(start: str | None, end: str, new_start: str | None) -> str | None:
    """The end of a gathering that is moved and keeps its length by the clock.

    None if it cannot: there is no date any more, or days become times, or the other way round.
    """
    if start is None or new_start is None or ("T" in start) != ("T" in new_start):
        return None
    length: timedelta = datetime.fromisoformat(end) - datetime.fromisoformat(start)
    moved = datetime.fromisoformat(new_start) + length
    try:
        return local_time(moved.isoformat() if "T" in end else moved.date().isoformat(), "UTC")
    except ValueError:
        return None
