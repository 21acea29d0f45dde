"""From when to when something is, as letters say it."""

from datetime import datetime

from gatherlog.core.commands.local_time import clock_note
from gatherlog.core.subscriptions.letters import spoken_moment
from gatherlog.core.texts import _

__all__ = ["spoken_span"]


def spoken_span(start: str, end: str | None, zone: str, *, last: bool = False) -> str:
    """As `spoken_moment`, with its end: `Saturday, 5 June 2027, 18:00 CEST (Paris time), until
    23:00`.

    What becomes of a time that a change of clocks skips or repeats is added. `last` says that the
    second of two moments is meant, as for deadlines; of an end it always is.
    """
    text = spoken_moment(start, zone)
    if end is not None and end != start:
        text = _("{start}, until {end}").format(start=text, end=_end(start, end, zone))
    notes = [clock_note(start, zone, last=last), clock_note(end or "", zone, last=True)]
    added = "; ".join(filter(None, notes))
    return _("{time} ({note})").format(time=text, note=added) if added else text


def _end(start: str, end: str, zone: str) -> str:
    """The time alone where the day is the same."""
    last = datetime.fromisoformat(end)
    is_same_day = "T" in end and last.date() == datetime.fromisoformat(start).date()
    return f"{last:%H:%M}" if is_same_day else spoken_moment(end, zone)
