"""From when to when a gathering is, as pages say it. Pure."""

from datetime import datetime

from gatherlog.core.commands.local_time import clock_note
from gatherlog.interfaces.web.words import day, local, zone

__all__ = ["span"]


def span(start: str, end: str | None, time_zone: str, *, between: str = ", ") -> str:
    """`Saturday, 6 June 2026, 18:30 to 23:00, Berlin time`, from local texts; `between` stands
    behind the first day. What becomes of a time that the clocks skip or repeat is added."""
    first, last = local(start), None if end is None or end == start else local(end)
    if not isinstance(first, datetime):
        return day(first) if last is None else f"{day(first)} to {day(last)}"
    until = "" if last is None else f" to {last:%H:%M}"
    if last is not None and day(last) != day(first):
        until = f" to {day(last)}, {last:%H:%M}"
    notes = [clock_note(start, time_zone), clock_note(end or "", time_zone, last=True)]
    added = "; ".join(filter(None, notes))
    text = f"{day(first)}{between}{first:%H:%M}{until}, {zone(time_zone)}"
    return f"{text} ({added})" if added else text
