"""A gathering as a calendar file (RFC 5545), which calendars replace when it comes again. Pure."""

import re
from collections.abc import Iterator
from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

from gatherlog.apps.guests import Gathering
from gatherlog.core.eventstore.clock import to_datetime
from gatherlog.interfaces.web.words import local

__all__ = ["calendar"]

_LINE = 75
"""Bytes of a line, the space that begins a continued one included."""
_SPECIAL = re.compile(r"[\\;,]")
_SECOND = 1_000_000


def calendar(gathering: Gathering, now: int) -> bytes:
    """One event, with nothing about anybody invited and no link: people pass such files on.

    Its UID never changes, and SEQUENCE grows with the settings (as the seconds from the making of
    the gathering to its latest change), so a calendar that has the event moves it. Without a date
    there is no event: ValueError.
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
    """A moment in UTC, so that no calendar needs to know the zone; a date is the whole day."""
    if isinstance(when, datetime):
        return f":{_utc(when.replace(tzinfo=ZoneInfo(zone)))}"
    return f";VALUE=DATE:{when:%Y%m%d}"


def _utc(moment: datetime) -> str:
    return f"{moment.astimezone(UTC):%Y%m%dT%H%M%SZ}"


def _text(text: str) -> str:
    """Escaped; no line end is left that could begin a property of its own."""
    escaped = _SPECIAL.sub(lambda special: "\\" + special[0], text)
    return "\\n".join(escaped.splitlines())


def _folded(line: bytes) -> Iterator[bytes]:
    """The line in parts that are short enough, none of which ends within a character."""
    start, room = 0, _LINE
    while len(line) - start > room:
        end = start + room
        while line[end] & 0xC0 == 0x80:
            end -= 1
        yield (b" " if start else b"") + line[start:end]
        start, room = end, _LINE - 1
    yield (b" " if start else b"") + line[start:]
