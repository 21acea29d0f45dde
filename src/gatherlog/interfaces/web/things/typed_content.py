"""What the filled-in form of a thing means: its content, or all that is wrong with it. Pure."""

import re
from collections.abc import Iterator, Mapping
from datetime import date, time
from typing import Any, Final

from gatherlog.apps.things import (
    Contact,
    Content,
    FloatRange,
    Hours,
    IntRange,
    When,
    Where,
)
from gatherlog.apps.things.checks import MOST_HOURS, checked_content
from gatherlog.core.eventstore.errors import Flaw, Invalid
from gatherlog.core.texts import N_, _
from gatherlog.interfaces.web.fields import Fields, blank_is_none, whole
from gatherlog.interfaces.web.things.thing_form import ThingForm

__all__ = ["content"]

_POINTERS: Final = (
    ("/type", "kind"),
    ("/timeZone", "time_zone"),
    ("/when/dateTime/from", "start_day"),
    ("/when/dateTime/to", "end_day"),
    ("/when/occurrences", "hours"),
    ("/where/address", "address"),
    ("/where/location", "location"),
    ("/contact/email", "email"),
    ("/contact/phone", "phone"),
    ("/contact/www", "www"),
    ("/target/type", "audience"),
    ("/target/age/from", "age_from"),
    ("/target/age/to", "age_to"),
    ("/price/from", "price_from"),
    ("/price/to", "price_to"),
)
"""Where a flaw of the content is shown; other flaws have the name of their field."""
_WORDS: Final[Mapping[tuple[str, str], str]] = {
    ("end_day", "should not be before from"): N_("is before the first"),
    ("end_time", "should not be before from"): N_("is before the beginning"),
    ("age_to", "should not be less than from"): N_("is below the lowest"),
    ("price_to", "should not be less than from"): N_("is below the lowest"),
    ("audience", "is missing"): N_("is not marked yet"),
    ("kind", "is missing"): N_("is not chosen yet"),
    ("hours", "is missing: a recurring event needs days with hours"): (
        N_("are missing: mark at least one day, with its times")
    ),
    ("hours", "has the same day and beginning twice"): N_("have the same day and beginning twice"),
    ("email", "is not an email address; one looks like ada@example.org"): (
        N_("should be one such as ada@example.org")
    ),
    ("location", "should be a number from -90 to 90"): (
        N_("has a latitude, the first number, that is not between -90 and 90")
    ),
    ("location", "should be a number from -180 to 180"): (
        N_("has a longitude, the second number, that is not between -180 and 180")
    ),
}
"""What is said to people in place of what is said to programs."""
_DAY: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_TIME: Final = re.compile(r"[0-9]{1,2}:[0-9]{2}(?::[0-9]{2})?")
_AMOUNT: Final = re.compile(r"[0-9]{1,9}(?:\.[0-9]{1,20}|,[0-9]{1,2})?")
_DEGREES: Final = r"(-?[0-9]{1,3}(?:\.[0-9]{1,400})?)"
_PLACE: Final = re.compile(rf"{_DEGREES}(?:\s*[,;]\s*|\s+){_DEGREES}")
_NO_DAY: Final = "2000-01-01"
"""Stands for a day that cannot be read, so that all else can be checked."""
_MIDNIGHT: Final = "00:00:00"
_CONTACT: Final = ("email", "phone", "www")
_A_DAY: Final = N_("should be a day such as 2027-05-01")
_TWO_NUMBERS: Final = N_("should be two numbers, such as 52.5163, 13.3777")


def content(form: ThingForm, before: Content | None = None) -> Content:
    """The content that the form means. Raises Invalid with every flaw, by the form's fields.

    `before` is what is saved: what the form does not have, such as a picture, stays.
    """
    fields, flaws = form.fields, list[Flaw]()
    meant = Content(
        name=fields["name"],
        description=fields["description"],
        kind=_chosen(fields, "kind", "EVENT", flaws),
        category=_chosen(fields, "category", "OTHER", flaws),
        where=_where(fields, flaws),
        when=_when(form, before, flaws),
        contact=Contact(**{name: blank_is_none(fields[name]) for name in _CONTACT}),
        ages=_ages(fields, flaws),
        audience=tuple(filter(None, form.audience)),  # type: ignore[arg-type]
        price=_price(fields, flaws),
        booking_mandatory=fields["booking_mandatory"] == "yes",
        adult_mandatory=fields["adult_mandatory"] == "yes",
        image=None if before is None else before.image,
        capacity=whole("capacity", fields["capacity"], flaws) if fields["capacity"] else None,
        time_zone=fields["time_zone"],
    )
    try:
        checked_content(meant)
    except Invalid as error:
        flaws += [_of_form(flaw, meant) for flaw in error.flaws]
    if flaws:
        raise Invalid(*flaws)
    return meant


def _chosen(fields: Fields, name: str, otherwise: str, flaws: list[Flaw]) -> Any:
    """One of several values, whose names are checked with the content."""
    if not fields[name]:
        flaws.append(Flaw(f"/{name}", N_("is not chosen yet")))
    return fields[name] or otherwise


def _where(fields: Fields, flaws: list[Flaw]) -> Where:
    """Two numbers that only a comma separates might be one number with a decimal comma."""
    written = fields["location"]
    found = _PLACE.fullmatch(written)
    if found is None or (" " not in written and "." not in found[1] + found[2]):
        detail = N_("is missing") if not written else _TWO_NUMBERS
        flaws.append(Flaw("/location", detail))
        return Where(lat=0.0, lon=0.0, address=fields["address"])
    return Where(lat=float(found[1]), lon=float(found[2]), address=fields["address"])


def _when(form: ThingForm, before: Content | None, flaws: list[Flaw]) -> When:
    """Days, and either the times of the one occurrence or the weekly hours."""
    fields, kind = form.fields, form.fields["kind"]
    first = _day(fields, "start_day", flaws)
    is_one_day = kind in ("", "EVENT") and not fields["end_day"]
    last = first if is_one_day else _day(fields, "end_day", flaws)
    if not kind:
        return When(start=_NO_DAY, end=_NO_DAY)
    if kind != "EVENT":
        start, end = _times_before(before, first, last)
        return When(start=start, end=end, hours=tuple(_hours(form, flaws)))
    begin, until = _time_of(fields, "start_time", flaws), _time_of(fields, "end_time", flaws)
    if not (first and last and begin and until):
        return When(start=_NO_DAY, end=_NO_DAY)
    return When(start=f"{first}T{begin}", end=f"{last}T{until}")


def _times_before(before: Content | None, first: str, last: str) -> tuple[str, str]:
    """The first and last moment of a series, whose times mean nothing: what they were stays."""
    if not (first and last):
        return _NO_DAY, _NO_DAY
    when = None if before is None else before.when
    start = when.start if when is not None and when.start[:10] == first else f"{first}T{_MIDNIGHT}"
    end = when.end if when is not None and when.end[:10] == last else f"{last}T{_MIDNIGHT}"
    return start, end


def _hours(form: ThingForm, flaws: list[Flaw]) -> Iterator[Hours]:
    count = 0
    for place, line in enumerate(form.typed_lines, 1):
        start, end = _time(line.start), _time(line.end)
        if not line.days:
            flaws.append(Flaw("/hours", _("lack the days in line {line}").format(line=place)))
        elif not start or not end:
            flaws.append(
                Flaw("/hours", _("lack a time such as 14:00 in line {line}").format(line=place))
            )
        elif (count := count + len(line.days)) <= MOST_HOURS:
            yield from (Hours(day=day, start=start, end=end) for day in line.days)
    if count > MOST_HOURS:
        flaws.append(
            Flaw(
                "/hours",
                _("are {count}, each day of each line; {most} fit").format(
                    count=count, most=MOST_HOURS
                ),
            )
        )


def _ages(fields: Fields, flaws: list[Flaw]) -> IntRange:
    """An age that cannot be read is taken for the other one, so that only it is named."""
    least, most = (_age(fields, name, flaws) for name in ("age_from", "age_to"))
    start = (most or 0) if least is None else least
    return IntRange(start, start if most is None else most)


def _age(fields: Fields, name: str, flaws: list[Flaw]) -> int | None:
    before = len(flaws)
    if not fields[name]:
        flaws.append(Flaw(f"/{name}", N_("is missing")))
        return None
    age = whole(name, fields[name], flaws)
    return age if len(flaws) == before else None


def _price(fields: Fields, flaws: list[Flaw]) -> FloatRange:
    least = _amount(fields, "price_from", "0", flaws)
    most = _amount(fields, "price_to", fields["price_from"] or "0", flaws)
    return FloatRange(
        most or 0.0 if least is None else least, least or 0.0 if most is None else most
    )


def _amount(fields: Fields, name: str, otherwise: str, flaws: list[Flaw]) -> float | None:
    """An amount, in which one comma may stand for the point; None for one that cannot be read."""
    written = fields[name] or otherwise
    if _AMOUNT.fullmatch(written):
        return float(written.replace(",", "."))
    if fields[name]:
        flaws.append(Flaw(f"/{name}", N_("should be written as a number, such as 7.50")))
    return None


def _day(fields: Fields, name: str, flaws: list[Flaw]) -> str:
    """A day; empty, and one more flaw, if there is none."""
    written = fields[name]
    if not written:
        flaws.append(Flaw(f"/{name}", N_("is missing")))
        return ""
    try:
        if _DAY.fullmatch(written):
            return date.fromisoformat(written).isoformat()
    except ValueError:
        pass
    flaws.append(Flaw(f"/{name}", _A_DAY))
    return ""


def _time_of(fields: Fields, name: str, flaws: list[Flaw]) -> str:
    written = fields[name]
    found = _time(written)
    if not found:
        flaws.append(
            Flaw(f"/{name}", N_("should be a time such as 14:00") if written else N_("is missing"))
        )
    return found


def _time(written: str) -> str:
    """`09:00:00` for `9:00`; empty for what is no time."""
    if not _TIME.fullmatch(written):
        return ""
    try:
        return time.fromisoformat(written.zfill(5)).isoformat()
    except ValueError:
        return ""


def _of_form(flaw: Flaw, meant: Content) -> Flaw:
    """The flaw of the content as one of the form, in words for people."""
    named = [field for pointer, field in _POINTERS if flaw.pointer.startswith(pointer)]
    field = named[0] if named else flaw.pointer.split("/")[1]
    is_one_day = meant.kind == "EVENT" and meant.when.start[:10] == meant.when.end[:10]
    if field == "end_day" and is_one_day:
        field = "end_time"
    detail = _WORDS.get((field, flaw.detail), flaw.detail).replace(
        " after from", " after the first"
    )
    return Flaw(f"/{field}", _A_DAY if detail.startswith("should be a date like") else detail)
