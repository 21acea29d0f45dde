"""Times of messages as text, in the zone of the reader. Pure; times are in microseconds."""

from datetime import date, datetime, timedelta, tzinfo

from gatherlog.core.eventstore.clock import to_datetime
from gatherlog.core.texts import _
from gatherlog.interfaces.web.words import day, short_day

__all__ = ["age", "clock", "day_of", "heading", "stamp", "whole"]

_MINUTE, _HOUR, _DAY = 60, 3600, 86_400
"""In seconds."""


def age(when: int, now: int, zone: tzinfo) -> str:
    """`now`, `5 min`, `3 h`; after a day `6 June`, and in another year `6 June 2026`.

    What another server's clock puts into the future is `now`.
    """
    seconds = (now - when) // 1_000_000
    if seconds < _MINUTE:
        return _("now")
    if seconds < _HOUR:
        return _("{count} min").format(count=seconds // _MINUTE)
    if seconds < _DAY:
        return _("{count} h").format(count=seconds // _HOUR)
    sent = day_of(when, zone)
    return short_day(sent, year=sent.year != day_of(now, zone).year)


def clock(when: int, zone: tzinfo) -> str:
    """`18:30`."""
    return f"{_local(when, zone):%H:%M}"


def heading(sent: date, today: date) -> str:
    """What stands above the messages of a day: `Today`, `Yesterday`, `Saturday, 6 June`."""
    if sent == today:
        return _("Today")
    if sent == today - timedelta(days=1):
        return _("Yesterday")
    return day(sent, year=sent.year != today.year)


def whole(when: int, zone: tzinfo) -> str:
    """`Saturday, 6 June 2026, 18:30`."""
    return f"{day(day_of(when, zone))}, {clock(when, zone)}"


def stamp(when: int) -> str:
    """For programs: `2026-06-06T16:30:00Z`."""
    return f"{to_datetime(when):%Y-%m-%dT%H:%M:%SZ}"


def day_of(when: int, zone: tzinfo) -> date:
    return _local(when, zone).date()


def _local(when: int, zone: tzinfo) -> datetime:
    return to_datetime(when).astimezone(zone)
