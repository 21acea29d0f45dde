"""Examples of bodies and answers for the description; typed, so that they fit their schemas."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Final

from gatherlog.apps.guests import (
    Gathering,
    GatheringDetails,
    Guest,
    GuestPatch,
    Household,
    NewGuest,
    Questions,
    Rsvp,
    SettingsPatch,
)
from gatherlog.apps.trail import LastSeen
from gatherlog.core.commands.service import Stored
from gatherlog.core.eventstore.clock import rfc3339, to_micros
from gatherlog.interfaces.rest.activities import ActivityAnswer
from gatherlog.interfaces.rest.answers import (
    GatheringAnswer,
    GroupAnswer,
    GuestAnswer,
    Health,
    LinkAnswer,
    of_gathering,
    of_guest,
)
from gatherlog.interfaces.rest.camel import (
    AdminGuest,
    CamelGuest,
    CamelGuestPatch,
    CamelNewGuest,
    CamelOwnAnswer,
    GroupChoice,
    HouseholdView,
    of_admin_guest,
    of_camel_guest,
    of_household,
)
from gatherlog.interfaces.rest.sign_in import CodeRequest, LoginRequest, SessionRequest

__all__ = ["EXAMPLES"]

_MADE = to_micros(datetime(2026, 11, 21, 8, 0, tzinfo=UTC))
_ANSWERED = to_micros(datetime(2026, 11, 22, 19, 30, 12, 345678, tzinfo=UTC))
_LOGGED_IN = to_micros(datetime(2026, 5, 1, 16, 0, tzinfo=UTC))
_CAME = to_micros(datetime(2026, 5, 2, 9, 15, tzinfo=UTC))
_GUEST = Guest(
    id="0198f3c2-7b1e-7c44-9d0a-4f6b8e2a1c35",
    gathering_id="default",
    group_id="lovelace",
    first_name="Ada",
    last_name="Lovelace",
    email="ada@example.org",
    attending=True,
    num_guests=2,
    expected_guests=2,
    children=1,
    dietary="no celery, please",
    dietary_tags=("vegetarian",),
    rsvp_at=_ANSWERED,
    created_at=_MADE,
    updated_at=_ANSWERED,
)
_SEEN = LastSeen(last_login=_LOGGED_IN, last_access=_CAME)
_ACTIVITY = ActivityAnswer(
    id="0198f3c2-7b1e-7c44-9d0a-4f6b8e2a1c35",
    gathering_id="default",
    guest_id=_GUEST.id,
    action="guests.rsvp_submitted",
    actor=f"guest:{_GUEST.id}",
    timestamp=rfc3339(_CAME),
    created_at=rfc3339(_CAME),
)
_MEMBER = Guest(
    id="0198f3c2-7b1e-7c44-9d0a-4f6b8e2a1c36",
    gathering_id="default",
    group_id="lovelace",
    first_name="Byron",
    last_name="Lovelace",
    email=None,
    created_at=_MADE,
    updated_at=_MADE,
)
_GATHERING = Gathering(
    id="0198f3c2-7a00-7d1b-8e55-0c9a7f3b2d10",
    event_name="Midsummer party",
    event_date="2027-06-19T16:00",
    event_end="2027-06-19T23:00",
    location="The orchard",
    rsvp_deadline="2027-06-01",
    max_guests=80,
    time_zone="Europe/Berlin",
    settings_data={"colour": "green"},
    created_at=_MADE,
    updated_at=_MADE,
)
_HOUSEHOLD = Household(
    gathering=_GATHERING,
    guest=Stored(_GUEST, 2),
    members=[Stored(_MEMBER, 1)],
    family_sum=3,
    rsvp_deadline="2027-06-01",
    closed=False,
    questions=Questions(signed_up=2, not_coming=(_MEMBER.id,), more=0),
    waiting=[],
)

EXAMPLES: Final[Mapping[Any, Any]] = {
    GuestAnswer: of_guest(_GUEST),
    list[GuestAnswer]: [of_guest(_GUEST)],
    GatheringAnswer: of_gathering(_GATHERING),
    list[GatheringAnswer]: [of_gathering(_GATHERING)],
    list[GroupAnswer]: [GroupAnswer("lovelace", 3)],
    LinkAnswer: LinkAnswer("https://party.example/r/8Jx…", "8Jx…"),
    Health: Health("ok"),
    NewGuest: NewGuest(
        first_name="Ada",
        last_name="Lovelace",
        email="ada@example.org",
        group_id="lovelace",
        expected_guests=2,
    ),
    GuestPatch: GuestPatch(email="ada@example.com", attending=True, num_guests=2),
    Rsvp: Rsvp(attending=True, num_guests=2, dietary_tags=("vegetarian",)),
    GatheringDetails: GatheringDetails(
        event_name="Midsummer party",
        event_date="2027-06-19T16:00",
        event_end="2027-06-19T23:00",
        rsvp_deadline="2027-06-01",
        max_guests=80,
        time_zone="Europe/Berlin",
    ),
    CamelGuest: of_camel_guest(_GUEST),
    AdminGuest: of_admin_guest(_GUEST, _SEEN),
    list[AdminGuest]: [of_admin_guest(_GUEST, _SEEN)],
    list[ActivityAnswer]: [_ACTIVITY],
    CamelNewGuest: CamelNewGuest(first_name="Ada", last_name="Lovelace", email="ada@example.org"),
    CamelGuestPatch: CamelGuestPatch(num_guests=2, attending=True),
    GroupChoice: GroupChoice(group_id="lovelace"),
    CamelOwnAnswer: CamelOwnAnswer(num_guests=2, dietary="no celery", group_status="coming"),
    HouseholdView: of_household(_HOUSEHOLD),
    CodeRequest: CodeRequest(email="ada@example.org"),
    SessionRequest: SessionRequest(email="ada@example.org", code="123456"),
    LoginRequest: LoginRequest(token="8JxQ…", last_name="Lovelace"),
    SettingsPatch: SettingsPatch(location="The orchard", max_guests=90, notify=True),
}
