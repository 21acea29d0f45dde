"""How the events of a gathering become documents and figures, in commits and in rebuilds. Pure."""

from collections.abc import Callable, Iterable, Mapping
from typing import Any

import msgspec
from msgspec import UNSET

from gatherlog.apps.guests.events import (
    CODEC,
    CoHostChanged,
    GatheringCreated,
    GatheringRemoved,
    GuestAdded,
    GuestChanged,
    GuestMoved,
    GuestRemoved,
    HostChanged,
    LinkIssued,
    Promoted,
    RsvpCleared,
    RsvpSubmitted,
    SettingsChanged,
    Waitlisted,
    WaitlistLeft,
)
from gatherlog.apps.guests.views import (
    GATHERINGS,
    GROUPS,
    GUEST_LINKS,
    GUESTS,
    WAITING_LISTS,
    Gathering,
    Group,
    Guest,
    GuestLink,
    group_document,
)
from gatherlog.core.commands.places import WaitingList
from gatherlog.core.eventstore.events import event_type_of
from gatherlog.core.eventstore.store import DELETE, KEEP, Ref
from gatherlog.core.projections.folds import Category, Change, Happened
from gatherlog.core.projections.views import View

__all__ = [
    "CATEGORY",
    "FOLD",
    "GUEST_LISTS",
    "GuestListFold",
    "gathering_of",
    "stream_of",
    "tally",
]

CATEGORY = "gathering"
_PREFIX = len(CATEGORY) + 1

Documents = Mapping[Ref, Any]


def stream_of(gathering_id: str) -> str:
    """The stream of all events of a gathering."""
    return f"{CATEGORY}-{gathering_id}"


def gathering_of(stream: str) -> str:
    """The id of the gathering that a stream is about."""
    return stream[_PREFIX:]


def tally(guest: Guest | None) -> dict[str, int]:
    """What one guest adds to each counter of the gathering.

    `guests` counts all guests, and `coming`, `declined`, `undecided` and `waiting` those with that
    status (the rest are pending). `expected` is the sum of `expected_guests`. `seats`, `children`
    and `meal_<tag>` count the people who come, `allergies` the guests who come and have a dietary
    tag or text. Two more counters are not made of guests: `queued` counts the units in the waiting
    list, and `edits`, which only grows, how often a guest was added, changed, moved or removed: an
    import reads the list again if that happened meanwhile.
    """
    if guest is None:
        return {}
    counts = {"guests": 1, "expected": guest.expected_guests}
    if guest.attending:
        seats = guest.num_guests
        counts["coming"] = 1
        counts["seats"] = seats
        if guest.children:
            counts["children"] = min(guest.children, seats)
        if guest.dietary or guest.dietary_tags:
            counts["allergies"] = 1
            for tag in guest.dietary_tags:
                counts[f"meal_{tag}"] = seats
    elif guest.waiting_since is not None:
        counts["waiting"] = 1
    elif guest.rsvp_at is not None:
        counts["undecided" if guest.attending is None else "declined"] = 1
    return counts


class GuestListFold:
    """The fold of every stream `gathering-<id>`."""

    views: tuple[View[Any], ...] = (GATHERINGS, GUESTS, GROUPS, GUEST_LINKS, WAITING_LISTS)

    def keys(self, happened: Happened) -> Iterable[Ref]:
        gathering_id = happened.stream[_PREFIX:]
        payload = happened.payload
        refs = [("gathering", gathering_id)]
        if happened.subject and type(payload) is not GuestErased:
            refs.append(("guest", happened.subject))
        if (groups := _GROUPS_OF.get(type(payload))) is not None:
            refs += [("group", group_document(gathering_id, id)) for id in groups(payload) if id]
        if (links := _LINKS_OF.get(type(payload))) is not None:
            refs += [("guest_link", id) for id in links(payload) if id]
        if type(payload) in _OF_THE_WAITING_LIST or type(payload) is GuestErased:
            refs.append(("waiting_list", gathering_id))
        return refs

    def evolve(self, documents: Documents, happened: Happened) -> Iterable[Change]:
        changes = _EVOLVE[type(happened.payload)](documents, happened, happened.payload)
        if type(happened.payload) in _EDITS:
            changes.append(Change(GATHERINGS, gathering_of(happened.stream), KEEP, {"edits": 1}))
        return changes


class GuestErased(msgspec.Struct, frozen=True):
    """What an event of a guest who was erased is folded as: it is blank, and only counts."""

    type: str


FOLD = GuestListFold()
GUEST_LISTS = Category(CATEGORY, CODEC, FOLD, blank_as=lambda event: GuestErased(event.type))


def _guest_erased(documents: Documents, happened: Happened, event: GuestErased) -> list[Change]:
    """The counter that only grows, and the waiting list that the guest may have been the first of;
    the guest's other traces end with the event by which the guest was removed."""
    id, changes = gathering_of(happened.stream), []
    if event.type in _EDITING_TYPES:
        changes.append(Change(GATHERINGS, id, KEEP, {"edits": 1}))
    if event.type in _WAITING_TYPES and documents["waiting_list", id] is None:
        changes.append(Change(WAITING_LISTS, id, WaitingList()))
    return changes


def _gathering_created(
    documents: Documents, happened: Happened, event: GatheringCreated
) -> list[Change]:
    id = gathering_of(happened.stream)
    body = Gathering(
        id=id,
        event_name=event.event_name,
        event_date=event.event_date,
        location=event.location,
        rsvp_deadline=event.rsvp_deadline,
        max_guests=event.max_guests,
        time_zone=event.time_zone,
        settings_data=event.settings_data,
        host_account=event.host_account,
        created_at=happened.time,
        updated_at=happened.time,
    )
    return [Change(GATHERINGS, id, body)]


def _settings_changed(
    documents: Documents, happened: Happened, event: SettingsChanged
) -> list[Change]:
    id = gathering_of(happened.stream)
    before = documents["gathering", id]
    body = msgspec.structs.replace(before, updated_at=happened.time, **_set_fields(event))
    return [Change(GATHERINGS, id, body)]


def _host_changed(documents: Documents, happened: Happened, event: HostChanged) -> list[Change]:
    id = gathering_of(happened.stream)
    body = msgspec.structs.replace(
        documents["gathering", id], host_account=event.host_account, updated_at=happened.time
    )
    return [Change(GATHERINGS, id, body)]


def _gathering_removed(
    documents: Documents, happened: Happened, event: GatheringRemoved
) -> list[Change]:
    id = gathering_of(happened.stream)
    body = msgspec.structs.replace(documents["gathering", id], gone=True, updated_at=happened.time)
    return [Change(GATHERINGS, id, body)]


def _guest_added(documents: Documents, happened: Happened, event: GuestAdded) -> list[Change]:
    guest = Guest(
        id=happened.subject,
        gathering_id=gathering_of(happened.stream),
        **msgspec.structs.asdict(event),
        created_at=happened.time,
        updated_at=happened.time,
    )
    changes = _guest_becomes(None, guest)
    if event.group_id is not None:
        changes.append(_joined(documents, guest, event.group_id))
    return changes


def _guest_changed(documents: Documents, happened: Happened, event: GuestChanged) -> list[Change]:
    before = documents["guest", happened.subject]
    after = msgspec.structs.replace(before, updated_at=happened.time, **_set_fields(event))
    return _guest_becomes(before, after)


def _guest_moved(documents: Documents, happened: Happened, event: GuestMoved) -> list[Change]:
    before = documents["guest", happened.subject]
    after = msgspec.structs.replace(before, group_id=event.to_group, updated_at=happened.time)
    changes = _guest_becomes(before, after)
    if event.from_group is not None:
        changes.append(_left(documents, before, event.from_group))
    if event.to_group is not None:
        changes.append(_joined(documents, after, event.to_group))
    return changes


def _guest_removed(documents: Documents, happened: Happened, event: GuestRemoved) -> list[Change]:
    before = documents["guest", happened.subject]
    changes = [
        Change(GUESTS, before.id, DELETE),
        Change(GATHERINGS, before.gathering_id, KEEP, _difference(before, None)),
    ]
    if event.group_id is not None:
        changes.append(_left(documents, before, event.group_id))
    if event.link is not None:
        changes.append(Change(GUEST_LINKS, event.link, DELETE))
    return changes


def _rsvp_submitted(documents: Documents, happened: Happened, event: RsvpSubmitted) -> list[Change]:
    before = documents["guest", happened.subject]
    after = msgspec.structs.replace(
        before,
        attending=event.attending,
        num_guests=event.num_guests,
        children=event.children,
        dietary=event.dietary,
        dietary_tags=event.dietary_tags,
        rsvp_at=happened.time,
        updated_at=happened.time,
    )
    return _guest_becomes(before, after)


def _rsvp_cleared(documents: Documents, happened: Happened, event: RsvpCleared) -> list[Change]:
    before = documents["guest", happened.subject]
    after = msgspec.structs.replace(
        before, attending=None, num_guests=0, rsvp_at=None, updated_at=happened.time
    )
    return _guest_becomes(before, after)


def _waitlisted(documents: Documents, happened: Happened, event: Waitlisted) -> list[Change]:
    before: Guest = documents["guest", happened.subject]
    since = happened.time if before.waiting_since is None else before.waiting_since
    after = msgspec.structs.replace(
        before,
        attending=None,
        num_guests=event.num_guests,
        children=event.children,
        dietary=event.dietary,
        dietary_tags=event.dietary_tags,
        rsvp_at=happened.time,
        waiting_since=since,
        updated_at=happened.time,
    )
    return [*_guest_becomes(before, after), *_queued(documents, after, event.unit)]


def _waitlist_left(documents: Documents, happened: Happened, event: WaitlistLeft) -> list[Change]:
    before = documents["guest", happened.subject]
    after = msgspec.structs.replace(before, waiting_since=None, updated_at=happened.time)
    return [*_guest_becomes(before, after), *_unqueued(documents, after, event.unit)]


def _promoted(documents: Documents, happened: Happened, event: Promoted) -> list[Change]:
    before = documents["guest", happened.subject]
    after = msgspec.structs.replace(
        before, attending=True, waiting_since=None, updated_at=happened.time
    )
    return [*_guest_becomes(before, after), *_unqueued(documents, after, event.unit)]


def _co_host_changed(
    documents: Documents, happened: Happened, event: CoHostChanged
) -> list[Change]:
    before = documents["guest", happened.subject]
    after = msgspec.structs.replace(
        before,
        is_co_host=event.is_co_host,
        link_may_manage=before.link_may_manage and event.is_co_host,
        updated_at=happened.time,
    )
    return _guest_becomes(before, after)


def _link_issued(documents: Documents, happened: Happened, event: LinkIssued) -> list[Change]:
    before = documents["guest", happened.subject]
    after = msgspec.structs.replace(before, link=event.link, link_may_manage=event.may_manage)
    link = GuestLink(gathering_id=before.gathering_id, guest_id=before.id)
    changes = [Change(GUESTS, before.id, after), Change(GUEST_LINKS, event.link, link)]
    if event.replaces is not None:
        changes.append(Change(GUEST_LINKS, event.replaces, DELETE))
    return changes


def _guest_becomes(before: Guest | None, after: Guest) -> list[Change]:
    return [
        Change(GUESTS, after.id, after),
        Change(GATHERINGS, after.gathering_id, KEEP, _difference(before, after)),
    ]


def _difference(before: Guest | None, after: Guest | None) -> dict[str, int]:
    """What to add to the gathering's counters when one guest becomes another."""
    now, then = tally(after), tally(before)
    adds = {
        counter: more for counter, count in now.items() if (more := count - then.get(counter, 0))
    }
    for counter, count in then.items():
        if count and counter not in now:
            adds[counter] = -count
    return adds


def _joined(documents: Documents, guest: Guest, group_id: str) -> Change:
    id = group_document(guest.gathering_id, group_id)
    group: Group | None = documents["group", id]
    members = () if group is None else group.members
    body = Group(gathering_id=guest.gathering_id, group_id=group_id, members=(*members, guest.id))
    return Change(GROUPS, id, body)


def _left(documents: Documents, guest: Guest, group_id: str) -> Change:
    id = group_document(guest.gathering_id, group_id)
    group: Group | None = documents["group", id]
    # The guest was loaded before the group, which may have lost this member since. If so, the
    # commit fails, because it demands the guest's version.
    members = tuple(id for id in group.members if id != guest.id) if group is not None else ()
    if group is None or not members:
        return Change(GROUPS, id, DELETE)
    return Change(GROUPS, id, msgspec.structs.replace(group, members=members))


def _queued(documents: Documents, guest: Guest, unit_id: str) -> list[Change]:
    """Put the guest into the unit, with the number of people that the guest now has."""
    waiting = documents["waiting_list", guest.gathering_id] or WaitingList()
    return _queue_becomes(guest, waiting, waiting.joined(unit_id, guest.id, guest.num_guests))


def _unqueued(documents: Documents, guest: Guest, unit_id: str) -> list[Change]:
    """Take the guest out of the unit."""
    waiting: WaitingList = documents["waiting_list", guest.gathering_id]
    return _queue_becomes(guest, waiting, waiting.left(unit_id, guest.id))


def _queue_becomes(guest: Guest, before: WaitingList, after: WaitingList) -> list[Change]:
    """The waiting list, and the counter of its units."""
    changes = [Change(WAITING_LISTS, guest.gathering_id, after)]
    if more := len(after.units) - len(before.units):
        changes.append(Change(GATHERINGS, guest.gathering_id, KEEP, {"queued": more}))
    return changes


def _set_fields(event: msgspec.Struct) -> dict[str, Any]:
    """The fields of an event that are not UNSET, but `notify`, which no document has."""
    return {
        name: value
        for name in event.__struct_fields__
        if (value := getattr(event, name)) is not UNSET and name != "notify"
    }


_EVOLVE: dict[type[msgspec.Struct], Callable[[Documents, Happened, Any], list[Change]]] = {
    GatheringCreated: _gathering_created,
    SettingsChanged: _settings_changed,
    HostChanged: _host_changed,
    GuestErased: _guest_erased,
    GatheringRemoved: _gathering_removed,
    GuestAdded: _guest_added,
    GuestChanged: _guest_changed,
    GuestMoved: _guest_moved,
    GuestRemoved: _guest_removed,
    RsvpSubmitted: _rsvp_submitted,
    RsvpCleared: _rsvp_cleared,
    LinkIssued: _link_issued,
    Waitlisted: _waitlisted,
    WaitlistLeft: _waitlist_left,
    Promoted: _promoted,
    CoHostChanged: _co_host_changed,
}
_EDITS: set[type[msgspec.Struct]] = {GuestAdded, GuestChanged, GuestMoved, GuestRemoved}
_OF_THE_WAITING_LIST: set[type[msgspec.Struct]] = {Waitlisted, WaitlistLeft, Promoted}
_EDITING_TYPES = {event_type_of(event) for event in _EDITS}
_WAITING_TYPES = {event_type_of(event) for event in _OF_THE_WAITING_LIST}

_Ids = Callable[[Any], tuple[str | None, ...]]

_GROUPS_OF: dict[type[msgspec.Struct], _Ids] = {
    GuestAdded: lambda event: (event.group_id,),
    GuestMoved: lambda event: (event.from_group, event.to_group),
    GuestRemoved: lambda event: (event.group_id,),
}
_LINKS_OF: dict[type[msgspec.Struct], _Ids] = {
    GuestRemoved: lambda event: (event.link,),
    LinkIssued: lambda event: (event.link, event.replaces),
}
