"""The form with all that a thing to do says of itself: as typed, as saved, and as content. Pure."""

from collections.abc import Iterable, Iterator
from typing import Final

import msgspec
from starlette.datastructures import FormData

from gatherlog.apps.things import Content, Hours
from gatherlog.apps.things.checks import MOST_HOURS
from gatherlog.apps.things.content import DAYS, Day
from gatherlog.core.eventstore.errors import Invalid
from gatherlog.core.texts import N_, Translated, _
from gatherlog.interfaces.web.fields import Fields
from gatherlog.interfaces.web.forms import text
from gatherlog.interfaces.web.things.facts import plain
from gatherlog.interfaces.web.things.phrases import AUDIENCES, CATEGORIES, KINDS, clock, from_to
from gatherlog.interfaces.web.words import WEEKDAYS

__all__ = ["DAY_NAMES", "NAMES", "SECTIONS", "HoursLine", "ThingForm", "blank", "filled"]

NAMES: Final = {
    "name": N_("The name"),
    "description": N_("The description"),
    "kind": N_("How often it takes place"),
    "category": N_("The category"),
    "start_day": N_("The first day"),
    "start_time": N_("The beginning"),
    "end_day": N_("The last day"),
    "end_time": N_("The end"),
    "hours": N_("The weekly hours"),
    "time_zone": N_("The time zone"),
    "address": N_("The address"),
    "location": N_("The point on the map"),
    "audience": N_("Who it is for"),
    "age_from": N_("The lowest age"),
    "age_to": N_("The highest age"),
    "price_from": N_("The lowest price"),
    "price_to": N_("The highest price"),
    "capacity": N_("The number of places"),
    "email": N_("The email address"),
    "phone": N_("The phone number"),
    "www": N_("The web address"),
}
"""The fields in their order on the page, with what a sentence about them begins with."""
SECTIONS: Final = {
    "name": "name",
    "description": "description",
    "type": "kind",
    "category": "category",
    "when": "start_day",
    "timeZone": "time_zone",
    "where": "address",
    "target": "audience",
    "adultMandatory": "adult_mandatory",
    "price": "price_from",
    "capacity": "capacity",
    "bookingMandatory": "booking_mandatory",
    "contact": "email",
}
"""By what a reviewer may name in a reason: the field of the form where it is shown."""
DAY_NAMES: Final = Translated(dict(zip(DAYS, WEEKDAYS, strict=True)))
_TEXTS: Final = (
    *(name for name in NAMES if name not in ("hours", "audience")),
    *("adult_mandatory", "booking_mandatory", "version", "was"),
)


class HoursLine(msgspec.Struct, frozen=True, array_like=True):
    """Days of the week with the same hours, as they were typed."""

    days: tuple[Day, ...] = ()
    start: str = ""
    end: str = ""


_decode = msgspec.json.Decoder(list[HoursLine]).decode


class ThingForm(msgspec.Struct, frozen=True):
    """The fields as typed. Two hold several choices: `audience` joined by commas, `hours` as JSON.

    So each of them is one value, which was changed meanwhile or was not.
    """

    fields: Fields
    spare: int = 1
    """Empty lines for weekly hours, behind those that are filled in."""

    @classmethod
    def read(cls, form: FormData) -> "ThingForm":
        """What was typed. With the button `more` there is room for one more line of hours."""
        chosen = [one for one in AUDIENCES if one in form.getlist("audience")]
        values = dict(Fields.read(form, _TEXTS).values)
        values["audience"] = ",".join(chosen)
        values["hours"] = _encode(line for line in _lines(form) if line != HoursLine())
        return cls(Fields(values), 2 if "more" in form else 1)

    @property
    def typed_lines(self) -> list[HoursLine]:
        """The lines of weekly hours that are filled in."""
        return _lines_in(self.fields["hours"])

    @property
    def lines(self) -> list[HoursLine]:
        """The lines of weekly hours, and empty ones to be filled in."""
        typed = self.typed_lines
        return [*typed, *[HoursLine()] * min(self.spare, max(MOST_HOURS - len(typed), 0))]

    @property
    def audience(self) -> list[str]:
        return self.fields["audience"].split(",")

    def with_flaws(self, error: Invalid) -> "ThingForm":
        """The same form, with the flaws at its fields."""
        flawed = self.fields.with_flaws(error.flaws, NAMES)
        ordered = {name: flawed.flaws[name] for name in NAMES if name in flawed.flaws}
        return ThingForm(Fields(flawed.values, ordered, flawed.changed), self.spare)

    def at(self, version: int) -> "ThingForm":
        """The same form, for another version of the thing."""
        values = {**self.fields.values, "version": str(version)}
        return ThingForm(Fields(values, self.fields.flaws), self.spare)

    def rebased(self, now: "ThingForm") -> "ThingForm":
        """The form on top of the thing as it is saved now; see `Fields.rebased`."""
        return ThingForm(self.fields.rebased(now.fields, _label_of), self.spare)


def blank(kind: str, time_zone: str) -> ThingForm:
    """The form for a new thing of one of KINDS."""
    values = {
        "kind": kind if kind in KINDS else "",
        "time_zone": time_zone,
        "audience": "CHILD",
        "booking_mandatory": "yes",
    }
    return ThingForm(Fields(values))


def filled(content: Content, version: int) -> ThingForm:
    """The form filled with what is saved."""
    where, contact, price = content.where, content.contact, content.price
    start, end, is_once = content.when.start, content.when.end, content.kind == "EVENT"
    values = {
        "name": content.name,
        "description": content.description,
        "kind": content.kind,
        "category": content.category,
        "start_day": start[:10],
        "start_time": clock(start[11:]) if is_once else "",
        "end_day": end[:10],
        "end_time": clock(end[11:]) if is_once else "",
        "hours": _encode(_grouped(content.when.hours)),
        "time_zone": content.time_zone,
        "address": where.address,
        "location": f"{plain(where.lat)}, {plain(where.lon)}",
        "audience": ",".join(one for one in AUDIENCES if one in content.audience),
        "age_from": str(content.ages.start),
        "age_to": str(content.ages.end),
        "price_from": plain(price.start),
        "price_to": "" if price.end == price.start else plain(price.end),
        "capacity": "" if content.capacity is None else str(content.capacity),
        "email": contact.email or "",
        "phone": contact.phone or "",
        "www": contact.www or "",
        "adult_mandatory": "yes" if content.adult_mandatory else "",
        "booking_mandatory": "yes" if content.booking_mandatory else "",
    }
    return ThingForm(Fields.saved(values, version))


# The values of fields that hold several choices.


def _lines(form: FormData) -> Iterator[HoursLine]:
    for place in range(MOST_HOURS):
        marked = form.getlist(f"hours_{place}_days")
        days = tuple(day for day in DAYS if day in marked)
        start, end = (text(form, f"hours_{place}_{side}").strip() for side in ("from", "to"))
        yield HoursLine(days, start, end)


def _grouped(hours: Iterable[Hours]) -> list[HoursLine]:
    """The hours as lines, each for all days that have the same."""
    days: dict[tuple[str, str], list[Day]] = {}
    for one in hours:
        days.setdefault((clock(one.start), clock(one.end)), []).append(one.day)
    return [
        HoursLine(tuple(day for day in DAYS if day in here), *times) for times, here in days.items()
    ]


def _lines_in(hours: str) -> list[HoursLine]:
    return _decode(hours) if hours else []


def _encode(lines: Iterable[HoursLine]) -> str:
    return msgspec.json.encode(list(lines)).decode()


def _label_of(name: str, value: str) -> str:
    """What stands for a field's value in the mark at a field that was changed meanwhile."""
    match name:
        case "kind":
            return KINDS.get(value, value)
        case "category":
            return CATEGORIES.get(value, value)
        case "audience":
            return ", ".join(AUDIENCES[one] for one in value.split(",") if one in AUDIENCES)
        case "hours":
            return "; ".join(map(_line_label, _lines_in(value)))
        case "adult_mandatory" | "booking_mandatory":
            return _("yes") if value else _("no")
    return value


def _line_label(line: HoursLine) -> str:
    days = ", ".join(DAY_NAMES[one][:3] for one in line.days)
    return f"{days} {from_to(line.start, line.end)}"
