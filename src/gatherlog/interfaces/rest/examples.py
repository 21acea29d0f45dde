"""One example per shape of the wire, for the description; typed, so that none can go stale."""

from collections.abc import Mapping
from typing import Any, Final

import msgspec

from gatherlog.apps.guests import GatheringDetails, GuestPatch, NewGuest, Rsvp, SettingsPatch
from gatherlog.interfaces.rest.activities import ActivityAnswer
from gatherlog.interfaces.rest.answers import (
    GatheringAnswer,
    GroupAnswer,
    GuestAnswer,
    Health,
    LinkAnswer,
)
from gatherlog.interfaces.rest.camel import (
    AdminGuest,
    CamelGuest,
    CamelGuestPatch,
    CamelNewGuest,
    CamelOwnAnswer,
    GroupChoice,
    HouseholdView,
    MemberView,
    QuestionsView,
)
from gatherlog.interfaces.rest.sign_in import CodeRequest, LoginRequest, SessionRequest

__all__ = ["EXAMPLES"]

_MADE = "2026-11-21T08:00:00.000000Z"
_ANSWERED = "2026-11-22T19:30:12.345678Z"
_GUEST = GuestAnswer(
    id="0198f3c2-7b1e-7c44-9d0a-4f6b8e2a1c35",
    group_id="lovelace",
    first_name="Ada",
    last_name="Lovelace",
    email="ada@example.org",
    attending=True,
    status="coming",
    num_guests=2,
    expected_guests=2,
    children=1,
    dietary="no celery, please",
    dietary_tags=("vegetarian",),
    rsvp_at=_ANSWERED,
    waiting_since=None,
    is_co_host=False,
    created_at=_MADE,
    updated_at=_ANSWERED,
)
_CAMEL = CamelGuest(**msgspec.structs.asdict(_GUEST))
_ADMIN = AdminGuest(
    **msgspec.structs.asdict(_GUEST),
    last_login="2026-05-01T16:00:00.000000Z",
    last_access="2026-05-02T09:15:00.000000Z",
)
_ACTIVITY = ActivityAnswer(
    id="0198f3c2-7b1e-7c44-9d0a-4f6b8e2a1c35",
    gathering_id="default",
    guest_id=_GUEST.id,
    action="guests.rsvp_submitted",
    actor=f"guest:{_GUEST.id}",
    timestamp="2026-05-02T09:15:00.000000Z",
    created_at="2026-05-02T09:15:00.000000Z",
)
_MEMBER = MemberView(
    id="0198f3c2-7b1e-7c44-9d0a-4f6b8e2a1c36",
    first_name="Byron",
    last_name="Lovelace",
    status="pending",
    num_guests=0,
    expected_guests=1,
)
_GATHERING = GatheringAnswer(
    id="0198f3c2-7a00-7d1b-8e55-0c9a7f3b2d10",
    event_name="Midsummer party",
    event_date="2027-06-19T16:00",
    location="The orchard",
    rsvp_deadline="2027-06-01",
    max_guests=80,
    time_zone="Europe/Berlin",
    settings_data={"colour": "green"},
    created_at=_MADE,
    updated_at=_MADE,
)

EXAMPLES: Final[Mapping[Any, Any]] = {
    GuestAnswer: _GUEST,
    list[GuestAnswer]: [_GUEST],
    GatheringAnswer: _GATHERING,
    list[GatheringAnswer]: [_GATHERING],
    list[GroupAnswer]: [GroupAnswer("lovelace", 3)],
    LinkAnswer: LinkAnswer("https://party.example/r/8Jx…", "8Jx…"),
    Health: Health("ok", "0.1.0"),
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
        rsvp_deadline="2027-06-01",
        max_guests=80,
        time_zone="Europe/Berlin",
    ),
    CamelGuest: _CAMEL,
    AdminGuest: _ADMIN,
    list[AdminGuest]: [_ADMIN],
    list[ActivityAnswer]: [_ACTIVITY],
    CamelNewGuest: CamelNewGuest(first_name="Ada", last_name="Lovelace", email="ada@example.org"),
    CamelGuestPatch: CamelGuestPatch(num_guests=2, attending=True),
    GroupChoice: GroupChoice(group_id="lovelace"),
    CamelOwnAnswer: CamelOwnAnswer(num_guests=2, dietary="no celery", group_status="coming"),
    HouseholdView: HouseholdView(
        guest=_CAMEL,
        group_members=[_MEMBER],
        family_sum=3,
        rsvp_deadline="2027-06-01",
        closed=False,
        questions=QuestionsView(signed_up=2, not_coming=(_MEMBER.id,), more=0),
        waiting=[],
    ),
    CodeRequest: CodeRequest(email="ada@example.org"),
    SessionRequest: SessionRequest(email="ada@example.org", code="123456"),
    LoginRequest: LoginRequest(token="8JxQ…", last_name="Lovelace"),
    SettingsPatch: SettingsPatch(rsvp_deadline="2027-06-08", max_guests=90),
}
