"""A gathering as a calendar file (RFC 5545), which updates itself when imported again. Pure."""

import re
from collections.abc import Iterator
from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

from gatherlog.apps.guests import Gathering
from gatherlog.core.eventstore.clock import to_datetime
from gatherlog.interfaces.web.words import local

__all__ = ["calendar"]

_LINE = 75
"""Bytes of a line, including the space that begins a continuation line."""
_SPECIAL = re.compile(r"[\\;,]")
_SECOND = 1_000_000


def calendar(gathering: Gathering, now: int) -> bytes:
    """A calendar with one event. It holds no guest's data and no link: people pass such files on.

    Its UID never changes. SEQUENCE grows with every change of the settings: it is the number of
    seconds from the gathering's creation to its last change. So a calendar that has the event
    already updates it. Raises ValueError for a gathering without a date.
    """
    if gathering.event_date is None:
        raise ValueError("a gathering without a date has no place in a calendar")
    lines = [
        "BEGIN:VCALENDAR",
        "VERSION:2.0",
        "PRODID:-//Gatherlog//Gatherlog//EN",
        "METHOD:PUBLISH",
        "BEGIN:VEVENT",
        f"UID:{gathering.id}-{gathering.created_at}@gatherlog",
        f"SEQUENCE:{max(gathering.updated_at - gathering.created_at, 0) // _SECOND}",
        f"DTSTAMP:{_utc(to_datetime(now))}",
        f"LAST-MODIFIED:{_utc(to_datetime(gathering.updated_at))}",
        f"DTSTART{_start(local(gathering.event_date), gathering.time_zone)}",
        f"SUMMARY:{_text(gathering.event_name)}",
    ]
    if gathering.location is not None:
        lines.append(f"LOCATION:{_text(gathering.location)}")
    lines += ["END:VEVENT", "END:VCALENDAR"]
    return b"".join(part + b"\r\n" for line in lines for part in _folded(line.encode()))


def _start(when: date | datetime, zone: str) -> str:
    """A date-time in UTC, so that calendars need not know the zone; a date is the whole day."""
    if isinstance(when, datetime):
        return f":{_utc(when.replace(tzinfo=ZoneInfo(zone)))}"
    return f";VALUE=DATE:{when:%Y%m%d}"


def _utc(moment: datetime) -> str:
    return f"{moment.astimezone(UTC):%Y%m%dT%H%M%SZ}"


def _text(text: str) -> str:
    """The text escaped; no line end remains that could begin another property."""
    escaped = _SPECIAL.sub(lambda special: "\\" + special[0], text)
    return "\\n".join(escaped.splitlines())


def _folded(line: bytes) -> Iterator[bytes]:
    """The line folded into parts of at most _LINE bytes, none of which splits a character."""
    start, room = 0, _LINE
    while len(line) - start > room:
        end = start + room
        while line[end] & 0xC0 == 0x80:
            end -= 1
        yield (b" " if start else b"") + line[start:end]
        start, room = end, _LINE - 1
    yield (b" " if start else b"") + line[start:]
