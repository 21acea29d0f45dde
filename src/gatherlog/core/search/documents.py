"""What can be found: plain documents, which apps make of what they publish."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta
from math import isfinite
from typing import Final

import msgspec

from gatherlog.core.search.places import Place

__all__ = [
    "DAY_MINUTES",
    "OLDEST",
    "ROLLING_DAYS",
    "WEIGHTS",
    "Occurrence",
    "SearchDocument",
    "Text",
    "check_document",
    "occurrences_between",
]

DAY_MINUTES: Final = 24 * 60
ROLLING_DAYS: Final = 90
"""How many days after today the dates of a rolling document are found."""
WEIGHTS: Final = range(1, 6)
"""What a text may weigh: a word that is found in a text of weight 5 counts five times as much."""
OLDEST: Final = 200
"""The highest age that there is."""
_ID_BYTES: Final = 400
_OCCURRENCES: Final = 10_000


class Text(msgspec.Struct, frozen=True, gc=False):
    """A text in which words are found."""

    text: str
    weight: int = 1


class Occurrence(msgspec.Struct, frozen=True, gc=False):
    """One stretch of time on one day, by the clocks of the document's own zone."""

    day: date
    start: int
    """Minutes since midnight, 0 to 1439."""
    end: int
    """The minute at which it is over, at most 1440. If it is not after `start`, it lasts a minute.
    """


class SearchDocument(msgspec.Struct, frozen=True, kw_only=True):
    """Everything that is known of one thing when it is searched for.

    A filter does not find documents that lack what it is about.
    """

    id: str
    owner: str = ""
    """Whose it is. A change of the owner can touch all documents of one; see `Touched`."""
    version: int = 0
    """Of what the document was made from; given back with what is found."""
    texts: Sequence[Text] = ()
    tags: Mapping[str, Sequence[str]] = {}
    """Values by kind, such as `{"category": ["MUSIC"], "target": ["CHILD", "FAMILY"]}`."""
    place: Place | None = None
    ages: tuple[int, int] | None = None
    """The youngest and the oldest, both included."""
    prices: tuple[float, float] | None = None
    """The lowest and the highest."""
    occurrences: Sequence[Occurrence] | None = None
    """When it takes place. A document of which all of them are over is not found any more. None:
    it is not bound to any time."""
    zone: str = "UTC"
    """The IANA zone by whose clocks the occurrences are told."""
    rolling: bool = False
    """Whether dates more than ROLLING_DAYS ahead are not found yet."""
    renew_on: date | None = None
    """The day (UTC) on which the index asks for the document again, because more dates are known
    by then."""


def occurrences_between(start: datetime, end: datetime) -> list[Occurrence]:
    """One occurrence for each day from a local time to another, both naive, of the same zone.

    What goes on beyond midnight is found on both days.
    """
    found, day = [], start.date()
    first, last = _minute(start), _minute(end)
    while day < end.date():
        found.append(Occurrence(day, first, DAY_MINUTES))
        day, first = day + timedelta(days=1), 0
    if last > first or not found:
        found.append(Occurrence(day, first, last))
    return found


def check_document(document: SearchDocument) -> None:
    """Raise ValueError for a document that no index can hold: a mistake of the app that made it."""
    if not 1 <= len(document.id.encode()) <= _ID_BYTES or len(document.owner.encode()) > _ID_BYTES:
        raise ValueError("its id or owner is empty or too long")
    if any(text.weight not in WEIGHTS for text in document.texts):
        raise ValueError("a text weighs 1 to 5")
    place = document.place
    if place is not None and not (abs(place.lat) <= 90 and abs(place.lon) <= 180):
        raise ValueError(f"there is no place {place.lat}, {place.lon}")
    if document.ages is not None and not 0 <= document.ages[0] <= document.ages[1] <= OLDEST:
        raise ValueError(f"ages {document.ages} are no range")
    prices = document.prices
    if prices is not None and not (isfinite(prices[1]) and 0 <= prices[0] <= prices[1]):
        raise ValueError(f"prices {prices} are no range")
    _check_times(document)


def _check_times(document: SearchDocument) -> None:
    occurrences = document.occurrences or ()
    if len(occurrences) > _OCCURRENCES:
        raise ValueError(f"more than {_OCCURRENCES:,} occurrences")
    for one in occurrences:
        if not (0 <= one.start < DAY_MINUTES and 0 <= one.end <= DAY_MINUTES):
            raise ValueError(f"{one.start} to {one.end} is not within a day")


def _minute(moment: datetime) -> int:
    return moment.hour * 60 + moment.minute
