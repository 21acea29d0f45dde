"""Sample events, gatherings and guests, for the given part of specs."""

from typing import Any

import msgspec

from gatherlog.apps.guests.events import GatheringCreated, GuestAdded, RsvpSubmitted, Waitlisted
from gatherlog.apps.guests.fold import FOLD
from gatherlog.apps.guests.views import GATHERINGS, GUESTS, Gathering, Guest
from gatherlog.testing import SpecEvent, State, after

ADA = "00000000-0000-7000-8000-00000000ada0"
BOB = "00000000-0000-7000-8000-00000000b0b0"
STREAM = "gathering-default"


def created(**given: Any) -> SpecEvent:
    plain: dict[str, Any] = {
        "event_name": "Summer party",
        "event_date": None,
        "location": None,
        "rsvp_deadline": None,
        "max_guests": None,
        "time_zone": "Europe/Paris",
        "settings_data": {},
    }
    return SpecEvent(GatheringCreated(**plain | given), time=1)


def added(subject: str = ADA, **given: Any) -> SpecEvent:
    plain: dict[str, Any] = {
        "first_name": "Ada",
        "last_name": "Lovelace",
        "email": None,
        "group_id": None,
        "expected_guests": 1,
        "children": 0,
        "dietary": None,
        "dietary_tags": (),
    }
    return SpecEvent(GuestAdded(**plain | given), subject, 2)


def submitted(attending: bool | None, num_guests: int = 0, **given: Any) -> RsvpSubmitted:
    plain: dict[str, Any] = {"children": 0, "dietary": None, "dietary_tags": ()}
    return RsvpSubmitted(attending=attending, num_guests=num_guests, **plain | given)


def answered(
    attending: bool | None, num_guests: int = 0, subject: str = ADA, **given: Any
) -> SpecEvent:
    return SpecEvent(submitted(attending, num_guests, **given), subject, 3)


def waits(num_guests: int, unit: str = "u1", **given: Any) -> Waitlisted:
    plain: dict[str, Any] = {"children": 0, "dietary": None, "dietary_tags": ()}
    return Waitlisted(unit=unit, num_guests=num_guests, **plain | given)


def waitlisted(
    num_guests: int, unit: str = "u1", subject: str = ADA, time: int = 3, **given: Any
) -> SpecEvent:
    return SpecEvent(waits(num_guests, unit, **given), subject, time)


def happened(payload: msgspec.Struct, subject: str = ADA, time: int = 4) -> SpecEvent:
    return SpecEvent(payload, subject, time)


def list_after(*events: SpecEvent) -> State:
    return after(FOLD, STREAM, events)


def gathering(**given: Any) -> Gathering:
    return list_after(created(**given)).of(GATHERINGS, "default")


def guest(*events: SpecEvent, **given: Any) -> Guest:
    """Ada, after she was added and the events happened."""
    return list_after(created(), added(**given), *events).of(GUESTS, ADA)
