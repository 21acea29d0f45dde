"""Made-up things to do in the city of the demo, as many as are wanted, the same for each seed."""

import random
from collections.abc import Collection, Iterator
from datetime import date, timedelta
from math import cos, radians
from typing import Final

from gatherlog.apps.things.content import (
    DAYS,
    Audience,
    Contact,
    Content,
    Day,
    FloatRange,
    Hours,
    IntRange,
    When,
    Where,
)
from gatherlog.core.commands.text import folded
from gatherlog.entrypoints.demo_activities import ACTIVITIES, COURSES, Activity
from gatherlog.entrypoints.demo_town import (
    CENTRE,
    DISTRICTS,
    NAMES,
    ORGANISERS,
    PLACES,
    TOWN,
    VENUES,
    ZONE,
    District,
    PlaceKind,
)

__all__ = ["organiser_names", "things"]

BRANCHED: Final = 2_000
"""Where there are more things, organisers have branches in all districts, and names repeat."""
REDRAWN: Final = 20
"""How often a thing is drawn anew because its name is taken, unless there are too many things."""
PLACES_AMONG: Final = 0.2
"""How many of the things are places."""
METRES_NORTH: Final = 111_195
"""Of a degree of latitude."""
HOLIDAYS: Final = ": holiday course"
SATURDAYS: Final = ": Saturday club"
SHORT: Final = (HOLIDAYS, ": taster session")
"""Courses that are single events."""
EVERYBODY: Final = 99
"""The oldest age of what is for families."""
PRACTICAL: Final = (
    "The entrance is in the yard, next to the bicycle racks.",
    "There is a lift, and a room to change nappies.",
    "Trams 2 and 5 stop in front of the door.",
    "Brothers and sisters get a third off.",
    "Bring something to drink; there is a kettle for tea.",
    "Whoever cannot afford it writes to us, and comes all the same.",
    "We speak English, German and Polish.",
    "It takes place in any weather.",
    "Prams can be left under the stairs.",
    "What we need is there; you need not buy anything.",
    "Assistance dogs are welcome.",
    "The first time is on trial: tell us afterwards whether you stay.",
)


def things(count: int, today: date, seed: int) -> Iterator[tuple[Content, str]]:
    """So many things, each with the name of its organiser; all are on after `today`.

    Events are within eight weeks, series run for some months, and places are always open. Each
    thing has dice of its own, so that on another day it is the same but for its dates.
    """
    is_large, names = count > BRANCHED, set[str]()
    for number in range(count):
        chance = random.Random(f"{seed}/{number}")
        content = _drawn(names, today, chance)
        for _ in range(0 if is_large else REDRAWN):
            if content.name not in names:
                break
            content = _drawn(names, today, chance)
        names.add(content.name)
        yield content, _organiser(content, is_large, chance)


def organiser_names(count: int) -> list[str]:
    """All organisers that so many things may have, in alphabetical order."""
    if count <= BRANCHED:
        return sorted(ORGANISERS)
    return sorted(f"{name}, {one.name}" for name in ORGANISERS for one in DISTRICTS)


def _drawn(names: Collection[str], today: date, chance: random.Random) -> Content:
    if chance.random() < PLACES_AMONG:
        return _place(chance.choice(PLACES), names, today, chance)
    return _activity(chance.choice(ACTIVITIES), today, chance)


def _organiser(content: Content, branches: bool, chance: random.Random) -> str:
    offers = [name for name, categories in ORGANISERS.items() if content.category in categories]
    name = chance.choice(offers)
    return f"{name}, {chance.choice(DISTRICTS).name}" if branches else name


def _activity(activity: Activity, today: date, chance: random.Random) -> Content:
    number, venue = chance.choice(
        [(number, one) for number, one in enumerate(VENUES) if one.kind == activity.venue]
    )
    once = chance.random() < activity.once
    is_plain = once or activity.oldest <= 4
    course = "" if is_plain else chance.choice(COURSES)
    ages, is_for_families = _ages(activity, chance), activity.oldest == EVERYBODY
    needs_adult = activity.oldest <= 4 or (is_for_families and activity.youngest < 8)
    needs_booking = activity.places <= 20 or chance.random() < 0.2
    return Content(
        name=f"{activity.name}{course} at {venue.name}",
        description=_description(activity.text, needs_adult, needs_booking, chance),
        kind="EVENT" if once or course in SHORT else "RECURRING_EVENT",
        where=_where(DISTRICTS[venue.district], random.Random(number)),
        when=_when(activity, once, course, today, random.Random(chance.getrandbits(64))),
        contact=_contact(chance),
        ages=ages,
        audience=_audience(activity),
        category=activity.category,
        price=_price(activity.price, is_for_families, chance),
        booking_mandatory=needs_booking,
        adult_mandatory=needs_adult,
        capacity=activity.places + chance.randint(-2, 4) if needs_booking else None,
        time_zone=ZONE,
    )


def _place(kind: PlaceKind, names: Collection[str], today: date, chance: random.Random) -> Content:
    """A place; where its name is taken already, it has its district's besides."""
    district = chance.choice(DISTRICTS)
    name = kind.name.format(name=chance.choice(NAMES))
    if name in names:
        name = f"{name}, {district.name}"
    rest = chance.choice((None, None, "MON", "TUE", "SUN"))
    hours = [
        Hours(day=day, start=_clock(kind.opens * 60), end=_clock(kind.closes * 60))
        for day in DAYS
        if day != rest
    ]
    needs_adult = chance.random() < 0.6
    return Content(
        name=name,
        description=_description(kind.text, needs_adult, False, chance),
        kind="PLACE",
        where=_where(district, chance),
        when=When(
            start=f"{today.year - 1}-01-01T00:00:00",
            end=f"{today.year + 2}-12-31T00:00:00",
            hours=tuple(hours),
        ),
        contact=_contact(chance),
        ages=IntRange(0, kind.oldest),
        audience=("CHILD", "FAMILY") if kind.oldest < EVERYBODY else ("ADULT", "CHILD", "FAMILY"),
        category=kind.category,
        price=_price(kind.price, True, chance),
        booking_mandatory=False,
        adult_mandatory=needs_adult,
        time_zone=ZONE,
    )


def _ages(activity: Activity, chance: random.Random) -> IntRange:
    """All ages of an activity, or a group of four years."""
    youngest, oldest = activity.youngest, activity.oldest
    if oldest == EVERYBODY or oldest - youngest < 5 or chance.random() < 0.4:
        return IntRange(youngest, oldest)
    first = chance.randint(youngest, oldest - 3)
    return IntRange(first, first + 3)


def _audience(activity: Activity) -> tuple[Audience, ...]:
    if activity.youngest >= 16:
        return ("ADULT",)
    if activity.oldest == EVERYBODY:
        return ("ADULT", "CHILD", "FAMILY")
    return ("CHILD", "FAMILY") if activity.oldest <= 4 else ("CHILD",)


def _price(price: float, is_for_families: bool, chance: random.Random) -> FloatRange:
    """Around a price; what is for families costs more for grown-ups."""
    if not price:
        return FloatRange(0, 0)
    least = max(price + chance.choice((-1, -0.5, 0, 0, 0.5, 1, 2)), 1)
    return FloatRange(least, least + (round(least / 2) if is_for_families else 0))


def _description(text: str, needs_adult: bool, needs_booking: bool, chance: random.Random) -> str:
    practical = chance.sample(PRACTICAL, 2)
    if needs_adult:
        practical.append("A grown-up stays with the children.")
    if needs_booking:
        practical.append("Please book: there is not room for everybody.")
    return f"{text}\n\n{' '.join(practical)}"


def _contact(chance: random.Random) -> Contact:
    """Numbers and addresses that are reserved for things that do not exist."""
    desk = folded(chance.choice(NAMES)).replace(" ", "-")
    return Contact(
        email=f"{desk}@example.org",
        phone=f"+44 1632 960{chance.randrange(1000):03}",
        www=f"https://example.org/{desk}",
    )


def _where(district: District, chance: random.Random) -> Where:
    """An address, some hundred metres around the middle of a district."""
    north = district.north * 1000 + chance.gauss(0, 250)
    east = district.east * 1000 + chance.gauss(0, 250)
    lat, lon = CENTRE
    street = f"{chance.randint(1, 60)} {chance.choice(district.streets)}"
    return Where(
        lat=round(lat + north / METRES_NORTH, 5),
        lon=round(lon + east / METRES_NORTH / cos(radians(lat)), 5),
        address=f"{street}, {district.name}, {TOWN}",
    )


def _when(activity: Activity, once: bool, course: str, today: date, chance: random.Random) -> When:
    if course == HOLIDAYS:
        monday = today + timedelta(7 - today.weekday() + 7 * chance.randrange(7))
        return When(start=f"{monday}T09:30:00", end=f"{monday + timedelta(4)}T15:00:00")
    if once or course in SHORT:
        day = _day(today, chance)
        start = _minute(activity, day.weekday() > 4, chance)
        return When(start=f"{day}T{_clock(start)}", end=_end(day, start + activity.minutes))
    days = sorted(chance.sample(range(7), chance.choice((1, 1, 1, 2))))
    days = [5] if course == SATURDAYS else days
    return When(
        start=f"{today - timedelta(chance.randrange(60))}T00:00:00",
        end=f"{today + timedelta(chance.randint(40, 200))}T00:00:00",
        hours=tuple(_hours(activity, DAYS[day], day > 4, chance) for day in days),
    )


def _hours(activity: Activity, day: Day, is_weekend: bool, chance: random.Random) -> Hours:
    start = _minute(activity, is_weekend, chance)
    return Hours(day=day, start=_clock(start), end=_clock((start + activity.minutes) % 1440))


def _day(today: date, chance: random.Random) -> date:
    """A day within eight weeks, more often at a weekend."""
    day = today + timedelta(chance.randint(1, 56))
    if day.weekday() < 5 and chance.random() < 0.5:
        day += timedelta(5 - day.weekday() + chance.randrange(2))
    return day


def _minute(activity: Activity, is_weekend: bool, chance: random.Random) -> int:
    """Of the day at which an activity begins: after school, and all day at weekends."""
    if activity.hour is not None:
        return activity.hour * 60 + chance.choice((0, 0, 15, 30))
    first, last = (10, 16) if is_weekend else (14, 17)
    return chance.randint(first, last) * 60 + chance.choice((0, 0, 15, 30))


def _end(day: date, minute: int) -> str:
    return f"{day + timedelta(minute // 1440)}T{_clock(minute % 1440)}"


def _clock(minute: int) -> str:
    return f"{minute // 60:02}:{minute % 60:02}:00"
