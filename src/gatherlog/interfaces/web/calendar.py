"""A gathering as a calendar file (RFC 5545), which updates itself when imported again. Pure."""

import re
from collections.abc import Iterator
from datetime import date, timedelta

from gatherlog.apps.guests import Gathering
from gatherlog.core.commands.local_time import clock_note
from gatherlog.core.eventstore.clock import to_datetime
from gatherlog.interfaces.web.words import local

__all__ = ["calendar"]

_LINE = 75
"""Bytes of a line, including the space that begins a continuation line."""
_SPECIAL = re.compile(r"[\\;,]")


def calendar(gathering: Gathering, now: int) -> bytes:
    """A calendar with one event. It holds no guest's data and no link: people pass such files on.

    Its UID never changes, and SEQUENCE grows with every change of the settings. So a calendar that
    has the event already updates it; if the gathering was removed, the calendar takes it out. The
    event always has an end. Raises ValueError for a gathering without a date.
    """
    if gathering.event_date is None:
        raise ValueError("a gathering without a date has no place in a calendar")
    lines = [
        "BEGIN:VCALENDAR",
        "VERSION:2.0",
        "PRODID:-//Gatherlog//Gatherlog//EN",
        f"METHOD:{'CANCEL' if gathering.gone else 'PUBLISH'}",
        "BEGIN:VEVENT",
        f"UID:{gathering.id}-{gathering.created_at}@gatherlog",
        f"SEQUENCE:{gathering.revision}",
        f"STATUS:{'CANCELLED' if gathering.gone else 'CONFIRMED'}",
        f"DTSTAMP:{_utc(now)}",
        f"LAST-MODIFIED:{_utc(gathering.updated_at)}",
        *_times(gathering),
        f"SUMMARY:{_text(gathering.event_name)}",
        *_place(gathering),
        "END:VEVENT",
        "END:VCALENDAR",
    ]
    return b"".join(part + b"\r\n" for line in lines for part in _folded(line.encode()))


def _times(gathering: Gathering) -> Iterator[str]:
    """Beginning and end: days as dates, of which the end is the day after; date-times in UTC, so
    that calendars need not know the zone, with a note where a change of clocks has altered them."""
    start, end = gathering.event_date or "", gathering.event_end
    if "T" not in start:
        after = local(end or start) + timedelta(days=1)
        yield f"DTSTART;VALUE=DATE:{_date(local(start))}"
        yield f"DTEND;VALUE=DATE:{_date(after)}"
        return
    yield f"DTSTART:{_utc(gathering.starts_at or 0)}"
    yield f"DTEND:{_utc(gathering.ends_at or 0)}"
    zone = gathering.time_zone
    notes = [clock_note(start, zone), clock_note(end or "", zone, last=True)]
    if any(notes):
        yield f"DESCRIPTION:{_text('; '.join(filter(None, notes)) + f' ({zone})')}"


def _place(gathering: Gathering) -> Iterator[str]:
    if gathering.location is not None and not gathering.gone:
        yield f"LOCATION:{_text(gathering.location)}"


def _date(day: date) -> str:
    return f"{day:%Y%m%d}"


def _utc(moment: int) -> str:
    return f"{to_datetime(moment):%Y%m%dT%H%M%SZ}"


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
