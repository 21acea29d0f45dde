"""Things, children and bookings of the town, made by the service; dates are in the future."""

from datetime import timedelta
from typing import Any

from gatherlog.apps.things import (
    Booking,
    BookingWish,
    Child,
    ChildDetails,
    Contact,
    Content,
    FloatRange,
    Hours,
    Image,
    IntRange,
    Thing,
    ThingService,
    When,
    Where,
)
from gatherlog.apps.things.content import DAYS
from gatherlog.core.eventstore.clock import system_clock, to_datetime
from tests.interfaces.graphql.asking import People

__all__ = ["DAY", "NEXT_DAY", "Town", "content", "thing_input"]

_TODAY = to_datetime(system_clock())
DAY = (_TODAY + timedelta(days=10)).date().isoformat()
NEXT_DAY = (_TODAY + timedelta(days=11)).date().isoformat()
_YEAR = (_TODAY + timedelta(days=300)).date().isoformat()


def content(**given: Any) -> Content:
    """A painting class every day from ten to twelve, for children of five to eight."""
    plain: dict[str, Any] = {
        "name": "Painting with frogs",
        "description": "We paint frogs.\nBring an apron.",
        "kind": "RECURRING_EVENT",
        "where": Where(lat=52.52, lon=13.405, address="Pond Street 1, Berlin"),
        "when": When(
            start="2026-03-01T00:00:00",
            end=f"{_YEAR}T00:00:00",
            hours=tuple(Hours(day=day, start="10:00:00", end="12:00:00") for day in DAYS),
        ),
        "contact": Contact(email="olga@example.org", www="https://frogs.example.org"),
        "ages": IntRange(5, 8),
        "audience": ("CHILD",),
        "category": "ARTS",
        "price": FloatRange(5.0, 7.5),
        "booking_mandatory": True,
        "adult_mandatory": False,
        "image": Image(name="frog.png", bucket="pictures", key="a b/frog.png", region="eu-west-1"),
        "time_zone": "Europe/Berlin",
    }
    return Content(**plain | given)


def thing_input(**given: Any) -> dict[str, Any]:
    """As `ThingToDoInput`: a concert on DAY, from two to four in Berlin."""
    plain: dict[str, Any] = {
        "name": "Concert in the park",
        "type": "EVENT",
        "description": "Brass and cake.",
        "where": {"location": {"lat": 52.5, "lon": 13.4}, "address": "Park 1"},
        "when": {
            "dateTime": {"from": f"{DAY}T14:00:00+02:00", "to": f"{DAY}T16:00:00+02:00"},
            "occurrences": [],
        },
        "contact": {"email": "olga@example.org", "phone": None, "www": None},
        "target": {"age": {"from": 0, "to": 99}, "type": ["FAMILY"]},
        "image": None,
        "bookingMandatory": False,
        "adultMandatory": True,
        "category": "MUSIC",
        "price": {"from": 0, "to": 12.5},
        "timeZone": "Europe/Berlin",
    }
    return plain | given


class Town:
    """Short commands on the service; Olga publishes and Pia books unless others are named."""

    def __init__(self, service: ThingService, people: People) -> None:
        self.service = service
        self.people = people

    async def draft(self, written: Content | None = None, organiser: str = "olga") -> Thing:
        own = getattr(self.people, organiser).id
        await self.service.save_profile(own, f"House of {organiser.title()}", actor="cli")
        return (await self.service.create_thing(written or content(), own, actor="cli")).body

    async def pending(self, written: Content | None = None, organiser: str = "olga") -> Thing:
        made = await self.draft(written, organiser)
        own = getattr(self.people, organiser).id
        return (await self.service.submit_thing(made.id, own, actor="cli")).body

    async def published(self, written: Content | None = None, organiser: str = "olga") -> Thing:
        made = await self.pending(written, organiser)
        return (await self.service.approve(made.id, self.people.rita.id, actor="cli")).body

    async def child(self, parent: str = "pia", **given: Any) -> Child:
        born = (_TODAY - timedelta(days=6 * 366)).date().isoformat()
        told: dict[str, Any] = {"name": "Mia", "birth_date": born}
        own = getattr(self.people, parent).id
        return await self.service.add_child(ChildDetails(**told | given), own, actor="cli")

    async def book(
        self, thing: Thing, parent: str = "pia", people: int = 1, date: str = DAY, **more: Any
    ) -> Booking:
        wish = BookingWish(date=date, people=people, **more)
        own = getattr(self.people, parent).id
        return (await self.service.book(thing.id, wish, own, actor="cli")).body

    async def keep(self, thing: Thing, parent: str = "pia") -> None:
        own = getattr(self.people, parent).id
        await self.service.add_favourite(thing.id, own, actor="cli")
