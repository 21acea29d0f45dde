"""Sample things, children and bookings, and the shortest ways to make them on a service.

It is Thursday, 1 April 2027, noon in Berlin.
"""

from typing import Any

import msgspec

from gatherlog.apps.things import (
    Booking,
    BookingWish,
    Child,
    ChildDetails,
    Contact,
    Content,
    FloatRange,
    Hours,
    IntRange,
    Reason,
    Thing,
    ThingService,
    When,
    Where,
)

NOW = "2027-04-01T12:00:00+02:00"
OLGA, OTTO = "account-olga", "account-otto"
"""Organisers."""
RITA = "account-rita"
"""A reviewer."""
PIA, PAUL = "account-pia", "account-paul"
"""Parents."""
SATURDAY, SUNDAY = "2027-04-03", "2027-04-04"
WEEKEND = (
    Hours(day="SAT", start="10:00:00", end="12:00:00"),
    Hours(day="SUN", start="10:00:00", end="12:00:00"),
)
SERIES = When(start="2027-03-01T00:00:00", end="2027-12-31T00:00:00", hours=WEEKEND)
ONE_DAY = When(start="2027-05-01T14:00:00", end="2027-05-01T16:00:00")


def content(**given: Any) -> Content:
    """A painting class on Saturdays and Sundays from ten to twelve, without a limit of places."""
    plain: dict[str, Any] = {
        "name": "Painting with frogs",
        "description": "We paint frogs.\nBring an apron.",
        "kind": "RECURRING_EVENT",
        "where": Where(lat=52.52, lon=13.405, address="Pond Street 1, Berlin"),
        "when": SERIES,
        "contact": Contact(email="olga@example.org"),
        "ages": IntRange(5, 8),
        "audience": ("CHILD",),
        "category": "ARTS",
        "price": FloatRange(5.0, 7.5),
        "booking_mandatory": True,
        "adult_mandatory": False,
        "time_zone": "Europe/Berlin",
    }
    return Content(**plain | given)


def event(**given: Any) -> Content:
    """As `content`, once, on 1 May from two to four."""
    return content(kind="EVENT", when=ONE_DAY, **given)


def thing(**given: Any) -> Thing:
    """A published thing of Olga's."""
    plain: dict[str, Any] = {
        "id": "t1",
        "organiser_id": OLGA,
        "status": "PUBLISHED",
        "content": content(),
        "created_at": 1,
        "updated_at": 2,
        "submitted_at": 2,
        "published_at": 3,
    }
    return Thing(**plain | given)


def child(**given: Any) -> Child:
    """Pia's daughter, who is six."""
    plain: dict[str, Any] = {
        "id": "c1",
        "account_id": PIA,
        "name": "Mia",
        "birth_date": "2020-06-15",
        "created_at": 1,
        "updated_at": 1,
    }
    return Child(**plain | given)


class Town:
    """A service with Olga's profile, and short commands on it."""

    def __init__(self, service: ThingService) -> None:
        self.service = service

    async def draft(self, written: Content | None = None, organiser: str = OLGA) -> Thing:
        await self.service.save_profile(organiser, f"{organiser}'s house", actor="cli")
        made = await self.service.create_thing(written or content(), organiser, actor="cli")
        return made.body

    async def pending(self, written: Content | None = None, organiser: str = OLGA) -> Thing:
        made = await self.draft(written, organiser)
        return (await self.service.submit_thing(made.id, organiser, actor="cli")).body

    async def published(self, written: Content | None = None, organiser: str = OLGA) -> Thing:
        made = await self.pending(written, organiser)
        return (await self.service.approve(made.id, RITA, actor="cli")).body

    async def replaced(self, live: Thing, **changed: Any) -> Thing:
        """The thing after a new version with these changes of its content was approved."""
        draft = (await self.service.make_new_version(live.id, OLGA, actor="cli")).body
        written = msgspec.structs.replace(draft.content, **changed)
        await self.service.change_thing(draft.id, written, OLGA, actor="cli")
        await self.service.submit_thing(draft.id, OLGA, actor="cli")
        return (await self.service.approve(draft.id, RITA, actor="cli")).body

    async def rejected(self, *reasons: Reason) -> Thing:
        made = await self.pending()
        why = reasons or (Reason("name", "Frogs?"),)
        return (await self.service.reject(made.id, why, RITA, actor="cli")).body

    async def child(self, parent: str = PIA, **given: Any) -> Child:
        told: dict[str, Any] = {"name": "Mia", "birth_date": "2020-06-15"}
        return await self.service.add_child(ChildDetails(**told | given), parent, actor="cli")

    async def book(
        self, thing: Thing, parent: str = PIA, people: int = 1, date: str = SATURDAY, **more: Any
    ) -> Booking:
        wish = BookingWish(date=date, people=people, **more)
        return (await self.service.book(thing.id, wish, parent, actor="cli")).body

    async def status(self, booking: Booking) -> str:
        return (await self.service.booking(booking.id, booking.account_id)).booking.status
