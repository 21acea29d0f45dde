"""Gatherings in short: the demo's first page, and what other pages say of date and place. Pure."""

from collections.abc import Iterator
from datetime import date, datetime

import msgspec

from gatherlog.apps.guests import Gathering, Stats
from gatherlog.core.commands.local_time import clock_note
from gatherlog.core.texts import _
from gatherlog.interfaces.web.spans import span
from gatherlog.interfaces.web.words import day, local, moment, number, people, zone

__all__ = ["Overview", "Share", "cautions", "deadline", "facts", "overview", "shares"]


class Share(msgspec.Struct, frozen=True):
    """A part of the bar chart, in percent of its length."""

    state: str
    start: float
    width: float


class Overview(msgspec.Struct, frozen=True):
    """One gathering on the demo's first page."""

    name: str
    facts: list[str]
    figures: list[tuple[str, str, str]]
    """Label, the state whose colour in the bar it has (or ""), and the number."""
    shares: list[Share]
    bar_in_words: str


def overview(gathering: Gathering, stats: Stats) -> Overview:
    """The totals of one gathering: invitations by answer, then people and places."""
    states = [
        (_("Coming"), "coming", stats.attending),
        (_("Not sure"), "undecided", stats.undecided),
        (_("Can’t come"), "declined", stats.not_attending),
        (_("No answer"), "pending", stats.pending),
    ]
    capacity = _("no limit") if stats.capacity is None else number(stats.capacity)
    return Overview(
        name=gathering.event_name,
        facts=list(facts(gathering)),
        figures=[
            *((label, state, number(count)) for label, state, count in states),
            (_("People coming"), "", number(stats.people)),
            (_("Places"), "", capacity),
        ],
        shares=list(shares([(state, count) for _, state, count in states[:3]], stats)),
        bar_in_words=", ".join(f"{label.lower()} {number(count)}" for label, _, count in states),
    )


def facts(gathering: Gathering) -> Iterator[str]:
    """Date, place and capacity, those of them that are set."""
    if gathering.event_date is not None:
        yield span(gathering.event_date, gathering.event_end, gathering.time_zone)
    if gathering.location is not None:
        yield gathering.location
    if gathering.max_guests is not None:
        yield _("room for {people}").format(people=people(gathering.max_guests))


def cautions(gathering: Gathering, stats: Stats) -> Iterator[str]:
    """What is allowed and probably not meant: it is said, and changes nothing."""
    if _is_after(gathering.rsvp_deadline, gathering.event_date):
        yield _("Guests can still answer after the gathering: the deadline is later than its date.")
    most = gathering.max_guests
    if most is not None and stats.total_expected > most:
        yield _(
            "Places reserved: {reserved}. Places in all: {places}. If everybody says yes, some of "
            "them will be on the waiting list."
        ).format(reserved=number(stats.total_expected), places=number(most))


def _is_after(deadline: str | None, date: str | None) -> bool:
    """Whether a deadline is later; by the day unless both have a time."""
    if deadline is None or date is None:
        return False
    if "T" in deadline and "T" in date:
        return local(deadline) > local(date)
    return deadline[:10] > date[:10]


def deadline(gathering: Gathering, today: date) -> str | None:
    """`Friday, 5 June, end of day, Berlin time`; with the year if it is not this year."""
    if gathering.rsvp_deadline is None:
        return None
    until = local(gathering.rsvp_deadline)
    year = until.year != today.year
    if isinstance(until, datetime):
        text = moment(until, gathering.time_zone, year=year)
        note = clock_note(gathering.rsvp_deadline, gathering.time_zone, last=True)
        return _("{time} ({note})").format(time=text, note=note) if note else text
    text = _("{date}, end of day, {zone}")
    return text.format(date=day(until, year=year), zone=zone(gathering.time_zone))


def shares(states: list[tuple[str, int]], stats: Stats) -> Iterator[Share]:
    """The part of the bar that each state takes; the rest of it stands for no answer."""
    start = 0.0
    for state, count in states:
        width = round(100 * count / max(1, stats.total_guests), 2)
        yield Share(state, round(start, 2), width)
        start += width
