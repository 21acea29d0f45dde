"""Dates and times as hosts write them, and the moment at which a deadline passes.

The local time is stored, not the moment. So a deadline at six in the evening stays at six in the
evening when a country changes its time zone's rules.
"""

import re
from datetime import UTC, date, datetime, timedelta
from functools import cache, lru_cache
from typing import TypeVar
from zoneinfo import ZoneInfo, available_timezones

from gatherlog.core.eventstore.clock import to_micros
from gatherlog.core.texts import _

__all__ = ["clock_note", "closes_at", "is_zone", "local_time", "moment_of"]

_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_DATE_TIME = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}[Tt ][0-9]{2}:[0-9]{2}(?::[0-9]{2}(?:\.[0-9]{1,6})?)?"
    r"(?P<offset>[Zz]|[+-][0-9]{2}:[0-9]{2})?"
)
_YEARS = range(1900, 3000)

D = TypeVar("D", bound=date)


def is_zone(name: str) -> bool:
    """Whether `name` is an IANA time zone, such as `Europe/Paris` or `UTC`."""
    return name in _zones()


def local_time(text: str, zone: str) -> str:
    """A date as `2026-06-01`, or a date-time as `2026-06-01T18:00:00` in the local time of `zone`.

    `text` is a date, a local date-time, of which the seconds may be left out, or RFC 3339 with an
    offset, which is converted to `zone`. Raises ValueError for anything else.
    """
    try:
        return _read(text, zone).isoformat()
    except (ValueError, OverflowError):
        raise ValueError(f"{text!r} is neither a date nor a date-time") from None


@lru_cache(maxsize=4096)
def closes_at(deadline: str, zone: str) -> int:
    """The first moment, in microseconds since the epoch, at which a local deadline has passed.

    A date passes at the end of its day. A local time that a change of clocks skips or repeats can
    mean two moments; the later one counts, in favour of the guest.
    """
    here = ZoneInfo(zone)
    if "T" not in deadline:
        midnight = datetime.fromisoformat(deadline) + timedelta(days=1)
        return to_micros(midnight.replace(tzinfo=here))
    local = datetime.fromisoformat(deadline).replace(tzinfo=here)
    return max(to_micros(local.replace(fold=0)), to_micros(local.replace(fold=1)))


@lru_cache(maxsize=4096)
def moment_of(local: str, zone: str) -> int:
    """The moment of a local time, in microseconds since the epoch; of a date, its midnight.

    As RFC 5545 has it, a time that the clocks skip counts on from before the change, and of one
    that they repeat the first is meant.
    """
    return to_micros(datetime.fromisoformat(local).replace(tzinfo=ZoneInfo(zone)))


def clock_note(local: str, zone: str, *, last: bool = False) -> str:
    """What becomes of a local time that a change of clocks skips or repeats; empty for others.

    It reads on after the time: `02:30 is 03:30 then, as the clocks go forward`. `last` says that of
    two moments the second is meant, as `closes_at` has it, and not the first, as `moment_of`.
    """
    if "T" not in local:
        return ""
    written = datetime.fromisoformat(local).replace(tzinfo=ZoneInfo(zone))
    before, after = written.utcoffset(), written.replace(fold=1).utcoffset()
    if before is None or after is None or before == after:
        return ""
    if before < after:
        made = written.astimezone(UTC).astimezone(written.tzinfo)
        text = _("{time} is {made} then, as the clocks go forward")
        if made.date() != written.date():
            text = _("{time} is {made} on {date} then, as the clocks go forward")
        return text.format(time=f"{written:%H:%M}", made=f"{made:%H:%M}", date=f"{made:%Y-%m-%d}")
    text = _("the first {time} of two, as the clocks go back")
    if last:
        text = _("the second {time} of two, as the clocks go back")
    return text.format(time=f"{written:%H:%M}")


@cache
def _zones() -> frozenset[str]:
    return frozenset(available_timezones())


def _read(text: str, zone: str) -> date:
    if _DATE.fullmatch(text):
        return _sane(date.fromisoformat(text))
    written = _DATE_TIME.fullmatch(text)
    if written is None:
        raise ValueError(text)
    moment = _sane(datetime.fromisoformat(text.upper()))
    if written["offset"]:
        moment = _sane(moment.astimezone(ZoneInfo(zone)).replace(tzinfo=None))
    return moment


def _sane(moment: D) -> D:
    if moment.year not in _YEARS:
        raise ValueError(f"the year {moment.year} is out of range")
    return moment
