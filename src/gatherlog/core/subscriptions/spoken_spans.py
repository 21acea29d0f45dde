"""From when to when something is, as letters say it."""

from datetime import datetime

from gatherlog.core.commands.local_time import clock_note
from gatherlog.core.subscriptions.letters import spoken_moment

__all__ = ["spoken_span"]


def spoken_span(start: str, end: str | None, zone: str, *, last: bool = False) -> str:
    """As `spoken_moment`, with its end: `Saturday, 5 June 2027, 18:00 (Europe/Paris), until 23:00`.

    What becomes of a time that a change of clocks skips or repeats is added. `last` says that the
    second of two moments is meant, as for deadlines; of an end it always is.
    """
    begin = spoken_moment(start, zone)
    until = "" if end is None or end == start else f", until {_end(start, end, zone)}"
    notes = [clock_note(start, zone, last=last), clock_note(end or "", zone, last=True)]
    added = "; ".join(filter(None, notes))
    return f"{begin}{until} ({added})" if added else f"{begin}{until}"


def _end(start: str, end: str, zone: str) -> str:
    """The time alone where the day is the same."""
    last = datetime.fromisoformat(end)
    is_same_day = "T" in end and last.date() == datetime.fromisoformat(start).date()
    return f"{last:%H:%M}" if is_same_day else spoken_moment(end, zone)
