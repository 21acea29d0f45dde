"""From when to when a gathering is, as pages say it. Pure."""

from datetime import datetime

from gatherlog.core.commands.local_time import clock_note
from gatherlog.core.texts import _
from gatherlog.interfaces.web.words import day, local, zone

__all__ = ["span"]


def span(start: str, end: str | None, time_zone: str, *, between: str = ", ") -> str:
    """`Saturday, 6 June 2026, 18:30 to 23:00, Berlin time`, from local texts; `between` stands
    behind the first day. What becomes of a time that the clocks skip or repeat is added."""
    first, last = local(start), None if end is None or end == start else local(end)
    if not isinstance(first, datetime):
        return day(first) if last is None else _until(day(first), day(last))
    text = f"{day(first)}{between}{first:%H:%M}"
    if last is not None:
        is_same_day = day(last) == day(first)
        text = _until(text, f"{last:%H:%M}" if is_same_day else f"{day(last)}, {last:%H:%M}")
    notes = [clock_note(start, time_zone), clock_note(end or "", time_zone, last=True)]
    added = "; ".join(filter(None, notes))
    text = f"{text}, {zone(time_zone)}"
    return _("{time} ({note})").format(time=text, note=added) if added else text


def _until(start: str, end: str) -> str:
    return _("{start} to {end}").format(start=start, end=end)
