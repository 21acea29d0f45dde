"""Every decision about a guest list: documents and a command in, events out, or a refusal. Pure.

A command that changes nothing decides nothing. `taken` is how many places are taken by now.
"""

from typing import Any

import msgspec
from msgspec import UNSET

from gatherlog.apps.guests.checks import Checks
from gatherlog.apps.guests.events import (
    GatheringCreated,
    GatheringRemoved,
    GuestAdded,
    GuestChanged,
    GuestMoved,
    GuestRemoved,
    LinkIssued,
    RsvpCleared,
    RsvpSubmitted,
    SettingsChanged,
)
from gatherlog.apps.guests.inputs import (
    MOST_MEMBERS,
    GatheringDetails,
    GuestPatch,
    NewGuest,
    Rsvp,
    SettingsPatch,
)
from gatherlog.apps.guests.local_time import closes_at
from gatherlog.apps.guests.refusals import GatheringFull, RsvpClosed
from gatherlog.apps.guests.views import Gathering, Group, Guest
from gatherlog.core.errors import Flaw, Invalid

__all__ = [
    "add_guest",
    "answer",
    "asks_for_places",
    "change_guest",
    "change_settings",
    "create_gathering",
    "is_closed",
    "issue_link",
    "remove_gathering",
    "remove_guest",
]

Decision = list[msgspec.Struct]


def create_gathering(details: GatheringDetails) -> Decision:
    check = Checks()
    zone = check.zone("time_zone", details.time_zone)
    created = GatheringCreated(
        event_name=check.event_name("event_name", details.event_name),
        event_date=check.local_time("event_date", details.event_date, zone),
        location=check.location("location", details.location),
        rsvp_deadline=check.local_time("rsvp_deadline", details.rsvp_deadline, zone),
        max_guests=check.places("max_guests", details.max_guests),
        time_zone=zone,
        settings_data=check.settings_data("settings_data", details.settings_data),
    )
    check.done()
    return [created]


def change_settings(gathering: Gathering, patch: SettingsPatch) -> Decision:
    """A new zone keeps the local time of a deadline that is not given anew."""
    check = Checks()
    given = _given(patch)
    zone = gathering.time_zone
    if "time_zone" in given:
        given["time_zone"] = zone = check.zone("time_zone", given["time_zone"])
    for field, value in given.items():
        match field:
            case "event_name":
                given[field] = check.event_name(field, value)
            case "event_date" | "rsvp_deadline":
                given[field] = check.local_time(field, value, zone)
            case "location":
                given[field] = check.location(field, value)
            case "max_guests":
                given[field] = check.places(field, value)
            case "settings_data":
                given[field] = check.settings_data(field, value)
    check.done()
    changed = _differing(gathering, given)
    return [SettingsChanged(**changed)] if changed else []


def remove_gathering(gathering: Gathering) -> Decision:
    return [GatheringRemoved()]


def add_guest(new: NewGuest, household: Group | None) -> Decision:
    """`household` is the group that `new` names, if it is there already."""
    check = Checks()
    added = GuestAdded(
        first_name=check.name("first_name", new.first_name),
        last_name=check.name("last_name", new.last_name),
        email=check.email("email", new.email),
        group_id=check.group_id("group_id", new.group_id),
        expected_guests=check.people("expected_guests", new.expected_guests),
        children=check.people("children", new.children),
        dietary=check.dietary("dietary", new.dietary),
        dietary_tags=check.tags("dietary_tags", new.dietary_tags),
    )
    _check_household(check, household)
    check.done()
    return [added]


def change_guest(
    gathering: Gathering,
    guest: Guest,
    patch: GuestPatch,
    *,
    taken: int,
    household: Group | None = None,
) -> Decision:
    """The host's way: no deadline, and what repeats the guest as it stands counts as absent.

    `household` is the group that the patch names, if it is there already.
    """
    check = Checks()
    changed = _differing(guest, _checked_patch(check, patch))
    if changed.get("group_id") is not None:
        _check_household(check, household)
    check.done()
    decided: Decision = []
    if "group_id" in changed:
        to_group = changed.pop("group_id")
        decided.append(GuestMoved(from_group=guest.group_id, to_group=to_group))
    attending = changed.pop("attending", guest.attending)
    num_guests = changed.get("num_guests")
    if attending is guest.attending:
        if num_guests is not None and attending is not None:
            _check_count(attending, num_guests)
            _check_places(gathering, guest, num_guests if attending else 0, taken)
    elif attending is None:
        decided.append(RsvpCleared())
    else:
        expected = changed.get("expected_guests", guest.expected_guests)
        count = _count(attending, num_guests, guest.num_guests, expected)
        _check_places(gathering, guest, count if attending else 0, taken)
        decided.append(_submitted(guest, attending, count, changed))
    if changed:
        decided.append(GuestChanged(**changed))
    return decided


def asks_for_places(guest: Guest, decided: Decision) -> bool:
    """Whether a decision takes more places than the guest held, so that a bound must guard it."""
    attending, count = guest.attending, guest.num_guests
    for event in decided:
        if isinstance(event, RsvpSubmitted):
            attending, count = event.attending, event.num_guests
        elif isinstance(event, GuestChanged) and event.num_guests is not UNSET:
            count = event.num_guests
    return bool(attending) and count > (guest.num_guests if guest.attending else 0)


def remove_guest(guest: Guest) -> Decision:
    return [GuestRemoved(group_id=guest.group_id, link=guest.link)]


def answer(gathering: Gathering, guest: Guest, rsvp: Rsvp, *, now: int, taken: int) -> Decision:
    """A guest's own answer, until the deadline; giving the same answer again records nothing."""
    if is_closed(gathering, now):
        raise RsvpClosed("RSVP is closed")
    given = _checked_answer(rsvp)
    attending = rsvp.attending
    count = _count(
        attending, given.pop("num_guests", None), guest.num_guests, guest.expected_guests
    )
    if attending and given.get("children", 0) > count:
        raise Invalid(Flaw("/children", f"should be at most {count}, the number of people"))
    submitted = _submitted(guest, attending, count, given)
    if _repeats(submitted, guest):
        return []
    if attending:
        _check_places(gathering, guest, count, taken)
    return [submitted]


def is_closed(gathering: Gathering, now: int) -> bool:
    """Whether the deadline, if there is one, has passed at `now` (microseconds)."""
    deadline = gathering.rsvp_deadline
    return deadline is not None and now >= closes_at(deadline, gathering.time_zone)


def issue_link(guest: Guest, link: str) -> Decision:
    """`link` is the hash of a new token."""
    return [LinkIssued(link=link, replaces=guest.link)]


def _checked_patch(check: Checks, patch: GuestPatch) -> dict[str, Any]:
    given = _given(patch)
    for field, value in given.items():
        match field:
            case "first_name" | "last_name":
                given[field] = check.name(field, value)
            case "email":
                given[field] = check.email(field, value)
            case "group_id":
                given[field] = check.group_id(field, value)
            case "num_guests" | "children":
                given[field] = check.people(field, value)
            case "expected_guests":
                given[field] = check.people(field, value, default=1)
            case "dietary":
                given[field] = check.dietary(field, value)
            case "dietary_tags":
                given[field] = check.tags(field, value)
    return given


def _checked_answer(rsvp: Rsvp) -> dict[str, Any]:
    check = Checks()
    given: dict[str, Any] = {}
    if rsvp.num_guests is not UNSET:
        given["num_guests"] = check.people("num_guests", rsvp.num_guests)
    if rsvp.children is not UNSET:
        given["children"] = check.people("children", rsvp.children)
    if rsvp.dietary is not UNSET:
        given["dietary"] = check.dietary("dietary", rsvp.dietary)
    if rsvp.dietary_tags is not UNSET:
        given["dietary_tags"] = check.tags("dietary_tags", rsvp.dietary_tags)
    check.done()
    return given


def _count(attending: bool | None, given: int | None, before: int, expected: int) -> int:
    """How many people an answer counts."""
    if attending is not None and given is not None:
        _check_count(attending, given)
    if attending is False:
        return 0
    if given is not None:
        return given
    if attending is None or before > 0:
        return before
    return max(expected, 1)


def _check_count(attending: bool, given: int) -> None:
    if attending and given == 0:
        raise Invalid(Flaw("/num_guests", "should be at least 1 where the guest comes"))
    if not attending and given > 0:
        raise Invalid(Flaw("/num_guests", "should be 0 where the guest does not come"))


def _check_places(gathering: Gathering, guest: Guest, count: int, taken: int) -> None:
    """Refuse what asks for more places than are left; asking for fewer is always possible."""
    if gathering.max_guests is None:
        return
    held = guest.num_guests if guest.attending else 0
    more = count - held
    left = max(gathering.max_guests - taken, 0)
    if more > left:
        raise GatheringFull(f"{left} of {gathering.max_guests} places are left; {more} are needed")


def _check_household(check: Checks, household: Group | None) -> None:
    if household is not None and len(household.members) >= MOST_MEMBERS:
        check.note("group_id", f"names a household that is full: {MOST_MEMBERS:,} members")


def _submitted(
    guest: Guest, attending: bool | None, count: int, given: dict[str, Any]
) -> RsvpSubmitted:
    """The whole answer; what it takes over is taken out of `given`."""
    given.pop("num_guests", None)
    return RsvpSubmitted(
        attending=attending,
        num_guests=count,
        children=given.pop("children", guest.children),
        dietary=given.pop("dietary", guest.dietary),
        dietary_tags=given.pop("dietary_tags", guest.dietary_tags),
    )


def _repeats(submitted: RsvpSubmitted, guest: Guest) -> bool:
    return guest.rsvp_at is not None and submitted == RsvpSubmitted(
        attending=guest.attending,
        num_guests=guest.num_guests,
        children=guest.children,
        dietary=guest.dietary,
        dietary_tags=guest.dietary_tags,
    )


def _given(patch: msgspec.Struct) -> dict[str, Any]:
    """The fields of a patch that are not absent."""
    return {
        name: value
        for name in patch.__struct_fields__
        if (value := getattr(patch, name)) is not UNSET
    }


def _differing(document: msgspec.Struct, given: dict[str, Any]) -> dict[str, Any]:
    return {
        name: value for name, value in given.items() if not _same(getattr(document, name), value)
    }


def _same(kept: Any, given: Any) -> bool:
    """Equal as JSON: in Python 1 and True are equal, and so are objects that hold them."""
    return kept == given and (
        not isinstance(given, dict) or msgspec.json.encode(kept) == msgspec.json.encode(given)
    )
