"""The decisions about guest lists: from documents and a command to events, or a refusal. Pure.

A command that changes nothing gives no events. Answers are decided here as if there were room for
everybody; `places` then decides who gets a place and who waits for one.
"""

from typing import Any, Final

import msgspec
from msgspec import UNSET

from gatherlog.apps.guests.checks import Checks
from gatherlog.apps.guests.events import (
    CoHostChanged,
    GatheringCreated,
    GatheringRemoved,
    GuestAdded,
    GuestChanged,
    GuestMoved,
    GuestRemoved,
    HostChanged,
    LinkIssued,
    RsvpCleared,
    RsvpSubmitted,
    SettingsChanged,
)
from gatherlog.apps.guests.inputs import (
    DIETARY_LENGTH,
    MOST_MEMBERS,
    GatheringDetails,
    GuestPatch,
    NewGuest,
    Rsvp,
    SettingsPatch,
    Unsettled,
)
from gatherlog.apps.guests.quotas import DAY
from gatherlog.apps.guests.refusals import IsCoHost, NotifyUndecided, RsvpClosed
from gatherlog.apps.guests.times import moved_end
from gatherlog.apps.guests.views import Gathering, Group, Guest
from gatherlog.core.commands.local_time import closes_at
from gatherlog.core.eventstore.errors import Flaw, Invalid

__all__ = [
    "ANNOUNCED",
    "add_guest",
    "answer",
    "change_guest",
    "change_host",
    "change_settings",
    "create_gathering",
    "is_closed",
    "is_over",
    "issue_link",
    "make_co_host",
    "remove_gathering",
    "remove_guest",
    "with_settings",
]

Decision = list[msgspec.Struct]

ANNOUNCED: Final = ("event_date", "event_end", "location", "time_zone")
"""The settings whose changes guests get letters about."""


def create_gathering(details: GatheringDetails, host: str | None = None) -> Decision:
    """`host` is the account that the gathering will belong to."""
    check = Checks()
    zone = check.zone("time_zone", details.time_zone)
    start = check.local_time("event_date", details.event_date, zone)
    end = check.local_time("event_end", details.event_end, zone)
    if not check.flaws:
        check.event_end("event_end", start, end, zone)
    created = GatheringCreated(
        event_name=check.event_name("event_name", details.event_name),
        event_date=start,
        event_end=end,
        location=check.location("location", details.location),
        rsvp_deadline=check.local_time("rsvp_deadline", details.rsvp_deadline, zone),
        max_guests=check.places("max_guests", details.max_guests),
        time_zone=zone,
        settings_data=check.settings_data("settings_data", details.settings_data),
        host_account=host,
    )
    check.done()
    return [created]


def change_settings(
    gathering: Gathering, patch: SettingsPatch, *, now: int = 0, letters: int = 0
) -> Decision:
    """A new zone does not change the local time of a date or deadline that is not given as well.

    `letters` is how many guests, at most, would get one about a new date or place. Raises
    NotifyUndecided if there are any and the patch does not say whether they shall.
    """
    check = Checks()
    given = _given(patch)
    notify = given.pop("notify", UNSET)
    zone = gathering.time_zone
    if "time_zone" in given:
        given["time_zone"] = zone = check.zone("time_zone", given["time_zone"])
    for field, value in given.items():
        match field:
            case "event_name":
                given[field] = check.event_name(field, value)
            case "event_date" | "event_end" | "rsvp_deadline":
                given[field] = check.local_time(field, value, zone)
            case "location":
                given[field] = check.location(field, value)
            case "max_guests":
                given[field] = check.places(field, value)
            case "settings_data":
                given[field] = check.settings_data(field, value)
    if not check.flaws:
        given |= _end(check, gathering, given, zone)
    check.done()
    changed = _differing(gathering, given)
    if not changed:
        return []
    if changed.keys().isdisjoint(ANNOUNCED):
        return [SettingsChanged(**changed)]
    will_be = msgspec.structs.replace(gathering, **changed)
    if notify is UNSET and letters and not is_over(will_be, now):
        raise NotifyUndecided(letters)
    return [SettingsChanged(**changed, notify=notify)]


def _end(check: Checks, gathering: Gathering, given: dict[str, Any], zone: str) -> dict[str, Any]:
    """The end as it will be, where date, end or zone are given; a flaw where it does not fit."""
    if given.keys().isdisjoint(("event_date", "event_end", "time_zone")):
        return {}
    start = given.get("event_date", gathering.event_date)
    end = given.get("event_end", gathering.event_end)
    if end is not None and "event_end" not in given and start != gathering.event_date:
        end = moved_end(gathering.event_date, end, start)
    check.event_end("event_end", start, end, zone)
    return {"event_end": end}


def with_settings(gathering: Gathering, decided: Decision) -> Gathering:
    """The gathering with the number of places that it has after the decision."""
    for event in decided:
        if isinstance(event, SettingsChanged) and event.max_guests is not UNSET:
            return msgspec.structs.replace(gathering, max_guests=event.max_guests)
    return gathering


def change_host(gathering: Gathering, host: str | None) -> Decision:
    """Give the gathering to the account `host`, or to no account if it is None."""
    return [] if gathering.host_account == host else [HostChanged(host_account=host)]


def remove_gathering(gathering: Gathering) -> Decision:
    return [GatheringRemoved()]


def add_guest(new: NewGuest, household: Group | None) -> Decision:
    """`household` is the group that `new` names, if it exists already."""
    check = Checks()
    added = GuestAdded(
        first_name=check.name("first_name", new.first_name),
        last_name=check.last_name("last_name", new.last_name),
        email=check.email("email", new.email),
        group_id=check.group_id("group_id", new.group_id),
        expected_guests=check.people("expected_guests", new.expected_guests),
        children=check.people("children", new.children),
        dietary=check.free_text("dietary", new.dietary, DIETARY_LENGTH),
        dietary_tags=check.tags("dietary_tags", new.dietary_tags),
    )
    _check_household(check, household)
    check.done()
    return [added]


def change_guest(
    guest: Guest,
    patch: GuestPatch,
    *,
    household: Group | None = None,
    unsettled: Unsettled | None = None,
) -> Decision:
    """A host's changes to a guest, which no deadline ends. A value that the guest has already
    counts as not given.

    `household` is the group that the patch names, if it exists already. `unsettled` tells which of
    its two values an `attending` of None stands for; without it, see `GuestPatch`.
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
    before = _last_answer(guest)
    attending = changed.pop("attending", before)
    num_guests = changed.get("num_guests")
    if unsettled == "undecided" and guest.status != "undecided":
        decided.append(_submitted(guest, None, guest.num_guests, changed))
    elif unsettled == "pending" and guest.status == "undecided":
        decided.append(RsvpCleared())
    elif attending is before:
        if num_guests is not None and attending is not None:
            _check_count(attending, num_guests)
        if attending and not changed.keys().isdisjoint(("num_guests", "children")):
            people = guest.num_guests if num_guests is None else num_guests
            children = _children(guest, people, changed)
            if children != guest.children:
                changed["children"] = children
            if guest.waiting_since is not None and num_guests is not None:
                decided.append(_submitted(guest, True, people, changed))
    elif attending is None:
        decided.append(RsvpCleared())
    else:
        expected = changed.get("expected_guests", guest.expected_guests)
        count = _count(attending, num_guests, guest.num_guests, expected)
        decided.append(_submitted(guest, attending, count, changed))
    if changed:
        decided.append(GuestChanged(**changed))
    return decided


def make_co_host(guest: Guest, is_co_host: bool) -> Decision:
    return [] if guest.is_co_host is is_co_host else [CoHostChanged(is_co_host=is_co_host)]


def remove_guest(guest: Guest, *, names_co_hosts: bool) -> Decision:
    """Raises IsCoHost for a co-host, unless who removes may name co-hosts."""
    if guest.is_co_host and not names_co_hosts:
        raise IsCoHost("Only a host may remove a co-host from the list.")
    return [GuestRemoved(group_id=guest.group_id, link=guest.link)]


def answer(gathering: Gathering, guest: Guest, rsvp: Rsvp, *, now: int) -> Decision:
    """A guest's own answer; repeating it gives no events. Raises RsvpClosed after the deadline."""
    if is_closed(gathering, now):
        raise RsvpClosed("RSVP is closed")
    given = _checked_answer(rsvp)
    attending = rsvp.attending
    count = _count(
        attending, given.pop("num_guests", None), guest.num_guests, guest.expected_guests
    )
    submitted = _submitted(guest, attending, count, given)
    return [] if _repeats(submitted, guest) else [submitted]


def is_closed(gathering: Gathering, now: int) -> bool:
    """Whether the deadline, if there is one, has passed at `now`, in microseconds."""
    deadline = gathering.rsvp_deadline
    return deadline is not None and now >= closes_at(deadline, gathering.time_zone)


def is_over(gathering: Gathering, now: int) -> bool:
    """Whether a day has passed since the gathering was over: no letters are sent then."""
    over = gathering.over_at
    return over is not None and now > over + DAY


def issue_link(guest: Guest, link: str, *, names_co_hosts: bool) -> Decision:
    """`link` is the hash of a new token.

    Raises IsCoHost for a co-host, unless who makes it may name co-hosts: whoever has the link is
    the guest, with all rights of the guest.
    """
    if guest.is_co_host and not names_co_hosts:
        raise IsCoHost("Only a host may make the link of a co-host.")
    return [LinkIssued(link=link, replaces=guest.link, may_manage=names_co_hosts)]


def _checked_patch(check: Checks, patch: GuestPatch) -> dict[str, Any]:
    given = _given(patch)
    for field, value in given.items():
        match field:
            case "first_name":
                given[field] = check.name(field, value)
            case "last_name":
                given[field] = check.last_name(field, value)
            case "email":
                given[field] = check.email(field, value)
            case "group_id":
                given[field] = check.group_id(field, value)
            case "num_guests" | "children":
                given[field] = check.people(field, value)
            case "expected_guests":
                given[field] = check.people(field, value, default=1)
            case "dietary":
                given[field] = check.free_text(field, value, DIETARY_LENGTH)
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
        given["dietary"] = check.free_text("dietary", rsvp.dietary, DIETARY_LENGTH)
    if rsvp.dietary_tags is not UNSET:
        given["dietary_tags"] = check.tags("dietary_tags", rsvp.dietary_tags)
    check.done()
    return given


def _count(attending: bool | None, given: int | None, before: int, expected: int) -> int:
    """The number of people of an answer."""
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


def _children(guest: Guest, people: int, given: dict[str, Any]) -> int:
    """How many of the people who come are children: the number given, or as many as before, but
    no more than people."""
    children: int | None = given.get("children")
    if children is None:
        return min(guest.children, people)
    if children > people:
        raise Invalid(Flaw("/children", f"should be at most {people}, the number of people"))
    return children


def _check_household(check: Checks, household: Group | None) -> None:
    if household is not None and len(household.members) >= MOST_MEMBERS:
        check.note("group_id", f"names a household that is full: {MOST_MEMBERS:,} members")


def _submitted(
    guest: Guest, attending: bool | None, count: int, given: dict[str, Any]
) -> RsvpSubmitted:
    """The whole answer; the fields that it uses are removed from `given`."""
    given.pop("num_guests", None)
    children = _children(guest, count, given) if attending else guest.children
    children = given.pop("children", children)
    return RsvpSubmitted(
        attending=attending,
        num_guests=count,
        children=children,
        dietary=given.pop("dietary", guest.dietary),
        dietary_tags=given.pop("dietary_tags", guest.dietary_tags),
    )


def _repeats(submitted: RsvpSubmitted, guest: Guest) -> bool:
    return guest.rsvp_at is not None and submitted == RsvpSubmitted(
        attending=_last_answer(guest),
        num_guests=guest.num_guests,
        children=guest.children,
        dietary=guest.dietary,
        dietary_tags=guest.dietary_tags,
    )


def _last_answer(guest: Guest) -> bool | None:
    """The guest's last answer; the yes of a guest who waits is a yes."""
    return True if guest.waiting_since is not None else guest.attending


def _given(patch: msgspec.Struct) -> dict[str, Any]:
    """The fields of a patch that are not UNSET."""
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
    """Whether two values are equal as JSON. In Python, 1 equals True, also within objects."""
    return kept == given and (
        not isinstance(given, dict) or msgspec.json.encode(kept) == msgspec.json.encode(given)
    )
