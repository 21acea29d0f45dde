"""What a process remembers of things that are booked, so that it need not read and count anew.

It may be outdated: a commit demands what it rests on, and finds out.
"""

from typing import Final

from gatherlog.apps.things.inputs import BookingWish
from gatherlog.apps.things.occurrences import Occurrence, occurrence_on
from gatherlog.apps.things.views import Thing
from gatherlog.core.commands.service import Stored

__all__ = ["KnownThing", "KnownThings", "named"]

MOST_THINGS: Final = 1_000
MOST_NAMES: Final = 1_000
"""Dates and times of one thing, as they were written."""


def named(thing: Thing, wish: BookingWish, now: int) -> Occurrence:
    """The coming occurrence that a wish names. Raises Invalid."""
    return occurrence_on(thing.content, thing.altered, wish.date, wish.start, now=now)


class KnownThing:
    """A published thing at one of its versions."""

    def __init__(self, stored: Stored[Thing]) -> None:
        self.thing, self.version = stored.body, stored.version
        self._named: dict[tuple[str, str | None], Occurrence] = {}

    def named(self, wish: BookingWish, now: int) -> Occurrence:
        """As `named`. What was the only one that a name can mean is so until it is over."""
        name = (wish.date, wish.start)
        one = self._named.get(name)
        if one is None or one.ends_at <= now:
            one = self._named[name] = named(self.thing, wish, now)
            if len(self._named) > MOST_NAMES:
                del self._named[next(iter(self._named))]
        return one


class KnownThings:
    """The things that were booked last."""

    def __init__(self) -> None:
        self._things: dict[str, KnownThing] = {}

    def get(self, thing_id: str) -> KnownThing | None:
        return self._things.get(thing_id)

    def keep(self, stored: Stored[Thing]) -> KnownThing:
        known = self._things[stored.body.id] = KnownThing(stored)
        if len(self._things) > MOST_THINGS:
            del self._things[next(iter(self._things))]
        return known

    def forget(self, thing_id: str) -> None:
        self._things.pop(thing_id, None)
