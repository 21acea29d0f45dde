"""What visitors look for: the filters in the list's address, and the query they stand for. Pure.

What was typed stays in the form, also where it is wrong; nothing that is wrong is guessed.
"""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Final
from urllib.parse import urlencode

import msgspec
from starlette.datastructures import QueryParams

from gatherlog.apps.things import ThingQuery
from gatherlog.core.eventstore.errors import Flaw
from gatherlog.core.texts import N_, _
from gatherlog.interfaces.web.fields import Fields
from gatherlog.interfaces.web.things.filter_reader import CHOICES, FilterReader
from gatherlog.interfaces.web.things.phrases import from_to
from gatherlog.interfaces.web.words import day

__all__ = ["LISTED", "RADII", "Filters"]

LISTED: Final = 20
"""Things on one page."""
RADII: Final = ("1", "2", "5", "10", "20", "50", "100")
"""Distances to choose from, in kilometres. An address may hold any up to LARGEST_RADIUS."""
_NAMES: Final = {
    "q": N_("The text"),
    "ages": N_("The ages"),
    "day": N_("The day"),
    "until": N_("The last day"),
    "start": N_("The beginning"),
    "end": N_("The end"),
    "near": N_("The place"),
    "radius": N_("The distance"),
    "price": N_("The price"),
    "category": N_("The category"),
    "type": N_("The kind"),
    "for": N_("The audience"),
    "sort": N_("The order"),
}
_TYPED: Final = (*(name for name in _NAMES if name not in CHOICES), "alone", "open")
_POINTERS: Final = {
    "text": "q",
    "days": "until",
    "times": "end",
    "prices": "price",
    "within": "radius",
    "kinds": "type",
    "categories": "category",
    "audience": "for",
}
"""What the search calls the fields in which it finds flaws."""


class Filters(msgspec.Struct, frozen=True):
    """The filters of one list."""

    fields: Fields
    """As they were typed, with what is wrong about them."""
    chosen: Mapping[str, Sequence[str]]
    """What was chosen of `category`, `type` and `for`."""
    query: ThingQuery

    @classmethod
    def read(cls, sent: QueryParams) -> "Filters":
        """The filters of an address."""
        values = {name: sent.get(name, "").strip() for name in _TYPED}
        chosen = {name: list(dict.fromkeys(sent.getlist(name))) for name in CHOICES}
        reader = FilterReader(values, chosen)
        after, before = sent.get("after") or None, sent.get("before") or None
        query = msgspec.structs.replace(
            reader.query(),
            first=None if before else LISTED,
            last=LISTED if before else None,
            after=after,
            before=before,
        )
        return cls(Fields(values), chosen, query).with_flaws(reader.flaws)

    @property
    def is_filtered(self) -> bool:
        """Whether anything is asked for."""
        return any(self.fields.values.values()) or any(self.chosen.values())

    @property
    def has_main(self) -> bool:
        """Whether ages, a day or a place are set, which are folded away at first."""
        return any(self.fields[name] for name in ("ages", "day", "near", "radius"))

    @property
    def has_more(self) -> bool:
        """Whether a filter is set that is folded away at first."""
        names = ("until", "start", "end", "price", "alone", "open", "sort")
        return any(self.fields[name] for name in names) or any(self.chosen.values())

    def told(self, today: date) -> list[str]:
        """What is looked for, in words. There are no flaws."""
        query, typed = self.query, self.fields
        near = "" if query.near is None else _("near {place}")
        if query.within is not None:
            near = _("within {distance} km of {place}")
        found = [
            f"\N{LEFT DOUBLE QUOTATION MARK}{query.text}\N{RIGHT DOUBLE QUOTATION MARK}"
            if query.text
            else "",
            _("ages {ages}").format(ages=typed["ages"]) if query.ages else "",
            _days_told(query.days or (None, None), today),
            _times_told(typed["start"], typed["end"]),
            near.format(distance=typed["radius"], place=typed["near"]),
            _("up to {most}").format(most=typed["price"]) if query.prices else "",
            *(CHOICES[name][one] for name in CHOICES for one in self.chosen[name]),
            _("no adult needed") if query.adult_mandatory is False else "",
            _("no booking needed") if query.booking_mandatory is False else "",
        ]
        return [text for text in found if text]

    def with_flaws(self, flaws: Sequence[Flaw]) -> "Filters":
        """The same, with what is wrong about them by the field."""
        pointed = [Flaw(_renamed(flaw.pointer), flaw.detail) for flaw in flaws]
        return msgspec.structs.replace(self, fields=self.fields.with_flaws(pointed, _NAMES))

    def path(self, **changes: str) -> str:
        """The list's path with these filters, from its beginning unless a cursor is given."""
        values = {**self.fields.values, **self.chosen, **changes}
        query = urlencode({name: value for name, value in values.items() if value}, doseq=True)
        return f"/things?{query}" if query else "/things"


def _days_told(days: tuple[date | None, date | None], today: date) -> str:
    first, last = ("" if one is None else day(one, year=one.year != today.year) for one in days)
    if not first or first == last:
        return first or (_("until {end}").format(end=last) if last else "")
    return from_to(first, last)


def _times_told(start: str, end: str) -> str:
    if start and end:
        return from_to(start, end)
    text = _("from {start}") if start else _("until {end}") if end else ""
    return text.format(start=start, end=end)


def _renamed(pointer: str) -> str:
    """A pointer of the search as one of the form."""
    first = pointer.split("/")[1] if "/" in pointer else ""
    return f"/{_POINTERS.get(first, first)}"
