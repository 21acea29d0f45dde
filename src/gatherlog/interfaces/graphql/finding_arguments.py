"""The arguments of `findThingsToDo` as a query of the search."""

from collections.abc import Iterator, Sequence
from datetime import date, time
from math import isfinite
from typing import Final

from gatherlog.apps.things import ThingQuery
from gatherlog.core.eventstore.errors import Flaw, Invalid
from gatherlog.core.search import Circle, Place
from gatherlog.interfaces.graphql.connections import read_window, size_flaws
from gatherlog.interfaces.graphql.resolving import Args

__all__ = ["thing_query", "with_arguments"]

MOST: Final = 500
"""The largest page."""
LONGEST_SEARCH: Final = 500
"""Characters of a text that is searched for."""
MOST_AGES: Final = 50
"""Ranges of ages in one query: one for each child."""
_LARGEST_RADIUS: Final = 200_000
_OLDEST: Final = 120
_ARGUMENTS: Final = {
    "text": "search",
    "kinds": "filter/type",
    "categories": "filter/category",
    "audience": "filter/target/type",
    "ages": "filter/target/age",
    "prices": "filter/price",
    "within/center": "filter/location/coordinates",
    "within": "filter/location",
    "near": "location",
    "days": "filter/when/date",
    "times": "filter/when/time",
    "sort": "sort/sortBy",
}
"""By the field of a query, the argument that it was read from, where that has another name."""


def thing_query(args: Args) -> ThingQuery:
    """The query of `findThingsToDo`. Raises Invalid, which names every flaw of the arguments."""
    if flaws := [*size_flaws(args, MOST), *_flaws(args)]:
        raise Invalid(*flaws)
    window = read_window(args, most=MOST)
    wanted, sort = args.get("filter") or {}, args.get("sort")
    target, when = wanted.get("target") or {}, wanted.get("when") or {}
    return ThingQuery(
        text=(args.get("search") or "").strip(),
        kinds=wanted.get("type") or (),
        categories=wanted.get("category") or (),
        audience=target.get("type") or (),
        booking_mandatory=wanted.get("bookingMandatory"),
        adult_mandatory=wanted.get("adultMandatory"),
        ages=[(one["from"], one["to"]) for one in target.get("age") or ()],
        prices=_span(wanted.get("price")),
        within=_circle(wanted.get("location")),
        near=_place(args.get("location")),
        days=_days(when.get("date")),
        times=_times(when.get("time")),
        sort="RELEVANCE" if sort is None else sort["sortBy"],
        descending=None if sort is None else sort["direction"] == "DESC",
        first=None if window.last else window.limit,
        last=window.limit if window.last else None,
        after=window.after,
        before=window.before,
    )


def with_arguments(invalid: Invalid) -> Invalid:
    """Flaws of a query that only the search has found, named by the arguments."""
    return Invalid(*(Flaw(_argument(flaw.pointer), flaw.detail) for flaw in invalid.flaws))


def _argument(pointer: str) -> str:
    for field, argument in _ARGUMENTS.items():
        if pointer == f"/{field}" or pointer.startswith(f"/{field}/"):
            return f"/{argument}{pointer[len(field) + 1 :]}"
    return pointer


def _flaws(args: Args) -> Iterator[Flaw]:
    wanted, search = args.get("filter") or {}, args.get("search") or ""
    if len(search) > LONGEST_SEARCH:
        yield Flaw("/search", f"has {len(search):,} characters; {LONGEST_SEARCH} fit")
    yield from _place_flaws("/location", args.get("location"))
    circle = wanted.get("location")
    if circle is not None:
        yield from _place_flaws("/filter/location/coordinates", circle["coordinates"])
        if not 1 <= circle["radius"] <= _LARGEST_RADIUS:
            yield Flaw("/filter/location/radius", f"has to be 1 to {_LARGEST_RADIUS:,} metres")
    yield from _age_flaws((wanted.get("target") or {}).get("age") or ())
    yield from _range_flaws("/filter/price", wanted.get("price"), 0, None)
    when = wanted.get("when") or {}
    yield from _range_flaws("/filter/when/date", when.get("date"))
    yield from _time_flaws(when.get("time"))
    sort = args.get("sort")
    is_far = sort is not None and sort["sortBy"] == "GEO_DISTANCE"
    if is_far and circle is None and args.get("location") is None:
        yield Flaw("/sort/sortBy", "needs a place from which distances are measured")


def _place_flaws(pointer: str, place: Args | None) -> Iterator[Flaw]:
    for name, most in (("lat", 90), ("lon", 180)):
        if place is not None and not abs(place[name]) <= most:
            yield Flaw(f"{pointer}/{name}", f"has to be -{most} to {most}")


def _age_flaws(ages: Sequence[Args]) -> Iterator[Flaw]:
    if len(ages) > MOST_AGES:
        yield Flaw("/filter/target/age", f"has {len(ages):,} ranges; {MOST_AGES} fit")
    for place, one in enumerate(ages[:MOST_AGES]):
        yield from _range_flaws(f"/filter/target/age/{place}", one, 0, _OLDEST)


def _range_flaws(
    pointer: str, span: Args | None, least: float | None = None, most: float | None = None
) -> Iterator[Flaw]:
    if span is None:
        return
    start, end = span["from"], span["to"]
    if isinstance(start, float) and not (isfinite(start) and isfinite(end)):
        yield Flaw(pointer, "has to be of numbers")
    elif start > end:
        yield Flaw(f"{pointer}/to", "has to be at least from")
    elif (least is not None and start < least) or (most is not None and end > most):
        yield Flaw(pointer, f"has to be within {least:g} to {most:g}" if most else "is below zero")


def _time_flaws(span: Args | None) -> Iterator[Flaw]:
    if span is None:
        return
    read = {name: _minute(span[name]) for name in ("from", "to")}
    for name, minute in read.items():
        if minute is None:
            detail = "has to be a local time of the place, without an offset"
            yield Flaw(f"/filter/when/time/{name}", detail)
    start, end = read["from"], read["to"]
    if start is not None and end is not None and start > end:
        yield Flaw("/filter/when/time/to", "has to be at least from")


def _minute(text: str) -> int | None:
    """The minute of a time as AWSTime has it; None where it has an offset."""
    read = time.fromisoformat(text[:8])
    has_offset = text.endswith("Z") or not {"+", "-"}.isdisjoint(text)
    return None if has_offset else read.hour * 60 + read.minute


def _span(span: Args | None) -> tuple[float, float] | None:
    return None if span is None else (float(span["from"]), float(span["to"]))


def _days(span: Args | None) -> tuple[date, date] | None:
    if span is None:
        return None
    return date.fromisoformat(span["from"]), date.fromisoformat(span["to"])


def _times(span: Args | None) -> tuple[int, int] | None:
    if span is None:
        return None
    start, end = (_minute(span[name]) or 0 for name in ("from", "to"))
    return start, end


def _place(place: Args | None) -> Place | None:
    return None if place is None else Place(place["lat"], place["lon"])


def _circle(circle: Args | None) -> Circle | None:
    if circle is None:
        return None
    coordinates = circle["coordinates"]
    return Circle(Place(coordinates["lat"], coordinates["lon"]), circle["radius"])
