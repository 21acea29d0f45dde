"""What letters say of a new time or place, beside the one before. Pure."""

from collections.abc import Mapping, Sequence

from gatherlog.apps.things.occurrences import Occurrence, occurrence
from gatherlog.apps.things.views import Thing
from gatherlog.core.subscriptions.letters import one_line, spoken_moment
from gatherlog.core.subscriptions.spoken_spans import spoken_span
from gatherlog.core.texts import _

__all__ = ["changed_times", "moment", "new_place", "told_change"]


def moment(one: Occurrence) -> str:
    """When it begins: `Saturday, 3 April 2027, 10:00 CEST (Berlin time)`."""
    return spoken_span(one.start, None, one.time_zone)


def changed_times(dates: Sequence[Occurrence], before: Thing) -> dict[str, Occurrence]:
    """Those of the dates that were at another time, as they were, by their keys."""
    were = {one.key: occurrence(before.content, before.altered, one.key) for one in dates}
    return {
        one.key: was
        for one in dates
        if (was := were[one.key]) is not None and _times(was) != _times(one)
    }


def new_place(thing: Thing, before: Thing) -> str:
    """What is to be said of another place; empty for the same one."""
    here, there = thing.content.where, before.content.where
    if here.address != there.address:
        return _("a new place")
    return "" if here == there else _("another point on the map")


def told_change(
    thing: Thing, dates: Sequence[Occurrence], were: Mapping[str, Occurrence], before: Thing
) -> str:
    """The dates and the place, in lines, each with what it was where that is another."""
    lines: list[str] = []
    for one in dates:
        was = were.get(one.key)
        ends = was is not None and moment(was) == moment(one)
        lines += ["    " + _("When: {date}").format(date=_span(one, ends))]
        lines += [] if was is None else [_instead(_span(was, ends))]
    here, there = (one_line(one.content.where.address) for one in (thing, before))
    lines += ["    " + _("Where: {place}").format(place=here)]
    return "\n".join(lines if here == there else [*lines, _instead(there)])


def _instead(was: str) -> str:
    return "          " + _("instead of {before}").format(before=was)


def _times(one: Occurrence) -> tuple[str, str, str]:
    return one.start, one.end, one.time_zone


def _span(one: Occurrence, ends: bool) -> str:
    """When it begins and, if asked for, when it ends."""
    if not ends:
        return moment(one)
    same_day = one.end[:10] == one.date
    until = one.end[11:16] if same_day else spoken_moment(one.end, one.time_zone)
    return _("{begin}, until {end}").format(begin=moment(one), end=until)
