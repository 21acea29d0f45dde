"""Reads the filters of one address, as they were typed or chosen. Pure."""

import re
from collections.abc import Callable, Mapping, Sequence
from datetime import date, time
from typing import Final, TypeVar

from gatherlog.apps.things import ThingQuery
from gatherlog.core.eventstore.errors import Flaw
from gatherlog.core.search import Circle, Place
from gatherlog.core.texts import N_, Translated, _
from gatherlog.interfaces.web.things.phrases import AUDIENCES, CATEGORIES, KINDS
from gatherlog.interfaces.web.words import number

__all__ = ["CHOICES", "SORTS", "FilterReader"]

CHOICES: Final = {"category": CATEGORIES, "type": KINDS, "for": AUDIENCES}
"""The filters of which several may be chosen, each with its values."""
SORTS: Final = Translated(
    {
        "RELEVANCE": N_("Relevance"),
        "SOONEST": N_("Date"),
        "GEO_DISTANCE": N_("Distance"),
        "PRICE": N_("Price"),
    }
)
LONGEST_TEXT: Final = 500
OLDEST: Final = 120
MOST_AGES: Final = 20
LARGEST_RADIUS: Final = 200
"""In kilometres."""
DAY_MINUTES: Final = 24 * 60
_AGES: Final = re.compile(r"([0-9]{1,3})(?:-([0-9]{1,3}))?")
_PLACE: Final = re.compile(
    r"([+-]?[0-9]{1,3}(?:\.[0-9]{1,20})?)(?:\s*[,;]\s*|\s+)([+-]?[0-9]{1,3}(?:\.[0-9]{1,20})?)"
)
_PRICE: Final = re.compile(r"[0-9]{1,7}(?:[.,][0-9]{1,2})?")
_DATE: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_TIME: Final = re.compile(r"[0-9]{2}:[0-9]{2}(:[0-9]{2})?")
T = TypeVar("T")


class FilterReader:
    """Reads the values of one address, and notes what is wrong."""

    def __init__(self, values: Mapping[str, str], chosen: Mapping[str, Sequence[str]]) -> None:
        self._values = values
        self._chosen = chosen
        self.flaws: list[Flaw] = []

    def query(self) -> ThingQuery:
        """The query without its page. Where there are flaws it is not to be asked."""
        text = self._values["q"]
        if len(text) > LONGEST_TEXT:
            self._note(
                "q",
                _("has {count} characters; {most} fit").format(
                    count=number(len(text)), most=LONGEST_TEXT
                ),
            )
        for name, known in CHOICES.items():
            if not set(self._chosen[name]) <= set(known):
                self._note(name, N_("is not one of those to choose from"))
        place = self._read("near", _place)
        return ThingQuery(
            text=text,
            kinds=self._chosen["type"],
            categories=self._chosen["category"],
            audience=self._chosen["for"],
            booking_mandatory=False if self._values["open"] else None,
            adult_mandatory=False if self._values["alone"] else None,
            ages=self._read("ages", _ages) or (),
            prices=self._prices(),
            within=self._circle(place),
            near=place,
            days=self._days(),
            times=self._times(),
            sort=self._sort(place),
        )

    def _note(self, name: str, detail: str) -> None:
        self.flaws.append(Flaw(f"/{name}", detail))

    def _read(self, name: str, read: Callable[[str], T]) -> T | None:
        """What a field says; None, and perhaps a flaw, if it says nothing."""
        text = self._values[name]
        try:
            return read(text) if text else None
        except ValueError as error:
            self._note(name, str(error))
            return None

    def _prices(self) -> tuple[float, float] | None:
        most = self._read("price", _price)
        return None if most is None else (0.0, most)

    def _circle(self, place: Place | None) -> Circle | None:
        radius = self._read("radius", _radius)
        if radius is None or place is None:
            if radius is not None and not self._values["near"]:
                self._note("near", N_("is needed where a distance is chosen"))
            return None
        return Circle(place, radius)

    def _days(self) -> tuple[date | None, date | None]:
        """A day alone is that one day; a last day alone is any until then."""
        first, last = self._read("day", _date), self._read("until", _date)
        if first is not None and last is not None and first > last:
            self._note("until", N_("should not be before the first"))
        return first, last or first

    def _times(self) -> tuple[int, int] | None:
        start, end = self._read("start", _minute), self._read("end", _minute)
        if start is not None and end is not None and start > end:
            self._note("end", N_("should not be before the beginning"))
        if start is None and end is None:
            return None
        return (start or 0, DAY_MINUTES if end is None else end)

    def _sort(self, place: Place | None) -> str:
        wanted = self._values["sort"]
        if not wanted:
            usual = "RELEVANCE" if self._values["q"] else "SOONEST"
            return usual if place is None else "GEO_DISTANCE"
        if wanted not in SORTS:
            self._note("sort", N_("is not one of those to choose from"))
        elif wanted == "GEO_DISTANCE" and not self._values["near"]:
            self._note("near", N_("is needed to sort by distance"))
        return wanted


def _ages(text: str) -> list[tuple[int, int]]:
    """`5, 8` and `3 to 6`: all of them have to be welcome."""
    joined = re.sub(r"\s*(?:-|\N{EN DASH}|\bto\b)\s*", "-", text)
    words = [word for word in re.split(r"[\s,;&]+|\band\b", joined) if word]
    found = [_AGES.fullmatch(word) for word in words]
    if not words or None in found or len(words) > MOST_AGES:
        raise ValueError(N_("should be written like 5, 8 or like 3 to 6"))
    spans = [(int(one[1]), int(one[2] or one[1])) for one in found if one is not None]
    if any(youngest > oldest for youngest, oldest in spans):
        raise ValueError(N_("should go from the younger to the older, like 3 to 6"))
    if any(oldest > OLDEST for _youngest, oldest in spans):
        raise ValueError(_("should be from 0 to {most}").format(most=OLDEST))
    return spans


def _place(text: str) -> Place:
    found = _PLACE.fullmatch(text)
    if found is None:
        raise ValueError(N_("should be written as latitude and longitude, like 52.52, 13.40"))
    place = Place(float(found[1]), float(found[2]))
    if abs(place.lat) > 90 or abs(place.lon) > 180:
        raise ValueError(N_("has a latitude from -90 to 90 and a longitude from -180 to 180"))
    return place


def _radius(text: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) < 5):
        raise ValueError(N_("should be a whole number of kilometres"))
    if not 1 <= int(text) <= LARGEST_RADIUS:
        raise ValueError(_("should be from 1 to {most} km").format(most=LARGEST_RADIUS))
    return int(text) * 1_000


def _price(text: str) -> float:
    if not _PRICE.fullmatch(text):
        raise ValueError(N_("should be written like 10 or 7.50"))
    return float(text.replace(",", "."))


def _date(text: str) -> date:
    try:
        if _DATE.fullmatch(text):
            return date.fromisoformat(text)
    except ValueError:
        pass
    raise ValueError(N_("should be a date like 2027-05-01"))


def _minute(text: str) -> int:
    """The minute of the day."""
    try:
        if _TIME.fullmatch(text):
            read = time.fromisoformat(text)
            return read.hour * 60 + read.minute
    except ValueError:
        pass
    raise ValueError(N_("should be a time like 14:00"))
