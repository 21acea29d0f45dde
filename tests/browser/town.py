"""A small town with things to do, for the browser tests: what is on, and who has booked."""

from datetime import date, timedelta

import msgspec

from gatherlog.apps.things import (
    BookingWish,
    ChildDetails,
    Contact,
    Content,
    FloatRange,
    Hours,
    IntRange,
    Thing,
    When,
    Where,
)
from gatherlog.apps.things.content import DAYS
from gatherlog.bootstrap import Platform
from gatherlog.core.eventstore.clock import to_datetime

__all__ = ["TownOnline", "town_online"]


class TownOnline(msgspec.Struct, frozen=True):
    """The town, and its organiser, reviewer and another parent."""

    platform: Platform
    organiser: str
    reviewer: str
    neighbour: str
    saturday: date
    """The Saturday after the next one."""

    async def publish(self, content: Content) -> Thing:
        things = self.platform.things
        made = (await things.create_thing(content, self.organiser, actor="cli")).body
        await things.submit_thing(made.id, self.organiser, actor="cli")
        return (await things.approve(made.id, self.reviewer, actor="cli")).body

    async def book(self, thing: Thing, people: int) -> None:
        wish = BookingWish(date=self.saturday.isoformat(), people=people)
        await self.platform.things.book(thing.id, wish, self.neighbour, actor="cli")

    async def child(self, account_id: str, name: str, age: int) -> None:
        born = self.saturday.replace(year=self.saturday.year - age, month=1, day=15)
        told = ChildDetails(
            name=name,
            birth_date=born.isoformat(),
            allergies="Nuts: the pen is in her bag.",
            emergency_contact="Grandma, +49 30 901820",
            pick_up="Pia or Grandma",
        )
        await self.platform.things.add_child(told, account_id, actor="cli")

    async def found(self) -> None:
        """Wait until everything can be found."""
        self.platform.search.start()
        await self.platform.search.caught_up(await self.platform.store.heads())

    def painting(self) -> Content:
        """A class on Saturdays and Wednesdays, for children of five to eight."""
        hours = (
            Hours(day="SAT", start="10:00:00", end="12:00:00"),
            Hours(day="WED", start="15:30:00", end="17:00:00"),
        )
        return self._content(
            name="Painting with frogs",
            description="We paint what lives at the pond: frogs, dragonflies, reeds. Paper and "
            "brushes are here.\n\nPlease bring an apron, and shoes that may get wet.",
            kind="RECURRING_EVENT",
            when=When(start=self._day(-60), end=self._day(200), hours=hours),
            ages=IntRange(5, 8),
            category="ARTS",
            price=FloatRange(8, 12.5),
            capacity=6,
        )

    def puppets(self) -> Content:
        """A show on one day, for all ages."""
        return self._content(
            name="Kasperl and the lost moon",
            description="A puppet show with live music.",
            kind="EVENT",
            when=When(
                start=f"{self.saturday}T15:00:00",
                end=f"{self.saturday}T16:30:00",
            ),
            ages=IntRange(3, 99),
            audience=("CHILD", "FAMILY"),
            category="THEATER",
            price=FloatRange(0, 0),
            capacity=4,
            where=Where(lat=52.5005, lon=13.4244, address="Theatre in the Yard, Oranienstraße 40"),
        )

    def climbing(self) -> Content:
        """A place that is open every day."""
        hours = tuple(Hours(day=day, start="10:00:00", end="20:00:00") for day in DAYS)
        return self._content(
            name="Climbing barn",
            description="Walls for beginners and for those who are not afraid of heights.",
            kind="PLACE",
            when=When(start=self._day(-400), end=self._day(900), hours=hours),
            ages=IntRange(4, 99),
            audience=("CHILD", "FAMILY", "ADULT"),
            category="SPORT",
            price=FloatRange(6, 11),
            booking_mandatory=False,
            adult_mandatory=True,
            capacity=None,
            where=Where(lat=52.5550, lon=13.2850, address="Old barn, Seestraße 7"),
        )

    def _day(self, days: int) -> str:
        return f"{self.saturday + timedelta(days=days)}T00:00:00"

    def _content(self, **given: object) -> Content:
        plain = {
            "contact": Contact(
                email="hello@frogs.example.org",
                phone="+49 30 901820",
                www="https://frogs.example.org",
            ),
            "where": Where(lat=52.5208, lon=13.4095, address="Pond House, Teichstraße 1"),
            "audience": ("CHILD",),
            "booking_mandatory": True,
            "adult_mandatory": False,
            "time_zone": "Europe/Berlin",
        }
        return msgspec.convert(plain | given, Content, from_attributes=True)


async def town_online(platform: Platform) -> TownOnline:
    """The town with its three things, of which the show is full on Saturday."""
    ensure = platform.accounts.ensure
    today = to_datetime(platform.clock()).date()
    town = TownOnline(
        platform,
        organiser=await ensure("olga@example.org", actor="test"),
        reviewer=await ensure("rita@example.org", actor="test"),
        neighbour=await ensure("paul@example.org", actor="test"),
        saturday=today + timedelta(days=(5 - today.weekday()) % 7 + 7),
    )
    await platform.things.save_profile(town.organiser, "House of Frogs", actor="cli")
    await town.publish(town.painting())
    show = await town.publish(town.puppets())
    await town.publish(town.climbing())
    await town.book(show, people=4)
    await town.found()
    return town
