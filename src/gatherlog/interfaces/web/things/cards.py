"""Things as rows of a list, each with the date that fits what is looked for. Pure."""

from datetime import date

import msgspec

from gatherlog.apps.things import Hit, Occurrence, OccurrencePlaces, Thing, coming
from gatherlog.core.texts import _
from gatherlog.interfaces.web.things.phrases import ages, distance, left, price, span, waits

__all__ = ["Card", "card", "shown_date"]


class Card(msgspec.Struct, frozen=True):
    """One thing in a list."""

    id: str
    name: str
    when: str
    where: str
    about: str
    places: str
    """How many are left on that date; empty where there is no limit."""
    state: str
    """How the places are marked: coming, or waiting where there are none."""


def card(
    thing: Thing,
    places: OccurrencePlaces | None,
    *,
    today: date,
    organiser: str = "",
    metres: float | None = None,
    favourite: bool = False,
    currency: str,
) -> Card:
    """A published thing, and the date that is shown of it; None where it has none at present."""
    content = thing.content
    about = [
        ages(content.ages),
        price(content.price, currency),
        organiser,
        "" if metres is None else distance(metres),
        _("in your favourites") if favourite else "",
    ]
    one = None if places is None else places.occurrence
    return Card(
        id=thing.id,
        name=content.name,
        when=_("No dates at the moment") if one is None else span(one, today),
        where=content.where.address,
        about="\N{NO-BREAK SPACE}· ".join(part for part in about if part),
        places="" if places is None else left(places),
        state="waiting" if places is not None and waits(places) else "coming",
    )


def shown_date(thing: Thing, hit: Hit | None, now: int) -> Occurrence | None:
    """The coming date that a search has found; the next one if it is not there any more."""
    dates = coming(thing.content, thing.altered, now=now)
    found = None if hit is None else hit.occurrence
    if found is not None:
        begin = f"{found.day}T{found.start // 60:02}:{found.start % 60:02}"
        fitting = (one for one in dates if one.start[:16] <= begin <= one.end[:16])
        return next(fitting, dates[0] if dates else None)
    return dates[0] if dates else None
