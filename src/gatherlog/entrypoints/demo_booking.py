"""The families of the demo's city: their children, what they keep, book and report."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Final

import msgspec

from gatherlog.apps.things import BookingWish, Child, Content, ThingService, coming
from gatherlog.core.eventstore.clock import Clock, to_datetime
from gatherlog.entrypoints.demo_families import FAMILIES, REPORTS, Family, children
from gatherlog.interfaces.platform import Platform

__all__ = ["settle_in"]

FAVOURITES: Final = 6
BOOKINGS: Final = 4
"""The most for each family; it has fewer where little fits the ages of its children."""
LOOKED_AT: Final = 60
"""Things that a family looks at to find some to book."""
LATER: Final = 4 * 86_400_000_000
"""Microseconds from the clock's time on in which nothing is booked, so that all is to come."""
ACTOR: Final = "demo"

Offers = Mapping[str, Content]
"""What is published, by id."""


class _Household(msgspec.Struct, frozen=True):
    """A family with an account."""

    family: Family
    account: str
    children: list[Child]

    def of_ages(self, content: Content) -> tuple[str, ...]:
        """The ids of the children for whom it is."""
        ages = zip(self.children, self.family.children.values(), strict=True)
        return tuple(c.id for c, age in ages if content.ages.start <= age <= content.ages.end)


async def settle_in(
    platform: Platform, service: ThingService, offers: Offers, own: Sequence[str], clock: Clock
) -> str:
    """Let all families have children, favourites and bookings; the account of the first one.

    One of the things `own` gets full, and the first family waits for it.
    """
    households = [await _household(platform, service, family) for family in FAMILIES]
    first, *others = households
    full = await _fill(service, offers, own, [*others, first], clock)
    bookable = [id for id, content in offers.items() if content.capacity and id != full]
    for number, household in enumerate(households):
        for id in _turned(list(offers), 37 * number)[:FAVOURITES]:
            await service.add_favourite(id, household.account, actor=ACTOR)
        wishes = _wishes(household, offers, _turned(bookable, 23 * number), clock())
        for id, wish in list(wishes)[:BOOKINGS]:
            await service.book(id, wish, household.account, actor=ACTOR)
    for text, household, id in zip(REPORTS, others, offers, strict=False):
        await service.report_thing(id, text, household.account, actor=ACTOR)
    return first.account


async def _household(platform: Platform, service: ThingService, family: Family) -> _Household:
    account = await platform.accounts.ensure(family.address, actor=ACTOR)
    today = to_datetime(platform.clock()).date()
    added = [
        await service.add_child(child, account, actor=ACTOR) for child in children(family, today)
    ]
    return _Household(family, account, added)


async def _fill(
    service: ThingService,
    offers: Offers,
    own: Sequence[str],
    households: Sequence[_Household],
    clock: Clock,
) -> str:
    """Book one date of a thing until it is full, and let the last household wait; the thing."""
    *others, last = households
    id, capacity = next(
        (id, content.capacity)
        for id in own
        if (content := offers[id]).capacity and _date(content, clock()) and last.of_ages(content)
    )
    date, left = _date(offers[id], clock()) or "", capacity or 0
    for number, household in enumerate(others, 1):
        minded = household.of_ages(offers[id])[:left]
        people = left - len(minded) if number == len(others) else 0
        if minded or people:
            wish = BookingWish(date=date, children=minded, people=people)
            await service.book(id, wish, household.account, actor=ACTOR)
        left -= len(minded) + people
    wish = BookingWish(date=date, children=last.of_ages(offers[id]))
    await service.book(id, wish, last.account, actor=ACTOR)
    return id


def _wishes(
    household: _Household, offers: Offers, ids: Sequence[str], now: int
) -> Iterator[tuple[str, BookingWish]]:
    """What a family could book, in turn."""
    for id in ids[:LOOKED_AT]:
        content = offers[id]
        minded, date = household.of_ages(content), _date(content, now)
        if minded and date is not None:
            people = int(content.adult_mandatory)
            yield id, BookingWish(date=date, children=minded, people=people)


def _date(content: Content, now: int) -> str | None:
    """The first date that can be booked after a few days; None where there is none."""
    times = coming(content, now=now + LATER)
    return times[0].date if times else None


def _turned(ids: Sequence[str], by: int) -> list[str]:
    by %= len(ids)
    return [*ids[by:], *ids[:by]]
